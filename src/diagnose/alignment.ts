// How alike two kernels over the same examples are, and a kernel and the labels: CKA in three forms, kernel-target alignment.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, type RealDType, reals, type Tensor } from "../numeric/tensor.ts";
import { EPSILON, requireKernel, requireLabels } from "./checks.ts";

export const ckaForms = ["centred", "uncentred", "debiased"] as const;
export type CkaForm = (typeof ckaForms)[number];

export interface CkaOptions {
  /** Default `centred`. */
  readonly form?: CkaForm;
  /** What the kernels were computed in: a kernel that is constant to its rounding has no direction when centred. Default float64. */
  readonly dtype?: RealDType;
}

/** Entries off by a rounding each leave that much of the kernel's norm, whatever N is; a few roundings. */
const ROUNDINGS = 8;
/** Of the debiased form: four examples at least, or its 1 / (n (n - 3)) has no value. */
const LEAST_DEBIASED = 4;

/** What is left of a kernel's entries (n, n) in a form: <K, L> is then the sum of products of entries. */
type Entries = (k: Float64Array, n: number) => Float64Array;

/** k_ij less its row's and its column's share of the sums, and the sum of all again, with the diagonal or without. */
function lessMeans(k: Float64Array, n: number, diagonal: boolean): Float64Array {
  const [sums, result] = [new Float64Array(n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (diagonal || i !== j) sums[i] += k[i * n + j];
  const [one, both] = diagonal ? [n, n * n] : [n - 2, (n - 1) * (n - 2)];
  const whole = sums.reduce((total, own) => total + own, 0) / both;
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < n; j++, at++)
      if (diagonal || i !== j) result[at] = k[at] - sums[i] / one - sums[j] / one + whole;
  return result;
}

const ENTRIES: Readonly<Record<CkaForm, Entries>> = {
  uncentred: (k) => k,
  /** H K H, where H = I - 1 1^T / n takes means of rows and columns away. */
  centred: (k, n) => lessMeans(k, n, true),
  /** Szekely and Rizzo's U-centring: products of such entries are n (n - 3) HSIC_1 of Song et al. 2012, eq. 5. */
  debiased: (k, n) => lessMeans(k, n, false),
};

function product(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let at = 0; at < a.length; at++) total += a[at] * b[at];
  return total;
}

/**
 * H K H, H = I - 1 1^T / n: the kernel of features less their mean, without the direction that all points share. Its trace is n times the variance
 * of the features over the points.
 *
 * Shapes: (N, N), the same back. Cost: O(N^2). Errors: those of the kernel.
 */
export function centredKernel(kernel: Matrix): Matrix {
  const n = requireKernel("centredKernel", kernel);
  return { dtype: "float64", shape: [n, n], data: lessMeans(kernel.data, n, true) };
}

/**
 * Centred kernel alignment of two kernels over the same examples: <K, L> / sqrt(<K, K> <L, L>), where
 *
 *     centred     <K, L> = tr(H K H L), H = I - 1 1^T / n: 1 where one is the other up to a factor and a constant      (theory 1.4)
 *     uncentred   <K, L> = tr(K L): kernel alignment (Cristianini 2001); large as soon as both have a large constant part
 *     debiased    <K, L> = HSIC_1: off the diagonal and without the bias that makes two kernels of many features and few examples look alike; may be
 *                 below zero, and is near it for unrelated ones
 *
 * Undefined where a kernel has no direction in this form: of zeros, constant to rounding once centred (a constant model, one class), or fewer than four
 * examples for `debiased`, or a product with itself that is not above zero there.
 *
 * Shapes: both (N, N). Cost: O(N^2), two matrices beside them. Errors: RangeError where they differ in size; those of the kernels.
 *
 * @see Cortes, Mohri, Rostamizadeh 2012 (centred); Kornblith et al. 2019, arXiv:1905.00414 (CKA); Song et al. 2012, eq. 5, Szekely, Rizzo 2014 (debiased)
 */
export function cka(
  k: Matrix,
  l: Matrix,
  { form = "centred", dtype = "float64" }: CkaOptions = {},
): number | undefined {
  if (!ckaForms.includes(form)) throw new RangeError(`cka: form must be one of ${ckaForms.join(", ")}, got ${form}`);
  const n = requireKernel("cka", k);
  if (requireKernel("cka", l) !== n)
    throw new RangeError(`cka: both kernels must be of as many examples, got ${n} and ${l.shape[0]}`);
  if (form === "debiased" && n < LEAST_DEBIASED) return undefined;
  const [x, y] = [k, l].map(({ data }) => ENTRIES[form](data, n));
  const [xx, yy] = [product(x, x), product(y, y)];
  // What is left of entries by rounding alone is no direction.
  const floor = (ROUNDINGS * EPSILON[dtype]) ** 2;
  if (!(xx > floor * product(k.data, k.data) && yy > floor * product(l.data, l.data))) return undefined;
  return Math.min(1, Math.max(-1, product(x, y) / Math.sqrt(xx * yy)));
}

/** The kernel of labels: 1 for two examples of one class, else 0 (N, N); it is Y Y^T of one-hot labels. */
export function labelKernel(labels: ArrayLike<number>): Matrix {
  const n = labels.length;
  requireLabels("labelKernel", labels, n);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j] = labels[i] === labels[j] ? 1 : 0;
  return reals([n, n], data);
}

/** Y Y^T of targets (N, ...): (N, N). */
export function targetKernel({ shape: [n], data }: Tensor): Matrix {
  const width = n === 0 ? 0 : data.length / n;
  const [y, result] = [data as RealArray, new Float64Array(n * n)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let c = 0; c < width; c++) result[i * n + j] += Number(y[i * width + c]) * Number(y[j * width + c]);
  return reals([n, n], result);
}

/**
 * Atanasov's alignment A = tr(Y^T K Y) / (|K|_F |Y|_F^2) of a kernel with targets (N, C), in [0, 1]; undefined where either is 0.
 *
 * For one output it is the uncentred CKA of K and y y^T, since |y y^T|_F = |y|^2 (Cristianini's kernel-target alignment); for several it is that times
 * |Y Y^T|_F / |Y|_F^2 <= 1, 1 / sqrt(C) for one-hot labels of C classes of equal size.
 *
 * @see Atanasov, Bordelon, Pehlevan 2022, arXiv:2111.00034
 */
export function kernelTargetAlignment(kernel: Matrix, targets: Tensor): number | undefined {
  const n = requireKernel("kernelTargetAlignment", kernel);
  if (targets.shape[0] !== n)
    throw new RangeError(`kernelTargetAlignment: targets must be of ${n} examples, got ${targets.shape[0]}`);
  return alignmentWith(kernel, targetKernel(targets));
}

/** tr(K L) / (|K|_F tr L) of L = Y Y^T: A by the kernel of the targets. */
export function alignmentWith(kernel: Matrix, { shape: [n], data }: Matrix): number | undefined {
  let size = 0;
  for (let i = 0; i < n; i++) size += data[i * (n + 1)];
  const norm = Math.sqrt(product(kernel.data, kernel.data));
  return norm === 0 || size === 0 ? undefined : product(kernel.data, data) / (norm * size);
}
