// What cannot be read is named, with its node and what to do, in one line.

import { describe, expect, it } from "vitest";
import { PathkernelError } from "../../../src/errors.ts";
import { DATA_TYPE } from "../../../src/graph/onnx/proto.ts";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";
import { integers, tensor } from "../../../src/numeric/tensor.ts";
import { type FileNode, type FileSpec, fileOf, spread } from "./run-file.ts";

/** "Tag: message | hint" of the error that reading throws. */
function refusalOf(bytes: Uint8Array): string {
  try {
    readOnnx(bytes, { name: "model.onnx" });
  } catch (error) {
    if (!(error instanceof PathkernelError)) throw error;
    expect(error.message).not.toMatch(/\n/);
    return `${error.tag}: ${error.message} | ${error.hint}`;
  }
  return "nothing is refused";
}

const refused = (spec: FileSpec): string => refusalOf(fileOf(spec));
const node = (
  op: string,
  attributes: FileNode["attributes"] = {},
  inputs: string[] = ["x"],
  outputs: string[] = ["out"],
): FileNode => ({
  op,
  inputs,
  outputs,
  attributes,
  name: `${op}_0`,
});

describe("an Einsum that cannot be read", () => {
  it("names an equation that does not fit its operands", () => {
    const read = (equation: string) =>
      refused({ nodes: [node("Einsum", { equation }, ["x", "w"])], initializers: { w: spread([4, 3]) } });
    const start = 'InvalidModel: model.onnx: node "Einsum_0": Einsum: ';
    expect(read("nij,ij->n")).toBe(`${start}"nij" must name the 2 axes of its operand | undefined`);
    expect(read("n...ij,ij->n")).toBe(`${start}"n...ij" must name the 2 axes of its operand | undefined`);
    expect(read("ni->n")).toBe(`${start}the equation must have 2 operands, got "ni->n" | undefined`);
    expect(read("nn,ij->i")).toBe(`${start}axis n must have one size, got N and 4 | undefined`);
    expect(read("ni,ji->nj")).toBe(`${start}axis i must have one size, got 4 and 3 | undefined`);
    expect(read("ni,ij->nk")).toBe(`${start}the equation must name axes of its operands, got "ni,ij->nk" | undefined`);
  });
});

describe("an operator that cannot be read", () => {
  it("of each kind has its reason", () => {
    const branch = { name: "branch", output: [{ name: "z" }] };
    const ops: FileNode[] = [
      node("If", { then_branch: { graph: branch }, else_branch: { graph: branch } }),
      node("Loop"),
      node("RandomNormalLike"),
      node("DequantizeLinear"),
      node("SequenceMap"),
      node("StringNormalizer"),
      node("LSTM"),
      node("FFTShift"),
      node("ScatterND"),
      node("TopK"),
      node("GridSample"),
      node("GatherND"),
      node("SoftmaxCrossEntropyLoss"),
      { ...node("MyLayer"), domain: "my.company" },
    ];
    expect(ops.map((op) => refused({ nodes: [op] }))).toMatchInlineSnapshot(`
      [
        "Unsupported: model.onnx: an operator cannot be read: If (node "If_0"): control flow on data has no fixed graph | export the model without branches on data (torch.where chooses without one), all axes but the batch fixed",
        "Unsupported: model.onnx: an operator cannot be read: Loop (node "Loop_0"): control flow has no fixed graph | export the traced model (torch.jit.trace, no branches or loops on data)",
        "Unsupported: model.onnx: an operator cannot be read: RandomNormalLike (node "RandomNormalLike_0"): random numbers must be an input of the model | export the model in evaluation mode, without random layers",
        "Unsupported: model.onnx: an operator cannot be read: DequantizeLinear (node "DequantizeLinear_0"): quantised numbers have no derivative | export the model in float32, without quantisation",
        "Unsupported: model.onnx: an operator cannot be read: SequenceMap (node "SequenceMap_0"): optional values and sequences of computed length are not tensors | export the model with tensors only",
        "Unsupported: model.onnx: an operator cannot be read: StringNormalizer (node "StringNormalizer_0"): strings are not numbers | preprocess text before the model",
        "Unsupported: model.onnx: an operator cannot be read: LSTM (node "LSTM_0"): recurrent layers are not unrolled | write the recurrence out over its fixed length",
        "Unsupported: model.onnx: an operator cannot be read: FFTShift (node "FFTShift_0"): not supported | rewrite the model without it, or open an issue naming it",
        "Unsupported: model.onnx: an operator cannot be read: ScatterND (node "ScatterND_0"): elements that are assigned in place have no fixed origin | build the tensor with torch.cat, torch.stack or torch.where instead of assigning to a part of it",
        "Unsupported: model.onnx: an operator cannot be read: TopK (node "TopK_0"): an order that depends on the data is not followed | take max, min or argmax, or sort before the model",
        "Unsupported: model.onnx: an operator cannot be read: GridSample (node "GridSample_0"): positions that the data choose are not sampled | resize by fixed factors (torch.nn.Upsample), or sample before the model",
        "Unsupported: model.onnx: an operator cannot be read: GatherND (node "GatherND_0"): places that differ from example to example are not looked up | select with torch.gather along one axis, or multiply with a mask (torch.where)",
        "Unsupported: model.onnx: an operator cannot be read: SoftmaxCrossEntropyLoss (node "SoftmaxCrossEntropyLoss_0"): a loss is no part of the model | export the model without its loss, and name it with --loss",
        "Unsupported: model.onnx: an operator cannot be read: my.company:MyLayer (node "MyLayer_0"): not supported | rewrite the model without it, or open an issue naming it",
      ]
    `);
  });

  it("is listed with all others, nodes of one kind together", () => {
    const chain = ["Loop", "Det", "Det", "Det", "Det", "Bernoulli"].map((op, i) => ({
      op,
      name: `${op}_${i}`,
      inputs: [i === 0 ? "x" : `v${i - 1}`],
      outputs: [i === 5 ? "out" : `v${i}`],
    }));
    expect(refused({ nodes: chain })).toMatchInlineSnapshot(
      `"Unsupported: model.onnx: 3 operators cannot be read: Loop (node "Loop_0"): control flow has no fixed graph; Det (nodes "Det_1", "Det_2", "Det_3" and 1 more): not supported; Bernoulli (node "Bernoulli_5"): random numbers must be an input of the model | export the traced model (torch.jit.trace, no branches or loops on data); rewrite the model without it, or open an issue naming it; export the model in evaluation mode, without random layers"`,
    );
  });

  it("does not matter when the output does not need it", () => {
    expect(refused({ nodes: [node("Relu"), node("Loop", {}, ["x"], ["other"])] })).toBe("nothing is refused");
  });
});

describe("an operator that is read in part", () => {
  const statistics = { scale: spread([4]), bias: spread([4]), mean: spread([4]), var: spread([4]) };
  const names = ["x", "scale", "bias", "mean", "var"];

  it("refuses the rest", () => {
    const specs: FileSpec[] = [
      { nodes: [node("BatchNormalization", { training_mode: 1 }, names)], initializers: statistics },
      {
        opset: 13,
        nodes: [node("BatchNormalization", {}, names, ["out", "m", "v", "m1", "v1"])],
        initializers: statistics,
      },
      { opset: 7, nodes: [node("BatchNormalization", { spatial: 0 }, names)], initializers: statistics },
      { nodes: [node("Dropout", {}, ["x"], ["a", "mask"]), node("Where", {}, ["mask", "a", "a"])] },
      {
        nodes: [node("LayerNormalization", {}, ["x", "scale"], ["a", "mean"]), node("Add", {}, ["a", "mean"])],
        initializers: { scale: spread([4]) },
      },
      { nodes: [node("Cast", { to: 10 })] },
      { nodes: [node("Constant", { value_string: "text" }, [], ["c"]), node("Add", {}, ["x", "c"])] },
      { nodes: [node("Softmax", { axis: 0 })], opset: 11, inputs: { x: ["n", 2, 2] } },
      {
        nodes: [node("Conv", { auto_pad: "SAME" }, ["x", "w"])],
        inputs: { x: ["n", 1, 4] },
        initializers: { w: spread([1, 1, 2]) },
      },
      {
        nodes: [node("ConvTranspose", { auto_pad: "SAME_UPPER", strides: [2] }, ["x", "w"])],
        inputs: { x: ["n", 1, 4] },
        initializers: { w: spread([1, 1, 3]) },
      },
      { nodes: [node("AveragePool", { kernel_shape: [2], dilations: [2] })], opset: 19, inputs: { x: ["n", 1, 4] } },
      { nodes: [node("NonZero", {}, ["x"], ["n"]), node("Reshape", {}, ["x", "n"])] },
      { nodes: [node("Cast", { to: 7 }, ["x"], ["n"]), node("Reshape", {}, ["x", "n"])], inputs: { x: ["n"] } },
      { nodes: [node("Slice", { starts: [1], ends: [3], axes: [0] })], opset: 9 },
      { nodes: [node("ArgMax", { axis: 1 })] },
      { nodes: [node("ReduceMean", { axes: [0] })] },
    ];
    expect(specs.map(refused)).toMatchInlineSnapshot(`
      [
        "Unsupported: model.onnx: an operator cannot be read: BatchNormalization (node "BatchNormalization_0"): it must use its running statistics, got batch statistics, which mix examples | export the model in evaluation mode (frozen BatchNorm), or use GroupNorm",
        "Unsupported: model.onnx: an operator cannot be read: BatchNormalization (node "BatchNormalization_0"): it must use its running statistics, got batch statistics, which mix examples | export the model in evaluation mode (frozen BatchNorm), or use GroupNorm",
        "Unsupported: model.onnx: an operator cannot be read: BatchNormalization (node "BatchNormalization_0"): statistics must be per channel (spatial=1) | export the model in evaluation mode (frozen BatchNorm), or use GroupNorm",
        "Unsupported: model.onnx: an operator cannot be read: Dropout (node "Dropout_0"): the mask of Dropout must not be used: it is another one for each occurrence of an example | undefined",
        "Unsupported: model.onnx: an operator cannot be read: LayerNormalization (node "LayerNormalization_0"): the mean and deviation of LayerNormalization must not be used, only its result | undefined",
        "Unsupported: model.onnx: an operator cannot be read: Cast (node "Cast_0"): the type that is cast to must be float32, float64, int64, int32, uint8 or bool, got float16 | export the model in float32, without quantisation",
        "Unsupported: model.onnx: an operator cannot be read: Constant (node "Constant_0"): constant must be a dense tensor or number, got value_string | undefined",
        "Unsupported: model.onnx: an operator cannot be read: Softmax (node "Softmax_0"): softmax must not run over the batch axis | undefined",
        "Unsupported: model.onnx: an operator cannot be read: Conv (node "Conv_0"): auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got SAME | undefined",
        "Unsupported: model.onnx: an operator cannot be read: ConvTranspose (node "ConvTranspose_0"): the padding of the transposed convolution must be even, got totals [1] | export it with explicit pads",
        "Unsupported: model.onnx: an operator cannot be read: AveragePool (node "AveragePool_0"): dilations of an average must be 1, got [2] | undefined",
        "Unsupported: model.onnx: an operator cannot be read: NonZero (node "NonZero_0"): places that differ from example to example are not looked up | select with torch.gather along one axis, or multiply with a mask (torch.where)",
        "Unsupported: model.onnx: an operator cannot be read: Reshape (node "Reshape_0"): shape must be known before the model runs, got numbers that it computes | export the model with fixed sizes, only the batch axis may be dynamic",
        "Unsupported: model.onnx: an operator cannot be read: Slice (node "Slice_0"): the batch axis must be kept whole | a model treats each example alone",
        "Unsupported: model.onnx: output out must be real numbers, got int64 | undefined",
        "Unsupported: model.onnx: output out must have the batch axis first and only there, got [1, 4] | export the model with a free batch axis (dynamic_axes) and without reductions over the batch",
      ]
    `);
  });
});

describe("a file that cannot be read", () => {
  it("says what its inputs and weights must be", () => {
    const nodes = [node("Add", {}, ["x", "w"])];
    const external = {
      name: "w",
      dims: [4],
      dataType: DATA_TYPE.float32,
      dataLocation: 1,
      externalData: [{ key: "location", value: "w.bin" }],
    };
    const specs: FileSpec[] = [
      { nodes, inputs: { x: ["n", 4], w: ["n", 4] } },
      { nodes, inputs: { x: ["n", "height"] }, initializers: { w: spread([4]) } },
      { nodes, inputs: { x: [8, 4] }, initializers: { w: spread([4]) } },
      { nodes, inputs: { x: [] }, initializers: { w: spread([4]) } },
      { nodes, inputs: {}, initializers: { w: spread([4]), x: spread([4]) } },
      { nodes, inputType: 10, initializers: { w: spread([4]) } },
      { nodes, messages: [external] },
      { nodes, messages: [{ name: "w", dims: [4], dataType: 10, rawData: new Uint8Array(8) }] },
      { nodes, messages: [{ name: "w", dims: [4], dataType: DATA_TYPE.float32, rawData: new Uint8Array(7) }] },
      { nodes, messages: [{ name: "w", dims: [5], dataType: DATA_TYPE.float32, rawData: new Uint8Array(16) }] },
      { nodes: [node("Relu")], opset: 6 },
      { nodes: [node("Relu")], opset: 23 },
    ];
    expect(specs.map(refused)).toMatchInlineSnapshot(`
      [
        "Unsupported: model.onnx: the model must have exactly one input, the example, got x, w | join the inputs into one tensor, or export all but one as constants",
        "Unsupported: model.onnx: axis 1 of input x must be a fixed number, got height | export the model with only axis 0 free (dynamic_axes)",
        "Unsupported: model.onnx: axis 0 of input x must be the batch axis, free or 1, got 8 | export the model with axis 0 free (dynamic_axes)",
        "Unsupported: model.onnx: input x must have a batch axis, got a single number | undefined",
        "InvalidModel: model.onnx: the model must have an input, got none | undefined",
        "Unsupported: model.onnx: input x must be float32, float64, int64, int32, uint8 or bool, got float16 | export the model in float32, without quantisation",
        "Unsupported: model.onnx: initializer w must lie in the file itself, got data in another file | save the model in one file (onnx.save with save_as_external_data=False)",
        "Unsupported: model.onnx: initializer w must be float32, float64, int64, int32, uint8 or bool, got float16 | export the model in float32, without quantisation",
        "InvalidModel: model.onnx: initializer w must hold 4 elements for shape [4], got a broken number of them | undefined",
        "InvalidModel: model.onnx: initializer w must hold 5 elements for shape [5], got 4 | undefined",
        "Unsupported: model.onnx: the operator set must be 7 to 22, got 6 | export the model with opset_version=17",
        "Unsupported: model.onnx: the operator set must be 7 to 22, got 23 | export the model with opset_version=17",
      ]
    `);
  });

  it("says which node does not fit", () => {
    const specs: FileSpec[] = [
      { nodes: [node("Add", {}, ["x", "nowhere"])] },
      { nodes: [node("Relu", {}, ["x"], ["elsewhere"])] },
      { nodes: [node("Add", {}, ["x", "w"])], initializers: { w: spread([3]) } },
      { nodes: [node("MatMul", {}, ["x"])] },
      { nodes: [node("MaxPool")], inputs: { x: ["n", 1, 4] } },
      { nodes: [node("Reshape", {}, ["x", "to"])], initializers: { to: integers([2], [-1, 3]) } },
      { nodes: [node("Relu"), node("Tanh")] },
      { nodes: [node("Where", {}, ["c", "x", "x"])], initializers: { c: tensor("bool", [3], new Uint8Array(3)) } },
    ];
    expect(specs.map(refused)).toMatchInlineSnapshot(`
      [
        "InvalidModel: model.onnx: node "Add_0" reads nowhere, which no input, initializer or earlier node gives | undefined",
        "InvalidModel: model.onnx: output out must be written by a node, got none that does | undefined",
        "InvalidModel: model.onnx: node "Add_0": Add([N, 4], [3]): shapes must broadcast, got [N,4] and [3] | undefined",
        "InvalidModel: model.onnx: node "MatMul_0": MatMul must have the inputs and attributes of its operator set | undefined",
        "InvalidModel: model.onnx: node "MaxPool_0": MaxPool: kernel_shape must have a number for each spatial axis, got [] | undefined",
        "InvalidModel: model.onnx: node "Reshape_0": Reshape: 4N must be a multiple of 3 | undefined",
        "InvalidModel: model.onnx: node "Tanh_0" writes out, which has a value already | undefined",
        "InvalidModel: model.onnx: node "Where_0": Where([3], [N, 4], [N, 4]): shapes must broadcast, got [3] and [N,4] | undefined",
      ]
    `);
  });

  it("is recognised when it is something else", () => {
    const text = (content: string): Uint8Array => new TextEncoder().encode(content);
    const strangers = [
      new Uint8Array(),
      text("PK\x03\x04 and so on"),
      text("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
      text("<!DOCTYPE html>"),
      Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]),
      text("hello, world"),
      fileOf({ nodes: [node("Relu")] }).subarray(0, 60),
    ];
    expect(strangers.map(refusalOf)).toMatchInlineSnapshot(`
      [
        "InvalidModel: model.onnx: the file must be an ONNX model with an output, got none (is it cut off?) | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got a zip archive (a PyTorch checkpoint is one: export the model with torch.onnx.export) | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got a Git LFS pointer (fetch the file itself with git lfs pull) | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got a text document | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got a NumPy array | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got 12 bytes that are cut off or of another format | undefined",
        "InvalidModel: model.onnx: the file must be an ONNX model, got 60 bytes that are cut off or of another format | undefined",
      ]
    `);
  });
});
