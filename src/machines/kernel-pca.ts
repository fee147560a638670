// Kernel principal components (Schoelkopf, Smola and Mueller 1998) of any kernel, as a kernel machine.

import { identityLink, type KernelMachine } from "../kernels/kernel-machine.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { reals } from "../numeric/tensor.ts";

export interface KernelPcaOptions extends MachineKernelCall {
  /** The most components; default: all that are not null. */
  readonly components?: number;
  /** Directions whose eigenvalue is at most this part of the largest are null, and left out. Default N 2^-52. */
  readonly tolerance?: number;
  readonly algebra?: LinearAlgebra;
}

export interface KernelPca extends KernelMachine {
  /** Eigenvalues of the centred kernel, descending (C): N times the variances of the components. */
  readonly eigenvalues: Float64Array;
  /** Of each component, a part of the whole variance (C). */
  readonly explained: Float64Array;
  /** Trace of the centred kernel: N times the whole variance. */
  readonly total: number;
  /** Directions at most `tolerance` of the largest, the constant among them: N less the rank. */
  readonly nullDirections: number;
  /** The tolerance that was used. */
  readonly tolerance: number;
  /** Projections of the points (N, C): sqrt(lambda_c) v_c. */
  readonly projections: Matrix;
}

/**
 * Kernel principal components: where points and queries lie along the directions of largest variance in the kernel's feature space,
 *
 *     z_c(x) = sum_i v_ci / sqrt(lambda_c) Kc(x, x_i),    Kc = H K H,    H = 1 - 1 1^T / N,    Kc v_c = lambda_c v_c
 *
 * As v_c is orthogonal to the constant, that is the machine sum_i a_ic K(x, x_i) + b_c with a_ic = v_ci / sqrt(lambda_c) and
 * b_c = - sum_i a_ic mean_j K(x_i, x_j): queries need no centring of their own.
 *
 * Sign: the entry of v_c of largest magnitude is positive, the first of them where several are (to 1e-10 of it). Where eigenvalues are equal the basis is
 * arbitrary. Memory: two float64 matrices of order N. Cost: the eigenpairs.
 * Errors: RangeError for options that do not fit and no points; InvalidDataError for numbers that are not finite.
 */
export async function kernelPca(kernel: MachineKernel, options: KernelPcaOptions = {}): Promise<KernelPca> {
  const { components, tolerance, algebra = await openLinearAlgebra(), ...call } = options;
  const [n] = kernel.points.shape;
  requireOptions(n, options);
  const matrix = await kernel.matrix(call);
  requireSymmetric("kernelPca", matrix);
  const means = centre(matrix);
  let total = 0;
  for (let i = 0; i < n; i++) total += matrix.data[i * n + i];
  call.signal?.throwIfAborted();
  const { values, vectors } = algebra.eigenpairs(matrix, { overwrite: true });
  const least = tolerance ?? n * 2 ** -52;
  // Centring leaves rounding of the kernel before it, of which a kernel that is constant is made entirely.
  const floor = Math.max(least * Math.max(0, values[0]), n * 2 ** -52 * means.size);
  const rank = values.filter((value) => value > floor).length;
  const c = Math.min(components ?? rank, rank);
  const coefficients = new Float64Array(n * c);
  const projections = new Float64Array(n * c);
  const prior = new Float64Array(c);
  for (let k = 0; k < c; k++) {
    const vector = vectors.data.subarray(k * n, (k + 1) * n);
    const root = signOf(vector) * Math.sqrt(values[k]);
    for (let i = 0; i < n; i++) {
      coefficients[i * c + k] = vector[i] / root;
      projections[i * c + k] = vector[i] * root;
      prior[k] -= coefficients[i * c + k] * means.rows[i];
    }
  }
  return {
    name: `kernel principal components of the ${kernel.name}`,
    outputs: c,
    points: kernel.points,
    kernel: (queries) => kernel.between(queries),
    coefficients: reals([n, c], coefficients),
    prior: async ({ shape: [count] }) =>
      reals(
        [count, c],
        Float64Array.from({ length: count * c }, (_, at) => prior[at % c]),
      ),
    link: identityLink,
    eigenvalues: values.slice(0, c),
    explained: values.slice(0, c).map((value) => value / total),
    total,
    nullDirections: n - rank,
    tolerance: least,
    projections: reals([n, c], projections),
  };
}

function requireOptions(n: number, { components, tolerance }: KernelPcaOptions): void {
  if (n === 0) throw new RangeError("kernelPca: points must be at least one, got 0");
  if (components !== undefined && !(Number.isSafeInteger(components) && components >= 1))
    throw new RangeError(`kernelPca: components must be a whole number >= 1, got ${components}`);
  if (tolerance !== undefined && !(tolerance >= 0 && tolerance < 1))
    throw new RangeError(`kernelPca: tolerance must be a number from 0 to below 1, got ${tolerance}`);
}

/** H K H in place; the means of K's rows, and its largest magnitude. */
function centre({ data, shape: [n] }: Matrix): { readonly rows: Float64Array; readonly size: number } {
  const rows = new Float64Array(n);
  let size = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      rows[i] += data[i * n + j] / n;
      size = Math.max(size, Math.abs(data[i * n + j]));
    }
  const mean = rows.reduce((total, value) => total + value / n, 0);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j] += mean - rows[i] - rows[j];
  return { rows, size };
}

/** What makes the first entry of largest magnitude positive. */
function signOf(vector: Float64Array): number {
  const most = vector.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  const at = vector.findIndex((value) => Math.abs(value) >= most * (1 - 1e-10));
  return vector[at] < 0 ? -1 : 1;
}
