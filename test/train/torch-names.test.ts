import { describe, expect, it } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { lossFrom, optimizerFrom, stateColumnFrom } from "../../src/train/torch-names.ts";

/** Param groups as torch 1.13 and 2.7 print them, without params and lr. */
const SGD = { momentum: 0.9, dampening: 0.5, weight_decay: 0.1, nesterov: false, maximize: false, foreach: null };
const ADAM = { betas: [0.8, 0.95], eps: 1e-7, weight_decay: 0.1, amsgrad: true, maximize: false, capturable: false };

describe("PyTorch's words in ours", () => {
  it.each([
    ["SGD", SGD, "sgd", { momentum: 0.9, dampening: 0.5, nesterov: false, weightDecay: 0.1 }],
    ["Adam", ADAM, "adam", { beta1: 0.8, beta2: 0.95, eps: 1e-7, amsgrad: true, weightDecay: 0.1 }],
    ["AdamW", { ...ADAM, fused: null, decoupled_weight_decay: true }, "adamw", { beta1: 0.8, amsgrad: true }],
    ["Adam", { ...ADAM, decoupled_weight_decay: true }, "adamw", { beta1: 0.8, amsgrad: true }],
    ["RMSprop", { alpha: 0.9, eps: 1e-6, momentum: 0, centered: true }, "rmsprop", { alpha: 0.9, centered: true }],
    ["nesterov", { momentum: 0.8 }, "nesterov", { momentum: 0.8, nesterov: true }],
  ])("make the optimizer: %s %j", (torch, options, name, resolved) => {
    const found = optimizerFrom(torch, options);
    expect(found.name).toBe(name);
    expect(createOptimizer(found.name, { ...found.options, lr: 0.1 }).options).toMatchObject(resolved);
  });

  it("are refused for ascent", () => {
    expect(() => optimizerFrom("SGD", { maximize: true })).toThrow(InvalidDataError);
  });

  it("name losses and state columns; ours stay", () => {
    expect(["MSELoss", "nll_loss", "half-mse"].map((name) => lossFrom(name).name)).toEqual([
      "mse",
      "cross-entropy",
      "half-mse",
    ]);
    expect(["momentum_buffer", "max_exp_avg_sq", "squareAverage"].map(stateColumnFrom)).toEqual([
      "momentum",
      "maxSecondMoment",
      "squareAverage",
    ]);
    expect(() => lossFrom("BCELoss")).toThrow("the loss must be one of");
  });
});
