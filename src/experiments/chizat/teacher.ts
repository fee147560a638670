// Examples that a small teacher labels, and distances between lists of numbers.

import type { Dataset, Split } from "../../data/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { reals, type Tensor } from "../../numeric/tensor.ts";
import { normals, regression } from "../arrays.ts";

/** Points that the test error is a mean over. */
const TESTS = 1000;
/** Output weights of the teacher's units. */
const SIGNS = [1, 1, -1];

/** Points on the sphere of that radius. */
function onSphere(random: ReturnType<typeof randomFrom>, [count, inputs]: readonly [number, number], radius: number) {
  const { data } = normals(random, [count, inputs]);
  for (let n = 0; n < count; n++) {
    const row = data.subarray(n * inputs, (n + 1) * inputs);
    const length = Math.sqrt(row.reduce((total, value) => total + value * value, 0));
    for (let d = 0; d < inputs; d++) row[d] *= radius / length;
  }
  return reals([count, inputs], data);
}

/** y = sum_k s_k relu(b_k x) with unit vectors b_k, at points of the sphere of radius sqrt(inputs). */
export function teacherData(
  { inputs, examples }: { readonly inputs: number; readonly examples: number },
  seed: number,
): Dataset {
  const random = randomFrom(seed, "teacher");
  const directions = onSphere(random, [SIGNS.length, inputs], 1).data;
  const labelled = (count: number): { readonly x: Tensor<"float64">; readonly y: number[] } => {
    const x = onSphere(random, [count, inputs], Math.sqrt(inputs));
    const unit = (n: number, k: number): number => {
      let z = 0;
      for (let d = 0; d < inputs; d++) z += directions[k * inputs + d] * x.data[n * inputs + d];
      return SIGNS[k] * Math.max(0, z);
    };
    return { x, y: Array.from({ length: count }, (_, n) => SIGNS.reduce((sum, _s, k) => sum + unit(n, k), 0)) };
  };
  const train = labelled(examples);
  return regression(train.x, train.y, labelled(TESTS));
}

/** |a - b|, or |a|. */
export function distanceOf(a: ArrayLike<number>, b?: ArrayLike<number>): number {
  let total = 0;
  for (let k = 0; k < a.length; k++) total += (a[k] - (b?.[k] ?? 0)) ** 2;
  return Math.sqrt(total);
}

/** Mean square error of outputs over the mean square of the targets. */
export const shareMissed = (outputs: ArrayLike<number>, { y }: Split): number =>
  (distanceOf(outputs, y.data as Float64Array) / distanceOf(y.data as Float64Array)) ** 2;
