// From numbers over seeds to a verdict: each expectation by its interval, the claim by its expectations.

import { type MeanInterval, meanInterval } from "../numeric/student.ts";
import { intervalOrNumber, numberText } from "./number-text.ts";
import type { Expectation } from "./types.ts";

export const verdicts = ["holds", "holds in part", "does not hold", "not run"] as const;
export type ClaimVerdict = (typeof verdicts)[number];

export type Outcome = "holds" | "fails" | "undecided";

/** An expectation with what was measured. */
export interface Check extends Expectation {
  readonly name: string;
  readonly values: readonly number[];
  readonly interval: MeanInterval;
  readonly outcome: Outcome;
}

const within = (value: number, { least = -Infinity, most = Infinity }: Expectation): boolean =>
  value >= least && value <= most;

/**
 * `holds` where the whole 95 % interval lies within the bounds, `fails` where it lies outside of them, else `undecided`. With one seed there is no
 * interval, and the number alone decides.
 */
function outcomeOf(expectation: Expectation, { mean, half }: MeanInterval): Outcome {
  const margin = Number.isFinite(half) ? half : 0;
  const { least = -Infinity, most = Infinity } = expectation;
  if (within(mean - margin, expectation) && within(mean + margin, expectation)) return "holds";
  return mean + margin < least || mean - margin > most ? "fails" : "undecided";
}

/** Every expectation against its numbers. RangeError where numbers are missing, not finite, or of nothing that was expected. */
export function checksOf(
  expectations: Readonly<Record<string, Expectation>>,
  values: Readonly<Record<string, readonly number[]>>,
): Check[] {
  const stray = Object.keys(values).find((name) => !Object.hasOwn(expectations, name));
  if (stray !== undefined) throw new RangeError(`checksOf: every measure must have an expectation, got ${stray}`);
  return Object.entries(expectations).map(([name, expectation]) => {
    const own = values[name];
    if (own === undefined) throw new RangeError(`checksOf: ${name} must have been measured`);
    const bad = own.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new RangeError(`checksOf: measures of ${name} must be finite, got ${bad}`);
    const interval = meanInterval(own);
    return { ...expectation, name, values: own, interval, outcome: outcomeOf(expectation, interval) };
  });
}

/** "at least 0.9", "between 0 and 1", "at most 1e-10". */
export function boundText({ least, most }: Expectation): string {
  if (least !== undefined && most !== undefined) return `between ${numberText(least)} and ${numberText(most)}`;
  return least !== undefined ? `at least ${numberText(least)}` : `at most ${numberText(most ?? Infinity)}`;
}

/** "K(x, x1) / K(x, x2): 1.8 ± 0.1, at least 1". */
export function checkText(check: Check): string {
  const unit = check.unit === undefined ? "" : ` ${check.unit}`;
  return `${check.measure}: ${intervalOrNumber(check.interval)}${unit}, expected ${boundText(check)}`;
}

export interface Judgement {
  readonly verdict: ClaimVerdict;
  readonly reason: string;
}

/**
 * `holds` where every expectation does; `does not hold` where a central one fails, or none holds and none is undecided; else `holds in part`.
 * RangeError where nothing was expected.
 */
export function judge(checks: readonly Check[]): Judgement {
  if (checks.length === 0) throw new RangeError("judge: there must be an expectation, got none");
  const held = checks.filter(({ outcome }) => outcome === "holds");
  const failed = checks.filter(({ outcome }) => outcome === "fails");
  const undecided = checks.filter(({ outcome }) => outcome === "undecided");
  const list = (some: readonly Check[]): string => some.map(checkText).join("; ");
  const parts = [
    failed.length > 0 ? `Fails: ${list(failed)}` : "",
    undecided.length > 0 ? `Undecided, since the interval meets the bound: ${list(undecided)}` : "",
    held.length > 0 ? `Holds: ${list(held)}` : "",
  ].filter((part) => part !== "");
  const reason = `${held.length} of ${checks.length} expectations hold. ${parts.join(". ")}.`;
  if (held.length === checks.length) return { verdict: "holds", reason };
  const refuted = failed.some(({ central }) => central) || failed.length === checks.length;
  return { verdict: refuted ? "does not hold" : "holds in part", reason };
}
