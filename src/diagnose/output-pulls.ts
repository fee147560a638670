// What a loss says of the outputs of any examples: its value for each, and its derivative, the residual in the sense of Theorem 3.8.

import { vjp } from "../differentiate/reverse.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { targetShape } from "../graph/outputs.ts";
import { type RealArray, reals, type Tensor, toReal } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import { type Task, targetsOf } from "../train/task.ts";
import type { Sample } from "./sample.ts";

export interface SampleLosses {
  /** f(x; w): (N, C). */
  readonly outputs: Float64Array;
  /** Mean over the examples. */
  readonly loss: number;
  /** dl_n/dy (N, C): f - y for half the square; softmax less one-hot for cross-entropy. */
  readonly residual: Tensor<"float64">;
}

/** Gives outputs, loss and residual of a sample at any parameters. Cost: a forward pass. */
export function sampleLosses(task: Task): (params: RealArray, sample: Sample) => Promise<SampleLosses> {
  const { loss, engine, outputShape, outputs: width } = task;
  if (loss.inputs)
    throw new RangeError(
      `diagnose: loss ${loss.name} also reads ${Object.keys(loss.inputs).join(", ")}, which is known at the steps of training only`,
    );
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", ...outputShape]);
  const target = b.input("target", loss.target === "class" ? "int64" : "real", targetShape(y, loss.target));
  const losses = loss.value(b, y, target);
  const [pulls] = vjp(b, [{ value: losses, cotangent: fullLike(b, losses, 1) }], [y]);
  const program = engine.compile(b.build({ losses, pulls: pulls ?? fullLike(b, y, 0) }));
  return async (params, sample) => {
    const [n] = sample.x.shape;
    const outputs = await predict(task, params, sample);
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const found = await program.run({
      y: toReal(reals([n, ...outputShape], outputs), engine.dtype),
      target: targetsOf(task, sample, rows),
    });
    const all = found.losses.data as RealArray;
    return {
      outputs,
      loss: Float64Array.from(all).reduce((total, own) => total + own, 0) / n,
      residual: reals([n, width], found.pulls.data as RealArray),
    };
  };
}
