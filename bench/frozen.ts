// What a step costs when the convolutions are frozen, against the head alone on their precomputed outputs: `node --import tsx bench/frozen.ts`.

import { cnn } from "../src/models/cnn.ts";
import { mlp } from "../src/models/mlp.ts";
import { trainableNames } from "../src/models/trainable.ts";
import { randomFrom } from "../src/numeric/random.ts";
import type { Tensor } from "../src/numeric/tensor.ts";
import type { Batch } from "../src/run/types.ts";
import { shuffledBatches } from "../src/train/batches.ts";
import { examplesOf } from "../src/train/examples.ts";
import { Stepper } from "../src/train/stepper.ts";
import { createTask, type Task, trainableOf } from "../src/train/task.ts";
import { benchTask, randomDataset } from "./tasks.ts";

const EXAMPLES = 2048;
const BATCH = 64;
const THREADS = 2;
/** What a step may cost from the second epoch on, in steps of the head alone. */
const LIMIT = 1.3;
const ROUNDS = 7;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** cnn:16,32 on 28 x 28 images with its linear layers trained. */
async function frozenTask(): Promise<Task> {
  const dataset = randomDataset([1, 28, 28], { train: EXAMPLES });
  const { task, params } = await benchTask({
    model: (shape) => cnn({ ...shape, channels: [16, 32] }),
    dataset,
    threads: THREADS,
  });
  return createTask({ ...task, params, trainable: trainableNames(task.model.parameters, ["layers.*"]) });
}

/** The head as a model of its own, with the outputs of the frozen part as its data. */
async function headTask(task: Task): Promise<Task> {
  const [name] = task.split.exampleInputs;
  const features = (await examplesOf(task, task.dataset.train).feeds(range(EXAMPLES)))[name] as Tensor<"float32">;
  const [, width] = features.shape;
  const train = { x: features, y: task.dataset.train.y };
  const { task: head } = await benchTask({
    model: (shape) => mlp({ ...shape, hidden: [128], activation: "relu" }),
    dataset: { ...task.dataset, inputShape: [width], train },
    threads: THREADS,
  });
  return head;
}

/** A stepper at the task's start. */
function stepperOf(task: Task): Stepper {
  const stepper = new Stepper(task);
  const all = new Float32Array(task.model.parameters.size);
  const random = randomFrom(0, "initial parameters");
  task.model.initialise(all, () => random.uniform());
  stepper.params.set(trainableOf(task, all, "float32"));
  return stepper;
}

/** Milliseconds a step, over one epoch. */
async function epoch(stepper: Stepper, batches: readonly Batch[]): Promise<number> {
  const begun = performance.now();
  for (const batch of batches) {
    await stepper.advance(batch, 1e-3);
  }
  return (performance.now() - begun) / batches.length;
}

const task = await frozenTask();
const head = await headTask(task);
const batches = [...shuffledBatches({ examples: EXAMPLES, batchSize: BATCH, epochs: 1 }, randomFrom(0, "batches"))];
const [frozen, alone] = [stepperOf(task), stepperOf(head)];
const first = await epoch(frozen, batches);
await epoch(alone, batches);
const times = { frozen: Number.POSITIVE_INFINITY, alone: Number.POSITIVE_INFINITY };
for (let round = 0; round < ROUNDS; round++) {
  times.frozen = Math.min(times.frozen, await epoch(frozen, batches));
  times.alone = Math.min(times.alone, await epoch(alone, batches));
}
const ratio = times.frozen / times.alone;
const ms = (value: number): string => `${value.toFixed(3)} ms a step`;
console.log(`first epoch, features computed: ${ms(first)}`);
console.log(`later epochs: ${ms(times.frozen)}; head alone on precomputed features: ${ms(times.alone)}`);
console.log(`ratio ${ratio.toFixed(2)}, limit ${LIMIT}`);
await task.engine.release();
await head.engine.release();
process.exitCode = ratio <= LIMIT ? 0 : 1;
