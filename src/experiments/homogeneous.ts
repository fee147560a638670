// Networks as theory has them: layers without biases, with normal weights of a chosen size.

import { GraphBuilder } from "../graph/builder.ts";
import { modelFromBuilder, withStarts } from "../models/from-graph.ts";
import { activations, flatten } from "../models/layers.ts";
import type { Model } from "../models/types.ts";

export interface Homogeneous {
  readonly inputShape: readonly number[];
  /** Width of each hidden layer. */
  readonly hidden: readonly number[];
  readonly activation: string;
  /** sigma: weights begin with standard deviation sigma / sqrt(inputs of the layer). Default 1. */
  readonly sigma?: number;
}

/** One output; with `linear` or `relu` units a function of the weights of the degree that the network has layers. */
export function homogeneous({ inputShape, hidden, activation, sigma = 1 }: Homogeneous): Model {
  const b = new GraphBuilder();
  const starts: Record<string, { readonly deviation: number }> = {};
  let h = flatten(b, b.input("x", "real", ["N", ...inputShape]));
  [...hidden, 1].forEach((width, i) => {
    const [name, inputs] = [`layers.${i}.weight`, h.shape[1] as number];
    starts[name] = { deviation: sigma / Math.sqrt(inputs) };
    const z = b.op("Gemm", [h, b.input(name, "real", [width, inputs])], { transB: 1 });
    h = i === hidden.length ? z : activations[activation](b, z);
  });
  return withStarts(modelFromBuilder(`homogeneous:${hidden.join()}:${activation}:${sigma}`, b, h), starts);
}
