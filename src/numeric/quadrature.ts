// Quadrature rules with fixed nodes on [0, 1], by the names that users write.

import { gaussLegendre, type QuadratureRule } from "./gauss.ts";

/** Errors and orders: theory 1.3. More than four nodes are for long chords. */
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

export const fixedRuleNames: readonly string[] = [...FIXED_RULES.keys()];

/** The rule of that name; undefined for another. */
export const fixedRule = (name: string): QuadratureRule | undefined => FIXED_RULES.get(name);
