// Convolutions and averages from operators that ONNX Runtime's CPU provider has in float64: patches times matrix, sums of slices.

import { averageBySums } from "../../graph/averages.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { adjointWeight, convolveByProduct } from "../../graph/convolution.ts";
import { type Dim, multiplyDims } from "../../graph/dim.ts";
import { mul, pad, reduceSum, reshape } from "../../graph/ops.ts";
import type { Attributes, Graph, Node, Value } from "../../graph/types.ts";
import { listOf, numberOf, spans, spatialSizes, type Windows, windowCounts, windowsOf } from "../../graph/windows.ts";

/**
 * The nodes that are composed in float32 as well:
 * - a Conv with more outputs than positions, for which ONNX Runtime runs one image after the other, where the graph holds its
 *   patches already (the weight's gradient begins with the same transposition): in a training step of the MNIST CNN the third
 *   layer takes 0.6 ms as a product and 2.5 ms as Conv;
 * - an AveragePool with dilations, which opset 18 lacks.
 */
export function composedInFloat32(graph: Graph): ReadonlySet<Node> {
  // Cotangents are transposed alike, but nothing is cut out of them.
  const cut = new Set(graph.nodes.filter(({ op }) => op === "Pad" || op === "Slice").map((node) => node.inputs[0]));
  const turned = graph.nodes.filter((node) => swapsFirstAxes(node) && cut.has(node.outputs[0]));
  const laidOut = new Set(turned.map((node) => node.inputs[0]));
  const composed = ({ op, inputs, outputs, attributes }: Node): boolean => {
    if (op === "AveragePool") return Array.isArray(attributes.dilations) && attributes.dilations.some((d) => d !== 1);
    if (op !== "Conv" || !laidOut.has(inputs[0]) || numberOf(attributes, "group", 1) !== 1) return false;
    const [, channels, ...counts] = graph.values.get(outputs[0])!.shape as readonly number[];
    return channels > counts.reduce((p, q) => p * q, 1);
  };
  return new Set(graph.nodes.filter(composed));
}

const swapsFirstAxes = ({ op, attributes }: Node): boolean =>
  op === "Transpose" &&
  Array.isArray(attributes.perm) &&
  attributes.perm.every((axis, i) => axis === (i < 2 ? 1 - i : i));

type Inputs = readonly (Value | undefined)[];

function convolution(b: GraphBuilder, [x, weight, bias]: Inputs, attributes: Attributes): Value {
  const windows = windowsOf(attributes, spatialSizes(weight!.shape));
  const counts = windowCounts(windows, spatialSizes(x!.shape));
  return convolveByProduct(b, [x!, weight!, bias], { windows, counts, group: numberOf(attributes, "group", 1) });
}

/** stride - 1 zeros behind every element of each spatial axis. */
function interleaved(b: GraphBuilder, x: Value, strides: readonly number[]): Value {
  if (strides.every((stride) => stride === 1)) return x;
  const [batch, channels, ...sizes] = x.shape as readonly [Dim, Dim, ...number[]];
  const images = multiplyDims(batch, channels);
  const apart = reshape(b, x, [images, ...sizes.flatMap((size) => [size, 1])]);
  const none = new Array<number>(apart.shape.length).fill(0);
  const filled = pad(b, apart, none, [0, ...strides.flatMap((stride) => [0, stride - 1])]);
  return reshape(b, filled, [batch, channels, ...sizes.map((size, i) => size * strides[i])]);
}

/** The convolution of stride 1 of the interleaved input with the reversed weight. */
function transposedConvolution(b: GraphBuilder, [x, weight, bias]: Inputs, attributes: Attributes): Value {
  const group = numberOf(attributes, "group", 1);
  const forward = windowsOf(attributes, spatialSizes(weight!.shape));
  const padding = listOf(
    attributes,
    "output_padding",
    forward.strides.map(() => 0),
  );
  const reach = spans(forward).map((span) => span - 1);
  const spread = interleaved(b, x!, forward.strides);
  const windows: Windows = {
    ...forward,
    strides: forward.strides.map(() => 1),
    before: reach.map((r, i) => r - forward.before[i]),
    // Behind the last element lie stride - 1 zeros already.
    after: reach.map((r, i) => r - forward.after[i] + padding[i] - (forward.strides[i] - 1)),
  };
  const counts = windowCounts(windows, spatialSizes(spread.shape));
  return convolveByProduct(b, [spread, adjointWeight(b, weight!, group), bias], { windows, counts, group });
}

function globalAverage(b: GraphBuilder, [x]: Inputs): Value {
  const sizes = spatialSizes(x!.shape);
  const sum = reduceSum(
    b,
    x!,
    sizes.map((_, i) => i + 2),
    true,
  );
  return mul(b, sum, 1 / sizes.reduce((p, q) => p * q, 1));
}

/** Compositions by the operator that they stand for. */
export const convolutionLowerings: Readonly<
  Record<string, (b: GraphBuilder, inputs: Inputs, attributes: Attributes) => Value>
> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  AveragePool: (b, [x], attributes) => averageBySums(b, x!, attributes),
  GlobalAveragePool: globalAverage,
};
