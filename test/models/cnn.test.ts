import { describe, expect, it } from "vitest";
import { cnn } from "../../src/models/cnn.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const shapes = (options: Parameters<typeof cnn>[0]) =>
  cnn(options).parameters.entries.map(({ name, shape }) => `${name} ${shape}`);

describe("cnn(options)", () => {
  it("names and shapes its parameters as torch.nn.Conv2d and Linear layers", () => {
    expect(shapes({ inputShape: [3, 13, 9], outputs: 10, channels: [4, 6], hidden: 7 })).toEqual([
      "convolutions.0.weight 4,3,3,3",
      "convolutions.0.bias 4",
      "convolutions.1.weight 6,4,3,3",
      "convolutions.1.bias 6",
      // 13 x 9 is halved to 6 x 4 and to 3 x 2, rounding down.
      "layers.0.weight 7,36",
      "layers.0.bias 7",
      "layers.1.weight 10,7",
      "layers.1.bias 10",
    ]);
  });

  it("has a linear layer of 128 before the outputs, or none where hidden is 0", () => {
    const image = { inputShape: [1, 4, 4], outputs: 2, channels: [3] };
    expect(shapes(image).slice(2)).toEqual([
      "layers.0.weight 128,12",
      "layers.0.bias 128",
      "layers.1.weight 2,128",
      "layers.1.bias 2",
    ]);
    expect(shapes({ ...image, hidden: 0 }).slice(2)).toEqual(["layers.0.weight 2,12", "layers.0.bias 2"]);
  });

  it("has a list of linear layers before the outputs, with dropout behind each", () => {
    const model = cnn({
      inputShape: [3, 32, 32],
      outputs: 10,
      channels: [16, 32, 64],
      hidden: [256, 128],
      dropout: 0.3,
    });
    expect(model.parameters.entries.slice(6).map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      // 64 maps of 4 x 4.
      "layers.0.weight 256,1024",
      "layers.0.bias 256",
      "layers.1.weight 128,256",
      "layers.1.bias 128",
      "layers.2.weight 10,128",
      "layers.2.bias 10",
    ]);
    expect(model.training?.masks.map(({ shape, ratio }) => [...shape, ratio])).toEqual([
      [256, 0.3],
      [128, 0.3],
    ]);
    expect(model.spec).toBe("cnn:16,32,64:256,128:dropout=0.3");
  });

  it("says in full what it is", () => {
    const spec = (hidden?: number | number[]) =>
      cnn({ inputShape: [1, 8, 8], outputs: 2, channels: [3, 5], ...(hidden !== undefined && { hidden }) }).spec;
    expect([spec(), spec(16), spec(0), spec([]), spec([128]), spec([16, 8])]).toEqual([
      "cnn:3,5",
      "cnn:3,5:16",
      "cnn:3,5:0",
      "cnn:3,5:0",
      "cnn:3,5",
      "cnn:3,5:16,8",
    ]);
  });

  it("starts each layer within 1 / sqrt(fan-in), the bias by its layer's fan-in too", () => {
    const model = cnn({ inputShape: [2, 8, 8], outputs: 3, channels: [32], hidden: 20 });
    const views = viewsOf(model.parameters, startOf(model, "float64", 1));
    const largest = (name: string) => Math.max(...Array.from(views[name].data, (v) => Math.abs(Number(v))));
    for (const [layer, fanIn] of [
      ["convolutions.0", 2 * 3 * 3],
      ["layers.0", 32 * 4 * 4],
      ["layers.1", 20],
    ] as const) {
      const bound = 1 / Math.sqrt(fanIn);
      expect(largest(`${layer}.weight`)).toBeLessThanOrEqual(bound);
      expect(largest(`${layer}.weight`)).toBeGreaterThan(0.8 * bound);
      expect(largest(`${layer}.bias`)).toBeLessThanOrEqual(bound);
      expect(largest(`${layer}.bias`)).toBeGreaterThan(0.4 * bound);
    }
  });

  it("computes convolution with padding 1, ReLU, 2 x 2 maxima and the linear layer, as one does by hand", async () => {
    const model = cnn({ inputShape: [1, 2, 2], outputs: 1, channels: [1], hidden: 0 });
    const kernel = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => k / 10);
    const params = Float64Array.of(...kernel, -2, 10, 0.5);
    const engine = await engineOf("float64");
    const x = reals([2, 1, 2, 2], [1, 2, 3, 4, -1, -2, -3, -4]);
    const { y } = await engine.compile(model.graph).run({ x, ...viewsOf(model.parameters, params) });
    // Top left of image 1: the kernel's 5 6 8 9 over 1 2 3 4 = 7.7; then 6.7 (4 5 7 8), 4.7 (2 3 5 6), 3.7 (1 2 4 5); bias -2.
    // All of image 2 is below zero.
    expect(y.data).toBeAllclose([10 * (7.7 - 2) + 0.5, 0.5], { rtol: 1e-14 });
  });
});

describe("what cnn refuses", () => {
  it("images that cannot be halved so often", async () => {
    const channels = [2, 2, 2];
    expect(await errorOf(() => cnn({ inputShape: [1, 7, 28], outputs: 2, channels }))).toBe(
      "RangeError: cnn: images must have at least 8 pixels a side for 3 stages, got 7x28",
    );
    expect(() => cnn({ inputShape: [1, 8, 8], outputs: 2, channels })).not.toThrow();
  });

  it.each([[[64]], [[8, 8]], [[1, 2, 8, 8]]])("examples of shape %j", async (inputShape) => {
    expect(await errorOf(() => cnn({ inputShape, outputs: 2, channels: [2] }))).toBe(
      `RangeError: cnn: examples must be images (channels, height, width), got shape [${inputShape}]`,
    );
  });
});
