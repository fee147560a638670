// Convolutions as products: which ones float32 composes too, and that they compute the same.

import { afterAll, beforeAll, expect, it } from "vitest";
import { vjp } from "../../../src/differentiate/reverse.ts";
import { type Engine, openEngine } from "../../../src/engine/engine.ts";
import { composedInFloat32, convolutionLowerings } from "../../../src/engine/lower/convolution.ts";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { resolveDim } from "../../../src/graph/dim.ts";
import type { Attributes, Graph, Value } from "../../../src/graph/types.ts";
import { reals, tensor } from "../../../src/numeric/tensor.ts";
import { spread } from "../../conformance/operator-case.ts";
import { engineOf } from "../../helpers/tasks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float32" });
});
afterAll(() => engine.release());

/** Two layers, 6x6 with 4 outputs and 3x3 with 12, and the gradients of their weights unless `forward`. */
function network(forward: boolean): Graph {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 1, 6, 6]);
  const weights = [b.input("w0", "real", [4, 1, 3, 3]), b.input("w1", "real", [12, 4, 3, 3])];
  const first = b.op("Conv", [x, weights[0]], { pads: [1, 1, 1, 1] });
  const pooled = b.op("MaxPool", [b.op("Relu", [first])], { kernel_shape: [2, 2], strides: [2, 2] });
  const y = b.op("Conv", [pooled, weights[1]], { pads: [1, 1, 1, 1] });
  if (forward) return b.build({ y });
  const gradients = vjp(b, [{ value: y, cotangent: b.input("u", "real", y.shape) }], weights);
  return b.build({ y, g0: gradients[0] as Value, g1: gradients[1] as Value });
}

it("float32 composes a convolution with more outputs than positions where its patches are there already", () => {
  const composed = [...composedInFloat32(network(false))];
  expect(composed.map((node) => node.outputs[0])).toEqual(["y"]);
  expect(composedInFloat32(network(true)).size).toBe(0);
});

it("a product gives what Conv gives, with bias, groups and strides", async () => {
  for (const [shapes, attributes] of [
    [[["N", 4, 5, 6], [6, 4, 3, 2], [6]], { strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2] }],
    [[["N", 4, 5, 6], [6, 2, 3, 2], [6]], { group: 2, pads: [0, 2, 1, 1] }],
  ] as readonly [readonly (readonly (string | number)[])[], Attributes][]) {
    const b = new GraphBuilder();
    const inputs = shapes.map((shape, i) => b.input(`x${i}`, "real", shape));
    const graph = b.build({
      conv: b.op("Conv", inputs, attributes),
      product: convolutionLowerings.Conv(b, inputs, attributes),
    });
    const feeds = shapes.map((shape, i) => {
      const dims = shape.map((dim) => resolveDim(dim, 2));
      const size = dims.reduce((p, q) => p * q, 1);
      return [`x${i}`, tensor("float32", dims, Float32Array.from(spread(size, -1, 1, i)))] as const;
    });
    const { conv, product } = await engine.compile(graph).run(Object.fromEntries(feeds));
    expect(product.data as Float32Array).toBeAllclose(conv.data as Float32Array);
  }
});

it("float32 has dilated averages, which the file format of opset 18 lacks", () => {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2, 6]);
  const plain = b.op("AveragePool", [x], { kernel_shape: [2] });
  const dilated = b.op("AveragePool", [x], { kernel_shape: [2], dilations: [2] });
  const composed = [...composedInFloat32(b.build({ plain, dilated }))];
  expect(composed.map((node) => node.outputs[0])).toEqual(["dilated"]);
});

it("float64 averages over long windows by the taps that meet the input alone", async () => {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 1, 5]);
  const y = b.op("AveragePool", [x], { kernel_shape: [2001], pads: [1000, 1000], count_include_pad: 0 });
  const lowered = lowerGraph(b.build({ y }), { dtype: "float64", channelBlock: 1 });
  // Windows of 5 begin at 1,000 to 996 before the input.
  expect(lowered.nodes.filter(({ op }) => op === "Slice").length).toBeLessThanOrEqual(9);
  const exact = await engineOf("float64");
  const feeds = { x: reals([1, 1, 5], Float64Array.of(1, 2, 3, 4, 10)) };
  const { y: averages } = await exact.compile(b.build({ y })).run(feeds);
  expect(averages.data as Float64Array).toBeAllclose(new Float64Array(5).fill(4), { atol: 0, rtol: 1e-14 });
});
