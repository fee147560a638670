// The path of a run walked backwards along straight lines: the line of each step, or chords over several.

import type { RealArray } from "../numeric/tensor.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";
import { advanceRecorded, type StepRange, sameState, stretchesBackwards } from "./trajectory.ts";

/** The straight line from w_first to w_end, in the place of the path of steps `first` to `end` - 1. */
export interface Line extends StepRange {
  readonly from: RealArray;
  readonly to: RealArray;
}

/** What is met on the way: a line before its steps, from the last to the first; a jump before the line that ends where it begins. */
export type PathEvent =
  | { readonly kind: "jump"; readonly replayed: Checkpoint; readonly recorded: Checkpoint }
  | ({ readonly kind: "line" } & Line)
  | { readonly kind: "step"; readonly from: Checkpoint; readonly to: Checkpoint };

export interface PathOptions {
  /** k, the most steps that a line replaces; default 1. Lines begin at multiples of k, and where the path jumps. */
  readonly chord?: number;
  /** Default: all steps. */
  readonly range?: StepRange;
  /** Whole chords whose steps have their own lines all the same. */
  readonly apart?: StepRange | undefined;
}

/** What lies between a chord's first step and a stored checkpoint inside it. */
interface Survey {
  readonly first: number;
  /** w_first. */
  readonly start: RealArray;
  /** Stored checkpoints that the replay does not meet. */
  readonly jumps: readonly number[];
}

/**
 * Looks over the steps from `first` to the stored checkpoint `end` without keeping them. A chord must know where it begins and whether the
 * path jumps inside it before its last step is taken. Memory: two states. Cost: a replay of these steps, none where all are stored.
 */
async function survey(task: Task, run: Run, { first, end }: StepRange): Promise<Survey> {
  const { checkpoints } = run;
  const begin = checkpoints.findLastIndex((step) => step <= first);
  const jumps: number[] = [];
  let start: RealArray | undefined;
  let stepper: Stepper | undefined;
  for (let k = begin; checkpoints[k] < end; k++) {
    const [stored, next] = [checkpoints[k], checkpoints[k + 1]];
    if (stored === first) start = (await run.checkpoint(stored)).params;
    // A step whose both ends are stored is what the record says.
    if (next === stored + 1) continue;
    stepper ??= new Stepper(task);
    stepper.restore(await run.checkpoint(stored));
    while (stepper.step < next) {
      await advanceRecorded(stepper, run);
      if (stepper.step === first) start = stepper.params.slice() as RealArray;
    }
    if (!sameState(stepper.checkpoint(), await run.checkpoint(next))) jumps.push(next);
  }
  return { first, start: start as RealArray, jumps };
}

interface Around {
  /** The stretch that the line ends in. */
  readonly states: readonly Checkpoint[];
  /** What was seen of the steps before it, where the line reaches there. */
  readonly seen: Survey | undefined;
  readonly run: Run;
}

/** The line to `to` from step `first`, or from the last jump before it. */
async function lineTo(to: Checkpoint, first: number, { states, seen, run }: Around): Promise<Line> {
  const stored = states[0].step;
  const end = to.step;
  if (!seen) return { first, end, from: states[first - stored].params, to: to.params };
  const jump = seen.jumps.findLast((step) => step < end);
  if (jump === undefined) return { first, end, from: seen.start, to: to.params };
  return { first: jump, end, from: (await run.checkpoint(jump)).params, to: to.params };
}

/**
 * Walks a run backwards, line by line. A chord ends at a jump, which it would otherwise take for steps. Memory: one stretch of the trajectory
 * and two parameter vectors, however long a chord is; one that reaches into stretches before is looked over first, so that their steps are
 * replayed twice.
 */
export async function* pathBackwards(
  task: Task,
  run: Run,
  { chord = 1, range = { first: 0, end: run.batches.length }, apart }: PathOptions = {},
): AsyncGenerator<PathEvent> {
  let line: Line | undefined;
  let seen: Survey | undefined;
  for await (const { states, jumpTo } of stretchesBackwards(task, run, range)) {
    const stored = states[0].step;
    if (jumpTo && jumpTo.step <= range.end)
      yield { kind: "jump", replayed: states[states.length - 1], recorded: jumpTo };
    for (let k = states.length - 2; k >= 0; k--) {
      const [from, to] = [states[k], states[k + 1]];
      if (from.step >= range.end || from.step < range.first) continue;
      if (!line || from.step < line.first) {
        const alone = apart && from.step >= apart.first && from.step < apart.end;
        const first = alone ? from.step : Math.max(range.first, from.step - (from.step % chord));
        if (first >= stored) seen = undefined;
        else if (seen?.first !== first) seen = await survey(task, run, { first, end: stored });
        line = await lineTo(to, first, { states, seen, run });
        yield { kind: "line", ...line };
      }
      yield { kind: "step", from, to };
    }
  }
}
