// ReLUs behind max-pools and convolutions before pools: where they change, and that value and gradient stay what they are, ties included.

import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { lightenPools } from "../../src/graph/before-pools.ts";
import { builderOf, GraphBuilder } from "../../src/graph/builder.ts";
import type { Shape } from "../../src/graph/dim.ts";
import { add } from "../../src/graph/ops.ts";
import type { Attributes, Graph, Value } from "../../src/graph/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
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

describe("a ReLU before a pool", () => {
  it("goes behind the pool that alone reads it", () => {
    expect(opsOf(pooled())).toEqual(["Relu", "MaxPool"]);
    expect(opsOf(lightenPools(pooled()))).toEqual(["MaxPool", "Relu"]);
  });

  it("stays where it is read elsewhere, or is an output", () => {
    const read = pooled((b, relu) => add(b, relu, 1));
    const output = pooled((_b, relu) => relu);
    expect(lightenPools(read)).toBe(read);
    expect(lightenPools(output)).toBe(output);
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
    expect(await evaluated(lightenPools(pooled()), feeds)).toEqual([y, g]);
  });
});

describe("a convolution before a pool", () => {
  const convolution = (pool: string, attributes: Attributes = {}, { also = false, width = 7 } = {}): Graph => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 2, 7, width]);
    const h = b.op("Conv", [x, b.input("w", "real", [3, 2, 3, 3])], { pads: [1, 1, 1, 1] });
    const y = b.op(pool, [h], { kernel_shape: [2, 3], strides: [2, 3], ...attributes });
    return b.build(also ? { y, h } : { y });
  };
  const positions = (graph: Graph): Shape => {
    const conv = lightenPools(graph).nodes.find(({ op }) => op === "Conv")!;
    return graph === lightenPools(graph) ? [7, 7] : lightenPools(graph).values.get(conv.outputs[0])!.shape.slice(2);
  };

  it("computes what the pool's windows cover, where nothing else reads it and they hang over nowhere", () => {
    expect(positions(convolution("MaxPool", {}))).toEqual([6, 6]);
    expect(positions(convolution("AveragePool", {}))).toEqual([6, 6]);
    expect(positions(convolution("MaxPool", { strides: [1, 3] }))).toEqual([7, 6]);
    expect(positions(convolution("MaxPool", {}, { also: true }))).toEqual([7, 7]);
    // One column more to drop would need a negative pad.
    const wide = convolution("MaxPool", {}, { width: 8 });
    expect(lightenPools(wide)).toBe(wide);
    expect(positions(convolution("MaxPool", { ceil_mode: 1 }))).toEqual([7, 7]);
    expect(positions(convolution("MaxPool", { pads: [1, 0, 0, 0] }))).toEqual([7, 7]);
  });

  it("changes neither value nor gradient", async () => {
    const random = randomFrom(3, "pools");
    const numbers = (shape: readonly number[]): Tensor =>
      reals(
        shape,
        Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
      );
    const feeds = { x: numbers([2, 2, 7, 7]), w: numbers([3, 2, 3, 3]), u: numbers([2, 3, 3, 2]) };
    for (const pool of ["MaxPool", "AveragePool"]) {
      const graph = convolution(pool, {});
      const [plain, light] = [await evaluated(graph, feeds), await evaluated(lightenPools(graph), feeds)];
      plain.forEach((values, k) => {
        expect(light[k]).toBeAllclose(values, { atol: 1e-13, rtol: 1e-12 });
      });
    }
  });
});
