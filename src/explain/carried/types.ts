// What a sweep asks of those who carry vectors backwards through an optimizer.

import type { RealArray } from "../../numeric/tensor.ts";
import type { Batch, Checkpoint } from "../../run/types.ts";
import type { Node } from "../segment.ts";

/** A step s: the states before and after it, eta_s, and its batch. */
export interface CarriedStep {
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly stepSize: number;
  readonly batch: Batch;
  /** alpha_s, where it is not one number for all parameters: u_s meets gradients and regularisers times that, (p). */
  readonly shares: RealArray | undefined;
  /** rho_j(w_s) of each regulariser: (p) each. */
  readonly regularisers: readonly RealArray[];
}

/** Where the numbers of one step go, each once for every row; a clip by one number is booked there. */
export interface Booking {
  /** <u_s, g_n> for the n-th occurrence of the batch. */
  pull(row: number, position: number, value: number): void;
  /** The decay terms of the step. */
  decay(row: number, coupled: number, decoupled: number): void;
  /** <u_s, rho_j>. */
  regulariser(row: number, j: number, pull: number): void;
}

/** All that vectors on their way hold between two lines. */
export interface SavedCarry {
  readonly numbers: readonly number[];
  readonly arrays: readonly RealArray[];
}

/** Vectors of R rows on their way from the last step to the first. */
export interface Carried {
  /** Averages the Jacobian of every row over the nodes of the segment at hand; gives J_s (w_{s+1} - w_s), by forward mode: (R). */
  average(nodes: readonly Node[]): Promise<Float64Array>;
  /** Takes the averaged Jacobian through the pull-back of a step. What it gives is booked by the end of `flush`. */
  step(step: CarriedStep, booking: Booking): Promise<void>;
  /** Books all that was put off. */
  flush(): Promise<void>;
  /** What a jump of the momentum does to each row in all later steps: -factor <z_s, m recorded - m replayed>, or nothing without one: (R). */
  jump(replayed: Checkpoint, recorded: Checkpoint): Promise<Float64Array>;
  /** What is carried, as it lies; undefined while steps are put off, which takes a few steps at most. */
  save(): SavedCarry | undefined;
  /** Takes up what was saved, before the first line. */
  restore(saved: SavedCarry): Promise<void>;
}
