// Sums over the first axis of a matrix: which nodes they are, and their value.

import { expect, it } from "vitest";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { reduceSum } from "../../../src/graph/ops.ts";
import type { Graph } from "../../../src/graph/types.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { engineOf } from "../../helpers/tasks.ts";

function sumOver(axes: readonly number[], keepdims = false, shape: readonly (number | "N")[] = ["N", 3]): Graph {
  const b = new GraphBuilder();
  return b.build({ y: reduceSum(b, b.input("x", "real", shape), axes, keepdims) });
}

const multiplies = (graph: Graph): boolean =>
  lowerGraph(graph, { dtype: "float64", channelBlock: 1 }).nodes.some(({ op }) => op === "MatMul");

it("only sums over the first axis of a matrix become products", () => {
  expect(multiplies(sumOver([0]))).toBe(true);
  expect(multiplies(sumOver([0], true))).toBe(true);
  expect(multiplies(sumOver([1]))).toBe(false);
  expect(multiplies(sumOver([0, 1]))).toBe(false);
  expect(multiplies(sumOver([0], false, ["N", 3, 2]))).toBe(false);
});

it("sums over as many rows share their ones", () => {
  const b = new GraphBuilder();
  const [x, y, z] = ["x", "y", "z"].map((name, k) => b.input(name, "real", [k === 2 ? "2N" : "N", 3]));
  const graph = b.build({ x1: reduceSum(b, x, [0]), y1: reduceSum(b, y, [0]), z1: reduceSum(b, z, [0]) });
  const { nodes } = lowerGraph(graph, { dtype: "float64", channelBlock: 1 });
  expect(nodes.filter(({ op }) => op === "Expand")).toHaveLength(2);
  const left = nodes.flatMap(({ op, inputs }) => (op === "MatMul" ? [inputs[0]] : []));
  expect([left[0] === left[1], left[0] === left[2]]).toEqual([true, false]);
});

it("a product with ones is the sum, for any number of rows", async () => {
  const engine = await engineOf("float64");
  for (const keepdims of [false, true]) {
    const program = engine.compile(sumOver([0], keepdims));
    const { y } = await program.run({ x: reals([2, 3], [1, 2, 3, 10, 20, 30]) });
    expect(y).toMatchObject({ shape: keepdims ? [1, 3] : [3], data: Float64Array.of(11, 22, 33) });
    expect([...(await program.run({ x: reals([1, 3], [1, 2, 3]) })).y.data]).toEqual([1, 2, 3]);
  }
});
