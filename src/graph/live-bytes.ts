// How many bytes the values of a running graph occupy at once.

import { valueIn } from "./builder.ts";
import { resolveDim } from "./dim.ts";
import type { Graph, Value, ValueType } from "./types.ts";

/** Operators that give their input another shape, and no bytes of its own. */
const ALIASES: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

const WIDTHS: Readonly<Record<Exclude<ValueType, "real">, number>> = { int64: 8, int32: 4, bool: 1 };

const bytesOfValue = ({ dtype, shape }: Value, batch: number, width: number): number =>
  shape.reduce<number>((size, dim) => size * resolveDim(dim, batch), dtype === "real" ? width : WIDTHS[dtype]);

/** A value of a graph that takes most bytes on `batch` examples: the operator that writes it, and its axes. */
export interface LargestValue {
  readonly op: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** The largest of the values that nodes write; undefined for a graph without nodes. */
export function largestValue(graph: Graph, batch: number, width: number): LargestValue | undefined {
  const written = graph.nodes.flatMap(({ op, outputs }) =>
    outputs.flatMap((name) => {
      const value = graph.values.get(name);
      if (!value) return [];
      const shape = value.shape.map((dim) => resolveDim(dim, batch));
      return [{ op, shape, bytes: bytesOfValue(value, batch, width) }];
    }),
  );
  return written.reduce<LargestValue | undefined>(
    (most, next) => (most && most.bytes >= next.bytes ? most : next),
    undefined,
  );
}

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
  const bytesOf = (name: string): number => bytesOfValue(valueIn(graph, name), batch, width);
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
