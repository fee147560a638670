// One hash of what a training did, for telling whether two runs are the same.

import { createHash } from "node:crypto";
import { bytesOf } from "../numeric/bytes.ts";
import type { Run } from "./types.ts";

/**
 * SHA-256 over the batches with their keys, the numbers of each step, and the last parameters and optimizer state, bit by bit: equal for equal
 * trainings, however often they were interrupted, whatever the date, the checkpoints kept and the layout of the files. 64 hexadecimal
 * digits. Cost: reads one checkpoint.
 */
export async function runHash(run: Run): Promise<string> {
  const hash = createHash("sha256");
  const lengths = Int32Array.from(run.batches, ({ indices }) => indices.length);
  hash.update(`${run.manifest.dtype} ${lengths.length}\n`).update(bytesOf(lengths));
  for (const { indices, weights, keys } of run.batches) {
    hash.update(bytesOf(indices)).update(bytesOf(weights));
    if (keys) hash.update(bytesOf(keys));
  }
  const numbers = run.scalars.flatMap(({ loss, stepSize, gradientNorm }) => [loss, stepSize, gradientNorm]);
  hash.update(bytesOf(Float64Array.from(numbers)));
  const { step, params, buffers } = await run.checkpoint(run.checkpoints[run.checkpoints.length - 1]);
  hash.update(`${step} ${params.length}\n`).update(bytesOf(params));
  for (const name of Object.keys(buffers).sort()) hash.update(`${name}\n`).update(bytesOf(buffers[name]));
  return hash.digest("hex");
}
