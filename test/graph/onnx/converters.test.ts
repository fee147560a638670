// Operators read in another form than they stand in a file give what ONNX Runtime computes for the file itself.

import { describe, expect, it } from "vitest";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";
import { writeOnnx } from "../../../src/graph/onnx/writer.ts";
import { reals, type Tensor } from "../../../src/numeric/tensor.ts";
import { axis, BATCH, float, node, scalar } from "./file-parts.ts";
import { oneNodeFiles } from "./one-node-files.ts";
import { type FileSpec, fileOf, runFile, spread } from "./run-file.ts";
import { severalNodeFiles } from "./several-node-files.ts";

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
  it.each(oneNodeFiles)(
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

  it.each(severalNodeFiles)("$title, opset $opset", async ({ shape, ...spec }) => {
    const { ours, theirs } = await bothWays(spec, shape);
    expect(ours.shape).toEqual(theirs.shape);
    expect(ours).toBeAllclose(theirs as Tensor<"float32">, { atol: 5e-6, rtol: 5e-6 });
  });

  it("counts negative axes of a Transpose from the end, as PyTorch's movedim writes them", async () => {
    const x = spread([BATCH, 2, 4]);
    const read = (perm: number[]) => {
      const bytes = fileOf({ nodes: [node("Transpose", ["x"], ["out"], { perm })], inputs: { x: ["n", 2, 4] } });
      return runFile(writeOnnx(readOnnx(bytes, { name: "test.onnx" }).graph, { real: "float32" }), { x });
    };
    expect((await read([0, -1, 1])).y).toEqual((await read([0, 2, 1])).y);
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
