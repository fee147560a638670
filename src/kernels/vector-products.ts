// Tangent kernels by alternating modes: a reverse pass gives a row of one side, a forward pass its products with all of the other.

import { jvp } from "../differentiate/forward.ts";
import { builderOf } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { AlgorithmOptions, KernelAlgorithm, Prepared, SideRequest } from "./algorithm.ts";
import { entryShape, SEEDS, seedCount } from "./form.ts";
import { cachedGraph } from "./graph-cache.ts";
import { JacobianRows } from "./rows.ts";
import type { KernelModel } from "./types.ts";

interface PreparedSide extends Prepared {
  readonly request: SideRequest;
}

function forwardGraph({ split, layout }: KernelModel): Graph {
  const { head } = split;
  const { b, inputs, values } = builderOf(head);
  const y = values.get("y") as Value;
  const tangents = layout.entries.map(({ name, shape }) => ({
    value: inputs[name],
    tangent: b.input(`tangent.${name}`, "real", shape),
  }));
  const [products] = jvp(b, tangents, [y]);
  return b.build({ products: products ?? fullLike(b, y, 0) });
}

/**
 * Column by column: v = J(x'_m)^T e_d by reverse mode, then J(x_n) v for all n at once by forward mode. Memory: one vector as long as
 * the parameters; no product of derivatives is stored. Cost: m S reverse passes at N = 1 and m S forward passes at N = n.
 */
export function vectorProducts({ model, form }: AlgorithmOptions): KernelAlgorithm<PreparedSide> {
  const rows = new JacobianRows(model, form);
  const forward = model.engine.compile(cachedGraph(model, "products", forwardGraph));
  const { engine, layout, frozen, outputs } = model;
  const seeds = seedCount(form, outputs);
  const entries = entryShape(form, outputs).reduce((product, axis) => product * axis, 1);
  const tangent = allocate(engine.dtype, layout.size) as RealArray;

  /** J(x_n) row^T for all n, with the weights of the side: (n, C). */
  const column = async ({ params, feeds, weights }: SideRequest, row: Float64Array): Promise<RealArray> => {
    for (let k = 0; k < row.length; k++) tangent[k] = weights ? weights[k] * row[k] : row[k];
    const run = { ...frozen, ...viewsOf(layout, params), ...feeds, ...viewsOf(layout, tangent, "tangent.") };
    return (await forward.run(run)).products.data as RealArray;
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
    const result = new Float64Array(x.count * y.count * entries);
    const { size } = layout;
    const all = await rows.of(y.request);
    for (let m = 0; m < y.count; m++) {
      for (let d = 0; d < seeds; d++) {
        const row = all.subarray((m * seeds + d) * size, (m * seeds + d + 1) * size);
        place(result, await column(x.request, row), { x: x.request, m, d, width: y.count });
      }
    }
    return result;
  };

  return {
    name: "vector-products",
    prepare: async (request) => ({ count: request.count, bytes: 0, request }),
    pair,
    async lengths({ request, count }) {
      const all = await rows.of(request);
      const apart = form === "blocks" || form === "diagonal";
      const result = new Float64Array(count * (apart ? seeds : 1));
      for (let k = 0; k < count * seeds; k++) {
        const row = all.subarray(k * layout.size, (k + 1) * layout.size);
        result[apart ? k : Math.floor(k / seeds)] += row.reduce((total, g) => total + g * g, 0);
      }
      return result;
    },
  };
}
