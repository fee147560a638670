// Builds a graph over some tensors and runs it: what a fragment of a graph gives for numbers.

import type { Engine } from "../../src/engine/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Value } from "../../src/graph/types.ts";
import { type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { engineOf } from "./tasks.ts";

export interface EvaluateOptions {
  /** Inputs whose first axis is the batch; the others have the shape of their tensor. Default: all. */
  readonly batched?: readonly string[];
  /** Default: float64, one thread. */
  readonly engine?: Engine;
}

/** Outputs of the fragment that `build` writes over inputs of these names and shapes; reals are fed in the engine's dtype. */
export async function evaluate(
  feeds: Readonly<Record<string, Tensor>>,
  build: (b: GraphBuilder, inputs: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>,
  options: EvaluateOptions = {},
): Promise<Record<string, Tensor>> {
  const { batched = Object.keys(feeds), engine = await engineOf("float64") } = options;
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  const fed: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(feeds)) {
    const real = tensor.dtype === "float32" || tensor.dtype === "float64";
    const shape = batched.includes(name) ? ["N", ...tensor.shape.slice(1)] : tensor.shape;
    inputs[name] = b.input(name, real ? "real" : (tensor.dtype as Value["dtype"]), shape);
    fed[name] = real ? toReal(tensor, engine.dtype) : tensor;
  }
  return engine.compile(b.build(build(b, inputs))).run(fed);
}
