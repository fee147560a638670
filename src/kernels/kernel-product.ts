// Products of a tangent kernel with vectors, K v = J(x; w) (M J(x'; w')^T v): one reverse and one forward pass, and never a matrix.

import type { Program } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { VectorAccumulator } from "../numeric/sum.ts";
import { allocate, type RealArray, type Tensor, zeros } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import type { Progress } from "../train/train.ts";
import { COTANGENT, PULLED, pullGraph, pushGraph, TANGENT } from "./derivative-graphs.ts";
import { cachedGraph } from "./graph-cache.ts";
import { engineBytes } from "./memory.ts";
import type { TangentKernelOptions } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

export interface KernelProductOptions
  extends Pick<TangentKernelOptions, "params2" | "weights" | "memoryBudget" | "tile" | "signal"> {
  /** Examples of the columns (default: those of the rows). */
  readonly xs2?: Tensor;
  readonly onProgress?: (progress: Progress) => void;
}

const DEFAULT_BUDGET = 2 ** 30;
const DEFAULT_TILE = 256;

interface Pass {
  readonly graph: Graph;
  readonly params: RealArray;
  readonly x: Tensor;
}

/**
 * K v for all outputs, K in blocks: (K v)_{n,c} = sum over m, d of K_{cd}(x_n, x'_m) v_{m,d}.
 *
 * Shapes: xs (N, ...), v (M, C) or (M, C, k) for the M examples of the columns -> (N, C) or (N, C, k), in the engine's dtype.
 * Cost: k times a reverse pass over the columns and a forward-mode pass over the rows. Memory: the result, three vectors as long as the
 * parameters in float64 and two in the engine's dtype, and what the passes take within `memoryBudget` (one example always runs). Linear
 * solves and spectra of kernels that are too large for a matrix go through this.
 *
 * Sums over examples are added up in float64, compensated, from tile to tile.
 *
 * Errors: RangeError for what does not fit; rejects with the signal's reason when aborted.
 */
export async function kernelProduct(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  v: Tensor,
  options: KernelProductOptions = {},
): Promise<Tensor> {
  const { xs2 = xs, params2 = params, weights, onProgress } = options;
  requireFit(model, { params: [params, params2], xs2, v, weights, tile: options.tile ?? DEFAULT_TILE });
  const { engine, layout, outputs } = model;
  const columns = v.shape[2] ?? 1;
  const [pull, push] = [cachedGraph(model, "pull", pullGraph), cachedGraph(model, "push", pushGraph)];
  const passes = [
    { graph: pull, params: params2, x: xs2 },
    { graph: push, params, x: xs },
  ].map((pass) => passOf(model, pass, options));
  const result = zeros(engine.dtype, [xs.shape[0], ...v.shape.slice(1)]);
  const [pulled, tangent] = [0, 0].map(() => allocate(engine.dtype, layout.size) as RealArray);
  const [into, tangents] = [viewsOf(layout, pulled, PULLED), viewsOf(layout, tangent, TANGENT)];
  const total = columns * passes.reduce((count, { tiles }) => count + tiles.length, 0);
  let done = 0;
  const step = (): void => onProgress?.({ stage: "kernel product", done: ++done, total });
  for (let k = 0; k < columns; k++) {
    const sums = new VectorAccumulator(layout.size);
    for (const tile of passes[0].tiles) {
      const cotangent = zeros(engine.dtype, [tile.length, outputs]);
      for (let at = 0; at < cotangent.data.length; at++)
        cotangent.data[at] = Number(v.data[(tile[0] * outputs + at) * columns + k]);
      await passes[0].run(tile, { [COTANGENT]: cotangent }, into);
      for (let i = 0; i < pulled.length; i++) sums.add(i, pulled[i]);
      step();
    }
    const vector = sums.values();
    for (let i = 0; i < vector.length; i++) tangent[i] = weights ? weights[i] * vector[i] : vector[i];
    for (const tile of passes[1].tiles) {
      const { products } = await passes[1].run(tile, tangents);
      for (let at = 0; at < products.data.length; at++)
        result.data[(tile[0] * outputs + at) * columns + k] = Number(products.data[at]);
      step();
    }
  }
  return result;
}

/** A graph over all examples of a side, in tiles that keep to the budget. */
function passOf(model: KernelModel, { graph, params, x }: Pass, { memoryBudget, tile, signal }: KernelProductOptions) {
  const source = examplesOf(model, { x });
  const program: Program = model.engine.compile(graph);
  const fixed = { ...model.frozen, ...viewsOf(model.layout, params) };
  let size = Math.min(tile ?? DEFAULT_TILE, Math.max(1, source.count));
  while (size > 1 && engineBytes(model, graph, size) > (memoryBudget ?? DEFAULT_BUDGET)) size = Math.ceil(size / 2);
  const tiles = Array.from({ length: Math.ceil(source.count / size) }, (_, k) =>
    Int32Array.from({ length: Math.min(size, source.count - k * size) }, (_, n) => k * size + n),
  );
  const run = async (rows: Int32Array, own: Record<string, Tensor>, into?: Record<string, Tensor>) => {
    signal?.throwIfAborted();
    return program.run({ ...fixed, ...(await source.feeds(rows)), ...own }, into);
  };
  return { tiles, run };
}

interface Request {
  readonly params: readonly RealArray[];
  readonly xs2: Tensor;
  readonly v: Tensor;
  readonly weights: Float64Array | undefined;
  readonly tile: number;
}

function requireFit({ layout, outputs }: KernelModel, { params, xs2, v, weights, tile }: Request): void {
  const { size } = layout;
  const refuse = (must: string): never => {
    throw new RangeError(`kernelProduct: ${must}`);
  };
  const short = params.find(({ length }) => length !== size);
  if (short) refuse(`params must hold ${size} numbers, got ${short.length}`);
  const rank = v.shape.length;
  if (v.shape[0] !== xs2.shape[0] || v.shape[1] !== outputs || (rank !== 2 && rank !== 3))
    refuse(`v must have shape [${xs2.shape[0]},${outputs}] or [${xs2.shape[0]},${outputs},k], got [${v.shape}]`);
  if (weights && weights.length !== size) refuse(`weights must hold ${size} numbers, got ${weights.length}`);
  const bad = weights?.findIndex((value) => !Number.isFinite(value)) ?? -1;
  if (bad >= 0) refuse(`weights must be finite, got ${weights?.[bad]} at element ${bad}`);
  if (!(Number.isSafeInteger(tile) && tile >= 1)) refuse(`tile must be a whole number >= 1, got ${tile}`);
}
