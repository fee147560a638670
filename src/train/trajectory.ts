// The path of a recorded run, stretch by stretch from its end: stored checkpoints, and what lies between them by replay.

import { InvalidRunError } from "../errors.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { isTakenAsStored, requireBatches } from "../run/recording.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { heldOnTheWay, heldStates } from "./reversal.ts";
import { Stepper, type StepResult } from "./stepper.ts";
import type { Task } from "./task.ts";

/** Consecutive states. */
export interface Stretch {
  /** States before steps from, from + 1, ..., to. */
  readonly states: readonly Checkpoint[];
  /**
   * The stored state at `to`, where the replayed one differs from it (another machine, another number of threads): the path
   * jumps there. Undefined when both are equal bit for bit, as on the machine that trained.
   */
  readonly jumpTo: Checkpoint | undefined;
  /** Earlier states since the stored checkpoint before, that one included, which are held until their turn comes: ascending. */
  readonly held: readonly Checkpoint[];
}

export interface StretchOptions {
  /** Default: all steps. */
  readonly range?: StepRange;
  /** Bytes that replayed states between two stored checkpoints may take, but at least those of eight; default 256 MiB. */
  readonly replayMemory?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each step before it is taken again. */
  readonly onReplay?: ((step: number) => void) | undefined;
}

function sameBits(a: RealArray, b: RealArray): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Whether parameters and optimizer state are equal bit for bit. */
export function sameState(
  a: Pick<Checkpoint, "params" | "buffers">,
  b: Pick<Checkpoint, "params" | "buffers">,
): boolean {
  return (
    sameBits(a.params, b.params) && Object.keys(a.buffers).every((name) => sameBits(a.buffers[name], b.buffers[name]))
  );
}

/** Steps `first` to `end` - 1. */
export interface StepRange {
  readonly first: number;
  readonly end: number;
}

/** Bytes of one state in memory. */
export function bytesOfState({ engine, layout, optimizer }: Pick<Task, "engine" | "layout" | "optimizer">): number {
  return (1 + optimizer.buffers.length) * layout.size * (engine.dtype === "float32" ? 4 : 8);
}

/**
 * All states of a run in stretches that reach into `range`, the last one first: from one stored checkpoint to the next, or a part of
 * that where its states do not fit into `replayMemory`. Steps are then taken again more than once, twice where sqrt(2 n) of n states fit
 * (see `planReversal`); the states are the same, bit for bit. A step that another program's loop made is run again even where both its ends are stored: what our
 * optimizer makes of its batch may end elsewhere, and the path jumps from there to the recorded state.
 */
export async function* stretchesBackwards(task: Task, run: Run, options: StretchOptions = {}): AsyncGenerator<Stretch> {
  requireBatches(run, "the path of a run");
  const { checkpoints, batches } = run;
  const { range = { first: 0, end: batches.length } } = options;
  const isWhole = checkpoints.every((step, i) => i === 0 || isTakenAsStored(run, checkpoints[i - 1], step));
  const replay = isWhole ? undefined : new Replay(task, run, options);
  const beyond = checkpoints.findIndex((step) => step >= range.end);
  const last = beyond < 0 ? checkpoints.length - 1 : beyond;
  let end = await run.checkpoint(checkpoints[last]);
  for (let k = last - 1; k >= 0 && checkpoints[k + 1] > range.first; k--) {
    const start = await run.checkpoint(checkpoints[k]);
    if (isTakenAsStored(run, start.step, end.step)) yield { states: [start, end], jumpTo: undefined, held: [] };
    else yield* (replay as Replay).backwards(start, end);
    end = start;
  }
  if (batches.length !== checkpoints[checkpoints.length - 1]) {
    throw new InvalidRunError(
      `the run must end with a checkpoint after step ${batches.length - 1}, got ${checkpoints.at(-1)}`,
    );
  }
}

/** Takes recorded steps again. */
class Replay {
  private readonly stepper: Stepper;
  private readonly run: Run;
  private readonly options: StretchOptions;
  private readonly held: number;

  constructor(task: Task, run: Run, options: StretchOptions) {
    this.stepper = new Stepper(task);
    this.run = run;
    this.options = options;
    this.held = heldStates(bytesOfState(task), options.replayMemory);
  }

  /** The states between two stored checkpoints, from the last ones on. */
  async *backwards(start: Checkpoint, end: Checkpoint): AsyncGenerator<Stretch> {
    const held = [start];
    let to: Checkpoint | undefined;
    while (held.length > 0) {
      const from = held[held.length - 1];
      const until = to?.step ?? end.step;
      if (to === undefined || until - from.step > 1) this.stepper.restore(from);
      for (const place of heldOnTheWay(until - from.step, this.held - (held.length - 1)))
        held.push(await this.advanceTo(from.step + place));
      const states = [held.pop() as Checkpoint];
      for (let s = states[0].step + 1; s < until; s++) states.push(await this.advanceTo(s));
      let jumpTo: Checkpoint | undefined;
      if (to === undefined) {
        const replayed = await this.advanceTo(until, end);
        if (replayed !== end) jumpTo = end;
        to = replayed;
      }
      yield { states: [...states, to], jumpTo, held: [...held] };
      to = states[0];
    }
  }

  /** The state before step `step`; `known` itself, where that is it bit for bit. */
  private async advanceTo(step: number, known?: Checkpoint): Promise<Checkpoint> {
    const { stepper, run } = this;
    while (stepper.step < step) {
      this.options.signal?.throwIfAborted();
      this.options.onReplay?.(stepper.step);
      await advanceRecorded(stepper, run);
    }
    return known && sameState(stepper, known) ? known : stepper.checkpoint();
  }
}

/** Takes the next recorded step once more. InvalidRunError where it leaves the finite numbers. */
export async function advanceRecorded(stepper: Stepper, { batches, scalars }: Run): Promise<StepResult> {
  const s = stepper.step;
  const { fault, ...result } = await stepper.advance(batches[s], scalars[s].stepSize);
  if (fault) throw new InvalidRunError(`replay of step ${s} must stay finite: ${fault}; the record is not of this run`);
  return result;
}

/** The last stored checkpoint at or before a step. */
export function storedBefore({ checkpoints }: Pick<Run, "checkpoints">, step: number): number {
  return checkpoints.filter((k) => k <= step).at(-1) as number;
}

/**
 * The state before step `step` (after the last when `step` equals their number): read where it is stored, else replayed. Memory: one
 * state, beside those of the stepper.
 */
export async function stateAt(task: Task, run: Run, step: number): Promise<Checkpoint> {
  const steps = run.batches.length;
  if (!Number.isInteger(step) || step < 0 || step > steps)
    throw new RangeError(`stateAt: step must lie in 0..${steps}, got ${step}`);
  const start = await run.checkpoint(storedBefore(run, step));
  if (start.step === step) return start;
  const stepper = new Stepper(task);
  stepper.restore(start);
  while (stepper.step < step) await advanceRecorded(stepper, run);
  return stepper.checkpoint();
}

/** All parameters by name before step `step`: trained ones as they stood, frozen ones as they always were. */
export async function parametersAt(task: Task, run: Run, step: number): Promise<Record<string, Tensor>> {
  const trained = viewsOf(task.layout, (await stateAt(task, run, step)).params);
  return Object.fromEntries(
    task.model.parameters.entries.map(({ name }) => [name, trained[name] ?? task.frozen[name]]),
  );
}
