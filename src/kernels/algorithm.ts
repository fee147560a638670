// What every algorithm for tangent kernels does: prepares examples, then pairs what it prepared.

import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { AlgorithmName, KernelForm, KernelModel } from "./types.ts";

export interface SideRequest {
  /** Parameters of this side (two sides may stand at two times). */
  readonly params: RealArray;
  /** Feeds of the head for the examples, and `kernel.seeds` for the form `readout`. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly count: number;
  /** The diagonal of M (p), on one side only. */
  readonly weights?: Float64Array | undefined;
}

/** Prepared examples; what is in it is the algorithm's own. */
export interface Prepared {
  readonly count: number;
  /** Bytes it occupies. */
  readonly bytes: number;
}

export interface KernelAlgorithm<P extends Prepared = Prepared> {
  readonly name: AlgorithmName;
  prepare(request: SideRequest): Promise<P>;
  /** Entries of all pairs, (n, m, ...form). */
  pair(x: P, y: P): Promise<RealArray>;
  /** K(x, x), or its diagonal K_cc where the form keeps outputs apart: (n) or (n, C). */
  lengths(x: P): Promise<RealArray>;
}

export interface AlgorithmOptions {
  readonly model: KernelModel;
  readonly form: KernelForm;
  /** Whether sides with weights will be prepared. */
  readonly weighted: boolean;
}
