// Examples paired with themselves: in blocks of rows, of which only the pairs on and above the diagonal are computed.

import { GraphBuilder } from "../graph/builder.ts";
import { resolveDim } from "../graph/dim.ts";
import { slice } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { type PairOptions, pairFeeds, pairGraph } from "./factors.ts";
import { partName, rowsOfExamples, type SideGraph } from "./parts.ts";
import type { KernelForm } from "./types.ts";

/** Rows start to end, with the columns from start on. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

export function rowBlocks(count: number, block: number): readonly RowRange[] {
  return Array.from({ length: Math.ceil(count / block) }, (_, k) => ({
    start: k * block,
    end: Math.min(count, (k + 1) * block),
  }));
}

/** Fewest rows of a block in which a tile is paired with itself. */
const LEAST_BLOCK = 4;
/** FLOPs that the engine could do in the time that one more run of a pair graph costs: 0.6 ms. */
const RUN_FLOPS = 4e7;

/**
 * Rows of a block in which a tile is paired with itself: k blocks leave (k - 1) / 2k of the products undone, and cost k runs, so that k =
 * sqrt(FLOPs / 2 FLOPs of a run) is best.
 */
export function blockOf(count: number, flops: number): number {
  const blocks = Math.max(1, Math.round(Math.sqrt(flops / (2 * RUN_FLOPS))));
  return Math.max(LEAST_BLOCK, Math.ceil(count / blocks));
}

interface RowBlock extends RowRange {
  readonly groups: number;
  readonly count: number;
  readonly form: KernelForm;
  readonly outputs: number;
  /** Numbers of one entry. */
  readonly entry: number;
}

/** Puts the entries of a block of rows to their places and to the mirror images of these. */
export function placeRows(
  to: RealArray,
  from: RealArray,
  { groups, count, form, outputs, entry, start, end }: RowBlock,
): void {
  const [c, d] = form === "blocks" ? [outputs, outputs] : [1, entry];
  let k = 0;
  for (let g = 0; g < groups; g++) {
    for (let i = start; i < end; i++) {
      const row = (g * count + i) * count;
      to.set(from.subarray(k, k + (count - start) * entry), (row + start) * entry);
      for (let j = start; j < count; j++) {
        const mirror = ((g * count + j) * count + i) * entry;
        if (j < end) k += entry;
        else for (let p = 0; p < c; p++) for (let q = 0; q < d; q++, k++) to[mirror + q * c + p] = from[k];
      }
    }
  }
}

/** Output of `aloneGraph` with the entries of a block of rows. */
export const blockName = (k: number): string => `kernel.${k}`;

export interface AloneOptions extends Omit<PairOptions, "sizes"> {
  readonly count: number;
  readonly blocks: readonly RowRange[];
}

/** The side graph and the pair graphs of all blocks as one graph for a fixed number of examples: nothing goes by way of the host. */
export function aloneGraph({ graph, parts }: SideGraph, { count, blocks, ...options }: AloneOptions): Graph {
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
  const rowsOf = (start: number, end: number): Record<string, Value> =>
    Object.fromEntries(
      parts.flatMap(({ parameter, values }) =>
        values.map((value, k) => {
          const name = partName(parameter, k);
          return [name, cut(b, kept.get(name) as Value, rowsOfExamples(value, start, end))] as const;
        }),
      ),
    );
  const outputs = blocks.map(({ start, end }, k) => {
    const pair = pairGraph(parts, { ...options, sizes: [end - start, count - start] });
    const feeds = pairFeeds(rowsOf(start, end), rowsOf(start, count));
    return [blockName(k), b.inline(pair, feeds).get("kernel") as Value] as const;
  });
  return b.build(Object.fromEntries(outputs));
}

const cut = (b: GraphBuilder, x: Value, [start, end]: readonly [number, number]): Value =>
  start === 0 && end === x.shape[0] ? x : slice(b, x, 0, { start, end });
