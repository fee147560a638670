// How figures and reports print numbers: signed, with a true minus, and with no more digits than they carry.

/** A true minus (U+2212), which has the width of a plus. */
const MINUS = "\u2212";

export interface NumberFormat {
  /** Write "+" before positive numbers. Default false. */
  readonly signed?: boolean;
  /** Significant digits. Default 3. */
  readonly digits?: number;
  /** Digits after the point instead, unless the number would vanish; see `decimalsFor`. */
  readonly decimals?: number | undefined;
}

/** Gives the numbers in a text true minuses, and a plus in front where asked for. */
export function typeset(text: string, signed = false): string {
  const body = text.replace("e+", "e").replaceAll("-", MINUS);
  return signed && !body.startsWith(MINUS) ? `+${body}` : body;
}

/** "+0.421", "−12.3", "3.1e−7", "0". Plain between 1e-3 and 1e6, with an exponent outside; NaN and infinities by name. */
export function formatNumber(value: number, { signed = false, digits = 3, decimals }: NumberFormat = {}): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return typeset(String(value).replace("Infinity", "infinity"));
  const size = Math.abs(value);
  if (decimals !== undefined && size >= 0.5 * 10 ** -decimals && size < 1e6)
    return typeset(value.toFixed(decimals), signed);
  if (size < 1e-3 || size >= 1e6) return typeset(value.toExponential(Math.min(digits, 2) - 1), signed);
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return typeset(value.toFixed(places), signed);
}

/**
 * Digits after the point for a column of numbers, so that it adds up as printed: the largest of `values` shows `digits` digits,
 * and `total`, which may be far smaller than its parts, shows three.
 */
export function decimalsFor(values: Iterable<number>, { digits = 4, total = 0 } = {}): number {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const places = (size: number, shown: number): number =>
    size > 0 && size < Infinity ? shown - 1 - Math.floor(Math.log10(size)) : 0;
  // Beyond ten digits in all the total is rounding.
  const most = largest > 0 ? places(largest, 10) : 12;
  return Math.max(0, Math.min(12, most, Math.max(places(largest, digits), places(Math.abs(total), 3))));
}

/** The shortest text that means exactly `value`: "1e−4", "0.05"; for what a user has set. */
export function formatExact(value: number): string {
  return typeset(value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value));
}

/** "1,204". */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** "1 example", "1,204 examples". */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** "97.1 %". */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
