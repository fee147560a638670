// ReLUs behind max-pools: where they may go there, and that value and gradient stay what they are, ties included.

import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { builderOf, GraphBuilder } from "../../src/graph/builder.ts";
import { add } from "../../src/graph/ops.ts";
import { reluAfterPool } from "../../src/graph/relu-after-pool.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

const window = { kernel_shape: [2, 2], strides: [2, 2] };

function pooled(also: (b: GraphBuilder, relu: Value) => Value | undefined = () => undefined): Graph {
  const b = new GraphBuilder();
  const relu = b.op("Relu", [b.input("x", "real", ["N", 1, 4, 4])]);
  const y = b.op("MaxPool", [relu], window);
  const other = also(b, relu);
  return b.build(other ? { y, other } : { y });
}

const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);

/** y and d sum(u y) / dx. */
async function evaluated(graph: Graph, feeds: Record<string, Tensor>): Promise<Float64Array[]> {
  const { b, inputs, values } = builderOf(graph);
  const y = values.get("y") as Value;
  const [g] = vjp(b, [{ value: y, cotangent: b.input("u", "real", y.shape) }], [inputs.x]);
  const program = (await engineOf("float64")).compile(b.build({ y, g: g as Value }));
  const results = await program.run(feeds);
  return [results.y.data as Float64Array, results.g.data as Float64Array];
}

describe("reluAfterPool(graph)", () => {
  it("takes a ReLU behind the pool that alone reads it", () => {
    expect(opsOf(pooled())).toEqual(["Relu", "MaxPool"]);
    expect(opsOf(reluAfterPool(pooled()))).toEqual(["MaxPool", "Relu"]);
  });

  it("leaves a ReLU that is read elsewhere, or is an output", () => {
    const read = pooled((b, relu) => add(b, relu, 1));
    const output = pooled((_b, relu) => relu);
    expect(reluAfterPool(read)).toBe(read);
    expect(reluAfterPool(output)).toBe(output);
  });

  it("changes neither value nor gradient, where all are negative, equal, or zero", async () => {
    const windows = [
      [-1, -1, -2, -3],
      [2, 2, 1, 2],
      [0, 0, -1, 0],
      [-4, 3, 3, 1],
    ];
    // Four windows of 2x2 in a picture of 4x4.
    const at = (row: number, column: number): number =>
      windows[2 * (row >> 1) + (column >> 1)][2 * (row & 1) + (column & 1)];
    const x = Float64Array.from({ length: 16 }, (_, k) => at(k >> 2, k & 3));
    const feeds = { x: reals([1, 1, 4, 4], x), u: reals([1, 1, 2, 2], [5, 6, 7, 8]) };
    const [y, g] = await evaluated(pooled(), feeds);
    expect([...y]).toEqual([0, 2, 0, 3]);
    expect([...g]).toEqual([0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
    expect(await evaluated(reluAfterPool(pooled()), feeds)).toEqual([y, g]);
  });
});
