// Layers on sequences (N, T, D) as graph fragments: linear layers, layer normalisation, self-attention, feed-forward.

import type { GraphBuilder } from "../graph/builder.ts";
import { fixedDim } from "../graph/dim.ts";
import { add, matmul, mul, reshape, slice, squeeze, transpose } from "../graph/ops.ts";
import { standardised } from "../graph/standardise.ts";
import type { Value } from "../graph/types.ts";
import { reals } from "../numeric/tensor.ts";
import { activations } from "./layers.ts";
import type { Start } from "./linear-init.ts";

/** A network while it is built, and what of it begins otherwise than a linear layer. */
export interface Sequences {
  readonly b: GraphBuilder;
  readonly starts: Record<string, Start>;
}

/** Width of the last axis of (N, T, D). */
export const widthOf = (x: Value): number => fixedDim(x.shape.at(-1)!, "the width of a sequence");

export interface LinearOptions {
  /** Names of weight (outputs, inputs) and bias (outputs). */
  readonly weight: string;
  readonly bias: string;
  readonly outputs: number;
}

/** x W' + b at every position: one product of all rows. */
export function linearRows({ b }: Sequences, x: Value, { weight, bias, outputs }: LinearOptions): Value {
  const w = b.input(weight, "real", [outputs, widthOf(x)]);
  const offset = b.input(bias, "real", [outputs]);
  return add(b, matmul(b, x, transpose(b, w, [1, 0])), offset);
}

/** A linear layer by the usual names. */
export const dense = (net: Sequences, x: Value, { name, outputs }: { name: string; outputs: number }): Value =>
  linearRows(net, x, { weight: `${name}.weight`, bias: `${name}.bias`, outputs });

/** Layer normalisation over the last axis (Ba, Kiros, Hinton 2016), epsilon 1e-5; scale 1 and bias 0 at the start. */
export function layerNorm({ b, starts }: Sequences, x: Value, name: string): Value {
  const [weight, bias] = ["weight", "bias"].map((part) => b.input(`${name}.${part}`, "real", [widthOf(x)]));
  starts[weight.name] = 1;
  starts[bias.name] = 0;
  const normal = standardised(b, x, { axes: [x.shape.length - 1], epsilon: 1e-5 });
  return add(b, mul(b, normal, weight), bias);
}

/** 0 where position t may see position s <= t, minus infinity elsewhere. */
function causalMask({ b }: Sequences, length: number): Value {
  const values = Array.from({ length: length ** 2 }, (_, i) =>
    i % length > Math.floor(i / length) ? Number.NEGATIVE_INFINITY : 0,
  );
  return b.constant(reals([length, length], values));
}

export interface AttentionOptions {
  readonly heads: number;
  /** Positions see themselves and earlier ones only. */
  readonly causal: boolean;
  /** The joint projection to queries, keys and values, and the one back. */
  readonly project: { readonly weight: string; readonly bias: string };
  readonly out: { readonly weight: string; readonly bias: string };
}

/** softmax(q k' / sqrt(d)) v for each head, heads side by side, projected (Vaswani et al. 2017). (N, T, D) to (N, T, D). */
export function selfAttention(net: Sequences, x: Value, { heads, causal, project, out }: AttentionOptions): Value {
  const { b } = net;
  const [length, width] = [fixedDim(x.shape[1], "the length of a sequence"), widthOf(x)];
  const size = width / heads;
  const joint = linearRows(net, x, { ...project, outputs: 3 * width });
  const split = transpose(b, reshape(b, joint, ["N", length, 3, heads, size]), [2, 0, 3, 1, 4]);
  const [q, k, v] = [0, 1, 2].map((i) => squeeze(b, slice(b, split, 0, { start: i, end: i + 1 }), [0]));
  const scores = mul(b, matmul(b, q, transpose(b, k, [0, 1, 3, 2])), Math.sqrt(1 / size));
  const seen = causal ? add(b, scores, causalMask(net, length)) : scores;
  const context = matmul(b, b.op("Softmax", [seen], { axis: 3 }), v);
  const joined = reshape(b, transpose(b, context, [0, 2, 1, 3]), ["N", length, width]);
  return linearRows(net, joined, { ...out, outputs: width });
}

export interface FeedForwardOptions {
  /** Names of the two linear layers. */
  readonly names: readonly [string, string];
  readonly hidden: number;
}

/** W_2 gelu(W_1 x + b_1) + b_2 at every position. */
export function feedForward(net: Sequences, x: Value, { names: [first, second], hidden }: FeedForwardOptions): Value {
  const inner = activations.gelu(net.b, dense(net, x, { name: first, outputs: hidden }));
  return dense(net, inner, { name: second, outputs: widthOf(x) });
}
