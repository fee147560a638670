import { describe, expect, it } from "vitest";
import { createBuffers } from "../../src/optimizers/buffers.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { createOptimizer, optimizerNames } from "../../src/optimizers/registry.ts";

const sgd = { lr: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 };
const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, amsgrad: false, weightDecay: 0 };
const rmsprop = { lr: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 };

describe("createOptimizer", () => {
  it.each([
    ["gd", { lr: 0.1 }, sgd],
    ["sgd", { lr: 0.1 }, sgd],
    ["momentum", { lr: 0.1 }, { ...sgd, momentum: 0.9 }],
    ["momentum", { lr: 0.1, momentum: 0.5 }, { ...sgd, momentum: 0.5 }],
    ["momentum", { lr: 0.1, momentum: undefined }, { ...sgd, momentum: 0.9 }],
    ["nesterov", { lr: 0.1 }, { ...sgd, momentum: 0.9, nesterov: true }],
    ["nesterov", { lr: 0.1, momentum: 0.5 }, { ...sgd, momentum: 0.5, nesterov: true }],
    ["rmsprop", {}, rmsprop],
    ["adam", {}, adam],
    ["adam", { betas: [0.8, 0.9] }, { ...adam, beta1: 0.8, beta2: 0.9 }],
    ["adam", { beta2: 0.9 }, { ...adam, beta2: 0.9 }],
    ["adamw", {}, { ...adam, weightDecay: 1e-2 }],
  ] as [string, OptimizerOptions, object][])(
    "(%s, %j) resolves every option as PyTorch does",
    (name, given, expected) => {
      const optimizer = createOptimizer(name, given);
      expect(optimizer.name).toBe(name);
      expect(optimizer.options).toEqual(expected);
      expect(optimizer.stepSize).toBe(optimizer.options.lr);
    },
  );

  it.each(optimizerNames)("(%s) can be made again from its name and its resolved options", (name) => {
    const optimizer = createOptimizer(name, { lr: 0.3, weightDecay: 0.1 });
    expect(createOptimizer(optimizer.name, optimizer.options).options).toEqual(optimizer.options);
  });

  it.each([
    ["sgd", { lr: 1 }, [], false],
    ["sgd", { lr: 1, momentum: 0.1 }, ["momentum"], true],
    ["nesterov", { lr: 1 }, ["momentum"], true],
    ["rmsprop", {}, ["squareAverage"], false],
    ["rmsprop", { centered: true, momentum: 0.9 }, ["squareAverage", "gradientAverage", "momentum"], true],
    ["adam", {}, ["firstMoment", "secondMoment"], true],
    ["adamw", { amsgrad: true }, ["firstMoment", "secondMoment", "maxSecondMoment"], true],
  ] as [string, OptimizerOptions, string[], boolean][])(
    "(%s, %j) keeps the state columns %j, carries: %s",
    (name, given, buffers, carries) => {
      const optimizer = createOptimizer(name, given);
      expect([optimizer.buffers, optimizer.memory !== undefined]).toEqual([buffers, carries]);
      const columns = createBuffers(optimizer, 3, "float32");
      expect(columns).toEqual(Object.fromEntries(buffers.map((column) => [column, new Float32Array(3)])));
    },
  );
});

describe("createOptimizer refuses", () => {
  const range = "RangeError";
  const type = "TypeError";
  const positive = "must be a finite number > 0";
  const nonNegative = "must be a finite number >= 0";
  const fraction = "must be in [0, 1)";
  it.each([
    ["adan", {}, range, "name must be one of gd, sgd, momentum, nesterov, rmsprop, adam, adamw, got adan"],
    [
      "constructor",
      {},
      range,
      "name must be one of gd, sgd, momentum, nesterov, rmsprop, adam, adamw, got constructor",
    ],
    ["gd", {}, range, "lr of gd must be given, got undefined"],
    ["sgd", { momentum: 0.9 }, range, "lr of sgd must be given, got undefined"],
    ["momentum", {}, range, "lr of momentum must be given, got undefined"],
    ["nesterov", {}, range, "lr of nesterov must be given, got undefined"],
    ["sgd", { lr: 0 }, range, `lr of sgd ${positive}, got 0`],
    ["adam", { lr: -1 }, range, `lr of adam ${positive}, got -1`],
    ["adam", { lr: Number.NaN }, range, `lr of adam ${positive}, got NaN`],
    ["adam", { lr: Infinity }, range, `lr of adam ${positive}, got Infinity`],
    ["adam", { lr: "0.1" }, type, 'lr of adam must be a number, got "0.1"'],
    ["adam", { lr: null }, type, "lr of adam must be a number, got null"],
    ["sgd", { lr: 1, momentum: 1 }, range, `momentum of sgd ${fraction}, got 1`],
    ["sgd", { lr: 1, momentum: -0.1 }, range, `momentum of sgd ${fraction}, got -0.1`],
    ["rmsprop", { momentum: Number.NaN }, range, `momentum of rmsprop ${fraction}, got NaN`],
    ["sgd", { lr: 1, dampening: 1.5 }, range, "dampening of sgd must be in [0, 1], got 1.5"],
    ["sgd", { lr: 1, dampening: -1 }, range, "dampening of sgd must be in [0, 1], got -1"],
    ["sgd", { lr: 1, nesterov: 1 }, type, "nesterov of sgd must be true or false, got 1"],
    ["sgd", { lr: 1, nesterov: true }, range, "nesterov of sgd must come with momentum > 0, got momentum 0"],
    ["nesterov", { lr: 1, momentum: 0 }, range, "nesterov of nesterov must come with momentum > 0, got momentum 0"],
    [
      "nesterov",
      { lr: 1, dampening: 0.1 },
      range,
      "nesterov of nesterov must come with dampening 0, got dampening 0.1",
    ],
    ["sgd", { lr: 1, weightDecay: -1 }, range, `weightDecay of sgd ${nonNegative}, got -1`],
    ["adamw", { weightDecay: Infinity }, range, `weightDecay of adamw ${nonNegative}, got Infinity`],
    ["adam", { eps: -1e-8 }, range, `eps of adam ${nonNegative}, got -1e-8`],
    ["rmsprop", { alpha: 1 }, range, `alpha of rmsprop ${fraction}, got 1`],
    ["rmsprop", { centered: "yes" }, type, 'centered of rmsprop must be true or false, got "yes"'],
    ["adam", { betas: [0.9, 1] }, range, `beta2 of adam ${fraction}, got 1`],
    ["adam", { betas: [-0.1, 0.9] }, range, `beta1 of adam ${fraction}, got -0.1`],
    ["adam", { betas: [0.9, Number.NaN] }, range, `beta2 of adam ${fraction}, got NaN`],
    ["adam", { betas: [0.9] }, range, "betas of adam must be two numbers, got [0.9]"],
    ["adam", { betas: 0.9 }, range, "betas of adam must be two numbers, got 0.9"],
    ["adam", { betas: [0.9, undefined] }, range, "betas of adam must be two numbers, got [0.9,null]"],
    ["adam", { betas: [0.9, 0.9], beta1: 0.5 }, range, "betas of adam must stand alone, got beta1 or beta2 as well"],
    [
      "sgd",
      { lr: 1, betas: [0.9, 0.9] },
      range,
      "options of sgd must be among lr, momentum, dampening, nesterov, weightDecay, got betas",
    ],
    [
      "adam",
      { momentum: 0.9 },
      range,
      "options of adam must be among lr, beta1, beta2, eps, amsgrad, weightDecay, betas, got momentum",
    ],
    [
      "rmsprop",
      { toString: 1 },
      range,
      "options of rmsprop must be among lr, alpha, eps, momentum, centered, weightDecay, got toString",
    ],
  ] as [string, OptimizerOptions, string, string][])("(%s, %j): %s, %s", (name, given, kind, message) => {
    const refused = () => createOptimizer(name, given);
    expect(refused).toThrow(new (kind === range ? RangeError : TypeError)(`createOptimizer: ${message}`));
  });
});
