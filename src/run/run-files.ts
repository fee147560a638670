// Where the parts of a run lie: what reading a run needs of a folder or an archive.

import { InvalidRunError } from "../errors.ts";

/** Reads parts by their names below the run, as in "checkpoints/00000012.safetensors". Nothing outside of the run is ever read. */
export interface RunFiles {
  /** What messages call the run: the path of its folder or archive. */
  readonly path: string;
  /** All bytes of a part; undefined where there is none of that name. InvalidRunError where it cannot be read or may not be. */
  read(part: string): Uint8Array | undefined;
  /** Names of the parts in a folder of the run ("" for its top); empty where there is no such folder. */
  list(folder: string): string[];
  /** Bytes of a part, undefined where there is none. */
  size(part: string): number | undefined;
}

export const INCOMPLETE = "the folder must be copied whole, or the run trained again";

/** What messages call a part. */
export function nameOfPart({ path }: Pick<RunFiles, "path">, part: string): string {
  return `${path}/${part}`;
}

/** The bytes of a part that every run has; InvalidRunError where it is not there. */
export function requirePart(files: RunFiles, part: string): Uint8Array {
  const bytes = files.read(part);
  if (bytes !== undefined) return bytes;
  throw new InvalidRunError(`${files.path}: a run must hold ${part}, got no such file`, { hint: INCOMPLETE });
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
