// What machines learn of their points, checked: classes or numbers; and the class that outputs say.

import { InvalidDataError } from "../errors.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite, type Tensor, toIntegers, toReal } from "../numeric/tensor.ts";

export interface ClassTargets {
  /** The classes that occur, ascending: (K). */
  readonly classes: readonly number[];
  /** Of each point, its place in `classes`: (N). */
  readonly places: Int32Array;
}

/** Classes of N points from whole numbers (N). RangeError for another shape; InvalidDataError for what is no whole number. */
export function classTargets(where: string, labels: Tensor, n: number): ClassTargets {
  if (labels.shape.length !== 1 || labels.shape[0] !== n)
    throw new RangeError(`${where}: labels must have shape [${n}], got [${labels.shape}]`);
  const whole = toIntegers(labels);
  if (!whole) throw new InvalidDataError(`${where}: labels must be whole numbers, got ${labels.data}`);
  const given = Array.from(whole.data, Number);
  const classes = [...new Set(given)].sort((a, b) => a - b);
  const place = new Map(classes.map((label, at) => [label, at]));
  return { classes, places: Int32Array.from(given, (label) => place.get(label) as number) };
}

/** Numbers of N points in float64 (N, C). RangeError for another shape; InvalidDataError for NaN and infinities. */
export function valueTargets(where: string, values: Tensor, n: number): Matrix {
  if (values.shape.length !== 2 || values.shape[0] !== n)
    throw new RangeError(`${where}: targets must have shape [${n},C], got [${values.shape}]`);
  const at = findNonFinite(values);
  if (at >= 0) {
    const [row, column] = [Math.floor(at / values.shape[1]), at % values.shape[1]];
    throw new InvalidDataError(
      `${where}: targets must be finite, got ${values.data[at]} in row ${row}, column ${column}`,
    );
  }
  return toReal(values, "float64");
}

/** Whether a dataset's targets are classes: integers, and not numbers that happen to be whole. */
export const areClasses = ({ dtype }: Tensor): boolean => dtype !== "float32" && dtype !== "float64";

/** The class of the largest of K outputs (Q, K), the first of equal ones: (Q). */
export function winners({ shape: [count, k], data }: Matrix, classes: readonly number[]): Int32Array {
  const found = new Int32Array(count);
  for (let q = 0; q < count; q++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (data[q * k + c] > data[q * k + best]) best = c;
    found[q] = classes[best];
  }
  return found;
}
