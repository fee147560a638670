// What is known of a kernel file that is not finished: of which kernel it is a part, and how much of it is there.

import { rmSync } from "node:fs";
import { z } from "zod";
import { FileError } from "../errors.ts";
import { fileErrorFrom, pathExists, readFileBytes, writeFileAtomic } from "../numeric/files.node.ts";

const SCHEMA = "pathkernel.partial-kernel/1";

const stateSchema = z.object({
  schema: z.literal(SCHEMA),
  /** Everything that the numbers depend on but the parameters. */
  fingerprint: z.record(z.string(), z.string()),
  /** Of the parameters of each kernel of the file that was begun. */
  params: z.array(z.string()),
  /** Tiles that are on the device, from the first one on. */
  done: z.int().nonnegative(),
});

export type PartialState = Omit<z.output<typeof stateSchema>, "schema">;

/** The unfinished file and the record of it, beside the file that they will become. */
export const partialFiles = (path: string): { readonly data: string; readonly state: string } => ({
  data: `${path}.partial`,
  state: `${path}.partial.json`,
});

/** The record of an unfinished kernel; undefined where there is none. FileError for one that is cut off or of another format. */
export function readState(path: string): PartialState | undefined {
  const { data, state } = partialFiles(path);
  // Data without a record hold no finished tile, a record without data belongs to a file that was finished or removed.
  if (!pathExists(data) || !pathExists(state)) return undefined;
  const text = new TextDecoder().decode(readFileBytes(state));
  try {
    const { schema: _, ...known } = stateSchema.parse(JSON.parse(text));
    return known;
  } catch (cause) {
    const hint = "it is cut off or not of this version; start again with --force";
    throw new FileError(`cannot resume ${data}: ${state} must say what is done`, path, { hint, cause });
  }
}

export function writeState(path: string, state: PartialState): void {
  writeFileAtomic(partialFiles(path).state, `${JSON.stringify({ schema: SCHEMA, ...state })}\n`);
}

/** Removes the record before the data: data without a record are never taken for a part of a kernel. */
export function removePartial(path: string, which: "state" | "both"): void {
  const { data, state } = partialFiles(path);
  try {
    rmSync(state, { force: true });
    if (which === "both") rmSync(data, { force: true });
  } catch (cause) {
    throw fileErrorFrom("write", data, cause);
  }
}
