// Eigenvalues of a tangent kernel: all of them from one matrix that is decomposed in place, or the largest by products with vectors.

import { lanczos } from "../numeric/linear-algebra/lanczos.ts";
import { type RealArray, type Tensor, tensor } from "../numeric/tensor.ts";
import { formProduct } from "./form-product.ts";
import { gramMatrix, orderOf } from "./gram-matrix.ts";
import { algebraOf, type KernelMatrixOptions, settingsOf, sharedOptions, toleranceOf } from "./matrix-options.ts";
import { type MatrixPlan, type MatrixTask, type ProductKind, planMatrix } from "./matrix-plan.ts";
import type { KernelModel } from "./types.ts";

export interface KernelSpectrumOptions extends KernelMatrixOptions {
  /** How many of the largest eigenvalues. Default: all, for which there must be room for the matrix. */
  readonly largest?: number;
  /** Whether eigenvectors are wanted too. Default: where `largest` is given. */
  readonly vectors?: boolean;
}

export interface KernelSpectrum {
  /** Descending (k). */
  readonly values: Float64Array;
  /** Unit vectors (k, N), or (k, N, C) for blocks; signs are arbitrary, and so are bases where values are equal. */
  readonly vectors: Tensor<"float64"> | undefined;
  /** Of the iterative method: bounds on |K v - lambda v| (k), to rounding of the products. */
  readonly bounds: Float64Array | undefined;
  /** Products with vectors of the iterative method. */
  readonly products: number;
  readonly plan: MatrixPlan;
}

const where = "kernelSpectrum";

function taskOf(order: number, { largest, vectors = largest !== undefined }: KernelSpectrumOptions): MatrixTask {
  if (largest !== undefined && !(Number.isSafeInteger(largest) && largest >= 1 && largest <= order))
    throw new RangeError(`${where}: largest must be a whole number from 1 to ${order}, got ${largest}`);
  if (!vectors && largest === undefined) return { kind: "eigenvalues" };
  const count = largest ?? order;
  return { kind: "eigenpairs", largest: count, basis: Math.min(order, 2 * count + 20) };
}

/** How `kernelSpectrum` would go about it, and what memory it would take. */
export function planKernelSpectrum(model: KernelModel, xs: Tensor, options: KernelSpectrumOptions = {}): MatrixPlan {
  const settings = settingsOf(where, model, xs, options);
  return planMatrix(where, model, {
    ...settings,
    task: taskOf(orderOf(model, settings.form, settings.examples), options),
  });
}

/**
 * The eigenvalues of K = J M J^T of the examples xs against themselves, in the form asked for: all, or the largest with their vectors.
 *
 * Memory: one matrix (N, N) or (N C, N C) in float64 and nothing else of its size beside the result: tiles of the kernel are converted
 * into it, it is decomposed in place. Where it does not fit `memoryBudget`, no matrix: Lanczos on `kernelProduct`, a few products for each
 * eigenvalue (for `trace` times the outputs), 3 k + 20 vectors as long as K has rows, precision that of the engine's dtype.
 *
 * Errors: RangeError for what does not fit; NumericalError where `maxProducts` are not enough; rejects with the signal's reason when
 * aborted.
 */
export async function kernelSpectrum(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  options: KernelSpectrumOptions = {},
): Promise<KernelSpectrum> {
  const settings = settingsOf(where, model, xs, options);
  const task = taskOf(orderOf(model, settings.form, settings.examples), options);
  const plan = planMatrix(where, model, { ...settings, task });
  const { onProgress, signal, maxProducts, largest, vectors: wanted = largest !== undefined } = options;
  const shape = (count: number): number[] => [
    count,
    settings.examples,
    ...(settings.form === "blocks" ? [model.outputs] : []),
  ];
  const shared = sharedOptions(settings, options, plan.kernelBudget);
  if (plan.method === "dense") {
    const algebra = await algebraOf(options);
    const matrix = await gramMatrix(model, params, xs, { ...shared, ...(onProgress && { onProgress }) });
    signal?.throwIfAborted();
    if (!wanted) {
      const values = algebra.eigenvalues(matrix, { overwrite: true }).slice(0, largest);
      return { values, vectors: undefined, bounds: undefined, products: 0, plan };
    }
    const { values, vectors } = algebra.eigenpairs(matrix, {
      overwrite: true,
      ...(largest !== undefined && { largest }),
    });
    return {
      values,
      vectors: tensor("float64", shape(values.length), vectors.data),
      bounds: undefined,
      products: 0,
      plan,
    };
  }
  const { largest: count, basis } = task as MatrixTask & { kind: "eigenpairs" };
  const total = maxProducts ?? Math.max(1000, 20 * count);
  const { values, vectors, bounds, products } = await lanczos(
    formProduct(plan.products as ProductKind, model, params, xs, shared),
    plan.order,
    count,
    {
      tolerance: toleranceOf(model, options),
      basis: Math.max(count + 2, basis),
      maxProducts: total,
      signal,
      onProduct: (done, found) =>
        onProgress?.({ stage: "kernel products", done, total, note: `${found} of ${count} eigenvalues` }),
    },
  );
  return {
    values,
    vectors: wanted ? tensor("float64", shape(count), vectors.data) : undefined,
    bounds,
    products,
    plan,
  };
}
