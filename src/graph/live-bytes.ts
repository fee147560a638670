// How many bytes the values of a running graph occupy at once.

import { valueIn } from "./builder.ts";
import { resolveDim, sizeOfShape } from "./dim.ts";
import type { Graph, ValueType } from "./types.ts";

/** Operators that give their input another shape, and no bytes of its own. */
const ALIASES: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

const WIDTHS: Readonly<Record<Exclude<ValueType, "real">, number>> = { int64: 8, int32: 4, bool: 1 };

/**
 * The most bytes that live at the same time when a graph runs on `batch` examples, its nodes in their order and each value freed after
 * its last use, results never; `width` is that of a real number. What is fed and constants do not count.
 */
export function liveBytes(graph: Graph, batch: number, width: number): number {
  const owner = new Map<string, string>();
  const ownerOf = (name: string): string => owner.get(name) ?? name;
  for (const { op, inputs, outputs } of graph.nodes) if (ALIASES.has(op)) owner.set(outputs[0], ownerOf(inputs[0]));
  const lastUse = new Map<string, number>();
  graph.nodes.forEach(({ inputs }, i) => {
    for (const name of inputs) lastUse.set(ownerOf(name), i);
  });
  const bytesOf = (name: string): number => {
    const { dtype, shape } = valueIn(graph, name);
    return resolveDim(sizeOfShape(shape), batch) * (dtype === "real" ? width : WIDTHS[dtype]);
  };
  for (const name of graph.outputs) lastUse.set(ownerOf(name), graph.nodes.length);
  const own = new Set<string>();
  let live = 0;
  let most = 0;
  graph.nodes.forEach(({ inputs, outputs }, i) => {
    for (const name of outputs) {
      if (!graph.values.has(name) || owner.has(name)) continue;
      own.add(name);
      live += bytesOf(name);
    }
    most = Math.max(most, live);
    for (const name of new Set([...inputs, ...outputs].map(ownerOf))) {
      if (own.has(name) && (lastUse.get(name) ?? i) === i) live -= bytesOf(name);
    }
  });
  return most;
}
