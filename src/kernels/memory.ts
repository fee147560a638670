// What each algorithm takes of memory, counted from the graphs that it runs.

import { lowerGraph } from "../engine/lower/lower.ts";
import { liveBytes } from "../graph/live-bytes.ts";
import type { Graph } from "../graph/types.ts";
import { sizeOf } from "../numeric/tensor.ts";
import type { AlgorithmMemory, AlgorithmOptions } from "./algorithm.ts";
import { pullGraph, pushGraph } from "./derivative-graphs.ts";
import { factoredGraphs } from "./factored.ts";
import { entryShape, seedCount } from "./form.ts";
import { cachedGraph } from "./graph-cache.ts";
import { groupsOf } from "./groups.ts";
import type { PartValue } from "./parts.ts";
import type { AlgorithmName, KernelModel } from "./types.ts";

/**
 * The engine's arena grows by doubling, falls apart and does not run nodes in the order of the file. Measured for a CNN in float32, beside
 * a session's own 34 MB: its side graph on 16 to 64 examples held 60 to 217 MB where 33 to 134 live, pairs in the form `diagonal` 202 of 71.
 */
const ARENA = 3;
const DOUBLE = 8;

const counted = new WeakMap<Graph, Map<string, number>>();

/** Bytes that the engine holds while it runs a graph on `batch` examples; counted once. */
export function engineBytes({ engine: { dtype } }: Pick<KernelModel, "engine">, graph: Graph, batch: number): number {
  const ofGraph = counted.get(graph) ?? new Map<string, number>();
  counted.set(graph, ofGraph);
  const key = `${dtype} ${batch}`;
  const bytes =
    ofGraph.get(key) ??
    ARENA * liveBytes(lowerGraph(graph, { dtype, channelBlock: 1 }), batch, dtype === "float64" ? 8 : 4);
  ofGraph.set(key, bytes);
  return bytes;
}

/** Bytes of an algorithm; undefined where the model has no factored form. */
export function memoryOf(name: AlgorithmName, options: AlgorithmOptions): AlgorithmMemory | undefined {
  const { model, form, per, weighted } = options;
  const width = model.engine.dtype === "float64" ? 8 : 4;
  const { size } = model.layout;
  const groups = groupsOf(model.layout, per);
  // The tile, its mirror, and both in the kernel's dtype where the algorithm adds up in another.
  const tileBytes = (tile: number): number =>
    tile * tile * groups.length * sizeOf(entryShape(form, model.outputs)) * (2 * width + DOUBLE);
  // Roots of the weights in float64, and a side's own in the engine's dtype.
  const diagonal = weighted ? size * (2 * DOUBLE + width) : 0;
  if (name === "factored") {
    const graphs = factoredGraphs(options);
    if (!graphs) return undefined;
    const bytesOf = ({ dtype, rows, forAll, shape }: PartValue): number =>
      forAll ? 0 : rows * sizeOf(shape) * (dtype === "real" ? width : DOUBLE);
    const kept = graphs.parts.flatMap(({ values }) => values.map(bytesOf)).reduce((total, own) => total + own, 0);
    return {
      prepared: kept,
      running: (run) => engineBytes(model, graphs.side, run) + diagonal,
      pairing: (tile) => {
        // On a card a tile is paired whole.
        const side = model.engine.holds ? tile : Math.min(tile, graphs.square(width));
        return engineBytes(model, graphs.pair(side, side), 1) + tileBytes(tile);
      },
    };
  }
  // One row of a Jacobian at a time, in the engine's dtype and in float64.
  const row = engineBytes(model, cachedGraph(model, "pull", pullGraph), 1) + size * (2 * width + DOUBLE);
  if (name === "jacobian-contraction") {
    const prepared = seedCount(form, model.outputs) * size * DOUBLE;
    return { prepared, running: () => row + diagonal, pairing: tileBytes };
  }
  const push = cachedGraph(model, "push", pushGraph);
  const inputs = model.split.exampleInputs.map((input) => push.values.get(input)?.shape.slice(1) as readonly number[]);
  const seeds = form === "readout" ? model.outputs : 0;
  return {
    prepared: DOUBLE * inputs.reduce((total, shape) => total + sizeOf(shape), seeds),
    running: (run) => row + engineBytes(model, push, run) + diagonal,
    pairing: tileBytes,
  };
}
