// Tangent kernels as they are defined: all Jacobians, then all inner products. The reference for every other algorithm.

import { dot } from "../numeric/sum.ts";
import type { AlgorithmOptions, KernelAlgorithm, Prepared } from "./algorithm.ts";
import { seedCount } from "./form.ts";
import { JacobianRows } from "./rows.ts";
import type { KernelForm } from "./types.ts";

interface PreparedJacobians extends Prepared {
  /** (n, S, p). */
  readonly jacobians: Float64Array;
}

/** Pairs of seeds (c, d) that the form keeps, each with the entry that it is added to. */
function seedPairs(form: KernelForm, seeds: number): { c: number; d: number; entry: number }[] {
  const pairs: { c: number; d: number; entry: number }[] = [];
  for (let c = 0; c < seeds; c++) {
    if (form === "blocks") for (let d = 0; d < seeds; d++) pairs.push({ c, d, entry: c * seeds + d });
    else pairs.push({ c, d: c, entry: form === "diagonal" ? c : 0 });
  }
  return pairs;
}

/** K = J J^T by compensated inner products in float64. Cost: n + m reverse passes a seed and 2 n m p for each pair of seeds, on the host. */
export function jacobianContraction({ model, form }: AlgorithmOptions): KernelAlgorithm<PreparedJacobians> {
  const rows = new JacobianRows(model, form);
  const { size } = model.layout;
  const seeds = seedCount(form, model.outputs);
  const pairs = seedPairs(form, seeds);
  const entries = pairs[pairs.length - 1].entry + 1;
  return {
    name: "jacobian-contraction",
    async prepare(request) {
      const jacobians = await rows.of(request);
      return { count: request.count, bytes: jacobians.byteLength, jacobians };
    },
    async pair(x, y) {
      const result = new Float64Array(x.count * y.count * entries);
      for (let n = 0; n < x.count; n++) {
        for (let m = 0; m < y.count; m++) {
          for (const { c, d, entry } of pairs) {
            const value = dot(x.jacobians, y.jacobians, (n * seeds + c) * size, (m * seeds + d) * size, size);
            result[(n * y.count + m) * entries + entry] += value;
          }
        }
      }
      return result;
    },
    async lengths(x) {
      const apart = form === "blocks" || form === "diagonal";
      const result = new Float64Array(x.count * (apart ? seeds : 1));
      for (let k = 0; k < x.count * seeds; k++) {
        result[apart ? k : Math.floor(k / seeds)] += dot(x.jacobians, x.jacobians, k * size, k * size, size);
      }
      return result;
    },
  };
}
