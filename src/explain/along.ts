// The averaged Jacobian along a vector that is no step's: what a jump in the middle of a chord does to each row.

import { jvp } from "../differentiate/forward.ts";
import { fullLike, mul } from "../graph/ops.ts";
import type { Graph } from "../graph/types.ts";
import { type Layout, viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { NODE, once, type ReadoutGraphOptions, readoutAlong } from "./graphs.ts";
import type { Node, RowEvaluator } from "./segment.ts";

const VECTOR = "along.";

/** `along` (N) = omega_r J_r v at w + t Delta, v fed as `along.NAME`; other inputs as those of the graphs along a segment. */
export function alongGraph(options: ReadoutGraphOptions): Graph {
  const { head, readout, targetType, layout } = options;
  return once(head, `along ${readout.key} ${targetType} ${layout.entries.map(({ name }) => name)}`, () => {
    const { b, value, parameters } = readoutAlong(options);
    const weights = b.input(NODE, "real", ["N"]);
    const towards = parameters.map((moved, i) => ({
      value: moved,
      tangent: b.input(VECTOR + layout.entries[i].name, "real", moved.shape),
    }));
    const [slope] = jvp(b, towards, [value]);
    return b.build({ along: slope ? mul(b, weights, slope) : fullLike(b, weights, 0) });
  });
}

/** J v of every row, J averaged over the nodes of the segment that `rows` has entered: (R). Cost: one forward-mode pass a node. */
export async function alongNodes(
  rows: RowEvaluator,
  nodes: readonly Node[],
  { graph, vector, layout }: { graph: Graph; vector: RealArray; layout: Layout },
): Promise<Float64Array> {
  const total = new Float64Array(rows.count);
  for (const node of nodes) {
    const { along } = await rows.runAtNode(graph, node, { own: viewsOf(layout, vector, VECTOR) });
    node.rows.forEach((row, k) => {
      total[row] += Number(along.data[k]);
    });
  }
  return total;
}
