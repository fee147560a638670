// What every schedule is: a step size for each step, or how one is searched for.

import type { NumberOptions } from "../numeric/spec.ts";

/** Trials of a step, from eta down to eta shrink^(most - 1), of which the first that lowers the loss enough is taken. */
export interface Backtracking {
  /** c of Armijo's condition L(w + Δ) <= L(w) - c |Δ|² / eta, which is c eta |∇L|² for Δ = -eta ∇L. */
  readonly sufficient: number;
  readonly shrink: number;
  readonly most: number;
}

/** Step sizes of a training. What was used is recorded step by step: replay and explanations read the record, never the schedule. */
export interface Schedule {
  readonly name: string;
  /** Every option as it is used: `scheduleFrom({ name, options })` makes the schedule again. */
  readonly options: Readonly<Record<string, number>>;
  /** eta_s of step s = 0, 1, ...; with `search` the first trial. A function of s alone. */
  stepSize(step: number): number;
  /** Where the step size depends on the loss. */
  readonly search?: Backtracking | undefined;
}

/** What a schedule must know of the training. */
export interface ScheduleContext {
  /** eta before any schedule: the optimizer's learning rate. */
  readonly stepSize: number;
  /** Planned steps. */
  readonly steps: number;
}

/** One member of the family: which options it takes, and what is made of them. */
export interface ScheduleMember<Key extends string = string> {
  readonly options: NumberOptions<Key>;
  /** Whether it needs to know how many steps are planned. */
  readonly needsSteps?: boolean;
  make(options: Readonly<Record<Key, number>>, context: ScheduleContext): Pick<Schedule, "stepSize" | "search">;
}
