// What every algorithm for tangent kernels does: prepares examples, then pairs what it prepared.

import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { AlgorithmName, KernelDivision, KernelForm, KernelModel } from "./types.ts";

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
  /** Entries of all pairs, (G, n, m, ...form), with one part for each group of parameters. The array is the caller's. */
  pair(x: P, y: P): Promise<RealArray>;
  /** K(x, x), or its diagonal K_cc where the form keeps outputs apart: (G, n) or (G, n, C). */
  lengths(x: P): Promise<RealArray>;
  /** Pairs of examples with themselves in one go, as `pair` of what `prepare` makes of them, where that is faster: (G, n, n, ...form). */
  alone?(request: SideRequest): Promise<RealArray>;
  /** Takes back what will not be paired any more, to be written over. */
  release?(x: P): void;
}

/** What is computed. */
export interface AlgorithmOptions {
  readonly model: KernelModel;
  readonly form: KernelForm;
  /** Whether sides with weights will be prepared. */
  readonly weighted: boolean;
  readonly per?: KernelDivision | undefined;
}

/** How it is computed. */
export interface Execution {
  /** Examples of one tile, at most. */
  readonly tile: number;
  /** Examples on which a graph runs at once. */
  readonly run: number;
  /** Heard between two runs of a graph. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that an algorithm takes beside the result. */
export interface AlgorithmMemory {
  /** One prepared example. */
  readonly prepared: number;
  /** In flight while a graph runs on `run` examples. */
  running(run: number): number;
  /** In flight while two tiles of so many examples are paired. */
  pairing(tile: number): number;
}
