// The number that a model's author wrote, from the float32 that a file holds of it.

/** The shortest decimal that rounds to a float32. */
function shortestDecimal(value: number): { decimal: number; digits: number } {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return { decimal, digits };
  }
  return { decimal: Number(value.toPrecision(9)), digits: 9 };
}

// What formulas compute from whole numbers n: scales of attention, of GELU, of means. Each with its inverse.
const FORMULAS: readonly (readonly [of: (n: number) => number, n: (y: number) => number])[] = [
  [(n) => 1 / n, (y) => 1 / y],
  [(n) => Math.sqrt(n), (y) => y ** 2],
  [(n) => Math.sqrt(1 / n), (y) => y ** -2],
  [(n) => n ** 0.25, (y) => y ** 4],
  [(n) => n ** -0.25, (y) => y ** -4],
  // GELU by tanh: sqrt(2 / pi).
  [(n) => Math.sqrt(n / Math.PI), (y) => y ** 2 * Math.PI],
];
// What people take from a table: log2 and log10 are exported as quotients by these.
const CONSTANTS = [Math.LN2, Math.LN10, Math.LOG2E, Math.LOG10E, Math.PI, 2 * Math.PI, Math.PI / 2, Math.E];
// Beyond it the values of a formula lie so close that one in ten float32 numbers would be met by chance.
const LARGEST = 65536;
// People write no longer decimals.
const WRITTEN_DIGITS = 6;

/**
 * A float32 as what it was before it was rounded: a short decimal (0.01, not 0.009999999776), else a constant of
 * mathematics, a root or reciprocal of a whole number (1 / sqrt 2, not 0.70710678), else the shortest decimal; always one that rounds to it. A float64 that is no float32 stays.
 */
export function intendedNumber(value: number): number {
  if (!Number.isFinite(value) || Math.fround(value) !== value) return value;
  const { decimal, digits } = shortestDecimal(value);
  if (digits <= WRITTEN_DIGITS) return decimal;
  const size = Math.abs(value);
  const named = CONSTANTS.find((constant) => Math.fround(constant) === size);
  if (named !== undefined) return Math.sign(value) * named;
  for (const [of, inverse] of FORMULAS) {
    const n = Math.round(inverse(size));
    if (n > 0 && n <= LARGEST && Math.fround(of(n)) === size) return Math.sign(value) * of(n);
  }
  return decimal;
}
