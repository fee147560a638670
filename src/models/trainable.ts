// Which parameters are trained, chosen by shell-like patterns.

import type { Layout } from "../numeric/layout.ts";

function matcher(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}

/**
 * Names of the parameters that any of the patterns matches (`*` any run of characters, `?` one), in the model's order; all of
 * them when there is no pattern; never those that the model keeps as they are. RangeError for a pattern that matches nothing.
 */
export function trainableNames(
  parameters: Layout,
  patterns: readonly string[] | undefined,
  fixed: readonly string[] = [],
): string[] {
  const names = parameters.entries.map(({ name }) => name).filter((name) => !fixed.includes(name));
  if (!patterns || patterns.length === 0) return names;
  const matchers = patterns.map(matcher);
  const idle = patterns.find((_, i) => !names.some((name) => matchers[i].test(name)));
  if (idle !== undefined)
    throw new RangeError(`trainable: pattern ${idle} must match a parameter, got parameters ${names.join(", ")}`);
  return names.filter((name) => matchers.some((m) => m.test(name)));
}
