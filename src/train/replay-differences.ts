// What may keep a replay from giving the bits of the record, told before it starts.

import type { EngineRecord, RunManifest } from "../run/types.ts";
import { SOFTWARE } from "../version.ts";
import { differencesOf, engineDifferences, type ReplayDifference } from "./engine-differences.ts";
import type { Task } from "./task.ts";

/** Where a run would be replayed: the parts of a manifest that decide the bits of a step. */
export interface ReplayPlace extends Pick<RunManifest, "software" | "dtype" | "loss" | "optimizer"> {
  readonly engine: EngineRecord;
  readonly data: Pick<RunManifest["data"], "sha256">;
}

/** Where a run was recorded, wholly or in several sessions, by us or by another program's loop. */
export type RecordedPlace = ReplayPlace & Pick<RunManifest, "resumed" | "recording">;

/** This software on this engine, with everything of the task that steps are made of. */
export function replayPlace(task: Task, cpu?: EngineRecord["cpu"]): ReplayPlace {
  const { engine, loss, optimizer, dataset } = task;
  return {
    software: SOFTWARE,
    dtype: engine.dtype,
    engine: { ...engine.info, cpu },
    loss: loss.name,
    optimizer: { name: optimizer.name, options: optimizer.options },
    data: { sha256: dataset.sha256 },
  };
}

function textOf({ name, options }: RunManifest["optimizer"]): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return [name, ...sorted.map(([key, value]) => `${key} ${value}`)].join(" ");
}

/**
 * What differs between the place where a run was recorded and the one where it would be replayed; nothing where the same bits are to be
 * expected. Of a run that was resumed every session counts. What either side does not know of itself (processors, in runs of before and in
 * browsers) is not compared.
 */
export function replayDifferences(manifest: RecordedPlace, here: ReplayPlace): ReplayDifference[] {
  const { recording, resumed = [] } = manifest;
  const sessions = [manifest, ...resumed].flatMap(({ software, engine }) => [
    ...differencesOf([["software", software, here.software]]),
    ...engineDifferences(engine, here.engine),
  ]);
  const known = new Set<string>();
  const once = sessions.filter(({ what, recorded }) => {
    const key = `${what}\n${recorded}`;
    return !known.has(key) && known.add(key);
  });
  return [
    ...differencesOf([["training loop", recording?.by ?? here.software, here.software]]),
    ...once,
    ...differencesOf([
      ["dtype", manifest.dtype, here.dtype],
      ["data", manifest.data.sha256, here.data.sha256],
      ["loss", manifest.loss, here.loss],
      ["optimizer", textOf(manifest.optimizer), textOf(here.optimizer)],
    ]),
  ];
}
