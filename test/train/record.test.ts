import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { planExplanation } from "../../src/explain/plan.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { recordingOf } from "../../src/run/recording.ts";
import type { Run } from "../../src/run/types.ts";
import { isNotable, type Jump } from "../../src/train/jump.ts";
import { type LoopStep, record } from "../../src/train/record.ts";
import { replay } from "../../src/train/replay.ts";
import { retrainWithout } from "../../src/train/retrain.ts";
import { Stepper } from "../../src/train/stepper.ts";
import type { Task } from "../../src/train/task.ts";
import { parametersAt, stateAt } from "../../src/train/trajectory.ts";
import { EXACTNESS_TOLERANCE } from "../helpers/exactness.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type Loop, recorderOf, shifted, smallLoop, stepOf } from "../helpers/recorded-loop.ts";

const explained = (task: Task, run: Run): Promise<Explanation> =>
  explain(task, run, { queries: datasetQueries(task, "test:0-2"), tolerance: EXACTNESS_TOLERANCE });

const termOf = ({ terms }: Explanation, wanted: string): Float64Array | undefined =>
  terms.find(({ name }) => name === wanted)?.values;

const loopOf = (label: string): Promise<Loop> => smallLoop({ optimizer: optimizerChoice(label) });

/** Where our optimizer arrives from the states before some steps, one step each. */
async function madeFrom({ task, run }: Loop, recorded: Run, step: number): Promise<RealArray> {
  const stepper = new Stepper(task);
  stepper.restore(await recorded.checkpoint(step));
  await stepper.advance(run.batches[step], run.scalars[step].stepSize);
  return stepper.params.slice();
}

/** Output 0 of the test queries at two states, the difference: what a jump does to what is explained. */
async function difference(task: Task, [to, from]: readonly [RealArray, RealArray]): Promise<number[]> {
  const program = task.engine.compile(task.model.graph);
  const f = async (params: RealArray) =>
    (await program.run({ ...viewsOf(task.layout, params), x: task.dataset.test.x })).y.data as RealArray;
  const [end, start] = [await f(to), await f(from)];
  return [0, 1, 2].map((q) => end[q * task.outputs] - start[q * task.outputs]);
}

describe("record(task, options), of a loop that makes our optimizer's steps", () => {
  it.each(["sgd", "momentum dampening decay", "rmsprop centered momentum decay", "adamw amsgrad"])(
    "is the run that training records, derived states bit for bit: %s",
    async (label) => {
      const loop = await loopOf(label);
      const { run, jumps, tier, disables, state } = await (await recorderOf(loop)).finish();
      expect({ tier, disables, state }).toEqual({ tier: "steps", disables: [], state: "derived" });
      expect(jumps).toEqual(run.batches.map((_, s): Jump => ({ step: s + 1, size: 0, relative: 0 })));
      expect(run.scalars).toEqual(loop.run.scalars);
      for (const step of run.checkpoints) expect(await run.checkpoint(step)).toEqual(await loop.run.checkpoint(step));
      const [own, trained] = [await explained(loop.task, run), await explained(loop.task, loop.run)];
      expect(own).toEqual(trained);
    },
  );

  it("takes parameters by name, and the step size from the optimizer's settings", async () => {
    const loop = await loopOf("sgd");
    const byName = ({ stepSize: _, after, ...step }: LoopStep): LoopStep => ({
      ...step,
      after: Object.fromEntries(
        Object.entries(viewsOf(loop.task.layout, after as RealArray)).map(([name, { data }]) => [name, data]),
      ),
      optimizer: { name: "sgd", options: { lr: 0.05 } },
    });
    const { run } = await (await recorderOf(loop, byName)).finish();
    expect(run.scalars).toEqual(loop.run.scalars);
    expect(await run.checkpoint(8)).toEqual(await loop.run.checkpoint(8));
  });

  it("keeps the loop's own state of the optimizer where it is handed over", async () => {
    const loop = await loopOf("adam decay");
    const { run, state } = await (await recorderOf(loop, (step) => step, { state: "recorded" })).finish();
    expect(state).toBe("recorded");
    expect(await run.checkpoint(5)).toEqual(await loop.run.checkpoint(5));
  });
});

describe("a step that the optimizer did not make", () => {
  const PUSH = 1e-3;
  const pushed = (step: LoopStep, s: number): LoopStep =>
    s === 4 ? { ...step, after: shifted(step.after as RealArray, PUSH) } : step;
  // The loop goes on from where it was pushed to only in its last step: every other state is the trained one.
  const jumpAt = (jumps: readonly Jump[], step: number): Jump => jumps[step - 1];

  it.each(["sgd", "momentum decay", "nesterov", "rmsprop momentum", "adam decay", "adamw"])(
    "is a jump of its size, and its effect on each output is the term replay: %s",
    async (label) => {
      const loop = await loopOf(label);
      const { task } = loop;
      const { run, jumps } = await (await recorderOf(loop, pushed)).finish();
      expect(jumpAt(jumps, 5).size).toBeAllclose(PUSH * Math.sqrt(task.layout.size), { rtol: 1e-9 });
      expect(jumps.map(isNotable).indexOf(true)).toBe(4);
      expect(jumpAt(jumps, 4)).toEqual({ step: 4, size: 0, relative: 0 });
      const explanation = await explained(task, run);
      expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
      // The push itself, and the step after it, which begins elsewhere and ends at the trained state. Later states of the optimizer are
      // derived from the recorded path, so later steps jump too where they remember it.
      let effect = new Array<number>(3).fill(0);
      for (const { step, size } of jumps) {
        if (size === 0) continue;
        const { params } = await run.checkpoint(step);
        const own = await difference(task, [params, await madeFrom(loop, run, step - 1)]);
        effect = effect.map((value, q) => value + own[q]);
      }
      expect(Math.max(...effect.map(Math.abs))).toBeGreaterThan(1e-5);
      expect(termOf(explanation, "replay")).toBeAllclose(effect, { atol: 1e-12 });
    },
  );

  it("moves nothing but the term replay when it is the last: contributions are those of the steps that were made", async () => {
    const loop = await loopOf("adam");
    const last = (step: LoopStep, s: number) =>
      s === 7 ? { ...step, after: shifted(step.after as RealArray, PUSH) } : step;
    const { run } = await (await recorderOf(loop, last)).finish();
    const [own, trained] = [await explained(loop.task, run), await explained(loop.task, loop.run)];
    expect(own.contributions).toBeAllclose(trained.contributions, { atol: 1e-11 });
    expect(termOf(own, "replay")).toBeAllclose(
      own.output.map((f, r) => f - trained.output[r]),
      { atol: 1e-14 },
    );
  });

  it("is none of a loop that clips gradients, when the factor is in the weights", async () => {
    const loop = await loopOf("sgd");
    const { task, params } = loop;
    const [stepper, clipped] = [new Stepper(task), new Stepper(task)];
    clipped.params.set(params);
    const steps: LoopStep[] = [];
    for (const [s, batch] of loop.run.batches.entries()) {
      stepper.restore({ ...clipped.checkpoint(), step: s });
      const { gradientNorm } = await stepper.evaluate(batch);
      const factor = Math.min(1, 0.5 / gradientNorm);
      const weights = batch.weights.map((c) => factor * c);
      await clipped.evaluate({ ...batch, weights });
      clipped.update(0.05);
      steps.push({ batch: { ...batch, weights }, stepSize: 0.05, after: clipped.params.slice() });
    }
    const weighted = await (await recorderOf(loop, (_, s) => steps[s])).finish();
    expect(Math.max(...weighted.jumps.map(({ relative }) => relative))).toBe(0);
    expect(verdictOf(await explained(task, weighted.run), "float64").passed).toBe(true);
    const unsaid = await (await recorderOf(loop, (step, s) => ({ ...steps[s], batch: step.batch }))).finish();
    expect(Math.max(...unsaid.jumps.map(({ relative }) => relative))).toBeGreaterThan(0.1);
    expect(unsaid.jumps.some(isNotable)).toBe(true);
    const explanation = await explained(task, unsaid.run);
    expect(verdictOf(explanation, "float64").passed).toBe(true);
    expect(Math.max(...(termOf(explanation, "replay") ?? []).map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it("may be a change between two steps: the next one begins where the loop says", async () => {
    const loop = await loopOf("momentum");
    const from = (await loop.run.checkpoint(3)).params;
    const moved = shifted(from, PUSH);
    const { run, jumps } = await (
      await recorderOf(loop, (step, s) => (s === 3 ? { ...step, before: moved } : step))
    ).finish();
    expect((await run.checkpoint(3)).params).toEqual(moved);
    expect(jumps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(jumpAt(jumps, 3).size).toBeAllclose(PUSH * Math.sqrt(loop.task.layout.size), { rtol: 1e-9 });
    expect(verdictOf(await explained(loop.task, run), "float64").passed).toBe(true);
  });
});

describe("what a loop leaves out", () => {
  it("parameters at some steps: those between are computed, and the tier says so", async () => {
    const loop = await loopOf("adamw");
    const some = (step: LoopStep, s: number) => (s % 3 === 2 || s === 7 ? step : { ...step, after: undefined });
    const recorded = await (await recorderOf(loop, some, { checkpointEvery: 3 })).finish();
    const { run, tier, disables, jumps } = recorded;
    expect(tier).toBe("intervals");
    expect(disables).toHaveLength(1);
    expect(run.checkpoints).toEqual([0, 3, 6, 8]);
    expect(jumps.map(({ step, size }) => [step, size])).toEqual([
      [3, 0],
      [6, 0],
      [8, 0],
    ]);
    expect(await explained(loop.task, run)).toEqual(await explained(loop.task, loop.run));
    expect((await stateAt(loop.task, run, 5)).params).toEqual((await loop.run.checkpoint(5)).params);
  });

  it("batches: kernels are left, everything that asks who made a step is refused", async () => {
    const loop = await loopOf("sgd");
    const { task } = loop;
    const { run, tier, disables } = await (await recorderOf(loop, ({ after }) => ({ after }))).finish();
    expect(tier).toBe("parameters");
    expect(disables.join("\n")).toMatch(/contributions.*\n.*path kernels.*\n.*replay/);
    const layer = (params: Awaited<ReturnType<typeof parametersAt>>) => params["layers.0.weight"].data;
    expect(layer(await parametersAt(task, run, 4))).toEqual(layer(await parametersAt(task, loop.run, 4)));
    const must = /must have its batches, got recorded parameters alone/;
    await expect(explained(task, run)).rejects.toThrow(must);
    expect(() => planExplanation(task, run, { rows: 1 })).toThrow(must);
    await expect(pathKernel(task, run, task.dataset.test.x)).rejects.toThrow(must);
    await expect(replay(task, run)).rejects.toThrow(must);
    await expect(retrainWithout(task, run, { without: [0] })).rejects.toThrow(must);
  });

  it("nothing of a run that was trained here: it is no recording", async () => {
    expect(recordingOf((await loopOf("sgd")).run)).toBeUndefined();
  });
});

describe("a recorder", () => {
  it("follows a step size that changes, and plans for the steps that are run again", async () => {
    const loop = await loopOf("momentum");
    const { task } = loop;
    const stepper = new Stepper(task);
    stepper.params.set(loop.params);
    const steps: LoopStep[] = [];
    for (const [s, batch] of loop.run.batches.entries()) {
      const stepSize = s === 0 ? 0 : 0.02 / (s + 1);
      await stepper.advance(batch, stepSize);
      steps.push({ batch, stepSize, after: stepper.params.slice() });
    }
    const { run, jumps } = await (await recorderOf(loop, (_, s) => steps[s])).finish();
    expect(jumps.every(({ size }) => size === 0)).toBe(true);
    expect(verdictOf(await explained(task, run), "float64").passed).toBe(true);
    const plan = planExplanation(task, run, { rows: 3, rule: "left" });
    expect(plan.programRuns).toBe(planExplanation(task, loop.run, { rows: 3, rule: "left" }).programRuns + 8);
  });

  it.each<[string, (step: LoopStep, s: number) => LoopStep, RegExp]>([
    [
      "no parameters",
      (step) => ({ ...step, after: undefined }),
      /parameters must come after every 1 steps, got none after 0/,
    ],
    [
      "too few numbers",
      (step) => ({ ...step, after: [1, 2] as never }),
      /parameters after step 0 must have 32 numbers of layers.0.weight, got none/,
    ],
    [
      "a short array",
      (step) => ({ ...step, after: new Float64Array(3) }),
      /parameters after step 0 must be 278 numbers, got 3$/,
    ],
    [
      "NaN",
      (step) => ({ ...step, after: shifted(step.after as RealArray, NaN) }),
      /params must be finite, got NaN in "layers.0.weight"/,
    ],
    [
      "another momentum",
      (step) => ({ ...step, optimizer: { name: "momentum", options: { lr: 0.02, momentum: 0.8 } } }),
      /but for the step size, got momentum 0.8 at step 0 for 0.9/,
    ],
    [
      "another optimizer",
      (step) => ({ ...step, optimizer: { name: "adam", options: {} } }),
      /must be those of momentum/,
    ],
    [
      "a negative step",
      (step) => ({ ...step, stepSize: -1 }),
      /step size must be a finite number >= 0, got -1 at step 0/,
    ],
    [
      "a stray example",
      (step) => ({ ...step, batch: { indices: Int32Array.of(99), weights: Float64Array.of(1) } }),
      /indices/,
    ],
    [
      "a missing batch",
      (step, s) => (s === 2 ? { after: step.after } : step),
      /all steps or none must have a batch, got none at step 2/,
    ],
    [
      "a state that was not promised",
      (step) => ({ ...step, state: {} }),
      /state must come .* only there, got it at step 0/,
    ],
    [
      "another start",
      (step) => ({ ...step, before: shifted(step.after as RealArray, 1) }),
      /step 0 must begin from the parameters of the record/,
    ],
  ])("refuses %s", async (_, change, message) => {
    const loop = await loopOf("momentum");
    await expect(recorderOf(loop, change)).rejects.toThrow(message);
  });

  it("refuses to end without the last parameters", async () => {
    const loop = await loopOf("sgd");
    const recorder = await record(loop.task, { params: loop.params, checkpointEvery: 5 });
    const { batch, stepSize } = await stepOf(loop, 0);
    await recorder.step({ batch, stepSize });
    await expect(recorder.finish()).rejects.toThrow(
      "finish: the parameters after step 0, the last, must be handed over, got those before step 0",
    );
  });
});
