// The rules by which Jacobians are averaged along a step: those with fixed nodes, and the one that refines.

import type { QuadratureRule } from "../numeric/gauss.ts";
import { fixedRule, fixedRuleNames } from "../numeric/quadrature.ts";

/** `auto` refines until the tolerance holds. */
export const ruleNames: readonly string[] = ["auto", ...fixedRuleNames];

/** The fixed rule of that name, undefined for `auto`; RangeError with the known ones when there is none. */
export function ruleOf(name: string): QuadratureRule | undefined {
  if (name === "auto") return undefined;
  const rule = fixedRule(name);
  if (!rule) throw new RangeError(`rule must be one of ${ruleNames.join(", ")}, got "${name}"`);
  return rule;
}
