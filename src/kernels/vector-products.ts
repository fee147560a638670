// Tangent kernels by alternating modes: a reverse pass gives a row of one side, a forward pass its products with all of the other.

import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sizeOf, sliceRows } from "../numeric/tensor.ts";
import type { AlgorithmOptions, Execution, KernelAlgorithm, Prepared, SideRequest } from "./algorithm.ts";
import { pushGraph, TANGENT } from "./derivative-graphs.ts";
import { entryShape, SEEDS } from "./form.ts";
import { cachedGraph } from "./graph-cache.ts";
import { groupsOf, rangesOf } from "./groups.ts";
import { JacobianRows } from "./rows.ts";

interface PreparedSide extends Prepared {
  readonly request: SideRequest;
}

/**
 * Column by column: v = J(x'_m)^T e_d by reverse mode, then J(x_n) v for all n at once by forward mode. Memory: one row as long as the
 * parameters; no product of derivatives is stored. Cost: m S reverse passes at N = 1 and m S forward passes a group at N = n.
 */
export function vectorProducts(
  { model, form, per }: AlgorithmOptions,
  { run, signal }: Execution,
): KernelAlgorithm<PreparedSide> {
  const rows = new JacobianRows(model, form, { signal });
  const forward = model.engine.compile(cachedGraph(model, "push", pushGraph));
  const { engine, layout, frozen, outputs } = model;
  const { seeds } = rows;
  const entries = sizeOf(entryShape(form, outputs));
  const groups = groupsOf(layout, per).map(rangesOf);
  const tangent = allocate(engine.dtype, layout.size) as RealArray;
  const tangents = viewsOf(layout, tangent, TANGENT);

  /** J(x_n) row^T for all n over the parameters of a group, with the weights of the side: (n, C). */
  const column = async (
    { params, feeds, weights, count }: SideRequest,
    row: Float64Array,
    group: number,
  ): Promise<RealArray> => {
    tangent.fill(0);
    for (const [start, end] of groups[group])
      for (let k = start; k < end; k++) tangent[k] = weights ? weights[k] * row[k] : row[k];
    const fixed = { ...frozen, ...viewsOf(layout, params), ...tangents };
    const shape = [count, outputs];
    const products = { dtype: engine.dtype, shape, data: allocate(engine.dtype, sizeOf(shape)) };
    for (let start = 0; start < count; start += run) {
      signal?.throwIfAborted();
      const end = Math.min(count, start + run);
      const own = Object.entries(feeds).map(([name, feed]) => [name, sliceRows(feed, start, end)] as const);
      await forward.run({ ...fixed, ...Object.fromEntries(own) }, { products: sliceRows(products, start, end) });
    }
    return products.data as RealArray;
  };

  /** Adds what column (m, d) says to the entries. */
  const place = (
    result: Float64Array,
    products: RealArray,
    { x, m, d, width }: { x: SideRequest; m: number; d: number; width: number },
  ): void => {
    for (let n = 0; n < x.count; n++) {
      const at = (n * width + m) * entries;
      const seed = (c: number): number => (form === "readout" ? Number(x.feeds[SEEDS].data[n * outputs + c]) : 1);
      if (form === "trace") result[at] += products[n * outputs + d];
      else if (form === "diagonal") result[at + d] = products[n * outputs + d];
      else
        for (let c = 0; c < outputs; c++) {
          if (form === "readout") result[at] += seed(c) * products[n * outputs + c];
          else result[at + c * outputs + d] = products[n * outputs + c];
        }
    }
  };

  const pair = async (x: PreparedSide, y: PreparedSide): Promise<Float64Array> => {
    const size = x.count * y.count * entries;
    const result = new Float64Array(groups.length * size);
    let k = 0;
    for await (const row of rows.of(y.request)) {
      const [m, d] = [Math.floor(k / seeds), k % seeds];
      for (let g = 0; g < groups.length; g++) {
        const products = await column(x.request, row, g);
        place(result.subarray(g * size, (g + 1) * size), products, { x: x.request, m, d, width: y.count });
      }
      k++;
    }
    return result;
  };

  const lengths = async ({ request, count }: PreparedSide): Promise<Float64Array> => {
    const apart = form === "blocks" || form === "diagonal";
    const width = count * (apart ? seeds : 1);
    const result = new Float64Array(groups.length * width);
    let k = 0;
    for await (const row of rows.of(request)) {
      groups.forEach((ranges, g) => {
        for (const [start, end] of ranges)
          for (let i = start; i < end; i++) result[g * width + (apart ? k : Math.floor(k / seeds))] += row[i] * row[i];
      });
      k++;
    }
    return result;
  };

  const bytesOf = ({ feeds }: SideRequest): number =>
    Object.values(feeds).reduce((total, { data }) => total + data.byteLength, 0);
  return {
    name: "vector-products",
    prepare: async (request) => ({ count: request.count, bytes: bytesOf(request), request }),
    pair,
    lengths,
  };
}
