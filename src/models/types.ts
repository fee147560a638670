// What every model is: a graph from parameters and one example input to outputs, and how its parameters begin.

import type { Graph } from "../graph/types.ts";
import type { Layout } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";

/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/** An input of a graph that is trained: which elements are kept, drawn for each occurrence of an example. */
export interface MaskInput {
  readonly name: string;
  /** Probability that an element is dropped. */
  readonly ratio: number;
  /** Axes of one example's mask. */
  readonly shape: readonly number[];
}

/** What is trained where that is random. */
export interface TrainingForm {
  /** As it is written to a file, with ONNX `Dropout` nodes; it is neither run nor differentiated. */
  readonly stored: Graph;
  /** The graph with masks as inputs after the others. */
  readonly graph: Graph;
  /** In the order of the nodes. */
  readonly masks: readonly MaskInput[];
}

/** f(x; w): inputs `x` (N, ...) and each parameter by name, output `y` (N, C) or (N, ...positions, C). */
export interface Model {
  /** What the user asked for, in full: "mlp:128:relu". */
  readonly spec: string;
  /** The function that is evaluated, explained and compared; also the one that is trained, unless `training` is there. */
  readonly graph: Graph;
  readonly training?: TrainingForm | undefined;
  /** All parameters, in the order of the graph. */
  readonly parameters: Layout;
  /** Names of parameters that are never trained: w_0 in the place that an output scale takes it from. Absent: none. */
  readonly fixed?: readonly string[];
  /** Fills a flat array with w_0. */
  initialise(params: RealArray, random: Random): void;
}

/** What a ready-made model must fit. */
export interface ModelShape {
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  /** Outputs: of an example, or of each of its positions. */
  readonly outputs: number;
  /** Axes of the targets' positions, as [T] for labels (N, T): outputs are (N, ...positions, outputs). Default none. */
  readonly positions?: readonly number[] | undefined;
}
