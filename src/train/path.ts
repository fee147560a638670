// The path of a run walked backwards along straight lines: the line of each step, or chords over several.

import type { RealArray } from "../numeric/tensor.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";
import {
  advanceRecorded,
  type StepRange,
  type StretchOptions,
  storedBefore,
  stretchesBackwards,
} from "./trajectory.ts";

/** The straight line from w_first to w_end, in the place of the path of steps `first` to `end` - 1. */
export interface Line extends StepRange {
  readonly from: RealArray;
  readonly to: RealArray;
}

/**
 * What is met on the way: a line before its steps, from the last to the first; a jump after the steps that follow it, which may be in the middle of
 * a chord: its line then leads over the jump.
 */
export type PathEvent =
  | { readonly kind: "jump"; readonly replayed: Checkpoint; readonly recorded: Checkpoint }
  | ({ readonly kind: "line" } & Line)
  | { readonly kind: "step"; readonly from: Checkpoint; readonly to: Checkpoint };

export interface PathOptions extends StretchOptions {
  /** k, the most steps that a line replaces; default 1. Lines begin at multiples of k. */
  readonly chord?: number;
  /** Whole chords whose steps have their own lines all the same. */
  readonly apart?: StepRange | undefined;
}

/** w_step, read where it is stored, else replayed from the nearest state before it. Memory: two states, however long the way. */
class Beginnings {
  private readonly task: Task;
  private readonly run: Run;
  private stepper: Stepper | undefined;

  constructor(task: Task, run: Run) {
    this.task = task;
    this.run = run;
  }

  /** `held` are states before the stretch at hand that are in memory. */
  async at(step: number, held: readonly Checkpoint[]): Promise<RealArray> {
    const before = held.findLast((state) => state.step <= step);
    const start = before ?? (await this.run.checkpoint(storedBefore(this.run, step)));
    if (start.step === step) return start.params;
    this.stepper ??= new Stepper(this.task);
    this.stepper.restore(start);
    while (this.stepper.step < step) await advanceRecorded(this.stepper, this.run);
    return this.stepper.params.slice() as RealArray;
  }
}

/**
 * Walks a run backwards, line by line. A chord must know where it begins before its last step is taken: where that is in a stretch before, it
 * is read, or replayed from the nearest state before it. Memory: one stretch of the trajectory and two parameter vectors, however long a chord is.
 */
export async function* pathBackwards(
  task: Task,
  run: Run,
  { chord = 1, range = { first: 0, end: run.batches.length }, apart, ...how }: PathOptions = {},
): AsyncGenerator<PathEvent> {
  const beginnings = new Beginnings(task, run);
  /** Where the present line begins. */
  let begun: number | undefined;
  for await (const { states, jumpTo, held } of stretchesBackwards(task, run, { ...how, range })) {
    if (jumpTo && jumpTo.step <= range.end)
      yield { kind: "jump", replayed: states[states.length - 1], recorded: jumpTo };
    for (let k = states.length - 2; k >= 0; k--) {
      const [from, to] = [states[k], states[k + 1]];
      if (from.step >= range.end || from.step < range.first) continue;
      if (begun === undefined || from.step < begun) {
        const alone = apart && from.step >= apart.first && from.step < apart.end;
        const first = alone ? from.step : Math.max(range.first, from.step - (from.step % chord));
        const start = states[first - states[0].step]?.params ?? (await beginnings.at(first, held));
        yield { kind: "line", first, end: to.step, from: start, to: to.params };
        begun = first;
      }
      yield { kind: "step", from, to };
    }
  }
}
