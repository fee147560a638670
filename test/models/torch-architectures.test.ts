// Stacks of layers, a residual network, a vision transformer and a language model that PyTorch exported: outputs, gradients of each example.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { initialValues, readOnnx } from "../../src/graph/onnx/reader.ts";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { type RealDType, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { outputGradients } from "../helpers/output-gradients.ts";
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

describe.each(files)("%s, exported by PyTorch", (file) => {
  const name = nameOf(file);
  const imported = readOnnx(bytesOf(`${file}.onnx`), { name: file });
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
      const rows = await outputGradients(imported, { x, u, dtype, by: "factors" });
      expect(rows).toBeAllclose(numbersOf(`${name}.gradients`), TOLERANCE[dtype]);
    },
  );

  it("gives each example by factors what the reverse rules give it alone", async () => {
    const [rows, alone] = await Promise.all(
      (["factors", "examples"] as const).map((by) => outputGradients(imported, { x, u, dtype: "float64", by })),
    );
    expect(rows).toBeAllclose(alone!, { atol: 1e-14, rtol: 1e-12 });
  });
});
