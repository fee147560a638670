// Where the ticks of an axis stand and how they are written.

import { scaleLinear } from "d3-scale";
import { typeset } from "./format.ts";

export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Texts that tell the values apart: plain between steps of 1e-3 and values of 1e6, with exponents outside. */
function linearTexts(values: readonly number[]): string[] {
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : Math.abs(values[0] ?? 1);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const zero = (value: number): boolean => Math.abs(value) < 1e-9 * step;
  if (largest < 1e6 && (step >= 1e-3 || largest === 0)) {
    // Whole multiples of 1, 2 or 5 times a power of ten.
    const decimals = step > 0 ? Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) : 0;
    return values.map((value) =>
      zero(value)
        ? "0"
        : typeset(value.toLocaleString("en-US", { maximumFractionDigits: decimals, minimumFractionDigits: decimals })),
    );
  }
  for (let digits = 0; ; digits++) {
    const texts = values.map((value) => (zero(value) ? "0" : typeset(value.toExponential(digits))));
    if (digits === 9 || new Set(texts).size === texts.length) return texts;
  }
}

/** About `wanted` round values in a domain; `whole` leaves out fractions. */
export function linearTicks([low, high]: readonly [number, number], wanted: number, whole = false): Tick[] {
  const values = scaleLinear([low, high], [0, 1]).ticks(wanted);
  const kept = whole ? values.filter(Number.isInteger) : values;
  const texts = linearTexts(kept);
  return kept.map((value, k) => ({ value, text: texts[k] }));
}

/** From text, so that 2e-3 is the number nearest to it. */
const power = (digit: number, exponent: number): number => Number(`${digit}e${exponent}`);

/** Round values in a domain above zero, about `wanted` at most: powers of ten, some of them only, or with doubles and halves. */
export function logTicks([low, high]: readonly [number, number], wanted: number): Tick[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const exponents = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  const within = (digits: readonly number[], every: number): number[] =>
    exponents
      .filter((e) => e % every === 0)
      .flatMap((e) => digits.map((digit) => power(digit, e)))
      .filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  const decades = within([1], 1);
  const choices = [
    ...(decades.length < 2 ? [within([1, 2, 3, 4, 5, 6, 7, 8, 9], 1)] : []),
    ...(decades.length < 3 ? [within([1, 2, 5], 1)] : []),
    decades,
    ...[2, 3, 4, 5, 10, 20, 50].map((every) => within([1], every)),
  ];
  const chosen = choices.find(({ length }) => length >= 2 && length <= wanted + 1);
  if (chosen === undefined) return decades.length >= 2 ? written(decades.slice(-2)) : linearTicks([low, high], wanted);
  return written(chosen);
}

const written = (values: readonly number[]): Tick[] => values.map((value) => ({ value, text: logText(value, values) }));

/** Plain from a thousandth to ten thousand where all of them are, else "1e−5", "2e6". */
function logText(value: number, all: readonly number[]): string {
  const plain = all[0] >= 1e-3 && all[all.length - 1] <= 1e4;
  return plain ? typeset(value.toLocaleString("en-US", { maximumFractionDigits: 4 })) : typeset(value.toExponential());
}
