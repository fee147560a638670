// Whether what a graph computes fits into memory, by its inferred shapes, before the engine sees it.

import { EngineError } from "../errors.ts";
import { isBatch, resolveDim } from "../graph/dim.ts";
import { largestValue, liveBytes } from "../graph/live-bytes.ts";
import type { Graph } from "../graph/types.ts";
import type { RealDType, Tensor } from "../numeric/tensor.ts";

const MIB = 2 ** 20;

/** Bytes as a number that can be read: "3.4 GiB". */
function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 1024 * MIB ? [bytes / 1024 / MIB, "GiB"] : [bytes / MIB, "MiB"];
  return `${Number(size.toPrecision(3))} ${unit}`;
}

/** What is known of a graph that was admitted: as it is run, and the bytes that it takes by batch. */
interface Known {
  readonly lowered: Graph;
  readonly bytes: Map<number, number>;
}

/** The batch size that feeds mean to a graph; 1 where nothing depends on it. */
export function batchOf(graph: Graph, feeds: Readonly<Record<string, Pick<Tensor, "shape">>>): number {
  let batch: number | undefined;
  for (const name of graph.inputs) {
    const shape = graph.values.get(name)?.shape ?? [];
    const axis = shape.findIndex(isBatch);
    const size = axis < 0 ? undefined : feeds[name]?.shape[axis];
    if (size !== undefined) batch = Math.max(batch ?? 0, size / resolveDim(shape[axis], 1));
  }
  return batch ?? 1;
}

/** The memory that the runs of one engine may take. */
export class Room {
  private readonly width: number;
  private readonly limit: number;
  private readonly known = new WeakMap<Graph, Known>();

  constructor(dtype: RealDType, limit: number) {
    this.width = dtype === "float64" ? 8 : 4;
    this.limit = limit;
  }

  /** Takes note of the graph that is run for `graph`, first as it is, then lowered; EngineError where not even one example fits. */
  admit(graph: Graph, lowered: Graph): void {
    const known = { lowered, bytes: new Map<number, number>() };
    this.known.set(graph, known);
    this.check(known, 1);
  }

  /** EngineError where a run on these feeds would take too much. Cost: once for each graph and batch size. */
  require(graph: Graph, feeds: Readonly<Record<string, Pick<Tensor, "shape">>>): void {
    const known = this.known.get(graph);
    if (known) this.check(known, batchOf(graph, feeds));
  }

  private check({ lowered, bytes }: Known, batch: number): void {
    const needed = bytes.get(batch) ?? liveBytes(lowered, batch, this.width);
    bytes.set(batch, needed);
    if (needed <= this.limit) return;
    const largest = largestValue(lowered, batch, this.width);
    const what = largest ? `, of which ${largest.op} writes [${largest.shape.join(", ")}]` : "";
    throw new EngineError(
      `the values of a graph of ${lowered.nodes.length} nodes on ${batch} examples must fit into ${bytesText(this.limit)}, got ${bytesText(needed)}${what}`,
      { hint: "take smaller batches, or open the engine with a larger memoryLimit where the memory is there" },
    );
  }
}
