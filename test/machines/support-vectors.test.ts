// Support vector machines: the suite of machines, the conditions of optimality, probabilities, degenerate classes, quiet loading.

import { describe, expect, it, vi } from "vitest";
import { NumericalError } from "../../src/errors.ts";
import { dotProduct, gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel, type MachineKernel } from "../../src/kernels/machine-kernel.ts";
import { loadLibsvm } from "../../src/machines/libsvm.ts";
import { solveDual } from "../../src/machines/smo.ts";
import {
  type SupportVectorClassifierOptions,
  supportVectorClassifier,
} from "../../src/machines/support-vector-classifier.ts";
import { supportVectorRegressor } from "../../src/machines/support-vector-regressor.ts";
import { winners } from "../../src/machines/targets.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { machineConformance } from "../conformance/machine.ts";
import { normalMatrix } from "../helpers/matrices.ts";

/** sum_i K(x, x_i) a_i + b by a plain sum. */
async function plainSum(
  kernel: MachineKernel,
  { coefficients, bias }: { coefficients: unknown; bias: Float64Array },
  queries: Tensor,
) {
  const { data, shape } = await kernel.between(queries);
  const a = (coefficients as Tensor<"float64">).data;
  const [count, n] = shape;
  return Array.from({ length: count * bias.length }, (_, at) => {
    const [q, c] = [Math.floor(at / bias.length), at % bias.length];
    let total = bias[c];
    for (let i = 0; i < n; i++) total += data[q * n + i] * a[i * bias.length + c];
    return total;
  });
}

for (const solver of ["libsvm", "smo"] as const) {
  machineConformance({
    name: `support vector classification by ${solver}`,
    learns: "labels",
    onePoint: /^supportVectorClassifier: labels must be of at least two classes, got one$/,
    zeroKernel: "answer",
    solve: async (kernel, { labels }) => {
      const machine = await supportVectorClassifier(kernel, integers([labels.length], labels), {
        cost: 2,
        tolerance: 1e-11,
        solver,
      });
      return { machine, predict: (queries) => plainSum(kernel, machine, queries) };
    },
  });
  machineConformance({
    name: `support vector regression by ${solver}`,
    learns: "values",
    onePoint: "answer",
    zeroKernel: "answer",
    solve: async (kernel, { values }) => {
      const machine = await supportVectorRegressor(kernel, values, {
        cost: 2,
        tolerance: 1e-11,
        epsilon: 0.05,
        solver,
      });
      return { machine, predict: (queries) => plainSum(kernel, machine, queries) };
    },
  });
}

const points = normalMatrix(30, 2, 5);
const kernel = inputMachineKernel(points, gaussian(0.5), "RBF");
const radius = (i: number) => Math.hypot(points.data[2 * i], points.data[2 * i + 1]);
const labels = integers(
  [30],
  Array.from({ length: 30 }, (_, i) => (radius(i) < 0.8 ? 3 : radius(i) < 1.5 ? 5 : 9)),
);
const classify = (options: SupportVectorClassifierOptions = {}, own: Tensor = labels) =>
  supportVectorClassifier(kernel, own, options);

describe("supportVectorClassifier(kernel, labels, options)", () => {
  it("of two points is the hyperplane half way between them, margins 1", async () => {
    const line = inputMachineKernel(reals([2, 1], [1, 4]), dotProduct(), "dot product");
    const machine = await supportVectorClassifier(line, integers([2], [0, 1]), { cost: 10, tolerance: 1e-12 });
    // w = 2 / 3, b = - 5 / 3: -1 at 1, 0 at 2.5, 1 at 4; w = a (4 - 1).
    const { value } = await evaluateMachine(machine, reals([3, 1], [1, 2.5, 4]));
    expect(value).toBeAllclose([-1, 0, 1], { atol: 1e-12, rtol: 0 });
    expect((machine.coefficients as Tensor<"float64">).data).toBeAllclose([-2 / 9, 2 / 9], { atol: 1e-12, rtol: 0 });
    expect(machine.reports[0]).toMatchObject({ supportVectors: 2, atBound: 0 });
  });

  it("fulfils the conditions of optimality of every pair to the tolerance that it reports", async () => {
    const tolerance = 1e-9;
    const cost = 3;
    const machine = await classify({ cost, tolerance });
    const { value } = await evaluateMachine(machine, points);
    const a = (machine.coefficients as Tensor<"float64">).data;
    for (const [p, { negative, positive }] of machine.pairs.entries())
      for (let i = 0; i < 30; i++) {
        const label = Number(labels.data[i]);
        const alpha = Math.abs(a[3 * i + p]);
        if (label !== negative && label !== positive) {
          expect(alpha).toBe(0);
          continue;
        }
        const margin = (label === positive ? 1 : -1) * value.data[3 * i + p];
        if (alpha < cost) expect(margin).toBeGreaterThanOrEqual(1 - tolerance);
        if (alpha > 0) expect(margin).toBeLessThanOrEqual(1 + tolerance);
      }
    expect(machine.reports.every(({ gap }) => gap <= tolerance)).toBe(true);
  });

  it("counts votes: every pair's winner one, and the class with most is predicted", async () => {
    const machine = await classify({ cost: 100 });
    const { output, value } = await evaluateMachine(machine, points);
    expect(machine.pairs).toEqual([
      { negative: 3, positive: 5 },
      { negative: 3, positive: 9 },
      { negative: 5, positive: 9 },
    ]);
    for (let i = 0; i < 30; i++) {
      const [a, b, c] = value.data.subarray(3 * i, 3 * i + 3);
      const votes = [Number(a < 0) + Number(b < 0), Number(a >= 0) + Number(c < 0), Number(b >= 0) + Number(c >= 0)];
      expect([...output.data.subarray(3 * i, 3 * i + 3)]).toEqual(votes);
    }
    expect([...winners(output, machine.classes)]).toEqual(Array.from(labels.data, Number));
  });

  it("gives probabilities that are a function of the seed, sum to one, and rise with the decision value", async () => {
    const queries = normalMatrix(12, 2, 6);
    const of = async (seed: number, own: Tensor = labels) =>
      evaluateMachine(await classify({ cost: 2, tolerance: 1e-8, probability: { seed } }, own), queries);
    const { output, value } = await of(1);
    expect(output.shape).toEqual([12, 3]);
    for (let q = 0; q < 12; q++)
      expect(output.data.subarray(3 * q, 3 * q + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect((await of(1)).output).toEqual(output);
    const other = await of(2);
    expect(other.output).not.toEqual(output);
    expect(other.value).toEqual(value);
    const pair = integers(
      [30],
      Array.from(labels.data, (label) => Number(label === 3n)),
    );
    const both = await of(1, pair);
    const order = [...both.value.data.keys()].sort((i, j) => both.value.data[i] - both.value.data[j]);
    const sorted = order.map((q) => both.output.data[2 * q + 1]);
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
  });

  it("answers with one value where equal points have different labels", async () => {
    const same = inputMachineKernel(reals([4, 1], [2, 2, 2, 2]), dotProduct(), "dot product");
    const machine = await supportVectorClassifier(same, integers([4], [0, 1, 1, 1]), { tolerance: 1e-10 });
    const { value } = await evaluateMachine(machine, reals([2, 1], [2, -1]));
    expect(value).toBeAllclose([1, 1], { atol: 1e-9, rtol: 0 });
  });

  it("refuses options that do not fit", async () => {
    const refused = (options: object) => expect(classify(options as SupportVectorClassifierOptions)).rejects;
    await refused({ cost: 0 }).toThrow(
      new RangeError("supportVectorClassifier: cost must be a finite number > 0, got 0"),
    );
    await refused({ tolerance: Number.NaN }).toThrow(
      new RangeError("supportVectorClassifier: tolerance must be a finite number > 0, got NaN"),
    );
    await refused({ solver: "qp" }).toThrow(
      new RangeError("supportVectorClassifier: solver must be one of auto, libsvm, smo, got qp"),
    );
    await refused({ probability: { seed: 1, folds: 1 } }).toThrow(
      new RangeError("supportVectorClassifier: folds must be a whole number >= 2, got 1"),
    );
  });

  it("stops with the signal's reason, and tells of its pairs", async () => {
    const told: number[] = [];
    await classify({ onProgress: ({ stage, done }) => stage === "support vectors" && told.push(done) });
    expect(told).toEqual([1, 2, 3]);
    await expect(classify({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("supportVectorRegressor(kernel, targets, options)", () => {
  it("is at most epsilon away from every target where the cost is high, and exactly where a point pulls", async () => {
    const targets = reals(
      [30, 1],
      Array.from({ length: 30 }, (_, i) => Math.sin(2 * radius(i))),
    );
    const [epsilon, tolerance, cost] = [0.05, 1e-9, 50];
    const machine = await supportVectorRegressor(kernel, targets, { cost, epsilon, tolerance });
    const { value } = await evaluateMachine(machine, points);
    const a = (machine.coefficients as Tensor<"float64">).data;
    for (let i = 0; i < 30; i++) {
      const error = Math.sign(a[i]) * (targets.data[i] - value.data[i]);
      if (a[i] === 0) expect(Math.abs(targets.data[i] - value.data[i])).toBeLessThanOrEqual(epsilon + tolerance);
      else if (Math.abs(a[i]) < cost) expect(error).toBeAllclose(epsilon, { atol: tolerance, rtol: 0 });
      else expect(error).toBeGreaterThanOrEqual(epsilon - tolerance);
    }
    expect(a.reduce((total, own) => total + own, 0)).toBeAllclose(0, { atol: 1e-12 * cost, rtol: 0 });
  });

  it("of one point, and of a kernel that is zero, is a constant: the target, the middle of the targets' span", async () => {
    const one = inputMachineKernel(reals([1, 1], [2]), dotProduct(), "dot product");
    const machine = await supportVectorRegressor(one, reals([1, 1], [7]));
    expect((await evaluateMachine(machine, reals([1, 1], [5]))).value.data).toEqual(Float64Array.of(7));
    expect([...machine.support]).toEqual([]);
  });

  it("refuses an epsilon that is none", async () => {
    await expect(supportVectorRegressor(kernel, normalMatrix(30, 1), { epsilon: -1 })).rejects.toThrow(
      new RangeError("supportVectorRegressor: epsilon must be a finite number >= 0, got -1"),
    );
  });
});

describe("solveDual(problem, options)", () => {
  it("says so where steps are not enough", async () => {
    const problem = {
      kernel: await kernel.matrix(),
      points: Int32Array.from({ length: 30 }, (_, i) => i),
      signs: Int8Array.from({ length: 30 }, (_, i) => (radius(i) < 1 ? 1 : -1)),
      linear: new Float64Array(30).fill(-1),
      cost: 10,
    };
    const few = () => solveDual(problem, { tolerance: 1e-10, maxSteps: 5 });
    expect(few).toThrow(NumericalError);
    expect(few).toThrow(/^support vectors: a violation of 1e-10 must be reached in 5 steps, got \S+$/);
    const { alpha, steps } = solveDual(problem, { tolerance: 1e-10 });
    expect(steps).toBeGreaterThan(5);
    expect(solveDual(problem, { tolerance: 1e-9, start: alpha }).steps).toBe(0);
  });
});

describe("loadLibsvm()", () => {
  it("says nothing, leaves console.warn and the process's listeners as they were", async () => {
    vi.resetModules();
    const said = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { warn } = console;
    const before = process.listeners("unhandledRejection");
    const { loadLibsvm: fresh } = await import("../../src/machines/libsvm.ts");
    expect(await fresh()).toBeTypeOf("function");
    expect(console.warn).toBe(warn);
    expect(said).not.toHaveBeenCalled();
    expect(process.listeners("unhandledRejection")).toEqual(before);
    said.mockRestore();
    expect(await loadLibsvm()).toBeDefined();
  });
});
