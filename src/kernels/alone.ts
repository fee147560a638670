// Examples paired with themselves in one run.

import { GraphBuilder } from "../graph/builder.ts";
import { resolveDim } from "../graph/dim.ts";
import { slice } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { type PairOptions, pairFeeds, pairGraph } from "./factors.ts";
import { partName, rowsOfExamples, type SideGraph } from "./parts.ts";
import type { Range, Region } from "./regions.ts";

/** Output of `aloneGraph` with the entries of a region. */
export const regionName = (k: number): string => `kernel.${k}`;

export interface AloneOptions extends Omit<PairOptions, "sizes"> {
  readonly count: number;
  readonly regions: readonly Region[];
}

/** The side graph and the pair graphs of all regions as one graph for a fixed number of examples: nothing goes by way of the host. */
export function aloneGraph({ graph, parts }: SideGraph, { count, regions, ...options }: AloneOptions): Graph {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of graph.inputs) {
    const { dtype, shape } = graph.values.get(name) as Value;
    inputs[name] = b.input(
      name,
      dtype,
      shape.map((dim) => resolveDim(dim, count)),
    );
  }
  const kept = b.inline(graph, inputs);
  const rowsOf = ({ start, end }: Range): Record<string, Value> =>
    Object.fromEntries(
      parts.flatMap(({ parameter, values }) =>
        values.map((value, k) => {
          const name = partName(parameter, k);
          return [name, cut(b, kept.get(name) as Value, rowsOfExamples(value, start, end))] as const;
        }),
      ),
    );
  const outputs = regions.map(({ rows, columns }, k) => {
    const pair = pairGraph(parts, { ...options, sizes: [rows.end - rows.start, columns.end - columns.start] });
    const feeds = pairFeeds(rowsOf(rows), rowsOf(columns));
    return [regionName(k), b.inline(pair, feeds).get("kernel") as Value] as const;
  });
  return b.build(Object.fromEntries(outputs));
}

const cut = (b: GraphBuilder, x: Value, [start, end]: readonly [number, number]): Value =>
  start === 0 && end === x.shape[0] ? x : slice(b, x, 0, { start, end });
