// Files that PyTorch exported, read by us, compute what PyTorch computed.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ImportedGraph, initialValues, readOnnx } from "../../../src/graph/onnx/reader.ts";
import { writeOnnx } from "../../../src/graph/onnx/writer.ts";
import { decodeNpz } from "../../../src/numeric/npz.ts";
import { type RealDType, type Tensor, toReal } from "../../../src/numeric/tensor.ts";
import { runFile } from "./run-file.ts";

const folder = new URL("../../../fixtures/onnx/", import.meta.url);
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const arrays = decodeNpz(bytesOf("onnx.npz"), "onnx.npz");
const numbersOf = (key: string): Float64Array => arrays[key].data as Float64Array;
const { models } = JSON.parse(readFileSync(new URL("onnx.json", folder), "utf8")) as {
  models: { name: string; opsets: number[]; parameters: string[] }[];
};
const files = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
const modelOf = (file: string): string => file.slice(0, file.indexOf("-"));

async function outputOf({ graph, parameters }: ImportedGraph, model: string, real: RealDType): Promise<Tensor> {
  const bytes = writeOnnx(graph, { real });
  const examples = arrays[`${model}.x`];
  const x = examples.dtype === "int64" ? examples : toReal(examples, real);
  return (await runFile(bytes, { x, ...initialValues(parameters, real) })).y;
}

describe("a file exported by PyTorch", () => {
  it("is here for every model and opset", () => {
    expect(files).toEqual(
      expect.arrayContaining(models.flatMap(({ name, opsets }) => opsets.map((opset) => `${name}-${opset}.onnx`))),
    );
  });

  it.each(files)("%s gives PyTorch's outputs in float32", async (file) => {
    const y = await outputOf(readOnnx(bytesOf(file), { name: file }), modelOf(file), "float32");
    expect(y).toBeAllclose(numbersOf(`${modelOf(file)}.y`), { atol: 1e-5, rtol: 1e-5 });
  });

  // The others hold operators for which ONNX Runtime has no float64 kernel: Conv, GlobalAveragePool, Erf.
  it.each(files.filter((file) => /^(mlp|exact)-/.test(file)))("%s gives PyTorch's outputs in float64", async (file) => {
    const y = await outputOf(readOnnx(bytesOf(file), { name: file }), modelOf(file), "float64");
    // A few roundings: settings are decimals again, an epsilon of 9.99999975e-6 gives 1e-13.
    expect(y).toBeAllclose(numbersOf(`${modelOf(file)}.y64`), { atol: 5e-15, rtol: 5e-15 });
  });

  it.each(["mlp", "cnn", "view"])("%s has PyTorch's parameters, in its order", (model) => {
    const names = models.find(({ name }) => name === model)!.parameters;
    for (const opset of [11, 13, 17]) {
      const { graph, parameters } = readOnnx(bytesOf(`${model}-${opset}.onnx`), { name: model });
      expect(parameters.map(({ name }) => name)).toEqual(names);
      expect(graph.inputs).toEqual(["x", ...names]);
      expect(graph.outputs).toEqual(["y"]);
    }
  });

  it.each(["exact-17", "resnet-17", "vit-17", "gpt-17", "next-13"])(
    "%s has the state_dict's names when nothing was folded and all values differ",
    (file) => {
      const { parameters } = readOnnx(bytesOf(`${file}.onnx`), { name: file });
      const { parameters: names } = models.find(({ name }) => name === modelOf(file))!;
      expect(parameters.map(({ name }) => name)).toEqual(names);
    },
  );

  it("becomes operators that keep the batch axis free, without arithmetic on shapes", () => {
    const { graph } = readOnnx(bytesOf("view-13.onnx"), { name: "view-13.onnx" });
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Conv", "LeakyRelu", "Reshape", "Gemm"]);
    expect(graph.values.get("y")?.shape).toEqual(["N", 3]);
  });
});

describe("a transformer block exported by PyTorch", () => {
  it("says which initializers are not parameters, and why", () => {
    const { parameters, notes } = readOnnx(bytesOf("block-17.onnx"), { name: "block-17.onnx" });
    expect(parameters.map(({ name }) => name)).toEqual([
      "token",
      "norm1.weight",
      "norm1.bias",
      "qkv.bias",
      "mlp.0.bias",
      "mlp.2.bias",
    ]);
    expect(notes).toMatchInlineSnapshot(`
      [
        "kept constant, masks: mask; name them in parameters to train them",
        "kept constant, stored as aliases of equal initializers: norm2.weight (of norm1.weight), norm2.bias (of norm1.bias); name them in parameters to train them",
        "kept constant, folded copies under invented names (do_constant_folding=False keeps the model's own): onnx::MatMul_113, onnx::MatMul_116, onnx::MatMul_117, onnx::MatMul_118; name them in parameters to train them",
      ]
    `);
  });

  it("trains them when they are named, aliases apart from what they are copies of", async () => {
    const imported = readOnnx(bytesOf("block-17.onnx"), { name: "block-17.onnx", parameters: "norm|MatMul" });
    const names = imported.parameters.map(({ name }) => name);
    expect(names).toEqual(["norm1.weight", "norm2.weight", "norm1.bias", "norm2.bias", ...names.slice(4)]);
    expect(names.slice(4)).toHaveLength(4);
    expect(imported.notes).toMatchInlineSnapshot(`
      [
        "kept constant, not named in parameters: token, mask, qkv.bias, mlp.0.bias, mlp.2.bias; name them in parameters to train them",
        "norm2.weight is trained apart from norm1.weight, whose values it starts from",
        "norm2.bias is trained apart from norm1.bias, whose values it starts from",
      ]
    `);
    const y = await outputOf(imported, "block", "float32");
    expect(y).toBeAllclose(numbersOf("block.y"), { atol: 1e-5, rtol: 1e-5 });
  });

  it("keeps an alias at its values when only its root is trained", async () => {
    const { graph, parameters } = readOnnx(bytesOf("block-17.onnx"), {
      name: "block-17.onnx",
      parameters: "^norm1.weight$",
    });
    const own = readOnnx(bytesOf("block-17.onnx"), { name: "block-17.onnx", parameters: "^norm[12].weight$" });
    const x = toReal(arrays["block.x"], "float32");
    const weight: Tensor = { ...parameters[0].data, data: new Float32Array(6).fill(2) };
    const ones = own.parameters[1].data;
    const one = await runFile(writeOnnx(graph, { real: "float32" }), { x, "norm1.weight": weight });
    const both = await runFile(writeOnnx(own.graph, { real: "float32" }), {
      x,
      "norm1.weight": weight,
      "norm2.weight": ones,
    });
    expect(one.y).toBeAllclose(both.y as Tensor<"float32">, { atol: 1e-6 });
  });
});
