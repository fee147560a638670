// Targets of an example in words.

import { IGNORED } from "../graph/outputs.ts";
import { sizeOf } from "../numeric/tensor.ts";
import type { Dataset, Split } from "./types.ts";

/** What stands for a position that does not count. */
export const NO_LABEL = "·";

const CHARACTER = /^(.|\\.+)$/u;

function sequenceText(names: readonly string[], classes: readonly string[]): string {
  return names.join(classes.every((name) => CHARACTER.test(name)) ? "" : " ");
}

/**
 * The label of one example: its class, those of all its positions side by side, the one at `position`, or the numbers of a regression
 * target, each through `number`.
 */
export function labelText(
  { classes }: Pick<Dataset, "classes">,
  { y }: Pick<Split, "y">,
  { index, position, number }: { index: number; position?: number | undefined; number: (value: number) => string },
): string {
  const width = sizeOf(y.shape.slice(1));
  const own = Array.from(y.data.slice(index * width, (index + 1) * width) as ArrayLike<number | bigint>, Number);
  if (y.dtype !== "int64") return own.map(number).join(", ");
  const names = own.map((k) => (k === IGNORED ? NO_LABEL : (classes[k] ?? String(k))));
  return position === undefined ? sequenceText(names, classes) : names[position];
}
