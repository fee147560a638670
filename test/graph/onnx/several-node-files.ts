// Files of several nodes, as exporters write them.

import { integers, type Tensor, tensor } from "../../../src/numeric/tensor.ts";
import { axis, float, node, reals32, scalar } from "./file-parts.ts";
import { type FileNode, type FileSpec, spread } from "./run-file.ts";

const positive = (source: Tensor<"float32">): Tensor => ({
  ...source,
  data: source.data.map((v) => Math.abs(v) + 0.1),
});

const statistics = { scale: spread([2], 2), bias: spread([2], 3), mean: spread([2], 4), var: positive(spread([2], 5)) };

export interface SeveralCase extends FileSpec {
  readonly title: string;
  readonly shape: readonly number[];
}

interface SplitCase {
  readonly title: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, number | readonly number[]>> & { readonly axis: number };
  readonly inputs: string[];
}

const splits: readonly SplitCase[] = [
  { title: "Split by attribute", opset: 11, attributes: { axis: 1, split: [1, 4] }, inputs: ["x"] },
  { title: "Split by input", opset: 13, attributes: { axis: -1 }, inputs: ["x", "sizes"] },
  { title: "Split in equal parts", opset: 13, attributes: { axis: 2 }, inputs: ["x"] },
  { title: "Split in uneven parts", opset: 18, attributes: { axis: 1, num_outputs: 2 }, inputs: ["x"] },
];

/** Modes of a Resize, with scales or with sizes. */
const resizes: readonly { attributes: Record<string, string>; to: "scales" | "sizes"; numbers: readonly number[] }[] = [
  {
    attributes: { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    to: "scales",
    numbers: [1, 1, 2, 3],
  },
  { attributes: { mode: "nearest", nearest_mode: "ceil" }, to: "scales", numbers: [1, 1, 1.5, 0.5] },
  { attributes: { mode: "nearest", nearest_mode: "round_prefer_ceil" }, to: "sizes", numbers: [2, 6, 2] },
  { attributes: { mode: "nearest" }, to: "sizes", numbers: [2, 5, 7] },
  { attributes: { mode: "linear" }, to: "scales", numbers: [1, 1, 2, 2] },
  { attributes: { mode: "linear" }, to: "scales", numbers: [1, 1, 0.5, 1.3] },
  {
    attributes: { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
    to: "sizes",
    numbers: [2, 1, 7],
  },
  {
    attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
    to: "sizes",
    numbers: [2, 5, 7],
  },
  { attributes: { mode: "cubic" }, to: "scales", numbers: [1, 1, 2, 2] },
  {
    attributes: { mode: "cubic", coordinate_transformation_mode: "align_corners" },
    to: "sizes",
    numbers: [2, 5, 7],
  },
];

const branchOf = (nodes: readonly FileNode[], output: string) => ({
  graph: {
    name: "branch",
    node: nodes.map(({ op, inputs = [], outputs = [] }) => ({ opType: op, input: [...inputs], output: [...outputs] })),
    output: [{ name: output, type: { tensorType: { elemType: 1 } } }],
  },
});

export const severalNodeFiles: readonly SeveralCase[] = [
  ...resizes.map(
    ({ attributes, to, numbers }): SeveralCase => ({
      title: `Resize to ${to} ${numbers}, ${Object.values(attributes)}`,
      opset: 15,
      shape: [2, 3, 4],
      nodes:
        to === "scales"
          ? [node("Resize", ["x", "", "to"], ["out"], attributes)]
          : [
              node("Shape", ["x"], ["batch"], { start: 0, end: 1 }),
              node("Concat", ["batch", "to"], ["sizes"], { axis: 0 }),
              node("Resize", ["x", "", "", "sizes"], ["out"], attributes),
            ],
      initializers: { to: to === "scales" ? reals32(...numbers) : axis(...numbers) },
    }),
  ),
  {
    title: "Resize with scales joined from two lists, axes named",
    opset: 18,
    shape: [2, 3, 4],
    nodes: [
      node("Constant", [], ["first"], { value: reals32(2) }),
      node("Constant", [], ["second"], { value: reals32(3) }),
      node("Concat", ["first", "second"], ["to"], { axis: 0 }),
      node("Resize", ["x", "", "to"], ["out"], { mode: "linear", axes: [2, 3] }),
    ],
  },
  {
    title: "squeeze(1) of an axis that may be 1, as PyTorch asks",
    opset: 13,
    shape: [1, 4],
    nodes: [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "one"], ["dim"]),
      node("Equal", ["dim", "one"], ["single"]),
      node("If", ["single"], ["y"], {
        then_branch: branchOf([node("Squeeze", ["x", "one"], ["squeezed"])], "squeezed"),
        else_branch: branchOf([node("Identity", ["x"], ["kept"])], "kept"),
      }),
      node("Relu", ["y"], ["out"]),
    ],
    initializers: { one: axis(1) },
  },
  {
    title: "squeeze(1) of an axis that is not",
    opset: 13,
    shape: [2, 4],
    nodes: [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "one"], ["dim"]),
      node("Equal", ["dim", "one"], ["single"]),
      node("Not", ["single"], ["several"]),
      node("If", ["several"], ["out"], {
        then_branch: branchOf([node("Add", ["x", "weight"], ["sum"]), node("Tanh", ["sum"], ["kept"])], "kept"),
        else_branch: branchOf([node("Identity", ["x"], ["as_it_is"])], "as_it_is"),
      }),
    ],
    initializers: { one: axis(1), weight: spread([4], 2) },
  },
  {
    title: "chunks of uneven sizes, as a sequence",
    opset: 13,
    shape: [5, 2],
    nodes: [
      node("SplitToSequence", ["x", "sizes"], ["list"], { axis: -2 }),
      node("SequenceAt", ["list", "zero"], ["a"]),
      node("SequenceAt", ["list", "last"], ["b"]),
      node("Add", ["a", "b"], ["out"]),
    ],
    initializers: { sizes: axis(2, 1, 2), zero: integers([], [0]), last: integers([], [-1]) },
  },
  {
    title: "a sequence that is built, counted and stacked",
    opset: 13,
    shape: [2],
    nodes: [
      node("SequenceConstruct", ["x", "x"], ["two"]),
      node("Tanh", ["x"], ["t"]),
      node("SequenceInsert", ["two", "t", "one"], ["three"]),
      node("SequenceLength", ["three"], ["count"]),
      node("Cast", ["count"], ["n"], { to: 1 }),
      node("ConcatFromSequence", ["three"], ["stack"], { axis: 1, new_axis: 1 }),
      node("Mul", ["stack", "n"], ["out"]),
    ],
    initializers: { one: integers([], [1]) },
  },
  {
    title: "a split into rows without their axis",
    opset: 13,
    shape: [3, 2],
    nodes: [
      node("SplitToSequence", ["x"], ["list"], { axis: 1, keepdims: 0 }),
      node("SequenceAt", ["list", "one"], ["out"]),
    ],
    initializers: { one: integers([], [1]) },
  },
  {
    title: "a split into pieces of one size",
    opset: 13,
    shape: [5, 2],
    nodes: [
      node("SplitToSequence", ["x", "size"], ["list"], { axis: 1 }),
      node("SequenceAt", ["list", "two"], ["out"]),
    ],
    initializers: { size: integers([], [2]), two: integers([], [2]) },
  },
  {
    title: "Asin and Acos of what Tanh gives",
    opset: 13,
    shape: [9],
    nodes: [
      node("Tanh", ["x"], ["t"]),
      node("Asin", ["t"], ["s"]),
      node("Acos", ["t"], ["c"]),
      node("Mul", ["s", "c"], ["out"]),
    ],
  },
  {
    title: "amounts of a Pad as PyTorch computes them",
    opset: 13,
    shape: [2, 3],
    nodes: [
      node("ConstantOfShape", ["rest"], ["zeros"], { value: integers([1], [0]) }),
      node("Concat", ["given", "zeros"], ["list"], { axis: 0 }),
      node("Reshape", ["list", "pairs"], ["table"]),
      node("Slice", ["table", "last", "least", "first", "last"], ["turned"]),
      node("Transpose", ["turned"], ["columns"], { perm: [1, 0] }),
      node("Reshape", ["columns", "last"], ["pads"]),
      node("Pad", ["x", "pads"], ["out"]),
    ],
    initializers: {
      given: axis(1, 2, 0, 1),
      rest: axis(2),
      pairs: axis(-1, 2),
      last: axis(-1),
      first: axis(0),
      least: axis(-(2 ** 62)),
    },
  },
  {
    title: "halves of the last axis, from the middle to the end that int64 has",
    opset: 13,
    shape: [6],
    nodes: [
      node("Unsqueeze", ["end", "zero"], ["ends"]),
      node("Slice", ["x", "middle", "ends", "axes"], ["second"]),
      node("Slice", ["x", "zero", "middle", "axes"], ["front"]),
      node("Concat", ["second", "front"], ["out"], { axis: -1 }),
    ],
    initializers: {
      end: tensor("int64", [], BigInt64Array.of(2n ** 63n - 1n)),
      zero: axis(0),
      middle: axis(3),
      axes: axis(1),
    },
  },
  ...[7, 9, 14, 15].map(
    (opset): SeveralCase => ({
      title: "BatchNormalization on images",
      opset,
      shape: [2, 3, 3],
      nodes: [node("BatchNormalization", ["x", "scale", "bias", "mean", "var"], ["out"], { epsilon: float(0.01) })],
      initializers: statistics,
    }),
  ),
  {
    title: "BatchNormalization on vectors",
    opset: 15,
    shape: [2],
    nodes: [node("BatchNormalization", ["x", "scale", "bias", "mean", "var"], ["out"])],
    initializers: statistics,
  },
  ...splits.map(
    ({ title, opset, attributes, inputs }): SeveralCase => ({
      title,
      opset,
      shape: [5, 6],
      nodes: [
        node("Split", inputs, ["a", "b"], attributes),
        node("Concat", ["b", "a"], ["out"], { axis: attributes.axis }),
      ],
      initializers: inputs.length > 1 ? { sizes: axis(2, 4) } : {},
    }),
  ),
  {
    title: "view(x.size(0), -1)",
    opset: 13,
    shape: [2, 3],
    nodes: [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "zero"], ["n"]),
      node("Unsqueeze", ["n", "axes"], ["n1"]),
      node("Concat", ["n1", "rest"], ["to"], { axis: 0 }),
      node("Reshape", ["x", "to"], ["out"]),
    ],
    initializers: { zero: integers([], [0]), axes: axis(0), rest: axis(-1) },
  },
  {
    title: "constants of every form",
    opset: 13,
    shape: [3],
    nodes: [
      node("Constant", [], ["a"], { value_float: float(0.1) }),
      node("Constant", [], ["b"], { value_floats: float(1, 2, 3) }),
      node("Constant", [], ["c"], { value_int: 7 }),
      node("Constant", [], ["d"], { value_ints: [3] }),
      node("Constant", [], ["e"], { value: spread([3], 4) }),
      node("Cast", ["c"], ["c1"], { to: 1 }),
      node("ConstantOfShape", ["d"], ["f"], { value: { dtype: "float32", shape: [1], data: Float32Array.of(0.3) } }),
      node("Sum", ["x", "a", "b", "c1", "e", "f"], ["out"]),
    ],
  },
  {
    title: "attention's scale, from sizes",
    opset: 15,
    shape: [3],
    nodes: [
      node("Shape", ["x"], ["shape"], { start: 1, end: 2 }),
      node("Cast", ["shape"], ["real"], { to: 1 }),
      node("Sqrt", ["real"], ["root"]),
      node("Div", ["one", "root"], ["scale"]),
      node("CastLike", ["seven", "x"], ["seven1"]),
      node("Mul", ["x", "scale"], ["scaled"]),
      node("Add", ["scaled", "seven1"], ["out"]),
    ],
    initializers: { one: scalar(1), seven: integers([], [7]) },
  },
];
