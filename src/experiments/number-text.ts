// Numbers as experiments print them: three significant digits, powers of ten where they are very small or large.

import { type Amount, amount } from "../figures/table.ts";
import type { MeanInterval } from "../numeric/student.ts";

/** "0.0123", "1.23e-9", "1,234". */
export function numberText(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "none" : value > 0 ? "∞" : "-∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`;
  }
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return String(Number(value.toPrecision(digits)));
}

/** A number as a cell of a table. */
export const cell = (value: number, digits?: number): Amount => amount(value, numberText(value, digits));

/** "0.93 ± 0.02"; without the interval for one seed. */
export function intervalOrNumber({ mean, half }: MeanInterval): string {
  return Number.isFinite(half) ? `${numberText(mean)} ± ${numberText(half, 2)}` : numberText(mean);
}
