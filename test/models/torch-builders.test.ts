// Ready-made residual networks and transformers compute what PyTorch's do, at the parameters of the files that PyTorch exported.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { initialValues, readOnnx } from "../../src/graph/onnx/reader.ts";
import { resnet } from "../../src/models/resnet.ts";
import { gpt, transformer } from "../../src/models/transformer.ts";
import type { Model } from "../../src/models/types.ts";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { type RealDType, reals, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const arrays = decodeNpz(bytesOf("onnx.npz"), "onnx.npz");

type Values = Record<string, Tensor<"float64">>;

/** All float initializers of a file, normalisation statistics too. */
function stored(file: string): Values {
  const { parameters } = readOnnx(bytesOf(file), { name: file, parameters: "." });
  return initialValues(parameters, "float64");
}

/** Scale and bias that do what a batch normalisation with these statistics does. */
function foldedNorm(values: Values, name: string): [Tensor, Tensor] {
  const of = (part: string) => values[`${name}.${part}`].data;
  const scale = of("weight").map((w, c) => w / Math.sqrt(of("running_var")[c] + 1e-5));
  const bias = of("bias").map((offset, c) => offset - of("running_mean")[c] * scale[c]);
  return [reals([scale.length], scale), reals([bias.length], bias)];
}

/** Parameters of a model by its names from a file with other names of layers. */
function renamed(model: Model, values: Values, nameIn: (name: string) => string): Record<string, Tensor> {
  return Object.fromEntries(
    model.parameters.entries.map(({ name, shape }) => {
      const source = nameIn(name);
      const norm = /^(.*)\.(weight|bias)$/.exec(source)!;
      if (norm && `${norm[1]}.running_var` in values) {
        return [name, foldedNorm(values, norm[1])[norm[2] === "weight" ? 0 : 1]];
      }
      const { data } = values[source];
      // The file's table of positions has a row more than the sequence needs.
      const size = shape.reduce((product, axis) => product * axis, 1);
      return [name, reals(shape, data.subarray(0, size))];
    }),
  );
}

async function outputsOf(model: Model, x: Tensor, params: Record<string, Tensor>, dtype: RealDType): Promise<Tensor> {
  const feeds = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, toReal(value, dtype)]));
  const input = x.dtype === "int64" ? x : toReal(x, dtype);
  return (await (await engineOf(dtype)).compile(model.graph).run({ x: input, ...feeds })).y;
}

const sizes = { outputs: 3, width: 6, depth: 1, heads: 2, hidden: 8 };
const language = { inputShape: [5], outputs: 7, width: 4, depth: 1, heads: 2, hidden: 8 };

const cases: readonly (readonly [string, Model, (name: string) => string])[] = [
  [
    "resnet",
    resnet({ inputShape: [2, 6, 6], outputs: 3, channels: [3, 4] }),
    (name) => name.replace(/^(layer\d)\.0/, "$1"),
  ],
  ["vit", patches3(), (name) => name.replace("layers.0", "block")],
  [
    "next",
    gpt(language),
    (name) => name.replace("h.0", "block").replace("mlp.c_fc", "mlp.0").replace("mlp.c_proj", "mlp.2"),
  ],
];

/** The fixture's patches have 3 pixels on a side, ours 2: its embedding is computed as that of a sequence of 9 pixels. */
function patches3(): Model {
  return transformer({ inputShape: [4, 9], ...sizes });
}

/** (N, 1, 6, 6) as four patches of nine pixels. */
function patched(x: Tensor): Tensor {
  const at = (n: number, t: number, k: number): number => {
    const [row, column] = [3 * Math.floor(t / 2) + Math.floor(k / 3), 3 * (t % 2) + (k % 3)];
    return x.data[36 * n + 6 * row + column] as number;
  };
  return reals(
    [x.shape[0], 4, 9],
    Array.from({ length: 36 * x.shape[0] }, (_, i) => at(Math.floor(i / 36), Math.floor(i / 9) % 4, i % 9)),
  );
}

describe.each(cases)("the ready-made model like %s.onnx", (name, model, nameIn) => {
  const values = stored(`${name}-17.onnx`);
  const nameOf = (own: string): string => nameIn(own.replace(/^embed\./, "patch."));
  const x = name === "vit" ? patched(arrays["vit.x"]) : arrays[`${name}.x`];

  it.each(["float64", "float32"] as const)("gives PyTorch's outputs in %s", async (dtype) => {
    const y = await outputsOf(model, x, renamed(model, values, nameOf), dtype);
    const tolerance = dtype === "float64" ? { atol: 1e-12, rtol: 1e-10 } : { atol: 2e-5, rtol: 1e-4 };
    expect(y as Tensor<"float64">).toBeAllclose(arrays[`${name}.y64`].data as Float64Array, tolerance);
  });
});
