// The quadrature rules along a step, by the names that users write.

import { gaussLegendre, type QuadratureRule } from "./gauss.ts";

/** Rules with fixed nodes; `auto` refines until the tolerance holds. Errors and orders: theory 1.3. More than four nodes are for long chords. */
const FIXED_RULES: ReadonlyMap<string, QuadratureRule> = new Map([
  ["left", { nodes: [0], weights: [1] }],
  ["right", { nodes: [1], weights: [1] }],
  ["trapezoid", { nodes: [0, 1], weights: [1 / 2, 1 / 2] }],
  ["midpoint", gaussLegendre(1)],
  ["simpson", { nodes: [0, 1 / 2, 1], weights: [1 / 6, 4 / 6, 1 / 6] }],
  ["gauss2", gaussLegendre(2)],
  ["gauss3", gaussLegendre(3)],
  ["gauss4", gaussLegendre(4)],
  ["gauss8", gaussLegendre(8)],
  ["gauss16", gaussLegendre(16)],
]);

export const ruleNames: readonly string[] = ["auto", ...FIXED_RULES.keys()];

/** The fixed rule of that name, undefined for `auto`; RangeError with the known ones when there is none. */
export function ruleOf(name: string): QuadratureRule | undefined {
  if (name === "auto") return undefined;
  const rule = FIXED_RULES.get(name);
  if (!rule) throw new RangeError(`rule must be one of ${ruleNames.join(", ")}, got "${name}"`);
  return rule;
}
