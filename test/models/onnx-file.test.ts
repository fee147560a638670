import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import { matmul } from "../../src/graph/ops.ts";
import { cnn } from "../../src/models/cnn.ts";
import { activations } from "../../src/models/layers.ts";
import { mlp } from "../../src/models/mlp.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import {
  allocate,
  type RealArray,
  type RealDType,
  reals,
  sizeOf,
  type Tensor,
  toReal,
} from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const bytesOf = (model: Model, params: RealArray, real: RealDType) =>
  writeOnnx(model.graph, { real, initializers: viewsOf(model.parameters, params) });

const read = (bytes: Uint8Array, parameters?: string, note?: (line: string) => void) =>
  modelFromOnnx(bytes, { name: "m.onnx", parameters, note });

/** The parameters that a model begins with; a file's are in it, so that no random number is drawn. */
function initialOf(model: Model, dtype: RealDType): RealArray {
  const params = allocate(dtype, model.parameters.size) as RealArray;
  model.initialise(params, () => {
    throw new Error("a file's parameters are not drawn");
  });
  return params;
}

async function outputsOf(model: Model, params: RealArray, x: Tensor, dtype: RealDType): Promise<Tensor> {
  const engine = await engineOf(dtype);
  return (await engine.compile(model.graph).run({ x: toReal(x, dtype), ...viewsOf(model.parameters, params) })).y;
}

const examples = (...shape: number[]) => {
  const random = randomFrom(3, "examples");
  return reals(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
};

const perceptron = mlp({ inputShape: [3], outputs: 2, hidden: [4], activation: "tanh" });

describe("modelFromOnnx(bytes, options)", () => {
  const models: [string, Model][] = [
    ...Object.keys(activations).map((activation): [string, Model] => [
      `mlp, ${activation}`,
      mlp({ inputShape: [1, 6, 6], outputs: 3, hidden: [5, 4], activation }),
    ]),
    ["cnn", cnn({ inputShape: [1, 6, 6], outputs: 3, channels: [2, 3], hidden: 4 })],
  ];

  it.each(models)("gives the model that was written, with the same outputs: %s", async (_name, model) => {
    for (const dtype of ["float64", "float32"] as const) {
      const params = startOf(model, dtype, 5);
      const again = read(bytesOf(model, params, dtype));
      expect(again.parameters).toEqual(model.parameters);
      const initial = initialOf(again, dtype);
      expect(initial).toEqual(params);
      const x = examples(4, 1, 6, 6);
      const [written, wanted] = [await outputsOf(again, initial, x, dtype), await outputsOf(model, params, x, dtype)];
      expect(written.shape).toEqual([4, 3]);
      // A gelu's constants become float32 in a float32 file: the shortest decimals that round to them.
      expect(written.data as RealArray).toBeAllclose(wanted.data as RealArray, {
        rtol: dtype === "float64" ? 1e-14 : 1e-6,
        atol: dtype === "float64" ? 1e-14 : 1e-6,
      });
    }
  });

  it("calls itself by the file's name, and keeps values of float32 in a float64 run", () => {
    const params = startOf(perceptron, "float32", 1);
    const model = read(bytesOf(perceptron, params, "float32"));
    expect(model.spec).toBe("m.onnx");
    expect(initialOf(model, "float64")).toEqual(Float64Array.from(params));
  });

  it("has the parameters that a regular expression names, the others as constants", async () => {
    const params = startOf(perceptron, "float64", 1);
    const model = read(bytesOf(perceptron, params, "float64"), "^layers\\.1\\.");
    expect(model.parameters.entries.map(({ name }) => name)).toEqual(["layers.1.weight", "layers.1.bias"]);
    const x = examples(2, 3);
    const wanted = await outputsOf(perceptron, params, x, "float64");
    expect(await outputsOf(model, initialOf(model, "float64"), x, "float64")).toEqual(wanted);
  });

  it("tells what was decided on reading, one line each", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    const y = matmul(b, x, b.input("w", "real", [3, 2]));
    const bytes = writeOnnx(b.build({ y, more: b.op("Tanh", [y]) }), {
      real: "float64",
      initializers: { w: examples(3, 2) },
    });
    const notes: string[] = [];
    read(bytes, undefined, (line) => notes.push(line));
    expect(notes).toEqual(["outputs after the first are left out: more"]);
    expect(() => read(bytes)).not.toThrow();
  });
});

describe("an output of one number an example", () => {
  it("is read as (N, 1), and said so", () => {
    const b = new GraphBuilder();
    const y = b.op("Squeeze", [matmul(b, b.input("x", "real", ["N", 3]), b.input("w", "real", [3, 1])), b.ints([1])]);
    const bytes = writeOnnx(b.build({ y }), { real: "float64", initializers: { w: examples(3, 1) } });
    const notes: string[] = [];
    const model = read(bytes, undefined, (line) => notes.push(line));
    expect(model.graph.values.get("y")?.shape).toEqual(["N", 1]);
    expect(notes).toEqual(["the output is one number an example and is read as (N, 1)"]);
  });
});

describe("what modelFromOnnx refuses", () => {
  it("bytes that are no model", async () => {
    expect(await errorOf(() => read(Uint8Array.of(1, 2, 3)))).toMatch(
      /^InvalidModelError: m\.onnx: the file must be an ONNX model, got 3 bytes/,
    );
  });

  it("a pattern that is no regular expression, or that matches nothing", async () => {
    const bytes = bytesOf(perceptron, startOf(perceptron, "float64", 1), "float64");
    expect(await errorOf(() => read(bytes, "("))).toMatch(/^RangeError: .*must be a regular expression, got \($/);
    expect(await errorOf(() => read(bytes, "nothing"))).toMatch(/^RangeError: .*nothing/);
  });
});
