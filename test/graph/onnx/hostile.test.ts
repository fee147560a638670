// Files that claim, nest or name what no exporter writes: refused in words, at once, without the memory that they ask for.

import { describe, expect, it } from "vitest";
import { ATTRIBUTE_TYPE, decodeModel, encodeModel, type GraphMessage } from "../../../src/graph/onnx/proto.ts";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";
import { integers } from "../../../src/numeric/tensor.ts";
import { axis, float, node, scalar } from "./file-parts.ts";
import { type FileSpec, fileOf, spread } from "./run-file.ts";

const read = (spec: FileSpec) => readOnnx(fileOf(spec), { name: "m.onnx" });
const refusal = (spec: FileSpec): string => {
  try {
    read(spec);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "read";
};

describe("readOnnx refuses", () => {
  it("sizes, windows, flags and names that no exporter writes", () => {
    const image = { x: ["n", 1, 8] };
    const pool = (attributes: Record<string, number[]>, size = 8): FileSpec => ({
      nodes: [node("MaxPool", ["x"], ["out"], attributes)],
      inputs: { x: ["n", 1, size] },
    });
    const files: readonly FileSpec[] = [
      { nodes: [node("Expand", ["x", "to"], ["out"])], initializers: { to: axis(2 ** 60, 1, 4) } },
      {
        nodes: [node("Range", ["from", "to", "by"], ["out"])],
        initializers: { from: integers([], [0]), to: integers([], [2 ** 60]), by: integers([], [1]) },
      },
      {
        nodes: [node("Resize", ["x", "", "", "to"], ["out"])],
        initializers: { to: axis(1, 1, 2 ** 40) },
        inputs: { x: [1, 1, 8] },
      },
      { nodes: [node("Trilu", ["x"], ["out"])], inputs: { x: ["n", 2 ** 20, 2 ** 20] } },
      { nodes: [node("Split", ["x"], ["out"], { axis: 1, num_outputs: 2 ** 40 })], opset: 18 },
      pool({ kernel_shape: [2 ** 20] }, 2 ** 20),
      pool({ kernel_shape: [2], strides: [0] }),
      {
        nodes: [node("Conv", ["x", "w"], ["out"], { pads: [-1, 0] })],
        initializers: { w: spread([1, 1, 2]) },
        inputs: image,
      },
      { nodes: [node("Relu", ["x"], ["out"])], inputs: { x: ["n", 2 ** 50] } },
      { nodes: [node("ReduceMean", ["x"], ["out"], { axes: [1], keepdims: 4 })] },
      { nodes: [node("Softmax", ["x"], ["out"], { axis: float(0.5) })] },
      {
        nodes: [node("Resize", ["x", "", "to"], ["out"], { coordinate_transformation_mode: "constructor" })],
        initializers: { to: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } },
      },
    ];
    expect(files.map(refusal)).toMatchInlineSnapshot(`
      [
        "InvalidModelError: m.onnx: node "out": Expand([N, 4], [3]): the result must have at most 2^40 elements an example, got [1152921504606847000, N, 4]",
        "InvalidModelError: m.onnx: node "out": Range([], [], []): the result must have at most 2^40 elements an example, got [1152921504606847000]",
        "UnsupportedError: m.onnx: an operator cannot be read: Resize (node "out"): an axis of 8 must not be resized to 1099511627776, whose matrix is too large",
        "UnsupportedError: m.onnx: an operator cannot be read: Trilu (node "out"): a triangle must have at most 2^24 elements, got 1048576 x 1048576",
        "InvalidModelError: m.onnx: node "out": Split: an axis of 4 must be split into as many pieces of 1, got 1099511627776",
        "UnsupportedError: m.onnx: an operator cannot be read: MaxPool (node "out"): a window must have at most 16384 elements, got [1048576]",
        "InvalidModelError: m.onnx: node "out": MaxPool([N, 1, 8]): strides must be whole numbers from 1 to 2^31 - 1, got [0]",
        "InvalidModelError: m.onnx: node "out": Conv([N, 1, 8], [1, 1, 2]): pads must be whole numbers from 0 to 2^31 - 1, got [-1,0]",
        "UnsupportedError: m.onnx: input x must have at most 2^40 elements an example, got [N, 1125899906842624]",
        "InvalidModelError: m.onnx: node "out": ReduceMean: attribute keepdims must be 0 or 1, got 4",
        "InvalidModelError: m.onnx: node "out": Softmax: attribute axis must be whole numbers, got 0.5",
        "UnsupportedError: m.onnx: an operator cannot be read: Resize (node "out"): coordinate_transformation_mode constructor is not read",
      ]
    `);
  });

  it("branches within branches beyond any depth, whatever the stack holds", () => {
    let inner: GraphMessage = { node: [], output: [{ name: "x" }] };
    for (let depth = 0; depth < 1500; depth++) {
      const attribute = [{ name: "then_branch", type: ATTRIBUTE_TYPE.GRAPH, g: inner }];
      inner = { node: [{ opType: "If", input: ["yes"], output: ["out"], attribute }], output: [{ name: "out" }] };
    }
    const model = decodeModel(new Uint8Array(fileOf({ nodes: [node("Relu", ["x"], ["out"])] })));
    model.graph!.node = inner.node;
    expect(() => readOnnx(encodeModel(model), { name: "m.onnx" })).toThrow(
      "m.onnx: branches must lie at most 31 deep within each other, got more",
    );
  });

  it("nodes that read each other in a circle", () => {
    const nodes = [
      node("Identity", ["b"], ["a"]),
      node("Reshape", ["a", "to"], ["b"]),
      node("Add", ["x", "b"], ["out"]),
      node("Identity", ["w"], ["b"]),
    ];
    expect(refusal({ nodes, initializers: { to: axis(4), w: spread([4]) } })).toMatch(
      /^InvalidModelError: m\.onnx: node/,
    );
  });
});

describe("readOnnx reads", () => {
  it("a chain of a thousand reshapes, whose end decides what a constant is", () => {
    const at = (i: number): string => (i === 0 ? "w" : `w${i}`);
    const nodes = Array.from({ length: 1000 }, (_, i) => node("Reshape", [at(i), "to"], [at(i + 1)]));
    const { parameters } = read({
      nodes: [...nodes, node("Add", ["x", at(1000)], ["out"])],
      initializers: { w: spread([4]), to: axis(4) },
    });
    expect(parameters.map(({ name }) => name)).toEqual(["w"]);
  });

  it("a parameter by the name that no object can hold under another", () => {
    const file = fileOf({ nodes: [node("Mul", ["x", "w"], ["out"])], initializers: { w: scalar(2) } });
    const model = decodeModel(new Uint8Array(file));
    model.graph!.initializer![0].name = "__proto__";
    model.graph!.node![0].input = ["x", "__proto__"];
    const { parameters, graph } = readOnnx(encodeModel(model), { name: "m.onnx" });
    expect([parameters[0].name, graph.inputs]).toEqual(["__proto___", ["x", "__proto___"]]);
  });
});
