// checkpoints.sha256 of a run: a line a checkpoint, in the format of sha256sum, so that `sha256sum -c` verifies them all.

import { InvalidRunError } from "../errors.ts";
import { checkpointFile } from "./checkpoint-format.ts";

export const CHECKPOINT_HASHES_FILE = "checkpoints.sha256";

const LINE = /^([0-9a-f]{64}) [ *]checkpoints\/(\d{8,15})\.safetensors$/;

/** The text for the SHA-256 of each checkpoint file by its step. */
export function encodeCheckpointHashes(hashes: ReadonlyMap<number, string>): string {
  const sorted = [...hashes].sort(([a], [b]) => a - b);
  return sorted.map(([step, hash]) => `${hash}  ${checkpointFile(step)}\n`).join("");
}

/** Reads checkpoints.sha256; `file` is what messages call it. Throws InvalidRunError naming the line that is wrong. */
export function decodeCheckpointHashes(text: string, file: string): Map<number, string> {
  const lines = text.split("\n");
  const last = lines.pop();
  if (last !== "") {
    throw new InvalidRunError(`${file}: must end with a line break, got "${last?.slice(0, 80)}"; it may be truncated`);
  }
  const hashes = new Map<number, string>();
  lines.forEach((line, k) => {
    const match = LINE.exec(line);
    if (match === null || checkpointFile(Number(match[2])) !== line.slice(66)) {
      const must = `line ${k + 1} must be the SHA-256 of a checkpoint and its name`;
      throw new InvalidRunError(`${file}: ${must}, got "${line.slice(0, 80)}"`);
    }
    hashes.set(Number(match[2]), match[1]);
  });
  return hashes;
}
