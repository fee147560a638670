// Which options an optimizer takes, with their defaults and ranges, and the check that refuses everything else.

import { valueText } from "../numeric/value-text.ts";

/** Options as a caller gives them; an absent or undefined one takes the optimizer's default (PyTorch's). */
export interface OptimizerOptions {
  readonly lr?: number | undefined;
  readonly momentum?: number | undefined;
  readonly dampening?: number | undefined;
  readonly nesterov?: boolean | undefined;
  readonly weightDecay?: number | undefined;
  /** Both betas at once, or each by its own name as the resolved record has them. */
  readonly betas?: readonly [beta1: number, beta2: number] | undefined;
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly eps?: number | undefined;
  readonly alpha?: number | undefined;
  readonly centered?: boolean | undefined;
  readonly amsgrad?: boolean | undefined;
}

export interface NumberRule {
  /** Default; undefined where the caller must say. */
  readonly fallback: number | undefined;
  readonly must: string;
  holds(value: number): boolean;
}

export interface SwitchRule {
  readonly fallback: boolean;
}

/** The options of one optimizer, in the order in which the resolved record lists them. */
export type OptionRules = Readonly<Record<string, NumberRule | SwitchRule>>;

/** Every option of `R`, none left to a default. */
export type ResolvedOptions<R extends OptionRules> = {
  readonly [K in keyof R]: R[K] extends SwitchRule ? boolean : number;
};

/** A finite number > 0. */
export function positive(fallback: number | undefined): NumberRule {
  return { fallback, must: "be a finite number > 0", holds: (value) => value > 0 && value < Infinity };
}

/** A finite number >= 0. */
export function nonNegative(fallback: number): NumberRule {
  return { fallback, must: "be a finite number >= 0", holds: (value) => value >= 0 && value < Infinity };
}

/** A number in [0, 1): what multiplies a running value from one step to the next. */
export function fraction(fallback: number): NumberRule {
  return { fallback, must: "be in [0, 1)", holds: (value) => value >= 0 && value < 1 };
}

/** A number in [0, 1]. */
export function share(fallback: number): NumberRule {
  return { fallback, must: "be in [0, 1]", holds: (value) => value >= 0 && value <= 1 };
}

/** True or false. */
export function flag(fallback: boolean): SwitchRule {
  return { fallback };
}

/**
 * The full record of options of optimizer `name`: what was given, checked against `rules`, and defaults for the rest.
 *
 * Throws RangeError for an option that is unknown, missing or out of range, TypeError for a value of the wrong type.
 */
export function resolveOptions<R extends OptionRules>(
  name: string,
  given: OptimizerOptions,
  rules: R,
): ResolvedOptions<R> {
  const values = "beta1" in rules ? splitBetas(name, given) : { ...given };
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(rules, key)) {
      const known = [...Object.keys(rules), ...("beta1" in rules ? ["betas"] : [])].join(", ");
      throw new RangeError(`createOptimizer: options of ${name} must be among ${known}, got ${key}`);
    }
  }
  const resolved: Record<string, number | boolean> = {};
  for (const [key, rule] of Object.entries(rules))
    resolved[key] = resolveOption(`${key} of ${name}`, values[key], rule);
  return resolved as ResolvedOptions<R>;
}

function resolveOption(what: string, given: unknown, rule: NumberRule | SwitchRule): number | boolean {
  const value = given === undefined ? rule.fallback : given;
  if (!("must" in rule)) {
    if (typeof value !== "boolean")
      throw new TypeError(`createOptimizer: ${what} must be true or false, got ${valueText(value)}`);
    return value;
  }
  if (value === undefined) throw new RangeError(`createOptimizer: ${what} must be given, got undefined`);
  if (typeof value !== "number")
    throw new TypeError(`createOptimizer: ${what} must be a number, got ${valueText(value)}`);
  if (!rule.holds(value)) throw new RangeError(`createOptimizer: ${what} must ${rule.must}, got ${value}`);
  return value;
}

function splitBetas(name: string, given: OptimizerOptions): Record<string, unknown> {
  const { betas, ...rest } = given;
  if (betas === undefined) return rest;
  if (rest.beta1 !== undefined || rest.beta2 !== undefined) {
    throw new RangeError(`createOptimizer: betas of ${name} must stand alone, got beta1 or beta2 as well`);
  }
  if (!Array.isArray(betas) || betas.length !== 2 || typeof betas[0] !== "number" || typeof betas[1] !== "number") {
    throw new RangeError(`createOptimizer: betas of ${name} must be two numbers, got ${valueText(betas)}`);
  }
  return { ...rest, beta1: betas[0], beta2: betas[1] };
}
