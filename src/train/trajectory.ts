// The path of a recorded run, stretch by stretch from its end: stored checkpoints, and what lies between them by replay.

import { InvalidRunError } from "../errors.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { isTakenAsStored, requireBatches } from "../run/recording.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";

/** Consecutive states from one stored checkpoint to the next. */
export interface Stretch {
  /** States before steps from, from + 1, ..., to. */
  readonly states: readonly Checkpoint[];
  /**
   * The stored state at `to`, where the replayed one differs from it (another machine, another number of threads): the path
   * jumps there. Undefined when both are equal bit for bit, as on the machine that trained.
   */
  readonly jumpTo: Checkpoint | undefined;
}

function sameBits(a: RealArray, b: RealArray): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Whether parameters and optimizer state are equal bit for bit. */
function sameState(a: Checkpoint, b: Checkpoint): boolean {
  return (
    sameBits(a.params, b.params) && Object.keys(a.buffers).every((name) => sameBits(a.buffers[name], b.buffers[name]))
  );
}

/** Steps `first` to `end` - 1. */
export interface StepRange {
  readonly first: number;
  readonly end: number;
}

/**
 * All stretches of a run, or those that reach into `range`, the last one first. Memory: one stretch. A step that another program's loop made is
 * run again even where both its ends are stored: what our optimizer makes of its batch may end elsewhere, and the path jumps from there to
 * the recorded state.
 */
export async function* stretchesBackwards(
  task: Task,
  run: Run,
  range: StepRange = { first: 0, end: run.batches.length },
): AsyncGenerator<Stretch> {
  requireBatches(run, "the path of a run");
  const { checkpoints, batches } = run;
  const stepper = checkpoints.every((step, i) => i === 0 || isTakenAsStored(run, checkpoints[i - 1], step))
    ? undefined
    : new Stepper(task);
  const beyond = checkpoints.findIndex((step) => step >= range.end);
  const last = beyond < 0 ? checkpoints.length - 1 : beyond;
  let end = await run.checkpoint(checkpoints[last]);
  for (let k = last - 1; k >= 0 && checkpoints[k + 1] > range.first; k--) {
    const start = await run.checkpoint(checkpoints[k]);
    if (isTakenAsStored(run, start.step, end.step)) {
      yield { states: [start, end], jumpTo: undefined };
    } else {
      const states = await replay(stepper!, start, { run, to: end.step });
      const replayed = states[states.length - 1];
      yield { states, jumpTo: sameState(replayed, end) ? undefined : end };
    }
    end = start;
  }
  if (batches.length !== checkpoints[checkpoints.length - 1]) {
    throw new InvalidRunError(
      `the run must end with a checkpoint after step ${batches.length - 1}, got ${checkpoints.at(-1)}`,
    );
  }
}

/** Runs recorded steps again from a checkpoint: the states before each of them, and after the last. */
async function replay(
  stepper: Stepper,
  start: Checkpoint,
  { run, to }: { run: Run; to: number },
): Promise<Checkpoint[]> {
  stepper.restore(start);
  const states = [start];
  while (stepper.step < to) {
    await advanceRecorded(stepper, run);
    states.push(stepper.checkpoint());
  }
  return states;
}

/** Takes the next recorded step once more. */
export async function advanceRecorded(stepper: Stepper, { batches, scalars }: Run): Promise<void> {
  const s = stepper.step;
  const { fault } = await stepper.advance(batches[s], scalars[s].stepSize);
  if (fault) throw new InvalidRunError(`replay of step ${s} must stay finite: ${fault}; the record is not of this run`);
}

/** The state before step `step` (after the last when `step` equals their number): read where it is stored, else replayed. */
export async function stateAt(task: Task, run: Run, step: number): Promise<Checkpoint> {
  const steps = run.batches.length;
  if (!Number.isInteger(step) || step < 0 || step > steps)
    throw new RangeError(`stateAt: step must lie in 0..${steps}, got ${step}`);
  const stored = run.checkpoints.filter((k) => k <= step).at(-1) as number;
  const start = await run.checkpoint(stored);
  if (stored === step) return start;
  return (await replay(new Stepper(task), start, { run, to: step })).at(-1) as Checkpoint;
}

/** All parameters by name before step `step`: trained ones as they stood, frozen ones as they always were. */
export async function parametersAt(task: Task, run: Run, step: number): Promise<Record<string, Tensor>> {
  const trained = viewsOf(task.layout, (await stateAt(task, run, step)).params);
  return Object.fromEntries(
    task.model.parameters.entries.map(({ name }) => [name, trained[name] ?? task.frozen[name]]),
  );
}
