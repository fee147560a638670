// Stacks of layers, a residual network, a vision transformer and a language model that PyTorch exported: outputs, gradients of each example.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { materialise } from "../../src/differentiate/factored.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { GraphBuilder, valueIn } from "../../src/graph/builder.ts";
import { type ImportedGraph, initialValues, readOnnx } from "../../src/graph/onnx/reader.ts";
import type { Value } from "../../src/graph/types.ts";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { type RealDType, sizeOf, type Tensor, takeRows, toReal } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const arrays = decodeNpz(bytesOf("onnx.npz"), "onnx.npz");
const numbersOf = (key: string): Float64Array => arrays[key].data as Float64Array;
const files = ["mlp-17", "cnn-13", "cnn-17", "resnet-17", "vit-13", "vit-17", "gpt-17", "next-13", "next-17"];
const nameOf = (file: string): string => file.slice(0, file.indexOf("-"));
const inDtype = (t: Tensor, dtype: RealDType): Tensor => (t.dtype === "float64" ? toReal(t, dtype) : t);

/** Sums of a few thousand numbers, and constants that are decimals again where the file has float32 (epsilon: 1e-13). */
const TOLERANCE = { float64: { atol: 1e-12, rtol: 1e-10 }, float32: { atol: 2e-5, rtol: 1e-4 } } as const;

const read = (file: string): ImportedGraph => readOnnx(bytesOf(`${file}.onnx`), { name: file });

/** The model with `u` as the cotangent of y, and gradients: of each example apart, or of the batch. */
function gradientGraph({ graph, parameters }: ImportedGraph, apart: boolean) {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of graph.inputs) {
    inputs[name] = b.input(name, valueIn(graph, name).dtype, valueIn(graph, name).shape);
  }
  const value = b.inline(graph, inputs).get("y") as Value;
  const seeds = [{ value, cotangent: b.input("u", "real", value.shape) }];
  const wrt = parameters.map(({ name }) => inputs[name]);
  const uses = apart ? usesOf(b, { seeds, examples: [inputs.x], parameters: wrt }) : undefined;
  if (apart && !uses) throw new Error("some use of a parameter has no factored form");
  const gradients = uses ? wrt.map((parameter) => materialise(b, uses, parameter)) : vjp(b, seeds, wrt);
  return b.build(Object.fromEntries(parameters.map(({ name }, i) => [`g:${name}`, gradients[i] as Value])));
}

/** Gradients (n, p) by name of `graph`, with parameters side by side in PyTorch's order. */
async function gradientsOf(imported: ImportedGraph, apart: boolean, feeds: { x: Tensor; u: Tensor; dtype: RealDType }) {
  const engine = await engineOf(feeds.dtype);
  const { x, u, dtype } = feeds;
  const program = engine.compile(gradientGraph(imported, apart));
  const results = await program.run({
    x: inDtype(x, dtype),
    u: toReal(u, dtype),
    ...initialValues(imported.parameters, dtype),
  });
  const count = apart ? x.shape[0] : 1;
  const size = imported.parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);
  const rows = new Float64Array(count * size);
  let offset = 0;
  for (const { name, shape } of imported.parameters) {
    const width = sizeOf(shape);
    const data = results[`g:${name}`].data as Float64Array;
    for (let n = 0; n < count; n++) rows.set(data.subarray(n * width, (n + 1) * width), n * size + offset);
    offset += width;
  }
  return rows;
}

describe.each(files)("%s, exported by PyTorch", (file) => {
  const name = nameOf(file);
  const imported = read(file);
  const [x, u] = [arrays[`${name}.x`], arrays[`${name}.u`]];

  it.each(["float64", "float32"] as const)("gives PyTorch's outputs in %s", async (dtype) => {
    const engine = await engineOf(dtype);
    const feeds = { x: inDtype(x, dtype), ...initialValues(imported.parameters, dtype) };
    const { y } = await engine.compile(imported.graph).run(feeds);
    expect(y.shape).toEqual(arrays[`${name}.y64`].shape);
    expect(y as Tensor<"float64">).toBeAllclose(numbersOf(`${name}.y64`), TOLERANCE[dtype]);
  });

  it.each(["float64", "float32"] as const)(
    "gives PyTorch's gradient of each example in %s, by factors",
    async (dtype) => {
      const rows = await gradientsOf(imported, true, { x, u, dtype });
      expect(rows).toBeAllclose(numbersOf(`${name}.gradients`), TOLERANCE[dtype]);
    },
  );

  it("gives each example by factors what the reverse rules give it alone", async () => {
    const rows = await gradientsOf(imported, true, { x, u, dtype: "float64" });
    const size = rows.length / x.shape[0];
    for (let n = 0; n < x.shape[0]; n++) {
      const one = { x: takeRows(x, [n]), u: takeRows(u, [n]), dtype: "float64" } as const;
      const alone = await gradientsOf(imported, false, one);
      expect(rows.subarray(n * size, (n + 1) * size)).toBeAllclose(alone, { atol: 1e-14, rtol: 1e-12 });
    }
  });
});
