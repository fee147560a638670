// What a run that another program's loop made can be used for, decided from what that loop handed over.

import { UnsupportedError } from "../errors.ts";
import type { Recording, Run } from "./types.ts";

/**
 * steps: parameters before every step, batches, optimizer. intervals: the same with parameters at some steps only. parameters: states of
 * the parameters without the batches between them.
 */
export type RecordingTier = "steps" | "intervals" | "parameters";

export interface RecordingReport extends Recording {
  readonly tier: RecordingTier;
  /** What the tier takes away, one line each; nothing for `steps`. */
  readonly disables: readonly string[];
}

const DISABLES: Readonly<Record<RecordingTier, readonly string[]>> = {
  steps: [],
  intervals: [
    "the loop's own states between checkpoints: those steps are computed here, and what differs at the next checkpoint is the term replay",
  ],
  parameters: [
    "contributions, terms and residuals (explain, verify): which examples made a step is not known",
    "path kernels, which weigh a kernel by its step's batch",
    "replay and training without some examples",
  ],
};

type Recorded = Pick<Run, "manifest" | "batches" | "checkpoints">;

function tierOf({ batches, checkpoints }: Recorded): RecordingTier {
  if (batches.length > 0 && batches.every(({ indices }) => indices.length === 0)) return "parameters";
  return checkpoints.length === batches.length + 1 ? "steps" : "intervals";
}

/** The tier of a run that another program's loop made, and what it takes away; undefined for a run that was trained here. */
export function recordingOf(run: Recorded): RecordingReport | undefined {
  const { recording } = run.manifest;
  if (recording === undefined) return undefined;
  const tier = tierOf(run);
  return { ...recording, tier, disables: DISABLES[tier] };
}

/**
 * Whether the path from one stored state to the next is taken as it stands. Else the steps between are run again, and the path may jump at
 * their end: where they are several, and where another program's loop made them, of which only the states are taken as given.
 */
export function isTakenAsStored({ manifest }: Pick<Run, "manifest">, from: number, to: number): boolean {
  return to === from + 1 && manifest.recording === undefined;
}

/** UnsupportedError where the batches of a run are unknown; `what` needs them. */
export function requireBatches(run: Recorded, what: string): void {
  if (recordingOf(run)?.tier !== "parameters") return;
  const hint = "record the examples of each batch, in their order; kernels at the recorded states need none";
  throw new UnsupportedError(`${what}: the run must have its batches, got recorded parameters alone`, { hint });
}
