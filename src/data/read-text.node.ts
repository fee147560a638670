// A file as text.

import { InvalidDataError } from "../errors.ts";
import { readFileBytes } from "../numeric/files.node.ts";

/** The text of a file; FileError where it cannot be read, InvalidDataError where it is not UTF-8. */
export function readText(path: string): string {
  const bytes = readFileBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidDataError(`${path}: must be text in UTF-8, got other bytes`, { cause });
  }
}
