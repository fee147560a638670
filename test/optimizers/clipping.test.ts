import { describe, expect, it } from "vitest";
import { createBuffers } from "../../src/optimizers/buffers.ts";
import { clippingOptions, withClipping } from "../../src/optimizers/clipping.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";

const sgd = createOptimizer("sgd", { lr: 1, weightDecay: 0.5 });

function stepped(optimizer: typeof sgd, gradient: Float64Array, gradientNorm?: number): Float64Array {
  const params = Float64Array.of(2, -2);
  optimizer.update({ params, gradient, gradientNorm, buffers: createBuffers(optimizer, 2, "float64"), step: 0, stepSize: 1 });
  return params;
}

describe("withClipping(optimizer, { norm })", () => {
  const clipped = withClipping(sgd, { norm: 1 });

  it("multiplies a longer gradient by tau / (norm + 1e-6), and the weight decay not", () => {
    const gradient = Float64Array.of(3, 4);
    const alpha = 1 / (5 + 1e-6);
    expect([...stepped(clipped, gradient, 5)]).toEqual([2 - (alpha * 3 + 1), -2 - (alpha * 4 - 1)]);
    expect([...gradient]).toEqual([3, 4]);
    expect(clipped.clipping?.factor({ gradientNorm: 5 })).toBe(alpha);
  });

  it("leaves a shorter one as it is", () => {
    const gradient = Float64Array.of(0.3, 0.4);
    expect(stepped(clipped, gradient, 0.5)).toEqual(stepped(sgd, gradient));
    expect(clipped.clipping?.factor({ gradientNorm: 0.5 })).toBe(1);
    expect(withClipping(sgd, {})).toBe(sgd);
  });

  it("says what it was made of", () => {
    expect(clipped.clipping).toMatchObject({ name: "norm", options: { maximum: 1, epsilon: 1e-6 } });
    expect(clippingOptions({ name: "norm", options: { maximum: 1, epsilon: 1e-6 } })).toEqual({ norm: 1 });
  });

  it("refuses thresholds that no norm can have, records of others, and a step whose norm is not given", () => {
    for (const norm of [0, -1, Number.NaN, Infinity])
      expect(() => withClipping(sgd, { norm })).toThrow(`withClipping: norm must be a finite number > 0, got ${norm}`);
    expect(() => clippingOptions({ name: "angle", options: {} })).toThrow("clipping: name must be norm");
    expect(() => clippingOptions({ name: "norm", options: {} })).toThrow("clipping: maximum must be a number");
    expect(() => clippingOptions({ name: "norm", options: { maximum: 1, epsilon: 0 } })).toThrow("epsilon must be");
    expect(() => stepped(clipped, Float64Array.of(3, 4))).toThrow("gradientNorm must be given, got undefined");
  });
});
