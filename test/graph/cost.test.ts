import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { flopsOf } from "../../src/graph/cost.ts";
import { matmul } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { cnn } from "../../src/models/cnn.ts";
import { mlp } from "../../src/models/mlp.ts";

/** FLOPs of what `build` makes of real inputs of these shapes. */
function flops(shapes: readonly (readonly (number | string)[])[], build: (b: GraphBuilder, x: Value[]) => Value) {
  const b = new GraphBuilder();
  const inputs = shapes.map((shape, i) => b.input(`x${i}`, "real", shape));
  const graph = b.build({ y: build(b, inputs) });
  return (batch: number): number => flopsOf(graph, batch);
}

describe("flopsOf(graph, batch)", () => {
  it("counts a perceptron: 2 N m n a layer, one for each activation", () => {
    const { graph } = mlp({ inputShape: [5], outputs: 3, hidden: [7], activation: "tanh" });
    expect(flopsOf(graph, 4)).toBe(2 * 4 * 5 * 7 + 4 * 7 + 2 * 4 * 7 * 3);
    expect(flopsOf(graph, 8)).toBe(2 * flopsOf(graph, 4));
  });

  it("counts a convolutional network: 2 x outputs x taps x channels, pools by what they read", () => {
    const { graph } = cnn({ inputShape: [2, 8, 8], outputs: 4, channels: [3], hidden: 5 });
    const convolution = 2 * (3 * 8 * 8) * (2 * 3 * 3);
    const [relu, pool] = [3 * 8 * 8, 3 * 8 * 8];
    const layers = 2 * (3 * 4 * 4) * 5 + 5 + 2 * 5 * 4;
    expect(flopsOf(graph, 1)).toBe(convolution + relu + pool + layers);
    expect(flopsOf(graph, 6)).toBe(6 * flopsOf(graph, 1));
  });

  it("counts products of several axes, transposed ones and grouped convolutions", () => {
    expect(
      flops(
        [
          ["N", 4, 5],
          [5, 6],
        ],
        (b, [x, y]) => matmul(b, x, y),
      )(3),
    ).toBe(2 * 3 * 4 * 5 * 6);
    expect(
      flops(
        [
          [5, 4],
          [5, 6],
        ],
        (b, [x, y]) => b.op("Gemm", [x, y], { transA: 1 }),
      )(1),
    ).toBe(2 * 4 * 5 * 6);
    const grouped = flops(
      [
        ["N", 4, 6, 6],
        [8, 2, 3, 3],
      ],
      (b, x) => b.op("Conv", x, { kernel_shape: [3, 3], group: 2 }),
    );
    expect(grouped(1)).toBe(2 * (8 * 4 * 4) * (2 * 3 * 3));
    const transposed = flops(
      [
        ["N", 4, 6, 6],
        [4, 8, 3, 3],
      ],
      (b, x) => b.op("ConvTranspose", x, { kernel_shape: [3, 3] }),
    );
    expect(transposed(1)).toBe(2 * (4 * 6 * 6) * (8 * 3 * 3));
  });

  it("counts a reduction by what it reads, and moving no data as nothing", () => {
    expect(flops([["N", 10]], (b, [x]) => b.op("ReduceSum", [x, b.ints([1])], { keepdims: 0 }))(2)).toBe(20);
    expect(flops([["N", 10]], (b, [x]) => b.op("Unsqueeze", [b.op("Identity", [x]), b.ints([0])]))(2)).toBe(0);
    expect(flops([["N", 10]], (b, [x]) => b.op("Reshape", [x, b.ints([-1, 2, 5])]))(2)).toBe(0);
  });
});
