// The counts that benchmarks are held against, by hand.

import { describe, expect, it } from "vitest";
import { cnnLayers, explanationPasses, explanationPulls, mlpLayers, traceGramFlops } from "../../bench/flops.ts";

describe("traceGramFlops(layers, n)", () => {
  it("counts a perceptron's forward pass, cotangents of all outputs, and each pair once", () => {
    // Each example: forward 2 (2 3 + 3 4) = 36, backward through the middle layer for 2 outputs 2 * 2 * 3 * 4 = 48.
    // Each pair: 2 * 2 + 2 * 2 * 3 = 16, 2 * 3 + 2 * 4 = 14 with the outputs met beforehand, and 2 * 4 = 8 for the last layer.
    expect(traceGramFlops(mlpLayers(2, 3, 4, 2), 5)).toBe(5 * (36 + 48) + 15 * (16 + 14 + 8));
  });

  it("counts convolutions with every output's derivative multiplied out", () => {
    // 4 x 4 images, 3 channels, then 2 x 2 x 3 = 12 features -> 5 -> 2 outputs. A pass of the convolution: 2 * 9 * 16 * 3 = 864.
    // Forward 864 + 120; for both outputs backward 120 and the weight's derivative 864.
    // The only pair: 2 * 2 * 27 = 108, 2 * 12 + 2 * 5 = 34, 2 * 5 = 10.
    const layers = cnnLayers({ channels: [3], size: 4, hidden: 5, outputs: 2 });
    expect(traceGramFlops(layers, 1)).toBe(864 + 120 + 2 * (120 + 864) + 108 + 34 + 10);
  });
});

describe("an explanation's counts", () => {
  const size = { layers: mlpLayers(2, 3, 1), rows: 10, batch: 4, steps: 2, nodes: 2 };

  it("are passes of rows at one end and at the nodes, and of the batch", () => {
    // A pass is 2 (6 + 3) = 18, backward by inputs 6. Rows 10 * 18 + 2 * 10 * (18 + 18 + 6), batch 4 * (18 + 6).
    expect(explanationPasses(size)).toBe(2 * (180 + 840 + 96));
  });

  it("are a product by every weight for each pair of row and example", () => {
    expect(explanationPulls(size)).toBe(2 * 10 * 4 * 18);
  });
});
