// How much memory one piece of work takes at its highest: Linux keeps the mark, and sets it back when asked.

import { readFileSync, writeFileSync } from "node:fs";
import { resourceUsage } from "node:process";

const KIB = 1024;

function statusOf(field: "VmHWM" | "VmRSS"): number | undefined {
  try {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) * KIB;
  } catch {
    return undefined;
  }
}

/** Sets the mark back; the function that it gives tells by how many bytes the highest use since then exceeds that of now. */
export function markMemory(): () => number {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere the mark of the whole process must do: it sees the first input that takes too much.
  }
  const before = statusOf("VmRSS") ?? resourceUsage().maxRSS * KIB;
  return () => (statusOf("VmHWM") ?? resourceUsage().maxRSS * KIB) - before;
}
