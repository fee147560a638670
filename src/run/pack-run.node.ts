// Packs a recorded run into one file: the same tree in a stored zip archive, which reads as the folder does.

import { ARRAY_FILES } from "./arrays-format.ts";
import { checkpointFile } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE } from "./checkpoint-hashes.ts";
import { columnsOfRun } from "./columns.ts";
import { OLD_BATCHES_FILE, OLD_STEPS_FILE } from "./old-layout.ts";
import { MANIFEST_FILE, MODEL_FILE } from "./read-record.node.ts";
import { writeArchive } from "./run-archive.node.ts";
import { requirePart } from "./run-files.ts";
import { openRun, openRunFiles } from "./run-reader.node.ts";

/**
 * Writes the run at `path`, every part verified by its hash, to the archive `out`; gives its bytes. The same run gives the same bytes.
 * Cost: reads every checkpoint twice. InvalidRunError for a run that cannot be read, FileError where `out` cannot be written.
 */
export async function packRun(path: string, out: string): Promise<number> {
  const run = await openRun(path);
  for (const step of run.checkpoints) await run.checkpoint(step);
  const files = openRunFiles(path);
  const arrays = columnsOfRun(run.manifest.random !== undefined).map((name) => ARRAY_FILES[name]);
  const isOld = run.checkpointHashes === undefined;
  const parts = [
    MANIFEST_FILE,
    MODEL_FILE,
    ...(isOld ? [OLD_BATCHES_FILE, OLD_STEPS_FILE] : [...arrays, CHECKPOINT_HASHES_FILE]),
    ...run.checkpoints.map(checkpointFile),
  ];
  function* contents(): Generator<readonly [string, Uint8Array]> {
    for (const part of parts) yield [part, requirePart(files, part)];
  }
  return writeArchive(out, contents());
}
