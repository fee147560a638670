// Schedules by the specs that users write, and again from what a run records of them.

import { checkedOptions, finitePositive, optionsOfText, positiveCount, splitSpec } from "../numeric/spec.ts";
import { constant } from "./constant.ts";
import { cosine } from "./cosine.ts";
import { exponential } from "./exponential.ts";
import { lineSearch } from "./line-search.ts";
import { oneCycle } from "./one-cycle.ts";
import { step } from "./step.ts";
import type { Schedule, ScheduleContext, ScheduleMember } from "./types.ts";

const MEMBERS: ReadonlyMap<string, ScheduleMember> = new Map<string, ScheduleMember>([
  ["constant", constant],
  ["step", step],
  ["exponential", exponential],
  ["cosine", cosine],
  ["one-cycle", oneCycle],
  ["line-search", lineSearch],
]);

/** Names that `createSchedule` knows. */
export const scheduleNames: readonly string[] = [...MEMBERS.keys()];

/** How schedules are written. */
export const scheduleForms: readonly string[] = [
  "constant",
  "step:EVERY,FACTOR",
  "exponential:GAMMA",
  "cosine[:warmup=N,min=X,start=F]",
  "one-cycle[:rise=F,div=X,final=X]",
  "line-search[:c=X,shrink=F,most=N]",
];

function memberOf(name: string): ScheduleMember {
  const member = MEMBERS.get(name);
  if (member) return member;
  throw new RangeError(`schedule must be one of ${scheduleNames.join(", ")}, got "${name}"`);
}

function made(name: string, options: Readonly<Record<string, number>>, context: ScheduleContext): Schedule {
  const member = memberOf(name);
  const { stepSize, steps } = context;
  const facts: Record<string, number> = member.needsSteps ? { stepSize, steps } : { stepSize };
  return { name, options: { ...facts, ...options }, ...member.make(options, context) };
}

/**
 * The schedule that a spec names, with PyTorch's semantics and its step counted in updates. RangeError for a name or an option that is unknown, missing
 * or out of range.
 *
 * @example createSchedule("cosine:warmup=10,min=1e-4", { stepSize: 0.1, steps: 500 }).stepSize(0)
 */
export function createSchedule(spec: string, context: ScheduleContext): Schedule {
  const [name, text] = splitSpec(spec);
  return made(name, optionsOfText(`schedule ${name}`, text, memberOf(name).options), context);
}

/** The schedule of a function of the step: recorded as "function", since what counts are the step sizes that the run records. */
export function scheduleOf(stepSize: (step: number) => number): Schedule {
  return { name: "function", options: {}, stepSize };
}

/** The schedule that a run records. RangeError for one that only the program that trained knows ("function"), and for what is no record of one. */
export function scheduleFrom({
  name,
  options,
}: {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}): Schedule {
  const member = memberOf(name);
  const { stepSize, steps, ...own } = options;
  const facts = checkedOptions(
    `schedule ${name}`,
    { stepSize, steps: member.needsSteps ? steps : 1 },
    { stepSize: finitePositive(), steps: positiveCount() },
  );
  return made(name, checkedOptions(`schedule ${name}`, own, member.options), facts);
}
