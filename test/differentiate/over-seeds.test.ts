// Many cotangents in one backward pass against one pass for each: of every family of models, and what stays with the examples.

import { describe, expect, it } from "vitest";
import { rootOf } from "../../src/differentiate/example-layout.ts";
import { overSeeds, type SeedProduct } from "../../src/differentiate/over-seeds.ts";
import { factorValues } from "../../src/differentiate/paired.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { builderOf, GraphBuilder } from "../../src/graph/builder.ts";
import { concat, greater, mul, reshape, sub, where } from "../../src/graph/ops.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { examplesOf } from "../../src/train/examples.ts";
import type { Task } from "../../src/train/task.ts";
import { trainableOf } from "../../src/train/task.ts";
import { familyTask } from "../helpers/family-task.ts";
import { type SmallTask, smallTask } from "../helpers/tasks.ts";

const SEED = "seed";

/** The factors of <seed, y>, one output a value, and of which kind each is. */
function factorGraph({ split, layout }: Task): Graph {
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = split.exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: [{ value: y, cotangent: b.input(SEED, "real", y.shape) }], examples, parameters });
  const outputs: Record<string, Value> = {};
  uses!.forEach(({ factor }, u) => {
    factorValues(factor).forEach((value, k) => {
      if (value.dtype === "real") outputs[`${u}.${k}`] = value;
    });
  });
  return b.build(outputs);
}

const eye = (count: number): Float64Array =>
  Float64Array.from({ length: count ** 2 }, (_, k) => (k % (count + 1) === 0 ? 1 : 0));

/** Unit vectors of all outputs, for each example. */
const units =
  (count: number) =>
  (b: GraphBuilder, inputs: ReadonlyMap<string, Value>): Value => {
    const examples = b.op("Shape", [inputs.get("x") as Value], { start: 0, end: 1 });
    const full = b.op("Expand", [
      b.constant(reals([1, count, count], eye(count))),
      concat(b, [examples, b.ints([count, count])], 0),
    ]);
    return reshape(b, full, [`${count}N`, count]);
  };

/** The same, once. */
const sharedUnits =
  (count: number) =>
  (b: GraphBuilder): Value =>
    b.constant(reals([count, count], eye(count)));

const models: Readonly<Record<string, () => Promise<SmallTask>>> = {
  "a tanh network": () => smallTask({ loss: "cross-entropy", hidden: [7, 5] }),
  "a convolutional network with pools": () => smallTask({ loss: "cross-entropy", model: "cnn" }),
  "a residual network": () => familyTask("resnet:3,4:1", [2, 4, 4], "float64"),
  "a transformer": () => familyTask("transformer:4:1:2", [3, 4], "float64"),
  "a language model": () => familyTask("gpt:4:1:2", [4], "float64"),
};

describe("overSeeds(graph, seeding)", () => {
  const asGiven = { "as every example's own": units, "as the same for all": sharedUnits };
  const cases = Object.keys(models).flatMap((name) =>
    Object.entries(asGiven).map(([how, cotangents]) => ({ name, how, cotangents })),
  );
  it.each(cases)("gives the factors of each seed on $name, cotangents $how", async ({ name, cotangents }) => {
    const { task, params } = await models[name]();
    const graph = factorGraph(task);
    const count = task.outputs;
    const seeding = { seed: SEED, count, cotangents: cotangents(count) };
    const found = overSeeds(graph, seeding);
    expect(found, "the layout of every value is known").toBeDefined();
    const { b, values, seeded } = found!;
    const all = b.build(Object.fromEntries(graph.outputs.map((output) => [output, values.get(output) as Value])));
    const rows = [0, 1, 2];
    const feeds: Record<string, Tensor> = {
      ...task.frozen,
      ...viewsOf(task.layout, trainableOf(task, params, "float64")),
      ...(await examplesOf(task, task.dataset.train).feeds(rows)),
    };
    const together = await task.engine.compile(all).run(feeds);
    expect(graph.outputs.some((output) => seeded.has(output))).toBe(true);
    for (let s = 0; s < count; s++) {
      const seed = reals(
        [rows.length, count],
        Float64Array.from({ length: rows.length * count }, (_, k) => (k % count === s ? 1 : 0)),
      );
      const alone = await task.engine.compile(graph).run({ ...feeds, [SEED]: seed });
      for (const output of graph.outputs) {
        const expected = alone[output].data as RealArray;
        const size = expected.length / rows.length;
        const got = together[output].data as RealArray;
        const own = Float64Array.from(expected, (_, k) => {
          const [n, i] = [Math.floor(k / size), k % size];
          return got[seeded.has(output) ? (n * count + s) * size + i : k];
        });
        expect(own).toBeAllclose(expected, { atol: 1e-13, rtol: 1e-12 });
      }
    }
  });

  it("has no more nodes for more seeds", async () => {
    const { task } = await models["a tanh network"]();
    const graph = factorGraph(task);
    const nodes = (count: number): number => {
      const { b, values } = overSeeds(graph, { seed: SEED, count, cotangents: repeated(count, task.outputs) })!;
      return b.build(Object.fromEntries(graph.outputs.map((output) => [output, values.get(output) as Value]))).nodes
        .length;
    };
    expect(nodes(500)).toBe(nodes(2));
  });

  it("gives the cotangent behind the last hidden layer as a product of the examples' slope and the seeds' weights", async () => {
    for (const [name, hidden] of [
      ["a tanh network", 5],
      ["a ReLU network", 4],
    ] as const) {
      const model = name === "a ReLU network" ? "relu" : "tanh";
      const { task, params } = await smallTask({ loss: "cross-entropy", hidden: [6, hidden], model });
      const count = task.outputs;
      const graph = factorGraph(task);
      const found = overSeeds(graph, { seed: SEED, count, cotangents: sharedUnits(count) })!;
      const [own] = [...found.values].filter(([output, value]) => {
        return found.seeded.has(output) && found.products.get(rootOf(found.b, value).name)?.example;
      });
      const [, whole] = own;
      const { example, seed } = found.products.get(rootOf(found.b, whole).name) as Record<keyof SeedProduct, Value>;
      expect(example.shape, name).toEqual(["N", hidden]);
      expect(seed.shape, name).toEqual([count, hidden]);
      const built = found.b.build({ whole, example, seed });
      const results = await task.engine.compile(built).run({
        ...viewsOf(task.layout, trainableOf(task, params, "float64")),
        ...(await examplesOf(task, task.dataset.train).feeds([0, 1, 2])),
      });
      const [e, z] = [results.example.data as RealArray, results.seed.data as RealArray];
      const product = Float64Array.from({ length: 3 * count * hidden }, (_, k) => {
        const [n, s, i] = [Math.floor(k / (count * hidden)), Math.floor(k / hidden) % count, k % hidden];
        return e[n * hidden + i] * z[s * hidden + i];
      });
      expect(results.whole.data as RealArray).toBeAllclose(product, { atol: 0, rtol: 1e-15 });
    }
  });

  it("broadcasts what is the examples' own over the seeds where they lie one after another, joined with an axis or not", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    const seed = b.input(SEED, "real", ["N", 3]);
    const selected = where(b, greater(b, x, 0), seed, 0);
    const flat = (value: Value): Value => reshape(b, value, ["3N"]);
    const graph = b.build({ z: reshape(b, mul(b, flat(x), sub(b, 2, flat(selected))), ["N", 3]) });
    const { b: all, values } = overSeeds(graph, { seed: SEED, count: 3, cotangents: units(3) })!;
    const built = all.build({ z: values.get("z") as Value });
    expect(built.nodes.map(({ op }) => op)).not.toContain("Tile");
    const { task } = await smallTask({ loss: "half-mse" });
    const data = [1, -2, 3, -4, 5, 6];
    const { z } = await task.engine.compile(built).run({ x: reals([2, 3], data) });
    const expected = [0, 1].flatMap((n) =>
      [0, 1, 2].flatMap((s) =>
        [0, 1, 2].map((i) => {
          const own = data[3 * n + i];
          return own * (2 - (own > 0 && s === i ? 1 : 0));
        }),
      ),
    );
    expect([...z.data]).toEqual(expected);
  });

  it("says that it cannot where the examples are on two axes", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    const similar = b.op("MatMul", [x, b.op("Transpose", [x], { perm: [1, 0] })]);
    const graph = b.build({ z: b.op("MatMul", [similar, b.input(SEED, "real", ["N", 3])]) });
    expect(overSeeds(graph, { seed: SEED, count: 3, cotangents: units(3) })).toBeUndefined();
  });
});

/** One cotangent of ones over and over, whatever the number of outputs. */
const repeated =
  (count: number, outputs: number) =>
  (b: GraphBuilder, inputs: ReadonlyMap<string, Value>): Value => {
    const examples = b.op("Shape", [inputs.get("x") as Value], { start: 0, end: 1 });
    const full = b.op("Expand", [b.scalar(1), concat(b, [examples, b.ints([count, outputs])], 0)]);
    return reshape(b, full, [`${count}N`, outputs]);
  };
