// Which recorded states and steps of a loop become a run: a pure function of what its folder holds.

import { InvalidDataError } from "../errors.ts";
import type { ImportBatches, ImportOptimizer } from "./import-format.ts";

/** What the plan depends on. */
export interface ImportContents {
  readonly path: string;
  readonly batches: Pick<ImportBatches, "offsets"> | undefined;
  readonly optimizer: Pick<ImportOptimizer, "lr"> | undefined;
  /** Steps before which a state is recorded, ascending, from 0 on. */
  readonly states: readonly number[];
}

export interface ImportPlan {
  /** Steps of the run: the loop's own, or, where its batches are unknown, the stretches between its recorded states. */
  readonly steps: number;
  /** A state is taken before every such step of the run, and after the last. */
  readonly checkpointEvery: number;
  /** eta_s of each step; undefined where batches or optimizer are unknown. */
  readonly rates: readonly number[] | undefined;
  /** The loop's number of the state before step s of the run. */
  loopStep(step: number): number;
  readonly notes: readonly string[];
}

const atMost = (steps: readonly number[]): string =>
  steps.slice(0, 5).join(", ") + (steps.length > 5 ? `, ... (${steps.length})` : "");

/** The smallest interval whose every multiple below `steps` is a recorded state. */
function intervalOf(states: readonly number[], steps: number): number {
  const recorded = new Set(states);
  const isKept = (every: number): boolean => {
    for (let step = every; step < steps; step += every) if (!recorded.has(step)) return false;
    return true;
  };
  for (let every = 1; every < steps; every++) if (isKept(every)) return every;
  return steps;
}

/**
 * Takes every step that batches, optimizer and a later state are known of, and the states at regular steps; where batches or the optimizer are
 * unknown, all states and no steps between them. InvalidDataError where the parts do not fit each other.
 */
export function planImport({ path, batches, optimizer, states }: ImportContents): ImportPlan {
  if (!batches || !optimizer) {
    const missing = batches ? "optimizer.json" : "batches.npz, batches.npy or indices.npy and offsets.npy";
    return {
      steps: states.length - 1,
      checkpointEvery: 1,
      rates: undefined,
      loopStep: (step) => states[step],
      notes: [`${path} has no ${missing}: recorded parameters alone are imported, and nothing can be explained`],
    };
  }
  const count = batches.offsets.length - 1;
  const rates = typeof optimizer.lr === "number" ? new Array<number>(count).fill(optimizer.lr) : optimizer.lr;
  if (rates.length !== count)
    throw new InvalidDataError(
      `${path}: optimizer.json must have an lr for each of ${count} steps, got ${rates.length}`,
    );
  const last = states[states.length - 1];
  if (last > count)
    throw new InvalidDataError(
      `${path}: states must lie within the ${count} steps that have a batch, got one after ${last}`,
    );
  const checkpointEvery = intervalOf(states, last);
  const unused = states.filter((step) => step % checkpointEvery !== 0 && step !== last);
  const notes = [];
  if (last < count)
    notes.push(`steps after ${last - 1} are left out, since no later state of the parameters is recorded`);
  if (unused.length > 0)
    notes.push(
      `states before steps ${atMost(unused)} are left out: those before every ${checkpointEvery} steps are taken`,
    );
  return { steps: last, checkpointEvery, rates: rates.slice(0, last), loopStep: (step) => step, notes };
}
