// Transformers: classifiers of sequences and images (Dosovitskiy et al. 2021), language models (Radford et al. 2019).

import { GraphBuilder } from "../graph/builder.ts";
import { add, concat, matmul, reshape, shapeOf, slice, squeeze, transpose } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { dense, feedForward, layerNorm, type Sequences, selfAttention, widthOf } from "./attention.ts";
import { modelFromBuilder, withStarts } from "./from-graph.ts";
import { flatten, linear } from "./layers.ts";
import type { Model, ModelShape } from "./types.ts";

export interface TransformerOptions extends ModelShape {
  readonly width: number;
  readonly depth: number;
  /** Must divide the width. */
  readonly heads: number;
  /** Width inside the feed-forward layers; default 4 width. */
  readonly hidden?: number;
}

/** Deviation of embeddings, positions and tokens at the start, as in GPT-2. */
const SMALL = { deviation: 0.02 } as const;

function checkHeads(name: string, { width, heads }: TransformerOptions): void {
  if (width % heads !== 0) throw new RangeError(`${name}: heads must divide the width ${width}, got ${heads}`);
}

const specOf = (name: string, { width, depth, heads }: TransformerOptions): string =>
  `${name}:${width}:${depth}:${heads}`;

/** Pixels on a side of a patch: 2 in images below 16 pixels, 4 in larger ones. */
const patchOf = (height: number, width: number): number => (Math.min(height, width) < 16 ? 2 : 4);

/** Images (C, H, W) as a sequence of patches (N, T, width), sequences (T, D) as they are, both projected to the width. */
function embedded(net: Sequences, { inputShape, width }: TransformerOptions): Value {
  const { b } = net;
  const x = b.input("x", "real", ["N", ...inputShape]);
  if (inputShape.length === 2) return dense(net, x, { name: "embed", outputs: width });
  const [channels, height, columns] = inputShape;
  if (inputShape.length !== 3) {
    const wanted = "sequences (length, width) or images (channels, height, width)";
    throw new RangeError(`transformer: examples must be ${wanted}, got shape [${inputShape}]`);
  }
  const side = patchOf(height, columns);
  if (height % side !== 0 || columns % side !== 0)
    throw new RangeError(`transformer: images must be whole patches of ${side} pixels, got ${height}x${columns}`);
  const weight = b.input("patch.weight", "real", [width, channels, side, side]);
  const window = { kernel_shape: [side, side], strides: [side, side], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  const grid = b.op("Conv", [x, weight, b.input("patch.bias", "real", [width])], window);
  return transpose(b, reshape(b, grid, ["N", width, (height / side) * (columns / side)]), [0, 2, 1]);
}

/** A learned token in front of each sequence. */
function withToken({ b, starts }: Sequences, x: Value): Value {
  const width = widthOf(x);
  const token = b.input("token", "real", [1, 1, width]);
  starts.token = SMALL;
  const batch = slice(b, shapeOf(b, x), 0, { start: 0, end: 1 });
  const rows = b.op("Expand", [token, concat(b, [batch, b.ints([1, width])], 0)]);
  return concat(b, [rows, x], 1);
}

/** Row `t` of (N, T, D). */
const rowAt = ({ b }: Sequences, x: Value, t: number): Value =>
  squeeze(b, slice(b, x, 1, { start: t, end: t + 1 }), [1]);

/** x + attention(norm(x)), then x + feed-forward(norm(x)); parameters as in `torch.nn.TransformerEncoderLayer(norm_first=True)`. */
function encoderLayer(
  net: Sequences,
  x: Value,
  { name, heads, hidden }: { name: string; heads: number; hidden: number },
) {
  const at = `${name}.self_attn`;
  const attended = selfAttention(net, layerNorm(net, x, `${name}.norm1`), {
    heads,
    causal: false,
    project: { weight: `${at}.in_proj_weight`, bias: `${at}.in_proj_bias` },
    out: { weight: `${at}.out_proj.weight`, bias: `${at}.out_proj.bias` },
  });
  const h = add(net.b, x, attended);
  const names = [`${name}.linear1`, `${name}.linear2`] as const;
  return add(net.b, h, feedForward(net, layerNorm(net, h, `${name}.norm2`), { names, hidden }));
}

/**
 * Classifier: embedding of patches or of sequence elements, a class token, learned positions, encoder layers, norm, linear head on
 * the token. RangeError where the examples are neither images of whole patches nor sequences, or heads do not divide the width.
 */
export function transformer(options: TransformerOptions): Model {
  const { width, depth, heads, outputs, hidden = 4 * width } = options;
  checkHeads("transformer", options);
  const net: Sequences = { b: new GraphBuilder(), starts: {} };
  const { b } = net;
  let h = withToken(net, embedded(net, options));
  h = add(b, h, b.input("positions", "real", [1, h.shape[1], width]));
  net.starts.positions = SMALL;
  for (let k = 0; k < depth; k++) h = encoderLayer(net, h, { name: `layers.${k}`, heads, hidden });
  const y = linear(b, rowAt(net, layerNorm(net, h, "norm"), 0), { name: "head", outputs });
  return withStarts(modelFromBuilder(specOf("transformer", options), b, y), net.starts);
}

/**
 * Attention without positions: embedding, encoder layers, mean over the sequence, linear head. The outputs do not depend on the order
 * of a sequence's elements. Errors as for `transformer`.
 */
export function attention(options: TransformerOptions): Model {
  const { width, depth, heads, outputs, hidden = 4 * width } = options;
  checkHeads("attention", options);
  const net: Sequences = { b: new GraphBuilder(), starts: {} };
  let h = embedded(net, options);
  for (let k = 0; k < depth; k++) h = encoderLayer(net, h, { name: `layers.${k}`, heads, hidden });
  const mean = flatten(net.b, net.b.op("ReduceMean", [h, net.b.ints([1])], { keepdims: 0 }));
  const y = linear(net.b, mean, { name: "head", outputs });
  return withStarts(modelFromBuilder(specOf("attention", options), net.b, y), net.starts);
}

/** A decoder layer, with GPT-2's names of parameters. */
function decoderLayer(
  net: Sequences,
  x: Value,
  { name, heads, hidden }: { name: string; heads: number; hidden: number },
) {
  const named = (part: string) => ({ weight: `${name}.attn.${part}.weight`, bias: `${name}.attn.${part}.bias` });
  const attended = selfAttention(net, layerNorm(net, x, `${name}.ln_1`), {
    heads,
    causal: true,
    project: named("c_attn"),
    out: named("c_proj"),
  });
  const h = add(net.b, x, attended);
  const names = [`${name}.mlp.c_fc`, `${name}.mlp.c_proj`] as const;
  return add(net.b, h, feedForward(net, layerNorm(net, h, `${name}.ln_2`), { names, hidden }));
}

/** Whether outputs are wanted at every token rather than at the last one; RangeError where they are wanted elsewhere. */
function everyToken({ inputShape, positions = [] }: TransformerOptions): boolean {
  if (inputShape.length !== 1) throw new RangeError(`gpt: examples must be tokens (length), got shape [${inputShape}]`);
  if (positions.length > 0 && positions.join() !== inputShape.join()) {
    throw new RangeError(
      `gpt: targets must be one for each example or for each of ${inputShape} tokens, got [${positions}]`,
    );
  }
  return positions.length > 0;
}

/**
 * Causal language model: whole numbers (N, T) below the number of outputs, to logits of the token that comes next: (N, outputs), or with
 * `positions` [T] behind every token, (N, T, outputs). The head is the embedding, transposed. RangeError where examples are no lists of
 * tokens, positions are not theirs, or heads do not divide the width.
 */
export function gpt(options: TransformerOptions): Model {
  const { width, depth, heads, outputs, inputShape, hidden = 4 * width } = options;
  checkHeads("gpt", options);
  const every = everyToken(options);
  const net: Sequences = { b: new GraphBuilder(), starts: { "wte.weight": SMALL, "wpe.weight": SMALL } };
  const { b } = net;
  const x = b.input("x", "int64", ["N", ...inputShape]);
  const wte = b.input("wte.weight", "real", [outputs, width]);
  let h = add(b, b.op("Gather", [wte, x], { axis: 0 }), b.input("wpe.weight", "real", [inputShape[0], width]));
  for (let k = 0; k < depth; k++) h = decoderLayer(net, h, { name: `h.${k}`, heads, hidden });
  const normal = layerNorm(net, h, "ln_f");
  const y = matmul(b, every ? normal : rowAt(net, normal, inputShape[0] - 1), transpose(b, wte, [1, 0]));
  return withStarts(modelFromBuilder(specOf("gpt", options), b, y), net.starts);
}
