// Measured memory as a table: what a kernel took beside an idle process and its result, and what it was allowed.

import type { Memory } from "./case.ts";
import type { Table } from "./report.ts";

/** Bytes above the idle process and the result: what a budget is about. */
export function workingBytes({ peak, idle, result }: Memory): number {
  return Math.max(0, peak - idle - result);
}

/** "512": MiB without digits after the point. */
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** Those that have a measured memory, one a row. */
export function memoryTable(all: readonly { readonly name: string; readonly memory?: Memory }[]): Table {
  const rows = all.flatMap(({ name, memory }) => {
    if (!memory) return [];
    const { peak, idle, result, budget } = memory;
    const working = workingBytes(memory);
    const within = working <= budget ? "yes" : "no";
    return [[name, ...[budget, working, result, idle, peak].map(mebibytes), within]];
  });
  const head = [
    "case",
    "budget, MiB",
    "beside idle process and result",
    "result",
    "idle process",
    "peak RSS",
    "within",
  ];
  return { head, rows };
}
