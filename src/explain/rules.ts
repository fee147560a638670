// The quadrature rules along a step, by the names that users write.

import { gaussLegendre, type QuadratureRule } from "./gauss.ts";

/** Rules with fixed nodes; `auto` refines until the tolerance holds. Errors and orders: theory 1.3. */
const fixedRules: Readonly<Record<string, QuadratureRule>> = {
  left: { nodes: [0], weights: [1] },
  right: { nodes: [1], weights: [1] },
  trapezoid: { nodes: [0, 1], weights: [1 / 2, 1 / 2] },
  midpoint: gaussLegendre(1),
  simpson: { nodes: [0, 1 / 2, 1], weights: [1 / 6, 4 / 6, 1 / 6] },
  gauss2: gaussLegendre(2),
  gauss3: gaussLegendre(3),
  gauss4: gaussLegendre(4),
};

export const ruleNames: readonly string[] = ["auto", ...Object.keys(fixedRules)];

/** The fixed rule of that name, undefined for `auto`; RangeError with the known ones when there is none. */
export function ruleOf(name: string): QuadratureRule | undefined {
  if (name === "auto") return undefined;
  const rule = fixedRules[name];
  if (!rule) throw new RangeError(`rule must be one of ${ruleNames.join(", ")}, got "${name}"`);
  return rule;
}
