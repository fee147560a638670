// The two halves of a model, against the whole: for every subset of the parameters, on a graph whose border has several values.

import { describe, expect, it } from "vitest";
import { GraphBuilder, valueIn } from "../../src/graph/builder.ts";
import { add, concat, matmul, mul, reshape, slice, transpose } from "../../src/graph/ops.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { cnn } from "../../src/models/cnn.ts";
import { mlp } from "../../src/models/mlp.ts";
import { splitModel } from "../../src/models/split.ts";
import { layoutOf, viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf } from "../helpers/tasks.ts";

const ROWS = 4;

/** Deterministic normal numbers for x (batch first) and every parameter of a graph. */
function feedsOf(graph: Graph): Record<string, Tensor> {
  const random = randomFrom(2, "split");
  const shapes = graph.inputs.map((name) => {
    const { shape } = valueIn(graph, name);
    return [name, shape.map((dim) => (dim === "N" ? ROWS : (dim as number)))] as const;
  });
  const layout = layoutOf(shapes);
  return viewsOf(
    layout,
    Float64Array.from({ length: layout.size }, () => random.normal()),
  );
}

/** y of the whole graph, and of the head fed with the features. */
async function bothWays(graph: Graph, trainable: readonly string[]) {
  const engine = await engineOf("float64");
  const feeds = feedsOf(graph);
  const whole = (await engine.compile(graph).run(feeds)).y;
  const { features, head, exampleInputs } = splitModel(graph, trainable);
  if (!features) return { whole, halves: (await engine.compile(head).run(feeds)).y, features, head, exampleInputs };
  const results = await engine.compile(features).run(feeds);
  const examples = Object.fromEntries(exampleInputs.map((name) => [name, results[`feature:${name}`]]));
  const { x: _, ...parameters } = feeds;
  const halves = (await engine.compile(head).run({ ...parameters, ...examples })).y;
  return { whole, halves, features, head, exampleInputs };
}

/** h = tanh(x A), r = h + tanh(h B) C, y = r D + x E: two ways around B and C, one around everything. */
function residualGraph(): Graph {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 3]);
  const p = (name: string, rows: number, columns: number): Value => b.input(name, "real", [rows, columns]);
  const h = b.op("Tanh", [matmul(b, x, p("A", 3, 5))]);
  const inner = b.op("Tanh", [matmul(b, h, p("B", 5, 4))]);
  const r = add(b, h, matmul(b, inner, p("C", 4, 5)));
  return b.build({ y: add(b, matmul(b, r, p("D", 5, 2)), matmul(b, x, p("E", 3, 2))) });
}

const subsets = (names: readonly string[]): string[][] =>
  Array.from({ length: 2 ** names.length - 1 }, (_, k) => names.filter((_name, i) => ((k + 1) >> i) & 1));

/** Operators of a graph that work on examples. */
const exampleOps = (graph: Graph): string[] =>
  graph.nodes.filter((node) => valueIn(graph, node.outputs[0]).shape.includes("N")).map(({ op }) => op);

describe("splitModel(graph, trainable)", () => {
  it.each(subsets(["A", "B", "C", "D", "E"]))("computes what the whole does: %s %s %s %s %s", async (...names) => {
    const trainable = names.filter(Boolean);
    const { whole, halves } = await bothWays(residualGraph(), trainable);
    expect(halves).toMatchObject({ dtype: "float64", shape: [ROWS, 2] });
    expect(halves.data).toBeAllclose(whole.data as Float64Array, { rtol: 1e-12, atol: 1e-12 });
  });

  it("puts into the features all that depends on examples and on no trained parameter", async () => {
    const { features, head, exampleInputs } = await bothWays(residualGraph(), ["C", "D"]);
    // C reads the inner activation, the sum reads h, and the outputs read x E.
    expect(exampleInputs).toHaveLength(3);
    expect(exampleOps(features!)).toEqual(expect.arrayContaining(["Tanh", "Tanh", "MatMul", "MatMul", "MatMul"]));
    expect(exampleOps(head).sort()).toEqual(["Add", "Add", "MatMul", "MatMul"]);
    expect(head.inputs).toEqual([...exampleInputs, "A", "B", "E", "C", "D"]);
  });

  it("gives x to the head beside the features where the head reads it", async () => {
    const { exampleInputs } = await bothWays(residualGraph(), ["D", "E"]);
    expect(exampleInputs).toHaveLength(2);
    expect(exampleInputs).toContain("x");
  });

  it("has no features where nothing frozen comes before the head", () => {
    const graph = residualGraph();
    expect(splitModel(graph, ["A", "B", "C", "D", "E"])).toEqual({
      features: undefined,
      head: graph,
      exampleInputs: ["x"],
    });
    // x E comes before the last sum.
    expect(splitModel(graph, ["A", "B"]).features).toBeDefined();
    // Weight and bias of a layer are read by one node.
    const { graph: perceptron } = mlp({ inputShape: [3], outputs: 2, hidden: [4], activation: "relu" });
    expect(splitModel(perceptron, ["layers.0.bias"]).features).toBeUndefined();
    expect(splitModel(perceptron, ["layers.1.bias"]).features).toBeDefined();
  });

  it.each([["layers.1.weight"], ["layers.0.bias"], ["convolutions.0.bias"], ["convolutions.1.weight"]])(
    "splits a convolutional network at %s",
    async (name) => {
      const { graph } = cnn({ inputShape: [1, 8, 8], outputs: 3, channels: [2, 3], hidden: 6 });
      const { whole, halves } = await bothWays(graph, [name]);
      expect(halves.data).toBeAllclose(whole.data as Float64Array, { rtol: 1e-12, atol: 1e-12 });
    },
  );

  it("leaves what is made of frozen parameters alone to the head", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    const [v, w] = [b.input("v", "real", [3, 2]), b.input("w", "real", [2, 2])];
    const graph = b.build({ y: matmul(b, matmul(b, x, mul(b, v, v)), w) });
    const { whole, halves, exampleInputs } = await bothWays(graph, ["w"]);
    expect(exampleInputs).toHaveLength(1);
    expect(halves).toEqual(whole);
  });

  it("keeps examples on the first axis where the border would have them on another", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    const [v, w] = [b.input("v", "real", [3, 4]), b.input("w", "real", [2, 4])];
    const columns = transpose(b, matmul(b, x, v), [1, 0]);
    const graph = b.build({ y: transpose(b, matmul(b, w, columns), [1, 0]) });
    const { whole, halves, head, exampleInputs } = await bothWays(graph, ["w"]);
    for (const name of exampleInputs) expect(valueIn(head, name).shape[0]).toBe("N");
    expect(halves.data).toBeAllclose(whole.data as Float64Array, { rtol: 1e-12, atol: 1e-12 });
  });

  it("keeps sizes that are read from x out of the border", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 2, 3]);
    const [v, w] = [b.input("v", "real", [3, 4]), b.input("w", "real", [4])];
    const size = slice(b, b.op("Shape", [x]), 0, { start: 0, end: 1 });
    const h = mul(b, matmul(b, x, v), w);
    const flat = b.op("Reshape", [h, concat(b, [size, b.ints([8])], 0)]);
    const graph = b.build({ y: reshape(b, flat, ["N", 8]) });
    const { whole, halves, head, exampleInputs } = await bothWays(graph, ["w"]);
    for (const name of exampleInputs) expect(valueIn(head, name)).toMatchObject({ dtype: "real" });
    expect(halves.data).toBeAllclose(whole.data as Float64Array, { rtol: 1e-12, atol: 1e-12 });
  });

  it("refuses a choice of which nothing reaches the output", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 2]);
    const [used, idle] = [b.input("used", "real", [2, 2]), b.input("idle", "real", [2])];
    mul(b, x, idle);
    const graph = b.build({ y: matmul(b, x, used) });
    expect(await errorOf(() => splitModel(graph, ["idle"]))).toBe(
      "InvalidModelError: a trainable parameter must reach the output, got idle",
    );
    expect(splitModel(graph, ["idle", "used"]).features).toBeUndefined();
  });
});
