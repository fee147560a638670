// Products of a transposed first matrix: which nodes they are, and that they stay what they are.

import { expect, it } from "vitest";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Graph } from "../../../src/graph/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { reals, toReal } from "../../../src/numeric/tensor.ts";
import { engineOf } from "../../helpers/tasks.ts";

function product([rows, columns]: readonly [number, number], transA: number): Graph {
  const b = new GraphBuilder();
  const x = b.input("x", "real", transA ? ["N", rows] : [rows, 5]);
  const y = b.input("y", "real", [transA ? "N" : 5, columns]);
  return b.build({ z: b.op("Gemm", [x, y], { transA, alpha: 0.5 }) });
}

const opsOf = (graph: Graph, dtype: "float32" | "float64" = "float32"): string[] =>
  lowerGraph(graph, { dtype, channelBlock: 1 }).nodes.map(({ op }) => op);

it("a large result's first matrix is transposed first, in float32", () => {
  expect(opsOf(product([64, 100], 1))).toEqual(["Transpose", "Gemm"]);
  expect(opsOf(product([64, 100], 0))).toEqual(["Gemm"]);
  expect(opsOf(product([63, 100], 1))).toEqual(["Gemm"]);
  expect(opsOf(product([64, 100], 1), "float64")).toEqual(["Gemm"]);
});

it("gives the sum over examples that it stands for", async () => {
  const [n, rows, columns] = [3, 64, 70];
  const random = randomFrom(1, "product");
  const numbers = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
  const [x, y] = [numbers(n * rows), numbers(n * columns)];
  const program = (await engineOf("float32")).compile(product([rows, columns], 1));
  const { z } = await program.run({
    x: toReal(reals([n, rows], x), "float32"),
    y: toReal(reals([n, columns], y), "float32"),
  });
  const expected = Float64Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return 0.5 * [0, 1, 2].reduce((total, e) => total + x[e * rows + i] * y[e * columns + j], 0);
  });
  expect(z.data as Float32Array).toBeAllclose(expected, { atol: 1e-5, rtol: 1e-5 });
});
