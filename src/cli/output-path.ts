// Checks that a file can be written before long work starts, so that the work is not lost at its end.

import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileErrorFrom } from "../numeric/files.node.ts";

/** FileError where `path` is a folder, its folder is missing or is a file, or writing is not permitted. Writes nothing. */
export function requireWritable(path: string): void {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" });
    const folder = dirname(path);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(folder), { code: "ENOTDIR" });
    // A new file needs the folder; one that is there is replaced through the folder, a device is written to.
    accessSync(stat === undefined || stat.isFile() ? folder : path, constants.W_OK);
    if (stat !== undefined) accessSync(path, constants.W_OK);
  } catch (cause) {
    throw fileErrorFrom("write", path, cause);
  }
}

/** The same for a file whose folder may still have to be made. */
export function requireReplaceable(path: string): void {
  if (statSync(dirname(path), { throwIfNoEntry: false }) !== undefined) requireWritable(path);
}
