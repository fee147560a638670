import { describe, expect, it } from "vitest";
import { contract, materialise } from "../../src/differentiate/factored.ts";
import { jvp } from "../../src/differentiate/forward.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { fullLike, mul, reduceSum } from "../../src/graph/ops.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../../src/numeric/tensor.ts";
import { objectiveOf, TARGET, WEIGHTS } from "../../src/train/gradient-graph.ts";
import { engineOf } from "../helpers/tasks.ts";
import { torchModel, torchModels } from "../helpers/torch-models.ts";

const engine = await engineOf("float64");

/** f's graph in a builder, with its inputs. */
function open({ graph, parameters }: Model) {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of graph.inputs) {
    const { dtype, shape } = graph.values.get(name) as Value;
    inputs[name] = b.input(name, dtype, shape);
  }
  const y = b.inline(graph, inputs).get("y") as Value;
  return { b, x: inputs.x, y, wrt: parameters.entries.map(({ name }) => inputs[name]) };
}

/** Output c of every example, as (N). */
const pick = (b: GraphBuilder, y: Value, c: number): Value => {
  const row = Float64Array.from({ length: y.shape[1] as number }, (_, k) => (k === c ? 1 : 0));
  return reduceSum(b, mul(b, y, b.constant(reals([1, row.length], row))), [1]);
};

function namedOutputs(model: Model, values: readonly (Value | undefined)[]): Record<string, Value> {
  return Object.fromEntries(model.parameters.entries.map(({ name }, i) => [`d.${name}`, values[i] as Value]));
}

/** (rows, p) from outputs d.NAME of shape (rows, ...shape). */
function flattened(model: Model, results: Readonly<Record<string, Tensor>>, rows: number): Float64Array {
  const flat = new Float64Array(rows * model.parameters.size);
  for (const { name, offset, size } of model.parameters.entries) {
    const data = results[`d.${name}`].data as RealArray;
    for (let n = 0; n < rows; n++)
      flat.set(data.subarray(n * size, (n + 1) * size), n * model.parameters.size + offset);
  }
  return flat;
}

const run = (graph: Graph, feeds: Readonly<Record<string, Tensor>>) => engine.compile(graph).run(feeds);
const CLOSE = { atol: 1e-10, rtol: 1e-10 };

describe.each(torchModels)("$name agrees with PyTorch to 1e-10:", (description) => {
  const { array, x, y, model, params, n, c, p, loss } = torchModel(description);
  const feeds = { x, ...viewsOf(model.parameters, params) };
  const columnOf = (jacobian: Float64Array, output: number): Float64Array =>
    Float64Array.from({ length: n * p }, (_, k) => jacobian[(Math.floor(k / p) * c + output) * p + (k % p)]);

  it("outputs", async () => {
    const results = await run(model.graph, feeds);
    expect(results.y).toBeAllclose(array("output"), CLOSE);
  });

  it("Jacobians of every example by factors", async () => {
    for (let output = 0; output < c; output++) {
      const { b, x: examples, y: f, wrt } = open(model);
      const value = pick(b, f, output);
      const uses = usesOf(b, {
        seeds: [{ value, cotangent: fullLike(b, value, 1) }],
        examples: [examples],
        parameters: wrt,
      });
      if (!uses) throw new Error("every use must have a factored form");
      const graph = b.build(
        namedOutputs(
          model,
          wrt.map((parameter) => materialise(b, uses, parameter)),
        ),
      );
      expect(flattened(model, await run(graph, feeds), n)).toBeAllclose(
        columnOf(array("jacobian").data, output),
        CLOSE,
      );
    }
  });

  it("Jacobians by reverse mode, example by example", async () => {
    for (let output = 0; output < c; output++) {
      const { b, y: f, wrt } = open(model);
      const value = pick(b, f, output);
      const graph = b.build(namedOutputs(model, vjp(b, [{ value, cotangent: fullLike(b, value, 1) }], wrt)));
      const expected = columnOf(array("jacobian").data, output);
      for (let i = 0; i < n; i++) {
        const results = await run(graph, { ...feeds, x: sliceRows(x, i, i + 1) });
        expect(flattened(model, results, 1)).toBeAllclose(expected.subarray(i * p, (i + 1) * p), CLOSE);
      }
    }
  });

  it("Jacobians times a direction by forward mode", async () => {
    const random = randomFrom(5, description.name);
    const direction = Float64Array.from({ length: p }, () => random.normal());
    const { b, y: f, wrt } = open(model);
    const tangents = wrt.map((value) => ({ value, tangent: b.input(`tangent.${value.name}`, "real", value.shape) }));
    const graph = b.build({ slope: jvp(b, tangents, [f])[0] as Value });
    const { slope } = await run(graph, { ...feeds, ...viewsOf(model.parameters, direction, "tangent.") });
    const jacobian = array("jacobian").data;
    const expected = Float64Array.from({ length: n * c }, (_, row) =>
      direction.reduce((total, d, k) => total + d * jacobian[row * p + k], 0),
    );
    expect(slope).toBeAllclose(expected, CLOSE);
  });

  it("losses, and their gradient for each example", async () => {
    const { b, inputs, losses, weights } = objectiveOf(model.graph, loss);
    const wrt = model.parameters.entries.map(({ name }) => inputs[name]);
    const uses = usesOf(b, { seeds: [{ value: losses, cotangent: weights }], examples: [inputs.x], parameters: wrt });
    if (!uses) throw new Error("every use must have a factored form");
    const rows = 2;
    const directions = wrt.map(
      (value) => [value.name, b.input(`direction.${value.name}`, "real", [rows, ...value.shape])] as const,
    );
    const pulls = contract(b, uses, new Map(directions)) as Value;
    const graph = b.build({
      ...namedOutputs(
        model,
        wrt.map((parameter) => materialise(b, uses, parameter)),
      ),
      losses,
      pulls,
    });
    const random = randomFrom(6, description.name);
    const u = Float64Array.from({ length: rows * p }, () => random.normal());
    const split: Record<string, Tensor> = {};
    for (const { name, shape, offset, size } of model.parameters.entries) {
      const data = Float64Array.from(
        { length: rows * size },
        (_, k) => u[Math.floor(k / size) * p + offset + (k % size)],
      );
      split[`direction.${name}`] = reals([rows, ...shape], data);
    }
    const ones = reals([n], new Float64Array(n).fill(1));
    const results = await run(graph, { ...feeds, [TARGET]: y, [WEIGHTS]: ones, ...split });
    const gradient = array("lossGradient").data;
    expect(results.losses).toBeAllclose(array("loss"), CLOSE);
    expect(flattened(model, results, n)).toBeAllclose(gradient, CLOSE);
    const inner = (r: number, i: number): number =>
      gradient.subarray(i * p, (i + 1) * p).reduce((sum, g, k) => sum + g * u[r * p + k], 0);
    expect(results.pulls).toBeAllclose(
      Float64Array.from({ length: rows * n }, (_, k) => inner(Math.floor(k / n), k % n)),
      CLOSE,
    );
  });
});
