// Rows of the theory's table on measures of the kernel along training: CKA with the labels, and what it says of accuracy.

import { loadDigits } from "../../src/data/digits.node.ts";
import { cka, labelKernel } from "../../src/diagnose/alignment.ts";
import { namedSample } from "../../src/diagnose/sample.ts";
import { gramMatrix } from "../../src/kernels/gram-matrix.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { createModel } from "../../src/models/registry.ts";
import { spearman } from "../../src/numeric/correlation.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { accuracyOf } from "../../src/train/accuracy.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { engineOf, startOf } from "../../test/helpers/tasks.ts";
import type { TheoryRow } from "./row.ts";

const MODELS = ["mlp:32:relu", "cnn:4", "attention:16:1:2"] as const;
/** Spread over accuracies. At 0.3 with this momentum one ended without a CKA or without any change of accuracy to rank. */
const RATES = [0.001, 0.01, 0.05];
const STEPS = 100;
const EVERY = 20;

/** Centred CKA of the kernel on a hundred test images with their labels, and test accuracy, every twenty steps. */
async function along(spec: string, lr: number): Promise<{ cka: number[]; accuracy: number[] }> {
  const dataset = loadDigits({ limit: 600 });
  const model = createModel(spec, { inputShape: dataset.inputShape, outputs: 10 });
  const params = startOf(model, "float32", 1);
  const task = createTask({
    engine: await engineOf("float32"),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr, momentum: 0.9 }),
    dataset,
  });
  const batches = [...shuffledBatches({ examples: 600, batchSize: 32, steps: STEPS }, randomFrom(1, "batches"))];
  const run = await trainInMemory(task, { params, batches, checkpointEvery: EVERY });
  const { x, labels } = namedSample(task, "test:0-99");
  const wanted = labelKernel(labels as Int32Array);
  const at = async (w: RealArray) => cka(await gramMatrix(task, w, x, { form: "trace" }), wanted) as number;
  const found: { cka: number[]; accuracy: number[] } = { cka: [], accuracy: [] };
  for (let step = 0; step <= STEPS; step += EVERY) {
    const { params: w } = await run.checkpoint(step);
    found.cka.push(await at(w));
    found.accuracy.push((await accuracyOf(task, w, dataset.test)) as number);
  }
  return found;
}

async function alignmentAlong(): Promise<string> {
  const ends: { cka: number; accuracy: number }[] = [];
  const told: string[] = [];
  for (const spec of MODELS) {
    for (const lr of RATES) {
      const found = await along(spec, lr);
      ends.push({ cka: found.cka.at(-1) as number, accuracy: found.accuracy.at(-1) as number });
      if (lr !== RATES[RATES.length - 1]) continue;
      const [first, last] = [found.cka[0], found.cka.at(-1) as number];
      const together = spearman(found.cka, found.accuracy) as number;
      told.push(
        `${spec} ${first.toFixed(2)} to ${last.toFixed(2)} while accuracy goes from ${found.accuracy[0].toFixed(2)} to ${(found.accuracy.at(-1) as number).toFixed(2)}, rank correlation with accuracy along training ${together.toFixed(2)}`,
      );
    }
  }
  const across = spearman(
    ends.map(({ cka: value }) => value),
    ends.map(({ accuracy }) => accuracy),
  ) as number;
  return `CKA on 100 test digits, ${STEPS} steps: ${told.join("; ")}; across ${ends.length} trainings, final CKA with final accuracy ${across.toFixed(2)}`;
}

export const rows: readonly TheoryRow[] = [
  {
    // The table ends at 004-19; 004-41, announced by its source and missing there, is about the same.
    id: "001-24",
    statement:
      "CKA of tangent kernel and labels tracks training and goes with final accuracy, across architectures (004-41)",
    by: "cka, labelKernel, diagnose",
    test: "diagnose/measures.test.ts",
    holds:
      "CKA: not in this measurement, of one seed, six steps a training and nine trainings, where attention hardly learned; on MNIST it rises from 0.42 to 0.52 (Measures of a kernel)",
    measure: alignmentAlong,
  },
];
