import { describe, expect, it } from "vitest";
import { datasetQueries } from "../../src/explain/queries.ts";
import { VectorAccumulator } from "../../src/numeric/sum.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const choices = [
  "sgd decay",
  "momentum dampening decay",
  "nesterov decay",
  "rmsprop centered momentum decay",
  "adam decay",
  "amsgrad",
  "adamw",
  "adamw amsgrad",
];

describe("w_N = w_0 + the displacement by each example + regularisation", () => {
  it.each(choices)("for %s", async (label) => {
    const { task, params, batches } = await smallTask({
      optimizer: optimizerChoice(label),
      loss: "cross-entropy",
      model: "relu",
      hidden: [8],
      steps: 30,
    });
    const run = await trainInMemory(task, { params, batches });
    const forward = await explainForward(task, run, { queries: datasetQueries(task, "test:0"), rule: "left" });
    const [first, last] = [(await run.checkpoint(0)).params, (await run.checkpoint(batches.length)).params];
    const size = first.length;
    const total = new VectorAccumulator(size);
    for (const part of [first, forward.regularisation, forward.displacements]) {
      for (let k = 0; k < part.length; k++) total.add(k % size, part[k]);
    }
    const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
    const way = norm(last.map((w, k) => w - first[k]));
    expect(way).toBeGreaterThan(0.1);
    expect(norm(total.values().map((w, k) => w - last[k]))).toBeLessThan(1e-13 * way);
  });
});
