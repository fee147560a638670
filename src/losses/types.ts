// What every loss is: a graph fragment from outputs and targets to one number for each example.

import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";

export interface Loss {
  /** With its options, "huber:1.5": `lossOf(loss.name)` makes the loss again. */
  readonly name: string;
  /** `class`: targets are int64 class indices (N), or (N, ...positions); `real`: targets have the shape of the outputs (N, ...). */
  readonly target: "class" | "real";
  /** Turns outputs into probabilities where the loss reads them as logits, or as probabilities; undefined for regression losses. */
  readonly probabilities?: (b: GraphBuilder, y: Value) => Value;
  /** What outputs must be for the loss to be finite, where that is not any number. */
  readonly outputs?: "probabilities > 0" | undefined;
  /** Which numbers real targets may be; undefined: any. */
  readonly targets?: { readonly must: string; holds(target: number): boolean } | undefined;
  /** How class labels become real targets: 0 and 1 (default), or -1 and 1. */
  readonly labels?: "signs" | undefined;
  /** One output tells two classes apart, by its sign. */
  readonly binary?: boolean | undefined;
  /** The loss of an example is a sum over its positions, not a mean. */
  readonly sums?: boolean | undefined;
  /**
   * What it reads beside outputs and targets, by name, with the shape of each: the same for all examples of a step, and recorded with it, as another
   * network's parameters. A loss with such inputs is made by a function, not by `lossOf`.
   */
  readonly inputs?: Readonly<Record<string, readonly number[]>> | undefined;
  /** The .onnx file that it is read from; a run embeds it. */
  readonly bytes?: Uint8Array | undefined;
  /** l(y_n, target_n) for each example: (N). A step's loss is the sum over its batch of c_{s,n} l_n (theory 1.0). */
  value(b: GraphBuilder, y: Value, target: Value, inputs?: Readonly<Record<string, Value>>): Value;
  /**
   * l' (N, ...), in the shape of y, where training is to follow a field that is not the derivative of `value`: what it is made of is not
   * differentiated. Absent: dl/dy.
   */
  readonly pull?:
    | ((b: GraphBuilder, y: Value, target: Value, inputs: Readonly<Record<string, Value>>) => Value)
    | undefined;
}
