// Says what may keep replayed steps from being those of the record, bit for bit.

import type { Run } from "../run/types.ts";
import { differenceText, type ReplayDifference } from "../train/engine-differences.ts";
import { placeHere } from "../train/replay.node.ts";
import { replayDifferences } from "../train/replay-differences.ts";
import type { Task } from "../train/task.ts";
import type { Output } from "./output.ts";

/** One line before anything is replayed; none where nothing differs. */
export function warnOfDifferences(output: Output, differences: readonly ReplayDifference[]): void {
  if (differences.length === 0) return;
  output.warn(`replayed steps may differ in their last bits: ${differences.map(differenceText).join("; ")}`);
}

/** The same for a run that is about to be replayed, wholly or between its checkpoints. */
export function warnBeforeReplay(output: Output, run: Run, task: Task): void {
  warnOfDifferences(output, replayDifferences(run.manifest, placeHere(task)));
}
