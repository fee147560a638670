// How far a trained network is from its linearisation at the start: f_lin = f_0 + J_0 (w - w_0), by one forward-mode pass.

import { pushGraph, TANGENT } from "../kernels/derivative-graphs.ts";
import { cachedGraph } from "../kernels/graph-cache.ts";
import type { KernelModel } from "../kernels/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import { examplesOf } from "../train/examples.ts";
import { examplesPerTile } from "../train/stepper.ts";
import type { Task } from "../train/task.ts";

/**
 * J(x; w) u for one change u of the parameters: what it does to the outputs to first order.
 *
 * Shapes: change (p), xs (Q, ...) -> (Q, C). Cost: about two forward passes. Errors: RangeError for a change of another size.
 */
export async function outputChange(
  model: KernelModel,
  params: RealArray,
  {
    xs,
    change,
    signal,
  }: { readonly xs: Tensor; readonly change: RealArray; readonly signal?: AbortSignal | undefined },
): Promise<Tensor<"float64">> {
  const { engine, layout, frozen, outputs } = model;
  if (change.length !== layout.size)
    throw new RangeError(`outputChange: change must hold ${layout.size} numbers, got ${change.length}`);
  const graph = cachedGraph(model, "push", pushGraph);
  const program = engine.compile(graph);
  const source = examplesOf(model, { x: xs });
  const tangent = allocate(engine.dtype, layout.size) as RealArray;
  tangent.set(change);
  const fixed = { ...frozen, ...viewsOf(layout, params), ...viewsOf(layout, tangent, TANGENT) };
  const result = new Float64Array(source.count * outputs);
  const tile = Math.min(1024, examplesPerTile(graph));
  for (let start = 0; start < source.count; start += tile) {
    signal?.throwIfAborted();
    const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
    const { products } = await program.run({ ...fixed, ...(await source.feeds(rows)) });
    result.set(products.data as RealArray, start * outputs);
  }
  return reals([source.count, outputs], result);
}

export interface Linearisation {
  /** |f - f_0| over all queries and outputs (Frobenius). */
  readonly moved: number;
  /** |f - f_lin|. */
  readonly off: number;
  /** |f - f_lin| / |f - f_0|: 0 for a model linear in its parameters, about 1 where the linearisation says nothing; undefined where nothing moved. */
  readonly error: number | undefined;
}

/** The outputs of a model at w_0 and w, and of its linearisation, (Q, C) each, compared. RangeError where they differ in size. */
export function linearisationError(parts: {
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
  readonly linear: ArrayLike<number>;
}): Linearisation {
  const { start, end, linear } = parts;
  if (start.length !== end.length || linear.length !== end.length)
    throw new RangeError(
      `linearisationError: outputs must be as many of each, got ${start.length}, ${end.length} and ${linear.length}`,
    );
  let [moved, off] = [0, 0];
  for (let k = 0; k < end.length; k++) {
    moved += (end[k] - start[k]) ** 2;
    off += (end[k] - linear[k]) ** 2;
  }
  return { moved: Math.sqrt(moved), off: Math.sqrt(off), error: moved === 0 ? undefined : Math.sqrt(off / moved) };
}

/**
 * How far f(x; w) is from f(x; w_0) + J(x; w_0) (w - w_0), relative to how far training moved it: the same parameters in both, so that it tells the
 * function's curvature along the way from the training's; `linearisedMachine` instead trains the linearisation by itself.
 *
 * Shapes: start and params (p), xs (Q, ...). Cost: two forward passes and a forward-mode one. In float32 an error below about 1e-6 |f| / |f - f_0| is rounding.
 *
 * @see Chizat, Oyallon, Bach 2019, arXiv:1812.07956; Fort et al. 2020, arXiv:2010.15110
 */
export async function measureLinearisation(
  task: Task,
  start: RealArray,
  params: RealArray,
  { xs, signal }: { readonly xs: Tensor; readonly signal?: AbortSignal | undefined },
): Promise<Linearisation> {
  const change = params.map((value, i) => value - start[i]) as RealArray;
  const [before, end] = [await predict(task, start, { x: xs }), await predict(task, params, { x: xs })];
  const { data } = await outputChange(task, start, { xs, change, signal });
  return linearisationError({ start: before, end, linear: data.map((value, k) => before[k] + value) });
}
