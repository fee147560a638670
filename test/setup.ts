// The matcher `toBeAllclose`, and the one place that says how equal numbers of each dtype must be.

import { expect } from "vitest";
import type { RealDType } from "../src/numeric/tensor.ts";

/** Absolute and relative tolerance by dtype (those of tinygp's tests); any other tolerance is written at its test with a reason. */
export const TOLERANCES: Readonly<Record<RealDType, number>> = { float32: 5e-4, float64: 5e-7 };

/** A number, an array of numbers, or anything that holds one in `data`. */
export type Numbers = number | ArrayLike<number> | { readonly data: ArrayLike<number> };

export interface AllcloseOptions {
  /** Takes both tolerances from TOLERANCES. Default: float32 when either side is a Float32Array, else float64. */
  readonly dtype?: RealDType;
  readonly atol?: number;
  readonly rtol?: number;
}

declare module "vitest" {
  // `any` because the declaration that this one is merged into says so.
  interface Matchers<T = any> {
    /** Every element: |actual - expected| <= atol + rtol |expected|, as numpy.allclose; NaN equals nothing. */
    toBeAllclose(expected: Numbers, options?: AllcloseOptions): T;
  }
}

function arrayOf(value: Numbers): ArrayLike<number> {
  if (typeof value === "number") return [value];
  return "data" in value ? value.data : value;
}

function tolerancesOf(options: AllcloseOptions, arrays: ArrayLike<number>[]): { atol: number; rtol: number } {
  if (options.dtype !== undefined && (options.atol !== undefined || options.rtol !== undefined)) {
    throw new TypeError("toBeAllclose: options must hold dtype or atol and rtol, got both");
  }
  if (options.dtype === undefined && (options.atol !== undefined || options.rtol !== undefined)) {
    return { atol: options.atol ?? 0, rtol: options.rtol ?? 0 };
  }
  const dtype = options.dtype ?? (arrays.some((array) => array instanceof Float32Array) ? "float32" : "float64");
  return { atol: TOLERANCES[dtype], rtol: TOLERANCES[dtype] };
}

/** Index of the element that misses its tolerance by the largest factor, or -1 when all hold. */
function worstOf(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol, rtol }: { atol: number; rtol: number },
) {
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] === expected[i]) continue; // equal infinities
    const excess = Math.abs(actual[i] - expected[i]) - (atol + rtol * Math.abs(expected[i]));
    if (Number.isNaN(excess)) return i;
    if (excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  return worst;
}

expect.extend({
  toBeAllclose(received: Numbers, wanted: Numbers, options: AllcloseOptions = {}) {
    const [actual, expected] = [arrayOf(received), arrayOf(wanted)];
    if (actual.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} elements, got ${actual.length}` };
    }
    const tolerances = tolerancesOf(options, [actual, expected]);
    const worst = worstOf(actual, expected, tolerances);
    const { atol, rtol } = tolerances;
    return {
      pass: worst < 0,
      message: () =>
        worst < 0
          ? `expected some element to differ by more than atol ${atol} + rtol ${rtol}`
          : `element ${worst} of ${expected.length}: expected ${expected[worst]}, got ${actual[worst]}, ` +
            `difference ${Math.abs(actual[worst] - expected[worst])} > atol ${atol} + rtol ${rtol} |expected|`,
    };
  },
});
