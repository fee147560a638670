// K(x, x) of each example by itself, without the pairs between examples.

import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { createAlgorithm } from "./choose.ts";
import type { MatrixForm } from "./gram-matrix.ts";
import { planKernel } from "./plan.ts";
import { sideOf } from "./side.ts";
import type { TangentKernelOptions } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

export interface SelfKernelOptions
  extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile" | "signal" | "onProgress"> {
  /** Default `trace`. */
  readonly form?: MatrixForm;
  /** Coefficients (N, C) for the form `readout`. */
  readonly readouts?: Tensor | undefined;
}

const DEFAULT_BUDGET = 2 ** 30;
const DEFAULT_TILE = 256;

/**
 * The diagonal of the matrix that `gramMatrix` gives of xs: (N), or (N C) for blocks, in float64.
 *
 * Cost: what preparing the examples takes, and their lengths; no pairs.
 */
export async function selfKernel(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  options: SelfKernelOptions = {},
): Promise<Float64Array> {
  const { form = "trace", readouts, algorithm: name = "auto", signal, onProgress } = options;
  const { memoryBudget = DEFAULT_BUDGET, tile = DEFAULT_TILE } = options;
  const [count] = xs.shape;
  const settings = { model, form, weighted: false };
  const values = new Float64Array(count * (form === "blocks" ? model.outputs : 1));
  if (count === 0) return values;
  const pairs = { n: count, m: count, symmetric: true };
  const plan = planKernel(settings, pairs, { algorithm: name, tile, memoryBudget });
  const algorithm = createAlgorithm(plan.algorithm, settings, { run: plan.run, tile: plan.tile, signal });
  const side = sideOf({ model, algorithm, params, x: xs, readouts, weights: undefined, tile: plan.tile });
  const tiles = Math.ceil(count / plan.tile);
  try {
    for (let k = 0, at = 0; k < tiles; k++) {
      signal?.throwIfAborted();
      const lengths = await algorithm.lengths(await side.take(k));
      values.set(lengths, at);
      at += lengths.length;
      side.keep([]);
      onProgress?.({ stage: "lengths", done: k + 1, total: tiles });
    }
  } finally {
    side.keep([]);
  }
  return values;
}
