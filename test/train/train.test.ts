import { describe, expect, it } from "vitest";
import { DivergedError } from "../../src/errors.ts";
import { createMemoryRun } from "../../src/run/memory-run.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { type Task, trainableOf } from "../../src/train/task.ts";
import { type Progress, type TrainOptions, train } from "../../src/train/train.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

interface Recorded {
  readonly task: Task;
  /** What `train` gave or threw. */
  readonly outcome: unknown;
  readonly run: Run;
  readonly progress: readonly Progress[];
  /** Every state of the same training, by hand. */
  readonly states: () => Promise<Stepper[]>;
}

/** Trains a small task with a record in memory. */
async function recorded(
  options: SmallTaskOptions & { checkpointEvery?: number; stopAfter?: number } = {},
): Promise<Recorded> {
  const { checkpointEvery = 3, stopAfter, ...rest } = options;
  const { task, params, batches } = await smallTask({ steps: 8, ...rest });
  const template = await trainInMemory(task, { params, batches: [] });
  const { manifest, modelBytes, layout } = template;
  const plannedSteps = batches.length;
  const writer = createMemoryRun({ manifest: { ...manifest, plannedSteps, checkpointEvery }, modelBytes, layout });
  const initial = trainableOf(task, params, task.engine.dtype);
  const stopper = new AbortController();
  const progress: Progress[] = [];
  const onProgress = (p: Progress): void => {
    progress.push(p);
    if (p.done === stopAfter) stopper.abort();
  };
  if (stopAfter === 0) stopper.abort();
  const given: TrainOptions = { task, initial, batches, plannedSteps, checkpointEvery, writer };
  const outcome = await train({ ...given, onProgress, signal: stopper.signal }).catch((error: unknown) => error);
  const states = async (): Promise<Stepper[]> => {
    const all: Stepper[] = [];
    for (let s = 0; s <= plannedSteps; s++) {
      const stepper = new Stepper(task);
      if (s === 0) stepper.params.set(initial);
      else {
        stepper.restore(all[s - 1].checkpoint());
        await stepper.evaluate(batches[s - 1]);
        stepper.update(task.optimizer.stepSize);
      }
      all.push(stepper);
    }
    return all;
  };
  return { task, outcome, run: writer.open()!, progress, states };
}

describe("train(options)", () => {
  it("records batch, loss, gradient norm and step size of every step, and checkpoints as planned", async () => {
    const { task, outcome, run, states } = await recorded({
      optimizer: optimizerChoice("adam"),
      loss: "cross-entropy",
    });
    const { batches } = await smallTask({ steps: 8, loss: "cross-entropy" });
    expect(run.manifest).toMatchObject({ status: "complete", steps: 8 });
    expect(run.batches).toEqual(batches);
    expect(run.checkpoints).toEqual([0, 3, 6, 8]);
    const byHand = await states();
    for (const s of run.checkpoints) expect(await run.checkpoint(s)).toEqual(byHand[s].checkpoint());
    for (const [s, batch] of batches.entries()) {
      const { stepSize } = task.optimizer;
      expect(run.scalars[s]).toEqual({ step: s, stepSize, ...(await byHand[s].evaluate(batch)) });
    }
    expect(outcome).toEqual({ steps: 8, status: "complete", loss: run.scalars[7].loss });
  });

  it("tells after each step how far it is, with the loss", async () => {
    const { run, progress } = await recorded();
    expect(progress).toEqual(
      run.scalars.map(({ loss, step }) => ({
        stage: "train",
        done: step + 1,
        total: 8,
        note: `loss ${loss.toPrecision(4)}`,
      })),
    );
  });

  it.each([1, 4, 6])("stops after the present step when aborted, after step %i", async (stopAfter) => {
    const { outcome, run, states } = await recorded({ stopAfter });
    expect(outcome).toEqual({ steps: stopAfter, status: "interrupted", loss: run.scalars[stopAfter - 1].loss });
    expect(run.manifest).toMatchObject({ status: "interrupted", steps: stopAfter, plannedSteps: 8 });
    expect(run.batches).toHaveLength(stopAfter);
    expect(run.checkpoints.at(-1)).toBe(stopAfter);
    expect(await run.checkpoint(stopAfter)).toEqual((await states())[stopAfter].checkpoint());
  });

  it("records no step when aborted before the first", async () => {
    const { outcome, run } = await recorded({ stopAfter: 0 });
    expect(outcome).toEqual({ steps: 0, status: "interrupted", loss: Number.NaN });
    expect(run).toMatchObject({ checkpoints: [0], batches: [], scalars: [] });
  });
});

describe("training that diverges", () => {
  it.each<[string, SmallTaskOptions]>([
    ["sgd, float64", { optimizer: { label: "", name: "sgd", options: { lr: 1e6 } } }],
    ["momentum, float32", { optimizer: { label: "", name: "momentum", options: { lr: 1e6 } }, dtype: "float32" }],
  ])("stops at the step, says so, and keeps the finite record: %s", async (_name, options) => {
    const { outcome, run } = await recorded({ steps: 200, hidden: [], loss: "mse", ...options });
    expect(outcome).toBeInstanceOf(DivergedError);
    const { step, message, hint } = outcome as DivergedError;
    expect(message).toMatch(new RegExp(`^training diverged at step ${step}: `));
    expect(hint).toBe("use a smaller learning rate; the steps before it are recorded");
    expect(step).toBeGreaterThan(0);
    expect(run.manifest).toMatchObject({ status: "diverged", steps: step });
    expect(run.scalars).toHaveLength(step);
    const last = await run.checkpoint(step);
    expect(run.checkpoints.at(-1)).toBe(step);
    expect(last.params.every(Number.isFinite)).toBe(true);
    for (const { loss, gradientNorm } of run.scalars) expect([loss, gradientNorm].every(Number.isFinite)).toBe(true);
  });

  it("keeps w before the diverging step, where the step itself would leave the finite numbers", async () => {
    // One step of 1e308 from a gradient of 10 or more overflows; the loss before it is finite.
    const choice = { label: "", name: "sgd", options: { lr: 1e308 } };
    const { outcome, run, states } = await recorded({ optimizer: choice, hidden: [], loss: "mse" });
    expect((outcome as DivergedError).message).toBe("training diverged at step 0: a parameter is no longer finite");
    expect(await run.checkpoint(0)).toEqual((await states())[0].checkpoint());
    expect(run.manifest).toMatchObject({ status: "diverged", steps: 0 });
  });

  it("is told from a gradient too large for the optimizer's memory of squares", async () => {
    const { task, params, batches } = await smallTask({
      optimizer: optimizerChoice("adam"),
      loss: "cross-entropy",
      dtype: "float32",
      hidden: [],
    });
    const { train: split } = task.dataset;
    const x = { ...split.x, data: split.x.data.map((v: number) => v * 1e25) } as typeof split.x;
    const large = { ...task, dataset: { ...task.dataset, train: { ...split, x } } };
    await expect(trainInMemory(large, { params, batches })).rejects.toThrow(
      /^training diverged at step 0: the gradient norm must be at most 1\.8e\+19 in float32, got /,
    );
  });
});
