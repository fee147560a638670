// What an explanation is: the output as the prior plus one contribution per training example, with the residual known.

import type { Tensor } from "../numeric/tensor.ts";

/** An input to be explained. */
export interface Query {
  /** "test:7", "train:3", "input:0". */
  readonly id: string;
  /** One example: (1, ...inputShape). */
  readonly x: Tensor;
  /** As the loss reads it, one row; needed by the `loss` readout only. */
  readonly target?: Tensor | undefined;
}

export interface ExplanationRow {
  readonly query: string;
  /** The readout with its classes named: "margin:7-2". */
  readonly readout: string;
}

/** A share of the output that is no example's. */
export interface Term {
  /** `regulariser NAME` of what is added to the loss; the decays are the optimizer's own. */
  readonly name: "coupled decay" | "decoupled decay" | "replay" | `regulariser ${string}`;
  /** (R). */
  readonly values: Float64Array;
}

/**
 * For each of R rows: output = prior + sum over examples of contributions + sum of terms + residual + closure.   (theory 1.1, eq. 3)
 *
 * Everything is in units of the readout. A contribution is bookkeeping of this run: what example i's gradients, as the
 * optimizer applied them, did to this output. It is not what removing the example would change.
 */
export interface Explanation {
  readonly rows: readonly ExplanationRow[];
  /** Training examples N. */
  readonly examples: number;
  /** Recorded steps S. */
  readonly steps: number;
  /** f(x; w_S): (R). */
  readonly output: Float64Array;
  /** f(x; w_0): (R). */
  readonly prior: Float64Array;
  /** (R, N) row-major. */
  readonly contributions: Float64Array;
  readonly terms: readonly Term[];
  /** What the quadrature along the path leaves, measured on the query side alone: (R). */
  readonly residual: Float64Array;
  /** (R, S) row-major; sums to `residual`. That of a chord stands at its last step, its other steps have 0. */
  readonly residualByStep: Float64Array;
  /** output - prior - contributions - terms - residual: rounding, or the pull-back is wrong. (R). */
  readonly closure: Float64Array;
  /** sum_i |contribution_i|: (R). */
  readonly gross: Float64Array;
  /** sum_i contribution_i, signed: (R). */
  readonly net: Float64Array;
  readonly rule: string;
  /** Along what Jacobians were averaged: each step's own line, chords of several steps, or the one chord from w_0 to w_S. */
  readonly path: "steps" | "chords" | "superposition";
  /** k, the most steps that one line replaces: 1 for steps, S for a superposition. */
  readonly chord: number;
  /** The last step of each such line, ascending: where `residualByStep` may differ from 0. */
  readonly lineEnds: Int32Array;
  /** How far chords move contributions from where the steps' own lines have them, where it was measured. */
  readonly shift: Shift | undefined;
  /** Relative to `scale`: what `auto` aims at, and stops short of only at the rounding of the dtype (`cost.atNoiseFloor`). */
  readonly tolerance: number;
  /** What tolerances are relative to: max |output - prior| over the rows, or 1 where that is below 1e-6 of the output. */
  readonly scale: number;
  /** What the quadrature took. */
  readonly cost: QuadratureCost;
}

/** The difference between contributions along chords and along steps, on a sample of rows and lines. */
export interface Shift {
  /** ||chords - steps|| / ||steps||, Euclidean, over all examples and the sampled rows. */
  readonly relative: number;
  /** Pearson's correlation of the same numbers. */
  readonly correlation: number;
  /** Ids of the queries of the sampled rows. */
  readonly queries: readonly string[];
  /**
   * Chords whose steps were compared, of how many there are. Where these are not all of them, they are the longest, and the numbers above
   * are an estimate for all.
   */
  readonly chords: number;
  readonly ofChords: number;
  /** Gradient evaluations that measuring took, over those of the explanation itself. */
  readonly cost: number;
}

export interface QuadratureCost {
  /** Directional derivatives taken while pieces were refined, counted by row. */
  readonly probes: number;
  /** Nodes at which full Jacobians were taken, counted by row. */
  readonly nodes: number;
  /** Pieces accepted at the noise floor of the dtype rather than at the tolerance. */
  readonly atNoiseFloor: number;
  /** Pieces given up above both. */
  readonly unresolved: number;
}
