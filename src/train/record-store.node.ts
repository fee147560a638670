// Keeps the record of a loop in a folder NAME.pkrun.

import { cpuOf } from "../engine/cpu.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { openRun } from "../run/run-reader.node.ts";
import { createRunWriter } from "../run/run-writer.node.ts";
import type { NewRun } from "../run/types.ts";
import type { RecordStore } from "./record.ts";

/**
 * A store for `record` at `path`; `force` replaces a run that stands there. Throws as `createRunWriter` does.
 *
 * @example await record(task, { params, store: folderStore("loop.pkrun") })
 */
export function folderStore(path: string, { force = false } = {}): (run: NewRun) => Promise<RecordStore> {
  return async ({ manifest, ...run }) => {
    const model = { ...manifest.model, sha256: sha256(run.modelBytes) };
    const lossFile = run.lossBytes && { lossFile: { sha256: sha256(run.lossBytes) } };
    const engine = { ...manifest.engine, cpu: cpuOf() };
    const dated = { ...manifest, ...lossFile, engine, model, createdAt: new Date().toISOString() };
    const writer = await createRunWriter(path, { ...run, manifest: dated, force });
    return { writer, open: () => openRun(path) };
  };
}
