// Products of a kernel's matrix with vectors in the forms that are one matrix, without the matrix: by passes, or by tiles made anew.

import type { Product } from "../numeric/linear-algebra/conjugate-gradients.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { type MatrixForm, streamEntries } from "./gram-matrix.ts";
import { type KernelProductOptions, kernelProduct } from "./kernel-product.ts";
import type { ProductKind } from "./matrix-plan.ts";
import type { KernelModel } from "./types.ts";

export interface FormProductOptions extends Pick<KernelProductOptions, "weights" | "memoryBudget" | "tile" | "signal"> {
  readonly form: MatrixForm;
  /** Coefficients (N, C) for the form `readout`. */
  readonly readouts?: Tensor | undefined;
}

/** v -> K v for the K of `gramMatrix`, by what products are to be made of. */
export function formProduct(
  kind: ProductKind,
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  options: FormProductOptions,
): Product {
  return kind === "tiles" ? tileProduct(model, params, xs, options) : passProduct(model, params, xs, options);
}

/** v -> K v from tiles of the kernel, which are computed for each product and let go. Sums are in float64. Memory: `memoryBudget`. */
function tileProduct(model: KernelModel, params: RealArray, xs: Tensor, options: FormProductOptions): Product {
  return async (v) => {
    const to = new Float64Array(v.length);
    await streamEntries(model, params, xs, options, (r, s, value) => {
      to[r] += value * v[s];
      if (r !== s) to[s] += value * v[r];
    });
    return to;
  };
}

/**
 * v -> K v by one reverse and one forward pass each: of `trace`, one for each output, since it is the sum of the
 * outputs' own kernels. Cost and memory: those of `kernelProduct`; sums are in the engine's dtype.
 */
function passProduct(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  { form, readouts, ...options }: FormProductOptions,
): Product {
  const [n, c] = [xs.shape[0], model.outputs];
  const multiply = async (v: Float64Array): Promise<ArrayLike<number>> =>
    (await kernelProduct(model, params, xs, reals([n, c], v), options)).data as RealArray;
  if (form === "blocks") return async (v) => Float64Array.from(await multiply(v));
  /** e -> (coefficient of output c of example n) products: spread over the outputs, multiplied, gathered. */
  const along = async (v: Float64Array, coefficient: (at: number) => number): Promise<Float64Array> => {
    const image = await multiply(
      Float64Array.from({ length: n * c }, (_, at) => v[Math.floor(at / c)] * coefficient(at)),
    );
    const to = new Float64Array(n);
    for (let at = 0; at < n * c; at++) to[Math.floor(at / c)] += image[at] * coefficient(at);
    return to;
  };
  if (form === "readout") {
    const own = readouts as Tensor;
    return (v) => along(v, (at) => Number(own.data[at]));
  }
  return async (v) => {
    const to = new Float64Array(n);
    for (let output = 0; output < c; output++) {
      const part = await along(v, (at) => (at % c === output ? 1 : 0));
      for (let i = 0; i < n; i++) to[i] += part[i];
    }
    return to;
  };
}
