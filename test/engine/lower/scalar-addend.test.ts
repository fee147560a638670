// Products with one number added: the number gets an axis, and the product stays what it is.

import { expect, it } from "vitest";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Graph, Value } from "../../../src/graph/types.ts";
import { reals, tensor } from "../../../src/numeric/tensor.ts";
import { engineOf } from "../../helpers/tasks.ts";

function product(addend: (b: GraphBuilder) => Value): Graph {
  const b = new GraphBuilder();
  const [x, y] = [b.input("x", "real", ["N", 2]), b.input("y", "real", [3, 2])];
  return b.build({ z: b.op("Gemm", [x, y, addend(b)], { transB: 1, beta: 2 }) });
}

const fixed = product((b) => b.scalar(0.5));
const given = product((b) => b.input("c", "real", []));
const feeds = {
  x: reals([1, 2], [1, 10]),
  y: reals([3, 2], [1, 2, 3, 4, 5, 6]),
  c: tensor("float64", [], Float64Array.of(0.5)),
};

it("an addend without axes gets one, as a constant where it is one", () => {
  for (const [graph, ops] of [
    [fixed, ["Gemm"]],
    [given, ["Reshape", "Gemm"]],
  ] as const) {
    const lowered = lowerGraph(graph, { dtype: "float64", channelBlock: 1 });
    expect(lowered.nodes.map(({ op }) => op)).toEqual(ops);
    expect(lowered.values.get(lowered.nodes.at(-1)!.inputs[2])?.shape).toEqual([1]);
  }
  const row = product((b) => b.constant(reals([3], [1, 2, 3])));
  expect(lowerGraph(row, { dtype: "float32", channelBlock: 1 })).toBe(row);
});

it("the product is the same", async () => {
  const engine = await engineOf("float64");
  for (const graph of [fixed, given]) {
    const { z } = await engine.compile(graph).run(feeds);
    expect([...z.data]).toEqual([22, 44, 66]);
  }
});
