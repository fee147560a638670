import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, randomFrom } from "../../src/numeric/random.ts";
import { dot, sum } from "../../src/numeric/sum.ts";
import type { RealArray, RealDType } from "../../src/numeric/tensor.ts";
import { createBuffers, TILE } from "../../src/optimizers/buffers.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import type { Coefficient, Optimizer } from "../../src/optimizers/types.ts";
import { readFixture } from "../helpers/fixtures.ts";

interface Step {
  readonly gradient: RealArray;
  /** (R, p). Every Jacobian will do, since the steps are linear in the gradients whatever the query is. */
  readonly jacobian: Float64Array;
  readonly stepSize: number;
  /** w_s and the state after the step. */
  readonly params: RealArray;
  readonly buffers: Record<string, RealArray>;
}

interface Problem {
  readonly optimizer: Optimizer;
  readonly p: number;
  readonly rows: number;
  readonly numSteps: number;
  readonly dtype?: RealDType;
  /** The same Jacobian at every step: the readout phi(w) = a . w, whose change is J (w_N - w_0). */
  readonly constantJacobian?: boolean;
}

const normals = (random: Random, size: number) => Float64Array.from({ length: size }, () => random.normal());

function train(problem: Problem, random: Random) {
  const { optimizer, p, rows, dtype = "float64" } = problem;
  const real = dtype === "float64" ? Float64Array : Float32Array;
  const params: RealArray = real.from(normals(random, p));
  const buffers = createBuffers(optimizer, p, dtype);
  const constant = normals(random, rows * p);
  const steps: Step[] = [];
  for (let step = 0; step < problem.numSteps; step++) {
    const gradient: RealArray = real.from(normals(random, p));
    const stepSize = optimizer.stepSize * (0.5 + random.uniform());
    const before = params.slice();
    optimizer.update({ params, gradient, buffers, step, stepSize });
    const jacobian = problem.constantJacobian ? constant : normals(random, rows * p);
    const after = Object.fromEntries(Object.entries(buffers).map(([name, column]) => [name, column.slice()]));
    steps.push({ gradient, jacobian, stepSize, params: before, buffers: after });
  }
  return { steps, params };
}

/**
 * The gap between sum_s J_s Delta_s and what the pull-back accounts for, the largest of any row; relative to
 * sum_s |J_s Delta_s| in float64, and in float32 to sum_s |J_s| |w_s|, since there it is w_s that is rounded at every step.
 */
function worstGap(problem: Problem, random: Random): number {
  const { optimizer, p, rows } = problem;
  const { steps, params } = train(problem, random);
  const accounted: number[][] = Array.from({ length: rows }, () => []);
  const moved: number[][] = Array.from({ length: rows }, () => []);
  const scales: number[][] = Array.from({ length: rows }, () => []);
  const carry = new Float64Array(optimizer.memory ? rows * p : 0);
  const data = new Float64Array(rows * p);
  for (let step = steps.length - 1; step >= 0; step--) {
    const { gradient, jacobian, stepSize, params: w, buffers } = steps[step];
    const { coupled, decoupled } = optimizer.pullback({ buffers, step, stepSize, jacobian, carry, data });
    const next = steps[step + 1]?.params ?? params;
    const delta = Float64Array.from(w, (value, i) => next[i] - value);
    for (let row = 0; row < rows; row++) {
      accounted[row].push(-dot(data, gradient, row * p, 0, p));
      accounted[row].push(-coupled * dot(data, w, row * p, 0, p), -decoupled * dot(jacobian, w, row * p, 0, p));
      const change = dot(jacobian, delta, row * p, 0, p);
      moved[row].push(change);
      scales[row].push(
        problem.dtype === "float32" ? dot(jacobian.map(Math.abs), w.map(Math.abs), row * p, 0, p) : Math.abs(change),
      );
    }
  }
  return Math.max(...moved.map((terms, row) => Math.abs(sum(terms) - sum(accounted[row])) / sum(scales[row])));
}

const variants = readFixture("optimizers").description.variants.map(({ name, optimizer, options }) => ({
  name,
  optimizer: createOptimizer(optimizer, options),
}));

describe("pullback accounts for every step: -sum u_s . g_s and the decay terms are sum J_s Delta_s", () => {
  it.each(variants)("$name, constant Jacobian: phi(w_N) - phi(w_0), to 1e-12", ({ name, optimizer }) => {
    const problem = { optimizer, p: 17, rows: 3, numSteps: 40, constantJacobian: true };
    expect(worstGap(problem, randomFrom(1, name))).toBeLessThan(1e-12);
  });

  it.each(variants)("$name, a Jacobian and a step size of its own at every step, to 1e-12", ({ name, optimizer }) => {
    expect(worstGap({ optimizer, p: 17, rows: 3, numSteps: 40 }, randomFrom(2, name))).toBeLessThan(1e-12);
  });

  // float32 rounds to 6e-8 of the size.
  it.each(variants)("$name with state and parameters in float32, to 6e-8", ({ name, optimizer }) => {
    const problem: Problem = { optimizer, p: 17, rows: 3, numSteps: 40, dtype: "float32" };
    expect(worstGap(problem, randomFrom(3, name))).toBeLessThan(6e-8);
  });

  it.each(variants)("$name past one tile of parameters, to 1e-12", ({ name, optimizer }) => {
    expect(worstGap({ optimizer, p: TILE + 5, rows: 2, numSteps: 3 }, randomFrom(4, name))).toBeLessThan(1e-12);
  });

  it("any options in range, to 1e-11", () => {
    const decay = fc.constantFrom(0, 0.01, 0.5);
    const rate = fc.double({ min: 0, max: 0.99, noNaN: true });
    const size = fc.double({ min: 1e-4, max: 0.3, noNaN: true });
    const eps = fc.constantFrom(1e-8, 1e-2);
    const chosen: fc.Arbitrary<[string, OptimizerOptions]> = fc.oneof(
      fc.tuple(fc.constant("sgd"), fc.record({ lr: size, momentum: rate, dampening: rate, weightDecay: decay })),
      fc.tuple(fc.constant("nesterov"), fc.record({ lr: size, weightDecay: decay })),
      fc.tuple(
        fc.constant("rmsprop"),
        fc.record({ lr: size, alpha: rate, eps, momentum: rate, centered: fc.boolean(), weightDecay: decay }),
      ),
      fc.tuple(
        fc.constantFrom("adam", "adamw"),
        fc.record({ lr: size, beta1: rate, beta2: rate, eps, amsgrad: fc.boolean(), weightDecay: decay }),
      ),
    );
    fc.assert(
      fc.property(chosen, fc.nat(), ([name, options], seed) => {
        const optimizer = createOptimizer(name, options);
        // Gaps are relative to the sum of |J_s Delta_s|; what cancels inside one step (u_s . g_s against decay) costs a digit more.
        expect(worstGap({ optimizer, p: 5, rows: 2, numSteps: 12 }, randomFrom(seed, "any"))).toBeLessThan(1e-11);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

describe("form gives the coefficients of the pull-back", () => {
  it.each(variants)("$name, at every step, to rounding", ({ name, optimizer }) => {
    const [p, rows] = [17, 3];
    const random = randomFrom(5, name);
    const { steps } = train({ optimizer, p, rows, numSteps: 3 }, random);
    for (const [step, { jacobian, stepSize, buffers }] of steps.entries()) {
      const before = normals(random, rows * p);
      const [carry, data] = [before.slice(0, optimizer.memory ? rows * p : 0), new Float64Array(rows * p)];
      const decay = optimizer.pullback({ buffers, step, stepSize, jacobian, carry, data });
      const { into, keep, direct, out, ...terms } = optimizer.form({ buffers, step, stepSize });
      expect(terms).toEqual(decay);
      const at = (coefficient: Coefficient, k: number): number =>
        typeof coefficient === "number" ? coefficient : coefficient[k % p];
      const z = before.map((value, k) => at(into, k) * jacobian[k] + keep * value);
      const u = z.map((value, k) => at(direct, k) * jacobian[k] + at(out, k) * value);
      if (optimizer.memory) expect(z).toBeAllclose(carry, { rtol: 1e-14, atol: 1e-15 });
      expect(u).toBeAllclose(data, { rtol: 1e-14, atol: 1e-15 });
    }
  });
});

describe("pullback", () => {
  const args = (optimizer: Optimizer, p: number, rows: number) => ({
    buffers: createBuffers(optimizer, p, "float64"),
    step: 3,
    stepSize: 0.1,
    jacobian: new Float64Array(rows * p).fill(1),
    carry: new Float64Array(optimizer.memory ? rows * p : 0),
    data: new Float64Array(rows * p),
  });

  it("of plain gradient descent needs neither state nor carry: u_s = eta_s J_s", () => {
    const optimizer = createOptimizer("gd", { lr: 0.5 });
    expect([optimizer.buffers, optimizer.memory !== undefined]).toEqual([[], false]);
    const given = args(optimizer, 4, 2);
    expect(optimizer.pullback(given)).toEqual({ coupled: 0, decoupled: 0 });
    expect([...given.data]).toEqual(Array(8).fill(0.1));
  });

  it("says which decay is coupled (lambda) and which is not (eta_s lambda)", () => {
    const decay = { lr: 1, weightDecay: 0.5 };
    for (const name of ["sgd", "momentum", "nesterov", "rmsprop", "adam"]) {
      const optimizer = createOptimizer(name, decay);
      expect(optimizer.pullback(args(optimizer, 2, 1))).toEqual({ coupled: 0.5, decoupled: 0 });
    }
    const optimizer = createOptimizer("adamw", decay);
    expect(optimizer.pullback(args(optimizer, 2, 1))).toEqual({ coupled: 0, decoupled: 0.05 });
  });

  it.each(["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])(
    "of %s leaves the Jacobian as it is, and no rows are no work",
    (name) => {
      const optimizer = createOptimizer(name, { lr: 0.1 });
      const given = args(optimizer, 3, 2);
      optimizer.pullback(given);
      expect([...given.jacobian]).toEqual(Array(6).fill(1));
      expect(() => optimizer.pullback(args(optimizer, 3, 0))).not.toThrow();
      expect(() => optimizer.pullback(args(optimizer, 0, 0))).not.toThrow();
    },
  );

  it("refuses arrays whose lengths do not fit", () => {
    const optimizer = createOptimizer("momentum", { lr: 0.1 });
    const given = args(optimizer, 3, 2);
    const refused = (change: object) => () => optimizer.pullback({ ...given, ...change });
    expect(refused({ data: new Float64Array(5) })).toThrow(
      new RangeError("pullback: data must have 6 elements like jacobian, got 5"),
    );
    expect(refused({ carry: new Float64Array(0) })).toThrow(
      new RangeError("pullback: carry must have 6 elements like jacobian, got 0"),
    );
    expect(refused({ buffers: {} })).toThrow(new RangeError("pullback: buffers must have a column momentum, got none"));
    expect(refused({ buffers: { momentum: new Float64Array(4) } })).toThrow(
      new RangeError("pullback: jacobian must have rows of 4 elements, got 6 elements"),
    );
    const adam = createOptimizer("adam");
    const buffers = { firstMoment: new Float64Array(3), secondMoment: new Float64Array(2) };
    expect(() => adam.pullback({ ...args(adam, 3, 2), buffers })).toThrow(
      new RangeError("pullback: buffer secondMoment must have 3 elements, got 2"),
    );
  });
});

describe("update", () => {
  it("refuses arrays whose lengths do not fit", () => {
    const optimizer = createOptimizer("momentum", { lr: 0.1 });
    const [params, gradient] = [new Float64Array(3), new Float64Array(3)];
    const given = { params, gradient, buffers: createBuffers(optimizer, 3, "float64"), step: 0, stepSize: 0.1 };
    const refused = (change: object) => () => optimizer.update({ ...given, ...change });
    expect(refused({ gradient: new Float64Array(2) })).toThrow(
      new RangeError("update: gradient must have 3 elements like params, got 2"),
    );
    expect(refused({ buffers: { other: params } })).toThrow(
      new RangeError("update: buffers must have a column momentum, got other"),
    );
    expect(refused({ buffers: { momentum: new Float64Array(4) } })).toThrow(
      new RangeError("update: buffer momentum must have 3 elements, got 4"),
    );
  });

  it("leaves the gradient as it is", () => {
    for (const { optimizer } of variants) {
      const [params, gradient] = [new Float64Array(3).fill(1), new Float64Array(3).fill(2)];
      optimizer.update({ params, gradient, buffers: createBuffers(optimizer, 3, "float64"), step: 0, stepSize: 0.1 });
      expect([...gradient]).toEqual([2, 2, 2]);
      expect(params[0]).not.toBe(1);
    }
  });

  // A constant gradient for long enough: v = G^2 and gbar = G, each rounded, whose difference rounds below zero for some G.
  it("of centered rmsprop takes a variance that rounds below zero as zero, where PyTorch gives NaN", () => {
    const optimizer = createOptimizer("rmsprop", { lr: 1e-9, alpha: 0.5, centered: true });
    const p = 1000;
    const params = new Float32Array(p);
    const gradient = Float32Array.from({ length: p }, (_, i) => 1 + i / 997);
    const buffers = createBuffers(optimizer, p, "float32");
    for (let step = 0; step < 60; step++) optimizer.update({ params, gradient, buffers, step, stepSize: 1e-9 });
    const { squareAverage: v, gradientAverage: mean } = buffers;
    expect([...v].some((value, i) => value - mean[i] * mean[i] < 0)).toBe(true);
    expect(params.every(Number.isFinite)).toBe(true);
    const jacobian = new Float64Array(p).fill(1);
    const data = new Float64Array(p);
    optimizer.pullback({ buffers, step: 59, stepSize: 1e-9, jacobian, carry: new Float64Array(0), data });
    expect(data.every(Number.isFinite)).toBe(true);
  });
});
