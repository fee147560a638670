// How far a recorded state is from where our optimizer arrives: in parameters, and in what they make of a batch.

import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import type { Task } from "./task.ts";

export interface Jump {
  /** The recorded state is the one before this step. */
  readonly step: number;
  /** ||w recorded - w made||. */
  readonly size: number;
  /** `size` over the longer of the two ways from the state recorded before; 0 where nothing moved. */
  readonly relative: number;
  /**
   * max |f(w recorded) - f(w made)| over max |f(w recorded) - f(w before)|, on examples of the last batch. Measured where `relative` is
   * above 1e-3, else absent: Adam moves parameters whose gradient is rounding alone as far as others, to no effect.
   */
  readonly outputs?: number;
}

/** A jump of this share of the way is no rounding, in either dtype. */
export const NOTABLE_JUMP = 1e-3;

/** Whether a loop did something else than our optimizer: its outputs show it. */
export function isNotable({ outputs = 0 }: Jump): boolean {
  return !(outputs <= NOTABLE_JUMP);
}

/** Examples on which outputs are compared. */
const EXAMPLES = 32;

export interface JumpPlace {
  readonly step: number;
  readonly recorded: RealArray;
  readonly made: RealArray;
  /** The state recorded before, from which both were reached. */
  readonly before: RealArray;
  /** Training examples of the last batch. */
  readonly examples: Int32Array;
}

/** Measures one jump. Cost: two passes over the parameters; three forward passes where it is large. */
export async function measureJump(task: Task, place: JumpPlace): Promise<Jump> {
  const { step, recorded, made, before } = place;
  const size = distance(recorded, made);
  if (size === 0) return { step, size, relative: 0 };
  const relative = size / Math.max(distance(recorded, before), distance(made, before));
  if (relative <= NOTABLE_JUMP) return { step, size, relative };
  return { step, size, relative, outputs: await inOutputs(task, place) };
}

async function inOutputs(task: Task, { recorded, made, before, examples }: JumpPlace): Promise<number> {
  const feeds = await examplesOf(task, task.dataset.train).feeds(examples.subarray(0, EXAMPLES));
  const program = task.engine.compile(task.split.head);
  const outputs = async (params: RealArray): Promise<RealArray> =>
    (await program.run({ ...task.frozen, ...viewsOf(task.layout, params), ...feeds })).y.data as RealArray;
  const at = await outputs(recorded);
  const apart = largestDifference(at, await outputs(made));
  return apart === 0 ? 0 : apart / largestDifference(at, await outputs(before));
}

function distance(a: RealArray, b: RealArray): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return Math.sqrt(sum);
}

function largestDifference(a: RealArray, b: RealArray): number {
  let most = 0;
  for (let k = 0; k < a.length; k++) most = Math.max(most, Math.abs(a[k] - b[k]));
  return most;
}
