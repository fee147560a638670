// Replay with all that can be known of this machine: its processor, and hashes of checkpoints that are not stored.

import { cpuOf } from "../engine/cpu.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import type { Run } from "../run/types.ts";
import { type ReplayOptions, type ReplayReport, replay } from "./replay.ts";
import { type ReplayPlace, replayPlace } from "./replay-differences.ts";
import type { Task } from "./task.ts";

/** This machine, its processor included. */
export function placeHere(task: Task): ReplayPlace {
  return replayPlace(task, cpuOf());
}

/** `replay` that compares processors too, and proves checkpoints whose files are gone by their hashes. */
export function replayHere(
  task: Task,
  run: Run,
  options: Omit<ReplayOptions, "here" | "hash"> = {},
): Promise<ReplayReport> {
  return replay(task, run, { ...options, here: placeHere(task), hash: sha256 });
}
