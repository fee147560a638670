// Which initializers become parameters.

import { describe, expect, it } from "vitest";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";
import type { Tensor } from "../../../src/numeric/tensor.ts";
import { type FileNode, type FileSpec, fileOf, spread } from "./run-file.ts";

const node = (op: string, inputs: string[], output = "out", attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});
const values = (...data: number[]): Tensor => ({
  dtype: "float32",
  shape: [data.length],
  data: Float32Array.from(data),
});
const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });

function namesOf(spec: FileSpec, parameters?: string): { names: string[]; notes: readonly string[] } {
  const imported = readOnnx(fileOf(spec), { name: "test.onnx", parameters });
  return { names: imported.parameters.map(({ name }) => name), notes: imported.notes };
}

describe("parameters of a file, when none are named", () => {
  it("are the float initializers that reach the output", () => {
    const nodes = [node("Add", ["x", "w"]), node("Add", ["x", "unused"], "other")];
    expect(namesOf({ nodes, initializers: { w: spread([4]), unused: spread([4]) } }).names).toEqual(["w"]);
  });

  it("are not masks: minus infinity that is added, or what Where chooses", () => {
    const nodes = [node("Add", ["x", "causal"], "a"), node("Less", ["x", "w"], "c"), node("Where", ["c", "a", "fill"])];
    const initializers = { causal: values(0, -Infinity, 0, -1e9), w: spread([4]), fill: values(-Infinity) };
    const { names, notes } = namesOf({ nodes, initializers });
    expect(names).toEqual(["w"]);
    expect(notes).toEqual(["kept constant, masks: causal, fill; name them in parameters to train them"]);
  });

  it("are not triangles of ones that are cut to size and compared", () => {
    const cut = [node("Slice", ["ones", "from", "to"], "s"), node("Equal", ["s", "zero"], "c")];
    const nodes = [...cut, node("Where", ["c", "fill", "x"], "masked"), node("Mul", ["masked", "gate"])];
    const list = (value: bigint): Tensor => ({ dtype: "int64", shape: [1], data: BigInt64Array.of(value) });
    const initializers = {
      ones: values(1, 0, 1, 0, 0),
      from: list(0n),
      to: list(4n),
      zero: scalar(0),
      fill: scalar(-Infinity),
      gate: values(0, 1, 1, 0),
    };
    const { names, notes } = namesOf({ nodes, initializers });
    expect(names).toEqual(["gate"]);
    expect(notes).toEqual(["kept constant, masks: ones, zero, fill; name them in parameters to train them"]);
  });

  it("are not masks that reach the scores by other ways: an axis put in, a product with 1 (torch.baddbmm), or multiplied triangles", () => {
    const nodes = [
      node("Unsqueeze", ["causal", "axis"], "u"),
      node("Mul", ["u", "one"], "scaled"),
      node("Add", ["x", "scaled"], "a"),
      node("Mul", ["a", "lower"], "b"),
      node("Mul", ["b", "unit"], "c"),
      node("Add", ["c", "w"]),
    ];
    const square = (...data: number[]): Tensor => ({ ...values(...data), shape: [2, 2] });
    const initializers = {
      causal: square(0, -Infinity, 0, 0),
      axis: { dtype: "int64", shape: [1], data: BigInt64Array.of(0n) } as Tensor,
      one: scalar(1),
      lower: square(1, 0, 1, 1),
      unit: square(1, 0, 0, 1),
      w: spread([2]),
    };
    const { names, notes } = namesOf({ nodes, initializers, inputs: { x: ["n", 2, 2] } });
    expect(names).toEqual(["one", "unit", "w"]);
    expect(notes).toEqual(["kept constant, masks: causal, lower; name them in parameters to train them"]);
  });

  it("are also those that only a branch reads", () => {
    const branch = (input: string) => ({
      graph: {
        node: [{ opType: "Add", input: ["x", input], output: ["sum"] }],
        output: [{ name: "sum", type: { tensorType: { elemType: 1 } } }],
      },
    });
    const truth = { dtype: "bool", shape: [], data: Uint8Array.of(1) } as Tensor;
    const nodes = [node("If", ["truth"], "out", { then_branch: branch("w"), else_branch: branch("v") })];
    const { names } = namesOf({ nodes, initializers: { truth, w: spread([4]), v: spread([4]) } });
    expect(names).toEqual(["w", "v"]);
  });

  it("are learned tokens that Where chooses", () => {
    const nodes = [node("Less", ["x", "x"], "c"), node("Where", ["c", "token", "x"])];
    expect(namesOf({ nodes, initializers: { token: spread([4]) } }).names).toEqual(["token"]);
  });

  it("are biases that start at zero, or at one, although masks hold zeros too", () => {
    const nodes = [node("Add", ["x", "bias"], "a"), node("Mul", ["a", "scale"])];
    expect(namesOf({ nodes, initializers: { bias: values(0, 0, 0, 0), scale: values(1, 1, 1, 1) } }).names).toEqual([
      "bias",
      "scale",
    ]);
  });

  it("are not bounds and exponents", () => {
    const nodes = [node("Clip", ["x", "low"], "a"), node("Pow", ["a", "two"], "b"), node("Add", ["b", "w"])];
    const { names, notes } = namesOf({ nodes, initializers: { low: scalar(0.1), two: scalar(2), w: spread([4]) } });
    expect(names).toEqual(["w"]);
    expect(notes).toEqual(["kept constant, settings of operators: low, two; name them in parameters to train them"]);
  });

  it("keep the name of an initializer that one Identity renames", () => {
    const nodes = [node("Identity", ["w"], "renamed"), node("Add", ["x", "renamed"])];
    expect(namesOf({ nodes, initializers: { w: spread([4]) } })).toEqual({ names: ["w"], notes: [] });
  });

  it("may be none, which is said", () => {
    expect(namesOf({ nodes: [node("Relu", ["x"])] }).notes).toEqual(["no initializer is taken as a parameter"]);
  });

  it("called x or y are renamed: these are the example and the output", () => {
    const spec = { nodes: [node("Sum", ["input", "x", "y"])], initializers: { x: spread([4]), y: spread([4]) } };
    expect(namesOf({ ...spec, inputs: { input: ["n", 4] } }).names).toEqual(["x_", "y_"]);
  });
});

describe("parameters of a file, when a regular expression names them", () => {
  const spec = {
    nodes: [node("Add", ["x", "layer.bias"], "a"), node("Mul", ["a", "onnx::Mul_7"])],
    initializers: { "layer.bias": spread([4]), "onnx::Mul_7": spread([4]) },
  };

  it("are what it matches, the rest is constant", () => {
    expect(namesOf(spec, "onnx")).toEqual({
      names: ["onnx::Mul_7"],
      notes: ["kept constant, not named in parameters: layer.bias; name them in parameters to train them"],
    });
  });

  it("must be some", () => {
    expect(() => namesOf(spec, "head")).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: readOnnx: parameters must match an initializer, got /head/; there are layer.bias, onnx::Mul_7]`,
    );
  });

  it("must come from an expression that can be read", () => {
    expect(() => namesOf(spec, "(")).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: readOnnx: parameters must be a regular expression, got (]`,
    );
  });
});

describe("values given for initializers", () => {
  const nodes = [node("Mul", ["x", "scale"], "scaled"), node("Add", ["scaled", "shift"])];
  const file = fileOf({ nodes, initializers: { scale: values(9, 9, 9, 9), shift: values(8, 8, 8, 8) } });
  const read = (given: Record<string, Tensor>, parameters = "^scale$") =>
    readOnnx(file, { name: "test.onnx", parameters, values: new Map(Object.entries(given)) });

  it("take the place of those in the file, of parameters and of what is kept constant; other names are passed over", () => {
    const { graph, parameters } = read({ scale: values(1, 2, 3, 4), shift: values(5, 6, 7, 8), other: scalar(1) });
    expect(parameters.map(({ name, data }) => [name, [...(data.data as Float32Array)]])).toEqual([
      ["scale", [1, 2, 3, 4]],
    ]);
    expect([...graph.constants.values()].map(({ data }) => [...(data as Float64Array)])).toEqual([[5, 6, 7, 8]]);
  });

  it("must have the kind and the shape of those in the file", () => {
    expect(() => read({ shift: values(1, 2) })).toThrow(
      "test.onnx: the value given for initializer shift must be real [4], got real [2]",
    );
    const whole: Tensor = { dtype: "int64", shape: [4], data: new BigInt64Array(4) };
    expect(() => read({ shift: whole })).toThrow("must be real [4], got int64 [4]");
  });
});
