// Small tasks whose outputs have positions: language models on tokens, perceptrons on numbers.

import type { Dataset, Split } from "../../src/data/types.ts";
import { IGNORED } from "../../src/graph/outputs.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { createModel } from "../../src/models/registry.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { createTask } from "../../src/train/task.ts";
import type { OptimizerChoice } from "./optimizer-choices.ts";
import { engineOf, type SmallTask, startOf } from "./tasks.ts";

export interface SequenceTaskOptions {
  readonly spec?: string;
  readonly loss?: string;
  readonly optimizer?: Omit<OptimizerChoice, "label">;
  readonly dtype?: RealDType;
  /** T; also the length of the examples. */
  readonly length?: number;
  readonly classes?: number;
  /** Where labels are -100: at every position of example 1, at the first of example 2. */
  readonly ignored?: boolean;
  readonly steps?: number;
}

const EXAMPLES = 12;

/** Twelve examples (T) of whole numbers, with targets (T) or, for a regression, (T, 2); three queries. */
export async function sequenceTask(options: SequenceTaskOptions = {}): Promise<SmallTask> {
  const { spec = "gpt:4:1:2", loss = "cross-entropy", dtype = "float64", length = 4, steps = 5 } = options;
  const { classes = 4, ignored = true, optimizer = { name: "sgd", options: { lr: 0.1 } } } = options;
  const regression = loss.endsWith("mse");
  const random = randomFrom(2, "sequences");
  const below = (count: number, top: number) => Array.from({ length: count }, () => Math.floor(top * random.uniform()));
  const split = (count: number): Split => {
    const x = reals([count, length], below(count * length, classes));
    if (!regression) return { x, y: integers([count, length], below(count * length, classes)) };
    const values = Float64Array.from({ length: count * length * 2 }, () => random.normal());
    return { x, y: reals([count, length, 2], values) };
  };
  const train = split(EXAMPLES);
  if (ignored && !regression) (train.y.data as BigInt64Array).fill(BigInt(IGNORED), length, 2 * length + 1);
  const dataset: Dataset = {
    source: "sequences",
    task: regression ? "regression" : "classification",
    classes: regression ? [] : Array.from({ length: classes }, (_, k) => `${k}`),
    inputShape: [length],
    train,
    test: split(3),
    sha256: "",
  };
  const outputs = regression ? 2 : loss === "binary-cross-entropy" ? 1 : classes;
  const model = createModel(spec, { inputShape: [length], positions: [length], outputs });
  const params = startOf(model, dtype, 1);
  const task = createTask({
    engine: await engineOf(dtype),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf(loss),
    optimizer: createOptimizer(optimizer.name, optimizer.options),
    dataset,
  });
  const plan = { examples: EXAMPLES, batchSize: 4, steps };
  return { task, params, batches: [...shuffledBatches(plan, randomFrom(1, "batches"))] };
}
