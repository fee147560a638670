import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { takeRows } from "../../src/numeric/tensor.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTask, smallTask } from "../helpers/tasks.ts";

const EXAMPLES = 8;
const small = { examples: EXAMPLES, batchSize: 3, steps: 8, queries: 2, hidden: [5] } as const;
const base: SmallTask = await smallTask({ ...small, optimizer: optimizerChoice("adam decay"), loss: "cross-entropy" });

/** The task with training example `order[i]` in place i. */
function arranged(task: Task, order: readonly number[]): Task {
  const { x, y } = task.dataset.train;
  return { ...task, dataset: { ...task.dataset, train: { x: takeRows(x, order), y: takeRows(y, order) as typeof y } } };
}

async function explained(task: Task, batches: readonly (readonly number[])[], rule = "gauss2"): Promise<Explanation> {
  const run = await trainInMemory(task, {
    params: base.params,
    batches: batches.map((b) => meanBatch(Int32Array.from(b))),
  });
  return explain(task, run, { queries: datasetQueries(task, "test:0-1"), rule });
}

const everyBatch = base.batches.map(({ indices }) => [...indices]);
const order = fc.shuffledSubarray(
  Array.from({ length: EXAMPLES }, (_, i) => i),
  { minLength: EXAMPLES },
);

describe("contributions", () => {
  it("move with the examples when those are put in another order", async () => {
    const plain = await explained(base.task, everyBatch);
    await fc.assert(
      fc.asyncProperty(order, async (places) => {
        const moved = await explained(
          arranged(base.task, places),
          everyBatch.map((batch) => batch.map((i) => places.indexOf(i))),
        );
        const back = Float64Array.from(plain.contributions, (_, k) => {
          const [row, i] = [Math.floor(k / EXAMPLES), k % EXAMPLES];
          return moved.contributions[row * EXAMPLES + places.indexOf(i)];
        });
        // The engine sees the very same batches.
        expect(back).toEqual(plain.contributions);
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it("are equal for two copies of an example in the same batches", async () => {
    const batchesWithBoth = fc.array(fc.shuffledSubarray([2, 3, 4, 5, 6, 7], { minLength: 1 }), {
      minLength: 1,
      maxLength: 6,
    });
    const twins = arranged(base.task, [0, 0, 2, 3, 4, 5, 6, 7]);
    await fc.assert(
      fc.asyncProperty(batchesWithBoth, fc.boolean(), async (rest, first) => {
        const batches = rest.map((others, s) => (s % 2 === 0 || first ? [0, ...others, 1] : others));
        const { contributions, gross } = await explained(twins, batches);
        for (const row of [0, 1]) {
          const [a, b] = [contributions[row * EXAMPLES], contributions[row * EXAMPLES + 1]];
          expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-13 * gross[row]);
          expect(a).not.toBe(0);
        }
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it("are zero for an example that was in no batch", async () => {
    const { contributions } = await explained(
      base.task,
      everyBatch.map((batch) => batch.map((i) => (i === 5 ? 4 : i))),
    );
    expect([contributions[5], contributions[EXAMPLES + 5]]).toEqual([0, 0]);
    expect(contributions[4]).not.toBe(0);
  });

  it("add up when an example is several times in a batch", async () => {
    const twins = arranged(base.task, [0, 0, 2, 3, 4, 5, 6, 7]);
    const apart = await explained(twins, [
      [0, 1, 2],
      [3, 0, 1],
      [4, 5, 6],
    ]);
    const together = await explained(base.task, [
      [0, 0, 2],
      [3, 0, 0],
      [4, 5, 6],
    ]);
    for (const row of [0, EXAMPLES]) {
      expect(together.contributions[row]).toBeAllclose(apart.contributions[row] + apart.contributions[row + 1], {
        rtol: 1e-12,
      });
    }
  });
});

describe("a model that is linear in its parameters", () => {
  it.each(["gd", "sgd decay", "momentum"])("leaves no residual to the left rule: %s", async (label) => {
    const { task, params, batches } = await smallTask({
      optimizer: optimizerChoice(label),
      hidden: [],
      model: "tanh",
      steps: 20,
    });
    const run = await trainInMemory(task, { params, batches });
    const explanation = await explain(task, run, { queries: datasetQueries(task, "test:0-3"), rule: "left" });
    const { residual, closure } = verdictOf(explanation, "float64");
    expect(residual.relative).toBeLessThan(1e-14);
    expect(closure.holds).toBe(true);
  });
});
