import { describe, expect, it } from "vitest";
import { createBuffers } from "../../src/optimizers/buffers.ts";
import { clippingOptions, ownColumns, withClipping } from "../../src/optimizers/clipping.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";

const sgd = createOptimizer("sgd", { lr: 1, weightDecay: 0.5 });

function stepped(optimizer: typeof sgd, gradient: Float64Array, gradientNorm?: number): Float64Array {
  const params = Float64Array.of(2, -2);
  optimizer.update({
    params,
    gradient,
    gradientNorm,
    buffers: createBuffers(optimizer, 2, "float64"),
    step: 0,
    stepSize: 1,
  });
  return params;
}

describe("withClipping(optimizer, { norm })", () => {
  const clipped = withClipping(sgd, { norm: 1 });

  it("multiplies a longer gradient by tau / (norm + 1e-6), and the weight decay not", () => {
    const gradient = Float64Array.of(3, 4);
    const alpha = 1 / (5 + 1e-6);
    expect([...stepped(clipped, gradient, 5)]).toEqual([2 - (alpha * 3 + 1), -2 - (alpha * 4 - 1)]);
    expect([...gradient]).toEqual([3, 4]);
    expect(clipped.clipping?.factor({ gradientNorm: 5, buffers: {} })).toBe(alpha);
  });

  it("leaves a shorter one as it is", () => {
    const gradient = Float64Array.of(0.3, 0.4);
    expect(stepped(clipped, gradient, 0.5)).toEqual(stepped(sgd, gradient));
    expect(clipped.clipping?.factor({ gradientNorm: 0.5, buffers: {} })).toBe(1);
    expect(withClipping(sgd, {})).toBe(sgd);
  });

  it("says what it was made of", () => {
    expect(clipped.clipping).toMatchObject({ name: "norm", options: { maximum: 1, epsilon: 1e-6 } });
    expect(clippingOptions({ name: "norm", options: { maximum: 1, epsilon: 1e-6 } })).toEqual({ norm: 1 });
  });

  it("refuses thresholds that no norm can have, records of others, and a step whose norm is not given", () => {
    for (const norm of [0, -1, Number.NaN, Infinity])
      expect(() => withClipping(sgd, { norm })).toThrow(`withClipping: norm must be a finite number > 0, got ${norm}`);
    expect(() => clippingOptions({ name: "angle", options: {} })).toThrow("clipping: name must be norm or value");
    expect(() => clippingOptions({ name: "norm", options: {} })).toThrow("clipping: maximum must be a number");
    expect(() => clippingOptions({ name: "norm", options: { maximum: 1, epsilon: 0 } })).toThrow("epsilon must be");
    expect(() => stepped(clipped, Float64Array.of(3, 4))).toThrow("gradientNorm must be given, got undefined");
  });
});

describe("withClipping(optimizer, { value })", () => {
  const clipped = withClipping(createOptimizer("sgd", { lr: 1, weightDecay: 0.5, momentum: 0.9 }), { value: 1 });

  it("brings every coordinate into its bounds, keeps by what, and leaves weight decay outside", () => {
    const buffers = createBuffers(clipped, 4, "float64");
    const params = Float64Array.of(2, 2, 2, 2);
    clipped.update({ params, gradient: Float64Array.of(4, -8, 0.5, 0), buffers, step: 0, stepSize: 1 });
    expect([...params]).toEqual([0, 2, 0.5, 1]);
    expect([...buffers.clipFactor]).toEqual([0.25, 0.125, 1, 1]);
    expect(clipped.clipping?.factor({ buffers })).toBe(buffers.clipFactor);
    expect([clipped.buffers, ownColumns(clipped)]).toEqual([["momentum", "clipFactor"], ["momentum"]]);
  });

  it("is no plain gradient descent any more", () => {
    expect(sgd.plain).toEqual({ weightDecay: 0.5 });
    expect([withClipping(sgd, { norm: 1 }).plain, withClipping(sgd, { value: 1 }).plain]).toEqual([
      sgd.plain,
      undefined,
    ]);
  });

  it("refuses what no coordinate can have, both clips at once, and state without its column", () => {
    expect(() => withClipping(sgd, { value: 0 })).toThrow("withClipping: value must be a finite number > 0, got 0");
    expect(() => withClipping(sgd, { value: 1, norm: 1 })).toThrow("norm or value must be given, got both 1 and 1");
    expect(() => clipped.clipping?.factor({ buffers: {} })).toThrow("must have a column clipFactor, got none");
    expect(clippingOptions({ name: "value", options: { maximum: 2 } })).toEqual({ value: 2 });
  });
});
