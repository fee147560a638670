// Steps by backtracking: every one lowers the loss of its batch, and the size that is recorded is the first that does.

import { describe, expect, it } from "vitest";
import { createSchedule } from "../../src/schedules/registry.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { replay } from "../../src/train/replay.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { trainableOf } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallTask } from "../helpers/tasks.ts";

/** Trials from this size on: far too large for the first of them. */
const TOP = 64;

async function searched(options: Parameters<typeof smallTask>[0], spec = "line-search") {
  const small = await smallTask({ optimizer: { name: "gd", options: { lr: TOP } }, steps: 12, ...options });
  const { task, params, batches } = small;
  const schedule = createSchedule(spec, { stepSize: TOP, steps: batches.length });
  return { ...small, schedule, run: await trainInMemory(task, { params, batches, schedule }) };
}

describe("training with line-search", () => {
  it.each(["mse", "cross-entropy"] as const)("lowers the loss of all examples at every step: %s", async (loss) => {
    const { run } = await searched({ loss });
    const losses = run.scalars.map((row) => row.loss);
    expect(losses.slice(1).every((value, s) => value < losses[s])).toBe(true);
    expect(losses[losses.length - 1]).toBeLessThan(0.9 * losses[0]);
    expect(Math.max(...run.scalars.map(({ stepSize }) => stepSize))).toBeLessThan(TOP);
  });

  it("takes the first size of eta, eta shrink, ... that holds Armijo's condition", async () => {
    const [c, shrink] = [0.2, 0.6];
    const { task, params, batches, run } = await searched({ steps: 3 }, `line-search:c=${c},shrink=${shrink}`);
    const stepper = new Stepper(task);
    stepper.params.set(trainableOf(task, params, "float64"));
    for (const [s, { stepSize }] of run.scalars.entries()) {
      const { loss, gradientNorm } = await stepper.evaluate(batches[s]);
      const start = stepper.checkpoint();
      let expected = TOP;
      for (; ; expected *= shrink) {
        await stepper.advance(batches[s], expected);
        const after = await stepper.evaluate(batches[s]);
        if (after.loss <= loss - c * expected * gradientNorm ** 2) break;
        stepper.restore(start);
      }
      expect(stepSize).toBe(expected);
    }
  });

  it.each(["float32", "float64"] as const)("is replayed bit for bit by its recorded step sizes: %s", async (dtype) => {
    const { task, run } = await searched({ dtype, optimizer: { name: "sgd", options: { lr: TOP } } });
    expect(await replay(task, run)).toMatchObject({ exact: true });
  });

  it("stays where it is when no trial lowers the loss", async () => {
    const { run } = await searched({ steps: 2 }, "line-search:most=1");
    expect(run.scalars.map(({ stepSize }) => stepSize)).toEqual([0, 0]);
    expect((await run.checkpoint(2)).params).toEqual((await run.checkpoint(0)).params);
  });

  it.each([
    { name: "momentum", options: { lr: 1 } },
    { name: "adam", options: { lr: 1 } },
    { name: "sgd", options: { lr: 1, weightDecay: 0.1 } },
  ])("refuses steps that do not go down the loss: $name", async (optimizer) => {
    expect(await errorOf(() => searched({ optimizer }))).toMatch(
      /^RangeError: schedule line-search: the optimizer must be gd or sgd without momentum and weight decay, got /,
    );
  });

  it("refuses a regulariser, whose pull is not of the loss that is searched", async () => {
    expect(
      await errorOf(() => searched({ optimizer: { name: "gd", options: { lr: TOP }, regularisers: ["l2:0.1"] } })),
    ).toMatch(/line-search: regularisers must be none, as the loss of the batch alone is searched, got l2/);
  });

  it("takes a clip by norm, which shortens the step, and refuses one by value, which turns it", async () => {
    const optimizer = { name: "gd", options: { lr: TOP } };
    const { run } = await searched({ optimizer: { ...optimizer, clipping: { norm: 0.01 } }, steps: 3 });
    expect(run.scalars.every(({ stepSize }) => stepSize > 0)).toBe(true);
    expect(await errorOf(() => searched({ optimizer: { ...optimizer, clipping: { value: 0.01 } } }))).toBe(
      "RangeError: schedule line-search: gradients must not be clipped by value, got a clip by value",
    );
  });
});
