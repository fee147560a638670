import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/numeric/sha256.node.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { encodeCheckpoint } from "../../src/run/checkpoint-format.ts";
import type { Checkpoint, Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { LoopStep } from "../../src/train/record.ts";
import { replay } from "../../src/train/replay.ts";
import { replayPlace } from "../../src/train/replay-differences.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { recorderOf, shifted, smallLoop } from "../helpers/recorded-loop.ts";
import { type SmallTaskOptions, smallTask, withOptimizer } from "../helpers/tasks.ts";

/** 13 steps with checkpoints at 0, 5, 10 and 13, and the same training with all of them. */
async function recorded(options: SmallTaskOptions = {}) {
  const { task, params, batches } = await smallTask({ steps: 13, optimizer: optimizerChoice("adam"), ...options });
  const all = await trainInMemory(task, { params, batches });
  return { task, all, run: await trainInMemory(task, { params, batches, checkpointEvery: 5 }) };
}

/** The same run with parameters of one stored checkpoint moved a little. */
function moved(run: Run, step: number, by = 1e-3): Run {
  const change = ({ params, ...rest }: Checkpoint): Checkpoint => {
    const other = params.slice();
    other[3] += by;
    return { ...rest, params: other };
  };
  return {
    ...run,
    checkpoint: async (s) => (s === step ? change(await run.checkpoint(s)) : run.checkpoint(s)),
  };
}

describe("replay(task, run)", () => {
  it("proves a whole run: every number of every step, every checkpoint", async () => {
    const { task, run } = await recorded();
    const report = await replay(task, run);
    expect(report).toEqual({
      from: 0,
      to: 13,
      start: 0,
      replayed: 13,
      differences: [],
      checkpoints: [5, 10, 13].map((step) => ({ step, by: "file", equal: true, largest: 0 })),
      scalars: { compared: 13, equal: 13, firstDifferent: undefined },
      exact: true,
      state: await run.checkpoint(13),
    });
  });

  it("gives the states between two steps, from the checkpoint before them", async () => {
    const { task, run, all } = await recorded();
    const states: Checkpoint[] = [];
    const onState = (state: Checkpoint): void => {
      states.push(state);
    };
    const report = await replay(task, run, { from: 7, to: 11, onState });
    expect(report).toMatchObject({ start: 5, replayed: 6, checkpoints: [{ step: 10 }], exact: true });
    expect(states.map(({ step }) => step)).toEqual([7, 8, 9, 10, 11]);
    for (const state of states) expect(state).toEqual(await all.checkpoint(state.step));
    expect(report.state).toEqual(await all.checkpoint(11));
  });

  it("replays nothing between a stored step and itself", async () => {
    const { task, run } = await recorded();
    const report = await replay(task, run, { from: 5, to: 5 });
    expect(report).toMatchObject({ replayed: 0, checkpoints: [], exact: true });
    expect(report.state).toEqual(await run.checkpoint(5));
  });

  it("finds the checkpoint that it does not meet, and goes on from there", async () => {
    const { task, run } = await recorded();
    const report = await replay(task, moved(run, 10));
    expect(report.exact).toBe(false);
    const [five, ten, last] = report.checkpoints;
    expect(five.equal).toBe(true);
    expect(ten).toEqual({ step: 10, by: "file", equal: false, largest: expect.closeTo(1e-3, 10) });
    // From the moved state on, later numbers are others too.
    expect(last.equal).toBe(false);
    expect(report.scalars).toEqual({ compared: 13, equal: 10, firstDifferent: 10 });
  });

  it("finds the step whose loss or gradient norm is another, where there is no checkpoint", async () => {
    const { task, run } = await recorded();
    const nudged = (key: "loss" | "gradientNorm"): Run => ({
      ...run,
      scalars: run.scalars.map((row) => (row.step === 7 ? { ...row, [key]: row[key] * (1 + 2 ** -52) } : row)),
    });
    for (const key of ["loss", "gradientNorm"] as const) {
      const { exact, scalars, checkpoints } = await replay(task, nudged(key));
      expect({ exact, scalars }).toEqual({ exact: false, scalars: { compared: 13, equal: 12, firstDifferent: 7 } });
      expect(checkpoints.every(({ equal }) => equal)).toBe(true);
    }
  });

  it("proves checkpoints that are not stored any more by their hashes", async () => {
    const { task, run } = await recorded();
    const hashed = new Map<number, string>();
    for (const step of run.checkpoints) hashed.set(step, sha256(encodeCheckpoint(await run.checkpoint(step))));
    const stripped: Run = { ...run, checkpoints: [0, 13], checkpointHashes: hashed };
    const { checkpoints, exact } = await replay(task, stripped, { hash: sha256 });
    expect(exact).toBe(true);
    expect(checkpoints.map(({ step, by }) => [step, by])).toEqual([
      [5, "hash"],
      [10, "hash"],
      [13, "file"],
    ]);
    hashed.set(5, "0".repeat(64));
    const report = await replay(task, stripped, { hash: sha256 });
    expect(report.exact).toBe(false);
    expect(report.checkpoints[0]).toEqual({ step: 5, by: "hash", equal: false, largest: undefined });
  });

  it("says what differs before it starts", async () => {
    const { task, run } = await recorded();
    const order: string[] = [];
    const here = { ...replayPlace(task), software: "pathkernel 9.9.9" };
    const { differences, exact } = await replay(task, run, {
      here,
      onDifferences: (found) => order.push(`differs: ${found.map(({ what }) => what)}`),
      onProgress: ({ done }) => order.push(`step ${done}`),
    });
    expect(order.slice(0, 2)).toEqual(["differs: software", "step 1"]);
    expect(differences).toEqual([{ what: "software", recorded: run.manifest.software, here: "pathkernel 9.9.9" }]);
    // It was no reason for other bits.
    expect(exact).toBe(true);
  });

  it("shows in what a loop that is not ours differs, step by step", async () => {
    const loop = await smallLoop({ optimizer: optimizerChoice("sgd") });
    const change = ({ after, ...step }: LoopStep, s: number): LoopStep => ({
      ...step,
      after: s === 4 ? shifted(after as RealArray, 1e-3) : after,
    });
    const { run } = await (await recorderOf(loop, change, { by: "mine 1.0" })).finish();
    const { exact, differences, checkpoints, scalars } = await replay(loop.task, run);
    expect(differences.map(({ what, recorded: by }) => [what, by])).toEqual([["training loop", "mine 1.0"]]);
    expect(exact).toBe(false);
    // Step 4 ends elsewhere; so does step 5, since the loop went on as if nothing had been.
    expect(checkpoints.filter(({ equal }) => !equal).map(({ step }) => step)).toEqual([5, 6]);
    expect(checkpoints[4].largest).toBeAllclose(1e-3, { rtol: 1e-9 });
    // Losses and gradients were computed here, at the loop's parameters.
    expect(scalars.firstDifferent).toBeUndefined();
  });

  it("stops between two steps when aborted", async () => {
    const { task, run } = await recorded();
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 3) controller.abort(new RangeError("enough"));
    };
    await expect(replay(task, run, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
  });

  it.each([
    [{ from: -1 }, "from must lie in 0..13, got -1"],
    [{ to: 14 }, "to must lie in 0..13, got 14"],
    [{ from: 1.5 }, "from must lie in 0..13, got 1.5"],
    [{ from: 8, to: 7 }, "from must not lie behind to, got 8 and 7"],
  ])("refuses %j", async (options, message) => {
    const { task, run } = await recorded();
    expect(await errorOf(() => replay(task, run, options))).toBe(`RangeError: replay: ${message}`);
  });

  it("refuses a task with other parameters or another optimizer's state", async () => {
    const { task, run } = await recorded();
    const sgd = withOptimizer(task, "sgd", { lr: 0.1 });
    expect(await errorOf(() => replay(sgd, run))).toBe(
      "RangeError: replay: the optimizer must have the state firstMoment, secondMoment of the run, got none",
    );
    const { task: wider } = await smallTask({ hidden: [7], optimizer: optimizerChoice("adam") });
    expect(await errorOf(() => replay(wider, run))).toMatch(/^RangeError: replay: task must train layers\.0\.weight /);
  });
});
