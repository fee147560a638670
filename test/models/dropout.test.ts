// Models with dropout: one graph that is evaluated, one that is trained with masks as inputs, one that is stored.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Feeds } from "../../src/engine/engine.ts";
import { readOnnx } from "../../src/graph/onnx/reader.ts";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import type { Graph } from "../../src/graph/types.ts";
import { storedGraph } from "../../src/models/dropout.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { createModel } from "../../src/models/registry.ts";
import { splitModel } from "../../src/models/split.ts";
import type { Model, TrainingForm } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals, sizeOf, type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { node, scalar } from "../graph/onnx/file-parts.ts";
import { fileOf } from "../graph/onnx/run-file.ts";
import { errorOf } from "../helpers/errors.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { ROOT } from "../helpers/sources.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const shape = { inputShape: [1, 4, 4], outputs: 3 };
const training = (model: Model) => model.training as TrainingForm;
const opsOf = ({ nodes }: Graph) => nodes.map(({ op }) => op);

/** Outputs of a graph for two examples, in double. */
async function outputs(model: Model, graph: Graph, own: Feeds): Promise<RealArray> {
  const params = startOf(model, "float64", 1);
  const engine = await engineOf("float64");
  return (await engine.compile(graph).run({ ...viewsOf(model.parameters, params), ...own })).y.data as RealArray;
}

const x = reals(
  [2, 1, 4, 4],
  Float64Array.from({ length: 32 }, (_, k) => Math.sin(3 * k)),
);
/** All masks of a model for two examples, filled by element. */
const masksOf = (model: Model, keeps: (n: number, e: number) => boolean): Feeds =>
  Object.fromEntries(
    training(model).masks.map(({ name, shape: own }) => {
      const size = sizeOf(own);
      const bits = Uint8Array.from({ length: 2 * size }, (_, k) => Number(keeps(Math.floor(k / size), k % size)));
      return [name, tensor("bool", [2, ...own], bits)] as const;
    }),
  );

describe("a ready-made model with dropout", () => {
  it.each([
    ["mlp:6,5:tanh:dropout=0.25", [[6], [5]]],
    ["mlp:6:dropout=0.25", [[6]]],
    ["cnn:2:5:dropout=0.25", [[5]]],
    ["cnn:2:0:dropout=0.25", [[8]]],
  ] as const)("%s has a mask for each place where it drops, and calls itself so", (spec, shapes) => {
    const model = createModel(spec, shape);
    expect(training(model).masks.map(({ shape: own }) => own)).toEqual(shapes);
    expect(training(model).masks.every(({ ratio }) => ratio === 0.25)).toBe(true);
    expect(opsOf(model.graph)).not.toContain("Dropout");
    expect(model.parameters.entries.map(({ name }) => name).filter((name) => name.startsWith("dropout"))).toEqual([]);
    const again = createModel(model.spec, shape);
    expect(again).toEqual({ ...model, initialise: expect.any(Function) });
  });

  it("without it, or with ratio 0, is the model that it was", () => {
    expect(createModel("mlp:6:tanh", shape).training).toBeUndefined();
    expect(createModel("mlp:6:tanh:dropout=0", shape)).toEqual({
      ...createModel("mlp:6:tanh", shape),
      initialise: expect.any(Function),
    });
  });

  it("is refused where the ratio is none, the model has no place for it, or does not offer it", () => {
    for (const [spec, message] of [
      ["mlp:6:tanh:dropout=1", 'model mlp:6:tanh:dropout=1: dropout must lie in [0, 1), got "1"'],
      ["mlp:6:tanh:dropout=", 'model mlp:6:tanh:dropout=: dropout must lie in [0, 1), got ""'],
      ["mlp:dropout=0.5", "mlp: dropout needs a hidden layer, got 0.5 for none"],
      ["resnet:4:1:dropout=0.5", 'or a file ending in .onnx, got "resnet:4:1:dropout=0.5"'],
    ] as const)
      expect(() => createModel(spec, shape)).toThrow(message);
  });

  it("selects by its masks: all kept is x / (1 - ratio), one dropped is 0 whatever it was", async () => {
    const model = createModel("mlp:6:linear:dropout=0.5", shape);
    const params = startOf(model, "float64", 1);
    const bias = viewsOf(model.parameters, params)["layers.1.bias"].data as RealArray;
    const { graph } = training(model);
    const plain = await outputs(model, model.graph, { x });
    const kept = await outputs(model, graph, { x, ...masksOf(model, () => true) });
    // Linear in what is kept: twice the output without its bias.
    expect(kept).toBeAllclose(plain.map((y, k) => 2 * (y - bias[k % 3]) + bias[k % 3]) as Float64Array, {
      atol: 1e-13,
    });
    const infinite = { ...x, data: x.data.map((value, k) => (k < 16 ? Number.POSITIVE_INFINITY : value)) } as Tensor;
    const dropped = await outputs(model, graph, { x: infinite, ...masksOf(model, (n) => n === 1) });
    expect(dropped.slice(0, 3)).toEqual(bias);
    expect(dropped.slice(3)).toEqual(kept.slice(3));
  });

  it("is stored with ONNX Dropout in training mode, and read back as it was", () => {
    for (const real of ["float32", "float64"] as const) {
      const model = createModel("mlp:6,5:tanh:dropout=0.3", shape);
      const initializers = viewsOf(model.parameters, startOf(model, real, 1));
      const bytes = writeOnnx(storedGraph(model), { real, initializers });
      const read = modelFromOnnx(bytes, { name: "model.onnx" });
      expect(training(read).masks).toEqual(training(model).masks);
      expect(opsOf(read.graph)).toEqual(opsOf(model.graph));
      expect(opsOf(training(read).graph)).toEqual(opsOf(training(model).graph));
      expect(opsOf(storedGraph(read))).toEqual(opsOf(storedGraph(model)));
    }
  });

  it("keeps what no trained parameter reaches out of training, up to the first mask", () => {
    const model = createModel("mlp:6,5:tanh:dropout=0.3", shape);
    const masks = training(model).masks.map(({ name }) => name);
    const split = splitModel(training(model).graph, ["layers.2.weight"], masks);
    expect(split.exampleInputs.slice(1)).toEqual(masks);
    // The features end before the first mask: the second layer is run for each occurrence.
    expect(split.features?.inputs).not.toContain(masks[0]);
    expect(opsOf(split.features as Graph)).toEqual(["Reshape", "Gemm", "Tanh", "Mul"]);
  });
});

describe("an .onnx file with dropout", () => {
  const file = readFileSync(join(ROOT, "fixtures/dropout.onnx"));
  const fixture = readFixture("dropout");

  it("of PyTorch in training mode has its ratios and parameters, and evaluates without dropout", async () => {
    const notes: string[] = [];
    const model = modelFromOnnx(file, { name: "dropout.onnx", note: (line) => notes.push(line) });
    expect(training(model).masks.map(({ ratio }) => ratio)).toEqual(fixture.description.ratios);
    expect(model.parameters.entries.map(({ name, shape: own }) => ({ name, shape: own }))).toEqual(
      fixture.description.parameters,
    );
    expect(notes).toEqual([
      "Dropout in training mode: masks are drawn here, from the key of each occurrence; evaluation leaves it out",
    ]);
    const y = await outputs(model, model.graph, { x: fixture.real("x") });
    expect(y).toBeAllclose(fixture.real("evaluated"), { atol: 1e-14 });
  });

  const mode = (training_mode: boolean) => tensor("bool", [], Uint8Array.of(Number(training_mode)));
  const read = (ratio: number, trains: boolean, inputs?: Record<string, (number | string)[]>) =>
    readOnnx(
      fileOf({
        opset: 13,
        nodes: [node("Dropout", ["x", "ratio", "mode"], ["out"])],
        initializers: { ratio: scalar(ratio), mode: mode(trains) },
        ...(inputs && { inputs }),
      }),
      { name: "m.onnx" },
    );

  it("in evaluation mode, or with ratio 0, has none", () => {
    for (const { graph, stored, notes } of [read(0.5, false), read(0, true)]) {
      expect(stored).toBe(graph);
      expect(notes).toContain("Dropout that is not in training mode is left out");
    }
    const { graph, stored } = read(0.1, true);
    expect(opsOf(stored)).toContain("Dropout");
    expect(opsOf(graph)).not.toContain("Dropout");
  });

  it("is refused with a ratio of 1, and where the examples cannot be told apart in what it drops", async () => {
    expect(await errorOf(() => read(1, true))).toContain("the ratio of Dropout must lie in [0, 1), got 1");
    const bytes = fileOf({
      opset: 13,
      nodes: [node("Dropout", ["w", "ratio", "mode"], ["d"]), node("MatMul", ["x", "d"], ["out"])],
      initializers: { w: reals([4, 2], new Float64Array(8).fill(1)), ratio: scalar(0.5), mode: mode(true) },
    });
    expect(await errorOf(() => modelFromOnnx(bytes, { name: "m.onnx" }))).toContain(
      "m.onnx: Dropout must be of values of examples, each of which can be told apart, got one of shape [4, 2]",
    );
  });

  it("has masks for each example where sequences are flattened, in either order", async () => {
    // (N, 3, 4) as (3 N, 4) with the positions of an example side by side, and as (3, N, 4) flattened.
    for (const perm of [
      [0, 1, 2],
      [1, 0, 2],
    ]) {
      const bytes = fileOf({
        opset: 13,
        inputs: { x: ["n", 3, 4] },
        nodes: [
          node("Transpose", ["x"], ["t"], { perm }),
          node("Reshape", ["t", "flat"], ["f"]),
          node("Dropout", ["f", "ratio", "mode"], ["d"]),
          node("Reshape", ["d", perm[0] === 0 ? "rows" : "columns"], ["r"]),
          node("Transpose", ["r"], ["out"], { perm }),
        ],
        initializers: {
          flat: tensor("int64", [2], BigInt64Array.of(-1n, 4n)),
          rows: tensor("int64", [3], BigInt64Array.of(-1n, 3n, 4n)),
          columns: tensor("int64", [3], BigInt64Array.of(3n, -1n, 4n)),
          ratio: scalar(0.5),
          mode: mode(true),
        },
      });
      const model = modelFromOnnx(bytes, { name: "m.onnx" });
      expect(training(model).masks).toEqual([{ name: "dropout.0", ratio: 0.5, shape: [3, 4] }]);
      const ones = reals([2, 3, 4], new Float64Array(24).fill(1));
      const masks = masksOf(model, (n, e) => (n === 0 ? e < 5 : e % 2 === 0));
      const y = await outputs(model, training(model).graph, { x: ones, ...masks });
      expect([...y]).toEqual(Array.from(masks["dropout.0"].data as Uint8Array, (bit) => 2 * bit));
    }
  });

  it("is not taken with other random operators", async () => {
    const bytes = fileOf({ nodes: [node("Bernoulli", ["x"], ["out"])], opset: 15 });
    expect(await errorOf(() => readOnnx(bytes, { name: "m.onnx" }))).toContain(
      "random numbers must be an input of the model",
    );
  });
});
