// The beginning of a recorded run as a run of its own: what training had made by some step.

import type { Checkpoint, Run } from "../run/types.ts";
import type { Task } from "./task.ts";
import { stateAt } from "./trajectory.ts";

/**
 * The first `steps` steps of a run. Its last state is read where it is stored, else replayed, and kept in memory.
 * RangeError where there are not as many.
 */
export async function beginningOf(task: Task, run: Run, steps: number): Promise<Run> {
  const end: Checkpoint = await stateAt(task, run, steps);
  return {
    ...run,
    manifest: { ...run.manifest, steps },
    batches: run.batches.slice(0, steps),
    scalars: run.scalars.slice(0, steps),
    checkpoints: [...run.checkpoints.filter((step) => step < steps), steps],
    checkpoint: async (step) => (step === steps ? end : run.checkpoint(step)),
  };
}
