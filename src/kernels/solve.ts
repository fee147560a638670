// Linear systems with a tangent kernel, (K + ridge I) alpha = b: with one matrix where it fits, else by products with vectors.

import { conjugateGradients, type Product } from "../numeric/linear-algebra/conjugate-gradients.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { addTo, lengthOf } from "../numeric/linear-algebra/vectors.ts";
import { type RealArray, reals, type Tensor, tensor } from "../numeric/tensor.ts";
import { formProduct } from "./form-product.ts";
import { gramMatrix } from "./gram-matrix.ts";
import { algebraOf, type KernelMatrixOptions, settingsOf, sharedOptions, toleranceOf } from "./matrix-options.ts";
import { type MatrixPlan, type ProductKind, planMatrix } from "./matrix-plan.ts";
import type { KernelModel } from "./types.ts";

export interface KernelSolveOptions extends KernelMatrixOptions {
  /** Added to the diagonal, in the kernel's units. Default 0. */
  readonly ridge?: number;
  /** What a dense decomposition may add beyond the ridge, as a part of the mean diagonal, where there is none without. Default 0. */
  readonly maxJitter?: number;
  /** Of the iterative method: product with an approximate inverse of K + ridge I, on vectors as long as it has rows. Default: none. */
  readonly preconditioner?: Product;
}

export interface KernelSolution {
  /** As b, in float64. */
  readonly alpha: Tensor<"float64">;
  /** |b - (K + ridge I) alpha| / |b| of each right side (k), computed with the result; 0 where b is. */
  readonly residuals: Float64Array;
  /** Whether the residuals are within the tolerance; a dense solution is as good as rounding and condition allow. */
  readonly converged: boolean;
  /** What was added to the diagonal beyond the ridge. */
  readonly jitter: number;
  /** Products with vectors of the iterative method, for all right sides together. */
  readonly products: number;
  readonly plan: MatrixPlan;
}

/** How `kernelSolve` would go about k right sides, and what memory it would take. */
export function planKernelSolve(
  model: KernelModel,
  xs: Tensor,
  columns: number,
  options: KernelSolveOptions = {},
): MatrixPlan {
  const settings = settingsOf("kernelSolve", model, xs, options);
  return planMatrix("kernelSolve", model, { ...settings, task: { kind: "solve", columns } });
}

/**
 * alpha with (K + ridge I) alpha = b, for K = J M J^T of the examples xs against themselves, in the form asked for.
 *
 * Shapes: b (N) or (N, k) for `trace` and `readout`, (N, C) or (N, C, k) for `blocks`. Memory: one matrix (N, N) or (N C, N C) in
 * float64 and nothing else of its size: tiles of the kernel are converted into it, it is decomposed in place (Cholesky). Where it does not
 * fit `memoryBudget`, no matrix: conjugate gradients on `kernelProduct`, one product an iteration (for `trace` one for each output), their
 * precision that of the engine's dtype.
 *
 * Errors: RangeError for what does not fit; NumericalError where K + ridge I is not positive definite; rejects with the signal's reason
 * when aborted.
 */
export async function kernelSolve(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  b: Tensor,
  options: KernelSolveOptions = {},
): Promise<KernelSolution> {
  const settings = settingsOf("kernelSolve", model, xs, options);
  const { ridge = 0 } = options;
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY))
    throw new RangeError(`kernelSolve: ridge must be a finite number >= 0, got ${ridge}`);
  const lead = settings.form === "blocks" ? [settings.examples, model.outputs] : [settings.examples];
  const columns = b.shape[lead.length] ?? 1;
  if (b.shape.length > lead.length + 1 || lead.some((axis, at) => b.shape[at] !== axis))
    throw new RangeError(`kernelSolve: b must have shape [${lead}] or [${lead},k], got [${b.shape}]`);
  const plan = planMatrix("kernelSolve", model, { ...settings, task: { kind: "solve", columns } });
  const right: Matrix = reals([plan.order, columns], b.data as ArrayLike<number>);
  const request: Request = { model, params, xs, right, ridge, options, plan, settings };
  const { x, ...solved } = plan.method === "dense" ? await byMatrix(request) : await byProducts(request);
  return { alpha: tensor("float64", b.shape, x), ...solved, plan };
}

interface Request {
  readonly model: KernelModel;
  readonly params: RealArray;
  readonly xs: Tensor;
  /** (order, k). */
  readonly right: Matrix;
  readonly ridge: number;
  readonly options: KernelSolveOptions;
  readonly settings: ReturnType<typeof settingsOf>;
  readonly plan: MatrixPlan;
}

type Solved = Pick<KernelSolution, "residuals" | "converged" | "jitter" | "products"> & { readonly x: Float64Array };

async function byMatrix({ model, params, xs, right, ridge, options, settings, plan }: Request): Promise<Solved> {
  const { onProgress, maxJitter = 0, signal } = options;
  const algebra = await algebraOf(options);
  const matrix = await gramMatrix(model, params, xs, {
    ...sharedOptions(settings, options, plan.kernelBudget),
    ...(onProgress && { onProgress }),
  });
  signal?.throwIfAborted();
  for (let i = 0; i < plan.order; i++) matrix.data[i * plan.order + i] += ridge;
  const decomposed = algebra.cholesky(matrix, { overwrite: true, maxJitter });
  const alpha = decomposed.solve(right);
  const image = decomposed.product(alpha).data;
  const residuals = residualsOf(right, image);
  return { x: alpha.data, residuals, converged: true, jitter: decomposed.jitter, products: 0 };
}

function residualsOf({ data, shape: [n, k] }: Matrix, image: Float64Array): Float64Array {
  return Float64Array.from({ length: k }, (_, q) => {
    const [own, of] = [data, image].map((all) => Float64Array.from({ length: n }, (_, i) => all[i * k + q]));
    const size = lengthOf(own);
    addTo(own, -1, of);
    return size === 0 ? 0 : lengthOf(own) / size;
  });
}

async function byProducts({ model, params, xs, right, ridge, options, settings, plan }: Request): Promise<Solved> {
  const { maxProducts = 1000, preconditioner, signal, onProgress } = options;
  const multiply = formProduct(
    plan.products as ProductKind,
    model,
    params,
    xs,
    sharedOptions(settings, options, plan.kernelBudget),
  );
  const shifted = async (v: Float64Array): Promise<Float64Array> => {
    const image = await multiply(v);
    addTo(image, ridge, v);
    return image;
  };
  const [n, k] = right.shape;
  const x = new Float64Array(n * k);
  const residuals = new Float64Array(k);
  let [products, converged] = [0, true];
  for (let q = 0; q < k; q++) {
    const before = products;
    const own = await conjugateGradients(
      shifted,
      Float64Array.from({ length: n }, (_, i) => right.data[i * k + q]),
      {
        tolerance: toleranceOf(model, options),
        maxProducts,
        signal,
        ...(preconditioner && { preconditioner }),
        onProduct: (count, residual) =>
          onProgress?.({
            stage: k === 1 ? "kernel products" : `kernel products, right side ${q + 1} of ${k}`,
            done: before + count,
            total: k * maxProducts,
            note: `residual ${residual.toExponential(1)}`,
          }),
      },
    );
    for (let i = 0; i < n; i++) x[i * k + q] = own.x[i];
    residuals[q] = own.residual;
    products += own.products;
    converged &&= own.converged;
  }
  return { x, residuals, converged, jitter: 0, products };
}
