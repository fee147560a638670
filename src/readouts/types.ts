// What every readout is: the scalar of the outputs that is explained.

import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";

/** What a loss brings to the readouts that need one; passed in, so that readouts know no losses. */
export interface ReadoutContext {
  /** Axes of y behind the batch: [C], or positions before what each of them tells apart. */
  readonly outputShape: readonly number[];
  readonly loss: {
    readonly name: string;
    readonly target: "class" | "real";
    readonly probabilities?: ((b: GraphBuilder, y: Value) => Value) | undefined;
    /** Set where outputs are probabilities already. */
    readonly outputs?: string | undefined;
    /** Set where it reads more than outputs and targets. */
    readonly inputs?: object | undefined;
    value(b: GraphBuilder, y: Value, target: Value): Value;
  };
}

/** A readout fixed for one row: which outputs, with which coefficients. */
export interface ResolvedReadout {
  /** With its classes named, and its position counted from the start: "margin:7-2", "margin:63/7-2". */
  readonly name: string;
  /** One number for each of all C outputs, row-major; empty when the readout reads the target instead. */
  readonly coefficients: readonly number[];
}

export interface Readout {
  /** As the user wrote it. */
  readonly spec: string;
  /** Names the fragment: readouts of one key have one graph (which outputs they read is in the coefficients). */
  readonly key: string;
  /** What the fragment needs for each row beside the outputs. */
  readonly needs: "coefficients" | "target";
  /** The scalar of each row: y and coefficients of its shape (N, ...), or targets -> (N). */
  value(b: GraphBuilder, y: Value, extra: Value): Value;
  /** Fixes the classes for one row from its final outputs, all C of them. */
  resolve(outputs: ArrayLike<number>): ResolvedReadout;
}
