// Tangent kernels as they are defined: all Jacobians, then all inner products. The reference for every other algorithm.

import { dot } from "../numeric/sum.ts";
import { sizeOf } from "../numeric/tensor.ts";
import type { AlgorithmOptions, Execution, KernelAlgorithm, Prepared } from "./algorithm.ts";
import { entryShape } from "./form.ts";
import { groupsOf, rangesOf } from "./groups.ts";
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
export function jacobianContraction(
  { model, form, per }: AlgorithmOptions,
  { signal }: Execution,
): KernelAlgorithm<PreparedJacobians> {
  const rows = new JacobianRows(model, form, { signal });
  const { size } = model.layout;
  const { seeds } = rows;
  const pairs = seedPairs(form, seeds);
  const entries = sizeOf(entryShape(form, model.outputs));
  const groups = groupsOf(model.layout, per).map(rangesOf);
  const apart = form === "blocks" || form === "diagonal";

  /** <row i of a, row k of b> over the parameters of a group. */
  const product = (a: Float64Array, b: Float64Array, [i, k, group]: readonly [number, number, number]): number =>
    groups[group].reduce(
      (total, [start, end]) => total + dot(a, b, i * size + start, k * size + start, end - start),
      0,
    );

  return {
    name: "jacobian-contraction",
    async prepare(request) {
      const jacobians = new Float64Array(request.count * seeds * size);
      let row = 0;
      for await (const values of rows.of(request)) jacobians.set(values, row++ * size);
      return { count: request.count, bytes: jacobians.byteLength, jacobians };
    },
    async pair(x, y) {
      const result = new Float64Array(groups.length * x.count * y.count * entries);
      for (let g = 0; g < groups.length; g++) {
        for (let n = 0; n < x.count; n++) {
          for (let m = 0; m < y.count; m++) {
            const at = ((g * x.count + n) * y.count + m) * entries;
            for (const { c, d, entry } of pairs) {
              result[at + entry] += product(x.jacobians, y.jacobians, [n * seeds + c, m * seeds + d, g]);
            }
          }
        }
      }
      return result;
    },
    async lengths(x) {
      const width = x.count * (apart ? seeds : 1);
      const result = new Float64Array(groups.length * width);
      for (let g = 0; g < groups.length; g++) {
        for (let k = 0; k < x.count * seeds; k++) {
          result[g * width + (apart ? k : Math.floor(k / seeds))] += product(x.jacobians, x.jacobians, [k, k, g]);
        }
      }
      return result;
    },
  };
}
