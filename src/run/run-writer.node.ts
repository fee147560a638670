// Starts to record a run in a folder NAME.pkrun of its own.

import { join } from "node:path";
import { UnsupportedError } from "../errors.ts";
import { writeFileAtomic } from "../numeric/files.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { DiskRunWriter } from "./disk-writer.node.ts";
import { NewFolder } from "./new-folder.node.ts";
import { LOSS_FILE, MODEL_FILE } from "./read-record.node.ts";
import type { NewRun, RunWriter } from "./types.ts";

export interface RunWriterOptions extends NewRun {
  /** Replaces a run that stands at the path. Never any other folder. */
  readonly force?: boolean;
}

/**
 * Starts to record a run in the folder `path`: model.onnx, loss.onnx where the loss is a user's file, batches/, scalars/, checkpoints/, checkpoints.sha256 and manifest.json. The
 * folder appears with the first checkpoint, so that whatever has its name can be read.
 *
 * Each file is replaced whole or not at all; a process that is killed leaves a run that reads up to the last checkpoint that was
 * flushed. Throws FileError where the folder or a file cannot be written (and then leaves nothing behind), where a run
 * has that name and `force` is not set, where another process records it, or where another folder or a file has the name.
 */
export async function createRunWriter(path: string, { force = false, ...run }: RunWriterOptions): Promise<RunWriter> {
  const read = Object.keys(run.manifest.lossInputs ?? {});
  if (read.length > 0)
    throw new UnsupportedError(
      `${path}: a loss that reads ${read.join(", ")} at every step is recorded in memory only`,
    );
  const actual = sha256(run.modelBytes);
  if (actual !== run.manifest.model.sha256) {
    throw new RangeError(`createRunWriter: manifest.model.sha256 must be ${actual}, got ${run.manifest.model.sha256}`);
  }
  const lossHash = run.lossBytes && sha256(run.lossBytes);
  if (lossHash !== run.manifest.lossFile?.sha256) {
    const got = run.manifest.lossFile?.sha256 ?? "none";
    throw new RangeError(`createRunWriter: manifest.lossFile.sha256 must be ${lossHash ?? "left out"}, got ${got}`);
  }
  const folder = new NewFolder(path, force);
  try {
    const writer = new DiskRunWriter({ path, run, folder });
    writer.check();
    writeFileAtomic(join(folder.place, MODEL_FILE), run.modelBytes);
    if (run.lossBytes) writeFileAtomic(join(folder.place, LOSS_FILE), run.lossBytes);
    return writer;
  } catch (cause) {
    folder.undo();
    throw cause;
  }
}
