// Operators read in another form than they stand in a file give what ONNX Runtime computes for the file itself.

import { describe, expect, it } from "vitest";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";
import { writeOnnx } from "../../../src/graph/onnx/writer.ts";
import { integers, reals, type Tensor, tensor } from "../../../src/numeric/tensor.ts";
import { type FileNode, type FileSpec, fileOf, runFile, spread } from "./run-file.ts";

const BATCH = 3;
const positive = (source: Tensor<"float32">): Tensor => ({
  ...source,
  data: source.data.map((v) => Math.abs(v) + 0.1),
});

interface Case extends Partial<FileSpec> {
  readonly op: string;
  readonly opset: number;
  /** Axes of x after the batch. */
  readonly shape?: readonly number[];
  readonly attributes?: FileNode["attributes"];
  /** Further inputs, as initializers in this order. */
  readonly with?: Readonly<Record<string, Tensor>>;
}

const axis = (...axes: number[]): Tensor => integers([axes.length], axes);
const float = (...values: number[]) => ({ float: values.length === 1 ? values[0] : values });
const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });

/** Files of one node, x to out. */
const single: readonly Case[] = [
  { op: "ReduceMean", opset: 11, shape: [4, 5], attributes: { axes: [-1], keepdims: 0 } },
  { op: "ReduceMax", opset: 13, shape: [4, 5], attributes: { axes: [1, 2] } },
  { op: "ReduceSum", opset: 13, shape: [4, 5], with: { axes: axis(1) }, attributes: { keepdims: 0 } },
  { op: "ReduceSum", opset: 13, shape: [4], attributes: { noop_with_empty_axes: 1 } },
  { op: "ReduceL2", opset: 18, shape: [4, 5], with: { axes: axis(-1) } },
  { op: "Squeeze", opset: 11, shape: [1, 5], attributes: { axes: [1] } },
  { op: "Squeeze", opset: 13, shape: [1, 5], with: { axes: axis(-2) } },
  { op: "Squeeze", opset: 13, shape: [1, 5, 1] },
  { op: "Unsqueeze", opset: 11, shape: [5], attributes: { axes: [1, 3] } },
  { op: "Unsqueeze", opset: 13, shape: [5], with: { axes: axis(-1) } },
  { op: "Clip", opset: 7, shape: [5], attributes: { min: float(-0.3), max: float(0.7) } },
  { op: "Clip", opset: 10, shape: [5], attributes: { max: float(0.7) } },
  { op: "Clip", opset: 13, shape: [5], with: { low: scalar(-0.3), high: scalar(0.7) } },
  { op: "Slice", opset: 9, shape: [6, 5], attributes: { axes: [1, 2], starts: [1, -3], ends: [4, 1000] } },
  { op: "Slice", opset: 9, shape: [6], attributes: { starts: [0, 1], ends: [2 ** 31, 5] } },
  { op: "Slice", opset: 13, shape: [6], with: { starts: axis(-1), ends: axis(-100), axes: axis(1), steps: axis(-2) } },
  { op: "Pad", opset: 10, shape: [3], attributes: { pads: [0, 1, 0, 2], value: float(1.5) } },
  { op: "Pad", opset: 11, shape: [4], with: { pads: axis(0, 2, 0, 1) }, attributes: { mode: "reflect" } },
  { op: "Pad", opset: 18, shape: [2, 3], with: { pads: axis(1, 2), fill: scalar(0.25), axes: axis(-1) } },
  { op: "Softmax", opset: 11, shape: [4, 5] },
  { op: "Softmax", opset: 11, shape: [4, 5], attributes: { axis: -1 } },
  { op: "LogSoftmax", opset: 11, shape: [2, 3, 4], attributes: { axis: 2 } },
  { op: "Softmax", opset: 13, shape: [4, 5], attributes: { axis: 1 } },
  { op: "Dropout", opset: 7, shape: [4], attributes: { ratio: float(0.4) } },
  {
    op: "Dropout",
    opset: 12,
    shape: [4],
    with: { ratio: scalar(0.4), training: tensor("bool", [], new Uint8Array(1)) },
  },
  { op: "Gelu", opset: 20, shape: [9] },
  { op: "Gelu", opset: 20, shape: [9], attributes: { approximate: "tanh" } },
  { op: "com.microsoft:Gelu", opset: 17, shape: [9] },
  { op: "com.microsoft:BiasGelu", opset: 17, shape: [9], with: { bias: spread([9], 2) } },
  { op: "com.microsoft:FastGelu", opset: 17, shape: [9], with: { bias: spread([9], 2) } },
  { op: "com.microsoft:QuickGelu", opset: 17, shape: [9], attributes: { alpha: float(1.5) } },
  { op: "Einsum", opset: 13, shape: [4, 5], attributes: { equation: "bij -> bji" } },
  { op: "Einsum", opset: 13, shape: [4, 5], attributes: { equation: "bij->b" } },
  { op: "Einsum", opset: 13, shape: [4], attributes: { equation: "ai,bi" }, with: { w: spread([3, 4], 2) } },
  { op: "Einsum", opset: 13, shape: [4, 5], attributes: { equation: "nid,de->nie" }, with: { w: spread([5, 2], 2) } },
  { op: "Einsum", opset: 13, shape: [4], attributes: { equation: "ni,j->nji" }, with: { w: spread([3], 2) } },
  {
    op: "Einsum",
    opset: 13,
    shape: [2, 4, 5],
    attributes: { equation: "bhid,hed->beih" },
    with: { w: spread([2, 3, 5], 2) },
  },
  {
    op: "Einsum",
    opset: 13,
    shape: [4, 5],
    attributes: { equation: "nid,kie->ned" },
    with: { w: spread([2, 4, 3], 2) },
  },
  { op: "Mean", opset: 8, shape: [4], with: { a: spread([1, 4], 2), c: spread([4], 3) } },
  { op: "Mean", opset: 13, shape: [4] },
  { op: "Max", opset: 13, shape: [4] },
  { op: "InstanceNormalization", opset: 7, shape: [2, 5], with: { scale: spread([2], 2), bias: spread([2], 3) } },
  {
    op: "LayerNormalization",
    opset: 17,
    shape: [3, 5],
    with: { scale: spread([3, 5], 2), bias: spread([3, 5], 3) },
    attributes: { axis: 1 },
  },
  {
    op: "LayerNormalization",
    opset: 17,
    shape: [3, 5],
    with: { scale: spread([5], 2) },
    attributes: { epsilon: float(0.1) },
  },
  {
    op: "GroupNormalization",
    opset: 18,
    shape: [4, 5],
    with: { scale: spread([2], 2), bias: spread([2], 3) },
    attributes: { num_groups: 2 },
  },
  {
    op: "GroupNormalization",
    opset: 21,
    shape: [4, 5],
    with: { scale: spread([4], 2), bias: spread([4], 3) },
    attributes: { num_groups: 2 },
  },
  { op: "GlobalMaxPool", opset: 7, shape: [2, 3, 4] },
  { op: "GlobalAveragePool", opset: 7, shape: [2, 3, 4] },
  { op: "HardSigmoid", opset: 7, shape: [9], attributes: { alpha: float(0.3), beta: float(0.4) } },
  { op: "HardSwish", opset: 14, shape: [9] },
  { op: "PRelu", opset: 9, shape: [2, 5], with: { slope: spread([2, 1], 2) } },
  { op: "Selu", opset: 7, shape: [9] },
  { op: "Celu", opset: 12, shape: [9], attributes: { alpha: float(0.7) } },
  { op: "ThresholdedRelu", opset: 10, shape: [9], attributes: { alpha: float(0.5) } },
  { op: "Softsign", opset: 7, shape: [9] },
  { op: "Mish", opset: 18, shape: [9] },
  { op: "Shrink", opset: 9, shape: [9], attributes: { lambd: float(0.6), bias: float(0.2) } },
  { op: "Tan", opset: 7, shape: [9] },
  { op: "LeakyRelu", opset: 7, shape: [9] },
  { op: "Elu", opset: 7, shape: [9] },
  { op: "Pow", opset: 12, shape: [4], with: { exponent: axis(3) } },
  { op: "Trilu", opset: 14, shape: [3, 4], with: { k: integers([], [1]) } },
  { op: "Trilu", opset: 14, shape: [3, 4], attributes: { upper: 0 } },
  { op: "Flatten", opset: 13, shape: [2, 3] },
  { op: "Transpose", opset: 13, shape: [2, 3], attributes: { perm: [0, 2, 1] } },
  { op: "Reshape", opset: 14, shape: [2, 6], with: { to: axis(0, -1, 3) } },
  {
    op: "Conv",
    opset: 11,
    shape: [2, 7, 6],
    with: { w: spread([3, 2, 3, 2], 2) },
    attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] },
  },
  {
    op: "Conv",
    opset: 11,
    shape: [2, 7, 6],
    with: { w: spread([3, 2, 2, 2], 2), c: spread([3], 3) },
    attributes: { auto_pad: "SAME_LOWER" },
  },
  {
    op: "Conv",
    opset: 11,
    shape: [2, 7, 7],
    with: { w: spread([3, 2, 3, 3], 2) },
    attributes: { auto_pad: "VALID", dilations: [2, 2] },
  },
  { op: "Conv", opset: 7, shape: [4, 9], with: { w: spread([2, 2, 3], 2) }, attributes: { group: 2, pads: [1, 0] } },
  {
    op: "ConvTranspose",
    opset: 11,
    shape: [2, 4],
    with: { w: spread([2, 3, 4], 2) },
    attributes: { auto_pad: "SAME_UPPER", strides: [2] },
  },
  {
    op: "ConvTranspose",
    opset: 11,
    shape: [2, 4],
    with: { w: spread([2, 3, 3], 2) },
    attributes: { output_shape: [7], strides: [2] },
  },
  { op: "MaxPool", opset: 12, shape: [2, 7], attributes: { auto_pad: "SAME_LOWER", kernel_shape: [3], strides: [3] } },
  { op: "MaxPool", opset: 8, shape: [2, 7], attributes: { kernel_shape: [3] } },
  { op: "AveragePool", opset: 11, shape: [2, 7, 7], attributes: { auto_pad: "SAME_UPPER", kernel_shape: [2, 3] } },
  {
    op: "AveragePool",
    opset: 11,
    shape: [2, 7],
    attributes: { kernel_shape: [3], pads: [1, 1], count_include_pad: 1, ceil_mode: 1 },
  },
];

const statistics = { scale: spread([2], 2), bias: spread([2], 3), mean: spread([2], 4), var: positive(spread([2], 5)) };
const node = (op: string, inputs: string[], outputs: string[], attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs,
  attributes,
});

/** Files of several nodes. */
interface SeveralCase extends FileSpec {
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

const several: readonly SeveralCase[] = [
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

async function bothWays(spec: FileSpec, shape: readonly number[]): Promise<{ ours: Tensor; theirs: Tensor }> {
  const x = spread([BATCH, ...shape]);
  const bytes = fileOf({ ...spec, inputs: { x: ["batch", ...shape] } });
  const { graph, parameters } = readOnnx(bytes, { name: "test.onnx" });
  const initializers = Object.fromEntries(parameters.map(({ name, data }) => [name, data]));
  const [ours, theirs] = [
    await runFile(writeOnnx(graph, { real: "float32", initializers }), { x }),
    await runFile(bytes, { x }),
  ];
  return { ours: ours.y, theirs: theirs.out };
}

describe("readOnnx gives what ONNX Runtime computes for the file itself", () => {
  it.each(single)(
    "$op, opset $opset, $attributes",
    async ({ op, opset, shape = [], attributes = {}, with: given = {} }) => {
      const [domain, name] = op.includes(":") ? op.split(":") : ["", op];
      const nodes = [{ op: name, domain, inputs: ["x", ...Object.keys(given)], attributes }];
      const { ours, theirs } = await bothWays({ opset, nodes, initializers: given }, shape);
      expect(ours.shape).toEqual(theirs.shape);
      // Ten roundings of numbers of size 2 to 8.
      expect(ours).toBeAllclose(theirs as Tensor<"float32">, { atol: 5e-6, rtol: 5e-6 });
    },
  );

  it.each(several)("$title, opset $opset", async ({ shape, ...spec }) => {
    const { ours, theirs } = await bothWays(spec, shape);
    expect(ours.shape).toEqual(theirs.shape);
    expect(ours).toBeAllclose(theirs as Tensor<"float32">, { atol: 5e-6, rtol: 5e-6 });
  });

  it("frees a batch axis that the file fixes to 1, in reshapes too", async () => {
    const nodes = [node("Reshape", ["x", "to"], ["out"])];
    const bytes = fileOf({ nodes, initializers: { to: axis(1, -1) }, inputs: { x: [1, 2, 3] } });
    const { graph, notes } = readOnnx(bytes, { name: "test.onnx" });
    const x = spread([BATCH, 2, 3]);
    const { y } = await runFile(writeOnnx(graph, { real: "float32" }), { x });
    expect(y.shape).toEqual([BATCH, 6]);
    expect(y).toBeAllclose(x);
    expect(notes).toContain("the batch axis of input x is 1 in the file and is read as free");
  });
});

describe("readOnnx takes a float32 setting for the shortest decimal that rounds to it", () => {
  it("in attributes", () => {
    const bytes = fileOf({ nodes: [node("LeakyRelu", ["x"], ["out"], { alpha: float(0.01) })] });
    expect(readOnnx(bytes, { name: "test.onnx" }).graph.nodes[0].attributes).toEqual({ alpha: 0.01 });
  });

  it("in scalar constants and initializers, not in arrays", () => {
    const nodes = [
      node("Constant", [], ["a"], { value: scalar(0.1) }),
      node("Constant", [], ["b"], {
        value: { dtype: "float32", shape: [4], data: Float32Array.of(0.1, 0.2, 0.3, 0.4) },
      }),
      node("Sum", ["x", "a", "b", "c", "weight"], ["out"]),
    ];
    const bytes = fileOf({ nodes, initializers: { c: scalar(1e-5), weight: spread([4]) } });
    const { graph } = readOnnx(bytes, { name: "test.onnx", parameters: "^weight$" });
    const constants = [...graph.constants.values()].map(({ data }) => [...data]);
    expect(constants).toEqual([[0.1], [0.1, 0.2, 0.3, 0.4].map(Math.fround), [1e-5]]);
  });
});

describe("a graph with reals that no float32 holds", () => {
  it("keeps float64 constants", () => {
    const nodes = [
      node("Constant", [], ["a"], { value: reals([], [Math.PI]) }),
      node("Cast", ["a"], ["b"], { to: 1 }),
      node("Add", ["x", "b"], ["out"]),
    ];
    const { graph } = readOnnx(fileOf({ nodes }), { name: "test.onnx" });
    expect([...graph.constants.values()][0].data).toEqual(Float64Array.of(Math.PI));
  });
});
