// Convolutions on blocked channels: which ones they are, and that they compute what a sum over taps computes.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { channelBlockOf } from "../../../src/engine/channel-block.ts";
import { type Engine, openEngine } from "../../../src/engine/engine.ts";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { loadOrt } from "../../../src/engine/ort.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Attributes, Graph } from "../../../src/graph/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { type RealDType, reals, type Tensor, toReal } from "../../../src/numeric/tensor.ts";

let engine: Engine;
let reference: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float32" });
  reference = await openEngine({ dtype: "float64" });
});
afterAll(async () => {
  await engine.release();
  await reference.release();
});

function convolution([channels, outputs, size]: readonly [number, number, number], attributes: Attributes): Graph {
  const b = new GraphBuilder();
  const group = (attributes.group as number | undefined) ?? 1;
  const inputs = [
    b.input("x", "real", ["N", channels, size, size]),
    b.input("w", "real", [outputs, channels / group, 3, 3]),
    b.input("b", "real", [outputs]),
  ];
  return b.build({ y: b.op("Conv", inputs, attributes) });
}

function numbers(shape: readonly number[], dtype: RealDType): Tensor {
  const random = randomFrom(shape.length, "numbers");
  const size = shape.reduce((product, axis) => product * axis, 1);
  return toReal(
    reals(
      shape,
      Float64Array.from({ length: size }, () => random.normal()),
    ),
    dtype,
  );
}

const blocked = (graph: Graph): boolean =>
  lowerGraph(graph, { dtype: "float32", channelBlock: 8 }).nodes.some(({ op }) => op.includes("nchwc"));

describe("blocked convolutions", () => {
  it("have blocks of 8 or 16 channels in the native engine on this processor, or none", async () => {
    expect([1, 8, 16]).toContain(await channelBlockOf((await loadOrt()).ort));
  });

  it("take whole blocks of channels, at least one of outputs, in one group, in float32 alone", () => {
    expect(blocked(convolution([16, 8, 5], {}))).toBe(true);
    expect(blocked(convolution([12, 8, 5], {}))).toBe(false);
    expect(blocked(convolution([16, 7, 5], {}))).toBe(false);
    expect(blocked(convolution([16, 16, 5], { group: 2 }))).toBe(false);
    const twice = lowerGraph(convolution([16, 8, 5], {}), { dtype: "float64", channelBlock: 8 });
    expect(twice.nodes.some(({ op }) => op.includes("nchwc"))).toBe(false);
    const none = lowerGraph(convolution([16, 8, 5], {}), { dtype: "float32", channelBlock: 1 });
    expect(none.nodes.map(({ op }) => op)).toEqual(["Conv"]);
  });

  const cases: readonly { shape: [number, number, number]; attributes: Attributes }[] = [
    { shape: [16, 16, 6], attributes: { pads: [1, 1, 1, 1] } },
    { shape: [32, 20, 7], attributes: { strides: [2, 1], pads: [1, 0, 2, 1] } },
    { shape: [16, 33, 9], attributes: { dilations: [2, 3] } },
  ];

  it.each(cases)(
    "compute what products of patches in float64 do: $shape $attributes",
    async ({ shape, attributes }) => {
      const graph = convolution(shape, attributes);
      const [channels, outputs, size] = shape;
      const feeds = (dtype: RealDType) => ({
        x: numbers([3, channels, size, size], dtype),
        w: numbers([outputs, channels, 3, 3], dtype),
        b: numbers([outputs], dtype),
      });
      const [{ y }, { y: expected }] = [
        await engine.compile(graph).run(feeds("float32")),
        await reference.compile(graph).run(feeds("float64")),
      ];
      expect(y.shape).toEqual(expected.shape);
      const largest = Math.max(...Array.from(expected.data as Float64Array, Math.abs));
      expect(y.data as Float32Array).toBeAllclose(expected.data as Float64Array, { atol: 1e-5 * largest, rtol: 0 });
    },
  );
});
