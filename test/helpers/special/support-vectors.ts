// What coefficients of support vector machines are of the targets (003-06): affine piece by piece, odd in the labels.

import { gaussian } from "../../../src/kernels/input-kernels.ts";
import { inputMachineKernel } from "../../../src/kernels/machine-kernel.ts";
import { supportVectorClassifier } from "../../../src/machines/support-vector-classifier.ts";
import { supportVectorRegressor } from "../../../src/machines/support-vector-regressor.ts";
import { integers, reals, type Tensor } from "../../../src/numeric/tensor.ts";
import { normalMatrix } from "../matrices.ts";

export interface TargetsAndSupport {
  /** |a(y) - 2 a(y + tz) + a(y + 2tz)| / |a(y + 2tz) - a(y)| for a t that moves no point to or from a bound. */
  readonly small: number;
  /** The same for a t that does. */
  readonly large: number;
  /** |a(-s) + a(s)| / |a(s)| of a classification with its classes exchanged. */
  readonly flipped: number;
}

const most = (data: Float64Array): number => data.reduce((found, value) => Math.max(found, Math.abs(value)), 0);

export async function affineInTargets(): Promise<TargetsAndSupport> {
  const points = normalMatrix(20, 2, 8);
  const kernel = inputMachineKernel(points, gaussian(0.5), "RBF");
  const x = (i: number): number => points.data[2 * i];
  const own = { cost: 5, tolerance: 1e-11 } as const;
  const coefficients = async (t: number): Promise<Float64Array> => {
    const y = reals(
      [20, 1],
      Array.from({ length: 20 }, (_, i) => Math.sin(2 * x(i)) + t * Math.cos(3 * i)),
    );
    return ((await supportVectorRegressor(kernel, y, own)).coefficients as Tensor<"float64">).data;
  };
  const departure = async (t: number): Promise<number> => {
    const [a, b, c] = [await coefficients(0), await coefficients(t), await coefficients(2 * t)];
    return most(a.map((value, i) => value - 2 * b[i] + c[i])) / most(a.map((value, i) => c[i] - value));
  };
  const classes = async (flip: boolean): Promise<Float64Array> => {
    const labels = integers(
      [20],
      Array.from({ length: 20 }, (_, i) => Number(x(i) + Math.cos(3 * i) / 2 > 0 !== flip)),
    );
    return ((await supportVectorClassifier(kernel, labels, own)).coefficients as Tensor<"float64">).data;
  };
  const [one, other] = [await classes(false), await classes(true)];
  return {
    small: await departure(1e-4),
    large: await departure(0.3),
    flipped: most(one.map((value, i) => value + other[i])) / most(one),
  };
}
