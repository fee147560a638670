// Rules of convolutions: input gradients are convolutions again, weight gradients one product of patches and cotangents.

import type { GraphBuilder } from "../../graph/builder.ts";
import { adjointWeight, type Convolution, rowsByChannel, weightGradient } from "../../graph/convolution.ts";
import { batchAxis, sizeOfShape } from "../../graph/dim.ts";
import { add, expandLike, matmul, reduceSum, reshape, transpose, unsqueeze } from "../../graph/ops.ts";
import { padSpatial, patches } from "../../graph/patches.ts";
import type { Attributes, Value } from "../../graph/types.ts";
import { adjointAttributes, numberOf, spans, spatialSizes, windowsOf } from "../../graph/windows.ts";
import type { Factor } from "../factor.ts";
import type { FactorRule, JvpRule, RuleContext, RuleTable, VjpRule } from "../rule.ts";
import { sparseOf, withoutZeros } from "./placement.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The convolution that slides over `over`, with one window for each position of `windowed`. */
function convolutionOf({ attributes }: RuleContext, weight: Value, windowed: Value): Convolution {
  return {
    windows: windowsOf(attributes, spatialSizes(weight.shape)),
    counts: spatialSizes(windowed.shape),
    group: numberOf(attributes, "group", 1),
  };
}

const convAttributes = ({ windows, group }: Convolution): Attributes => ({
  kernel_shape: windows.kernel,
  strides: windows.strides,
  dilations: windows.dilations,
  pads: [...windows.before, ...windows.after],
  group,
});

/**
 * The adjoint of a convolution in its input: of stride 1 a convolution with the reversed weight (1.4 ms where ConvTranspose takes
 * 2.0, in the second layer of the MNIST CNN), else ConvTranspose.
 */
export function inputGradient(
  b: GraphBuilder,
  [g, weight]: readonly [Value, Value],
  { sizes, ...convolution }: Convolution & { readonly sizes: readonly number[] },
): Value {
  const { windows, group } = convolution;
  if (windows.strides.some((stride) => stride !== 1)) {
    return b.op("ConvTranspose", [g, weight], { ...adjointAttributes(convolution, sizes), group });
  }
  const reach = spans(windows).map((span) => span - 1);
  const around = [...windows.before, ...windows.after].map((amount, i) => reach[i % reach.length] - amount);
  // Where the padding was wider than the kernel reaches, outermost cotangents belong to zeros alone: they are cropped.
  const crop = around.map((amount) => Math.min(amount, 0));
  const cropped = padSpatial(b, g, { before: crop.slice(0, reach.length), after: crop.slice(reach.length) });
  const { kernel: kernel_shape, dilations } = windows;
  const pads = around.map((amount) => Math.max(amount, 0));
  return b.op("Conv", [cropped, adjointWeight(b, weight, group)], { kernel_shape, dilations, pads, group });
}

/** Sum over examples and positions. Laid out as for the weight's gradient, which is there already. */
const biasGradient = (b: GraphBuilder, g: Value): Value => reduceSum(b, rowsByChannel(b, g, 1), [1]);

const convVjp: VjpRule = (node, [cotangent], needs) => {
  const { b } = node;
  const [x, weight] = node.inputs as readonly Value[];
  const g = cotangent!;
  const convolution = convolutionOf(node, weight, g);
  return [
    needs[0] ? inputGradient(b, [g, weight], { ...convolution, sizes: spatialSizes(x.shape) }) : undefined,
    needs[1] ? weightGradient(b, [x, g], convolution) : undefined,
    needs[2] ? biasGradient(b, g) : undefined,
  ];
};

/** ConvTranspose is the adjoint of the convolution that slides over its output: the roles of input and cotangent change. */
const convTransposeVjp: VjpRule = (node, [cotangent], needs) => {
  const { b } = node;
  const [x, weight] = node.inputs as readonly Value[];
  const g = cotangent!;
  const convolution = convolutionOf(node, weight, x);
  return [
    needs[0] ? b.op("Conv", [g, weight], convAttributes(convolution)) : undefined,
    needs[1] ? weightGradient(b, [g, x], convolution) : undefined,
    needs[2] ? biasGradient(b, g) : undefined,
  ];
};

/** Bilinear in input and weight, and the bias is added. */
const bilinearJvp: JvpRule = (node, [dx, dw, db]) => {
  const { b, op, attributes } = node;
  const [x, weight] = node.inputs as readonly Value[];
  const throughInput = dx && b.op(op, dw || !db ? [dx, weight] : [dx, weight, db], attributes);
  const throughWeight = dw && b.op(op, db ? [x, dw, db] : [x, dw], attributes);
  if (throughInput && throughWeight) return [add(b, throughInput, throughWeight)];
  const through = throughInput ?? throughWeight;
  const [out] = node.outputs;
  return [
    through ??
      (db &&
        expandLike(
          b,
          unsqueeze(
            b,
            db,
            range(out.shape.length - 2).map((i) => i + 1),
          ),
          out,
        )),
  ];
};

/** (N, C, ...spatial) as (N, L, C). */
function byPosition(b: GraphBuilder, y: Value): Value {
  const [batch, channels, ...spatial] = y.shape;
  return transpose(b, reshape(b, y, [batch, channels, sizeOfShape(spatial)]), [0, 2, 1]);
}

/** Windows of x as (N, L, taps C): with the channels last every run that is copied is at least as long as they are many. */
function windowsByPosition(b: GraphBuilder, x: Value, { windows, counts }: Convolution): Value {
  const rank = counts.length;
  const channelsLast = transpose(b, x, [0, ...range(rank).map((i) => i + 2), 1]);
  const laid = patches(b, channelsLast, { windows, counts, axis: rank + 1, first: 1 });
  return reshape(b, laid, [x.shape[0], sizeOfShape(counts), laid.shape[rank + 1]]);
}

/**
 * Factors of the weight of the convolution that slides over `x` and meets `g` at its windows: cotangents and patches, summed over
 * positions. With groups the derivative itself, which is smaller than its patches by far.
 */
function weightFactor(b: GraphBuilder, [x, g]: readonly [Value, Value], convolution: Convolution): Factor {
  const { group, windows, counts } = convolution;
  const { kernel } = windows;
  const [outputs, inputs] = [g.shape[1] as number, (x.shape[1] as number) / group];
  const spatial = range(kernel.length);
  if (group === 1) {
    const perm = [0, kernel.length + 1, ...spatial.map((i) => i + 1)];
    const right = windowsByPosition(b, x, convolution);
    const inner = [outputs, ...kernel, inputs];
    return { kind: "outer", left: byPosition(b, g), right, inner, perm, sparse: sparseOf(b, g) };
  }
  const sizes = spatialSizes(x.shape);
  const positions = sizeOfShape(counts);
  const grouped = reshape(b, x, ["N", group, inputs, ...sizes]);
  const laid = patches(b, grouped, { windows, counts, axis: 2 });
  const right = transpose(b, reshape(b, laid, ["N", group, laid.shape[2], positions]), [0, 1, 3, 2]);
  const left = reshape(b, g, ["N", group, outputs / group, positions]);
  const split = reshape(b, matmul(b, left, right), ["N", outputs, ...kernel, inputs]);
  return { kind: "dense", value: transpose(b, split, [0, 1, kernel.length + 2, ...spatial.map((i) => i + 2)]) };
}

/** Whether the batch is the first axis and no other. */
const batchFirst = (x: Value): boolean => x.shape[0] === "N" && batchAxis(x.shape.toSpliced(0, 1)) < 0;

function biasFactor(b: GraphBuilder, cotangent: Value): Factor {
  const g = withoutZeros(cotangent);
  return { kind: "dense", value: reduceSum(b, reshape(b, g, ["N", g.shape[1], sizeOfShape(g.shape.slice(2))]), [2]) };
}

const convFactor: FactorRule = (node, input, g) => {
  const [x, weight] = node.inputs as readonly Value[];
  if (!batchFirst(g)) return undefined;
  if (input === 2) return biasFactor(node.b, g);
  if (input !== 1 || !batchFirst(x)) return undefined;
  return weightFactor(node.b, [x, g], convolutionOf(node, weight, g));
};

const convTransposeFactor: FactorRule = (node, input, g) => {
  const [x, weight] = node.inputs as readonly Value[];
  if (!batchFirst(g)) return undefined;
  if (input === 2) return biasFactor(node.b, g);
  if (input !== 1 || !batchFirst(x)) return undefined;
  return weightFactor(node.b, [g, x], convolutionOf(node, weight, x));
};

export const convolutionRules: RuleTable = {
  Conv: { vjp: convVjp, jvp: bilinearJvp, factor: convFactor },
  ConvTranspose: { vjp: convTransposeVjp, jvp: bilinearJvp, factor: convTransposeFactor },
};
