import { describe, expect, it, vi } from "vitest";
import { InvalidRunError } from "../../src/errors.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { heldStates, planReversal } from "../../src/train/reversal.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { bytesOfState, parametersAt, type Stretch, stateAt, stretchesBackwards } from "../../src/train/trajectory.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** The same training with all checkpoints, and with every fifth of 13. */
async function twice(options: SmallTaskOptions) {
  const { task, params, batches } = await smallTask({ steps: 13, ...options });
  const all = await trainInMemory(task, { params, batches });
  const few = await trainInMemory(task, { params, batches, checkpointEvery: 5 });
  // As another process has it: nothing is left of what training computed.
  const fresh = (await smallTask({ steps: 13, ...options })).task;
  return { task, fresh, all, few };
}

async function collect(stretches: AsyncGenerator<Stretch>): Promise<Stretch[]> {
  const all: Stretch[] = [];
  for await (const stretch of stretches) all.push(stretch);
  return all;
}

const cases: readonly SmallTaskOptions[] = [
  { optimizer: optimizerChoice("adamw amsgrad"), loss: "cross-entropy" },
  { optimizer: optimizerChoice("momentum decay"), dtype: "float32", model: "relu" },
  { optimizer: optimizerChoice("rmsprop centered momentum decay"), dtype: "float32", model: "cnn" },
  // The frozen part gives the same bits, whichever examples are asked for first.
  {
    optimizer: optimizerChoice("adam"),
    dtype: "float32",
    hidden: [64, 48],
    examples: 37,
    batchSize: 5,
    trainable: ["layers.2.weight", "layers.2.bias"],
  },
];

describe("stateAt(task, run, step)", () => {
  it.each(cases)("is the state of every step bit for bit, stored or replayed: $optimizer.label", async (options) => {
    const { fresh, all, few } = await twice(options);
    expect(few.checkpoints).toEqual([0, 5, 10, 13]);
    for (const step of [13, 0, 12, 7, 5, 4, 1])
      expect(await stateAt(fresh, few, step)).toEqual(await all.checkpoint(step));
  });

  it.each([-1, 14, 1.5, Number.NaN])("refuses step %s of 13", async (step) => {
    const { task, few } = await twice({});
    expect(await errorOf(() => stateAt(task, few, step))).toBe(
      `RangeError: stateAt: step must lie in 0..13, got ${step}`,
    );
  });

  it("says so where the replay leaves the finite numbers", async () => {
    const { task, few } = await twice({});
    const wild: Run = { ...few, scalars: few.scalars.map((row) => ({ ...row, stepSize: Infinity })) };
    await expect(stateAt(task, wild, 7)).rejects.toThrow(
      new InvalidRunError(
        "replay of step 5 must stay finite: a parameter is no longer finite; the record is not of this run",
      ),
    );
  });
});

describe("parametersAt(task, run, step)", () => {
  it("are all parameters by name: trained ones of that step, frozen ones as they always were", async () => {
    const trainable = ["layers.1.bias", "layers.2.weight"];
    const { task, all, few } = await twice({ trainable, optimizer: optimizerChoice("nesterov") });
    const parameters = await parametersAt(task, few, 8);
    expect(Object.keys(parameters)).toEqual(task.model.parameters.entries.map(({ name }) => name));
    const { params } = await all.checkpoint(8);
    for (const { name, shape, offset, size } of task.layout.entries) {
      expect(parameters[name]).toEqual({ dtype: "float64", shape, data: params.slice(offset, offset + size) });
    }
    for (const [name, tensor] of Object.entries(task.frozen)) expect(parameters[name]).toEqual(tensor);
  });
});

describe("stretchesBackwards(task, run)", () => {
  it("goes from the last stored checkpoint to the first, with every state between", async () => {
    const { task, all, few } = await twice({ optimizer: optimizerChoice("momentum") });
    const stretches = await collect(stretchesBackwards(task, few));
    expect(stretches.map(({ states }) => states.map(({ step }) => step))).toEqual([
      [10, 11, 12, 13],
      [5, 6, 7, 8, 9, 10],
      [0, 1, 2, 3, 4, 5],
    ]);
    for (const { states, jumpTo } of stretches) {
      expect(jumpTo).toBeUndefined();
      for (const state of states) expect(state).toEqual(await all.checkpoint(state.step));
    }
  });

  it("only reads where every state is stored", async () => {
    const { task, all } = await twice({});
    const idle = { ...task, engine: { ...task.engine, dtype: "float64", compile: () => expect.unreachable() } };
    const stretches = await collect(stretchesBackwards(idle as never, all));
    expect(stretches).toHaveLength(13);
    expect(stretches[0]).toEqual({
      states: [await all.checkpoint(12), await all.checkpoint(13)],
      jumpTo: undefined,
      held: [],
    });
  });

  it("gives the stored state where the replay does not meet it, and goes on from there", async () => {
    const { task, few } = await twice({ optimizer: optimizerChoice("momentum") });
    const stored = await few.checkpoint(10);
    const moved = { ...stored, params: stored.params.map((w: number) => w + 1e-3) as Float64Array };
    const run: Run = { ...few, checkpoint: async (step) => (step === 10 ? moved : few.checkpoint(step)) };
    const [last, middle, first] = await collect(stretchesBackwards(task, run));
    expect(last.states[0]).toEqual(moved);
    // It is the last stretch that now ends elsewhere, and the middle one that jumps to where it began.
    expect(last.jumpTo).toEqual(await few.checkpoint(13));
    expect(middle.jumpTo).toEqual(moved);
    expect(middle.states.at(-1)).toEqual(stored);
    expect(first.jumpTo).toBeUndefined();
  });

  it.each([1, 40])("goes in parts where the states do not fit, replaying as planned: %s steps held", async (steps) => {
    const { task, params, batches } = await smallTask({ steps: 40, optimizer: optimizerChoice("adam") });
    const all = await trainInMemory(task, { params, batches });
    const ends = await trainInMemory(task, { params, batches, checkpointEvery: 40 });
    const advance = vi.spyOn(Stepper.prototype, "advance");
    const replayMemory = steps * bytesOfState(task);
    const plan = planReversal(ends.checkpoints, heldStates(bytesOfState(task), replayMemory));
    let next = 40;
    for await (const { states, jumpTo, held } of stretchesBackwards(task, ends, { replayMemory })) {
      expect(jumpTo).toBeUndefined();
      expect(states.at(-1)?.step).toBe(next);
      // The first state since the stored checkpoint, or the stored one itself, is not counted, nor is the end.
      expect(states.length - 1 + held.length - 1).toBeLessThanOrEqual(plan.held);
      for (const state of [...held, ...states]) expect(state).toEqual(await all.checkpoint(state.step));
      next = states[0].step;
    }
    expect(next).toBe(0);
    expect(advance).toHaveBeenCalledTimes(plan.replayed);
    // Eight states at least: C(8 + 2, 2) = 45 steps in two passes.
    expect(plan).toMatchObject(steps === 1 ? { passes: 2, held: 8 } : { passes: 1, replayed: 40 });
    advance.mockRestore();
  });

  it("stops between two steps when aborted", async () => {
    const { task, few } = await twice({});
    const controller = new AbortController();
    const steps: number[] = [];
    const onReplay = (step: number): void => {
      if (steps.push(step) === 2) controller.abort(new RangeError("enough"));
    };
    const stretches = stretchesBackwards(task, few, { signal: controller.signal, onReplay });
    await expect(collect(stretches)).rejects.toThrow(new RangeError("enough"));
    expect(steps).toEqual([10, 11]);
  });

  it("refuses a run that does not end with a checkpoint", async () => {
    const { task, few } = await twice({});
    const cut: Run = { ...few, checkpoints: [0, 5, 10] };
    await expect(collect(stretchesBackwards(task, cut))).rejects.toThrow(
      new InvalidRunError("the run must end with a checkpoint after step 12, got 10"),
    );
  });
});
