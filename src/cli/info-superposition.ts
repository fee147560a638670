// The superposition that lies with a run, as `pathkernel info` tells of it.

import { isPathkernelError } from "../errors.ts";
import { openSuperposition, type StoredSuperposition, superpositionPath } from "../explain/superposition-store.node.ts";
import { pathExists } from "../numeric/files.node.ts";
import type { RunFault } from "../run/inspect-run.node.ts";
import type { Run } from "../run/types.ts";
import { formatBytes, grouped } from "./format.ts";
import { shiftText } from "./path-text.ts";

export interface SuperpositionReport {
  /** What is known of it, for --json. */
  readonly facts: Pick<
    StoredSuperposition,
    "path" | "examples" | "parameters" | "steps" | "bytes" | "madeBy" | "closure" | "shift"
  >;
  readonly text: string;
}

/** What lies there; a fault where it is broken or of another run; undefined where there is none. */
export async function superpositionReport(run: Run): Promise<SuperpositionReport | RunFault | undefined> {
  const place = superpositionPath(run);
  if (!pathExists(place)) return undefined;
  try {
    const store = await openSuperposition(run);
    store.close();
    const { path, examples, parameters, steps, bytes, madeBy, closure, shift } = store;
    const made = madeBy === "training" ? "booked while training" : "made by replay";
    const size = `${grouped(examples)} displacements of ${grouped(parameters)} parameters over ${grouped(steps)} steps`;
    const moved = shift ? `; contributions ${shiftText(shift)}` : "";
    return {
      facts: { path, examples, parameters, steps, bytes, madeBy, closure, shift },
      text: `${size}, ${formatBytes(bytes)}, ${made}${moved}`,
    };
  } catch (error) {
    if (!isPathkernelError(error)) throw error;
    const effect = "explain --superposition refuses it; make it again with pathkernel superposition --force";
    return { part: "superposition", problem: error.message, effect, disables: [] };
  }
}
