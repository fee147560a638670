// What a kernel is the sum of: one part for all parameters, for each of them, or for each layer.

import type { Layout, LayoutEntry } from "../numeric/layout.ts";
import type { KernelDivision } from "./types.ts";

/** Parameters whose derivatives make one part of a kernel. */
export interface ParameterGroup {
  readonly name: string;
  readonly entries: readonly LayoutEntry[];
}

/** The name of a parameter's layer: `layers.0` of `layers.0.weight`; a name without a dot is its own layer. */
const layerOf = (name: string): string => (name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name);

/** The groups in the order of the layout: one with all parameters (its name is empty) where the kernel is not divided. */
export function groupsOf({ entries }: Layout, per: KernelDivision | undefined): readonly ParameterGroup[] {
  const groups = new Map<string, LayoutEntry[]>(per === undefined ? [["", []]] : []);
  for (const entry of entries) {
    const name = per === undefined ? "" : per === "layer" ? layerOf(entry.name) : entry.name;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups].map(([name, own]) => ({ name, entries: own }));
}

/** Where a group's parameters lie in a flat array: [start, end), neighbours joined. */
export function rangesOf({ entries }: ParameterGroup): readonly (readonly [start: number, end: number])[] {
  const ranges: [number, number][] = [];
  for (const { offset, size } of entries) {
    const last = ranges.at(-1);
    if (last?.[1] === offset) last[1] += size;
    else ranges.push([offset, offset + size]);
  }
  return ranges;
}
