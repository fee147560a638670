// Ridge regression over any kernel: leaving one out in closed form against really leaving each out, cross-validation against its definition.

import { describe, expect, it } from "vitest";
import { gramMatrix } from "../../src/kernels/gram-matrix.ts";
import { dotProduct, gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel, type MachineKernel, tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { kernelRidge } from "../../src/machines/kernel-ridge.ts";
import { ridgeCurves } from "../../src/machines/ridge-curves.ts";
import { ridgeMachine } from "../../src/machines/ridge-machine.ts";
import { ridgeFit, ridgeModes } from "../../src/machines/ridge-modes.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { machineConformance } from "../conformance/machine.ts";
import { errorOf } from "../helpers/errors.ts";
import { identity, matrixOf, multiply } from "../helpers/matrices.ts";
import { smallTask } from "../helpers/tasks.ts";

const { task, params } = await smallTask({ examples: 9, queries: 3, hidden: [6] });
const { train, test } = task.dataset;
const [x, y] = [train.x, train.y as Tensor<"float64">];
const algebra = await openLinearAlgebra();
const others = (i: number) => Array.from({ length: 9 }, (_, k) => k).filter((k) => k !== i);
const rbf = (points: Tensor = x): MachineKernel => inputMachineKernel(points, gaussian(0.7), "Gaussian");
const tangent = (points: Tensor = x): MachineKernel => tangentMachineKernel(task, params, points);

describe("leaving one out", () => {
  it.each([
    ["a Gaussian kernel", rbf],
    ["a tangent kernel's trace", tangent],
  ])("over %s is what the other points say of each", async (_, over) => {
    const ridge = 0.05;
    const fit = ridgeFit(ridgeModes(await over().matrix(), y, algebra), ridge);
    const machine = await ridgeMachine(over(), y, { ridge });
    expect(fit.coefficients).toBeAllclose(machine.coefficients, { rtol: 1e-9, atol: 1e-11 });
    for (let i = 0; i < 9; i++) {
      const rest = await ridgeMachine(over(takeRows(x, others(i))), takeRows(y, others(i)), { ridge });
      const { value } = await evaluateMachine(rest, takeRows(x, [i]));
      const expected = [0, 1].map((c) => y.data[2 * i + c] - value.data[c]);
      expect(fit.leaveOneOut.data.slice(2 * i, 2 * i + 2)).toBeAllclose(expected, { rtol: 1e-9, atol: 1e-11 });
    }
  });

  it("over tangent blocks leaves out all outputs of the example", async () => {
    const ridge = 0.02;
    const matrix = await gramMatrix(task, params, x, { form: "blocks" });
    const fit = ridgeFit(ridgeModes(matrix, y, algebra), ridge);
    for (let i = 0; i < 9; i++) {
      const own = { ridge, prior: "zero" } as const;
      const rest = await kernelRidge(task, params, takeRows(x, others(i)), takeRows(y, others(i)), own);
      const { value } = await evaluateMachine(rest, takeRows(x, [i]));
      const expected = [0, 1].map((c) => y.data[2 * i + c] - value.data[c]);
      expect(fit.leaveOneOut.data.slice(2 * i, 2 * i + 2)).toBeAllclose(expected, { rtol: 1e-9, atol: 1e-11 });
    }
  });
});

describe("ridgeCurves", () => {
  it("has the errors of H = K (K + ridge I)^-1, by their definitions, at every ridge", async () => {
    const ridges = [1e-3, 0.1, 4];
    const curves = await ridgeCurves(rbf(), y, { ridges });
    const kernel = await rbf().matrix();
    for (const [k, ridge] of ridges.entries()) {
      const shifted: Matrix = matrixOf(9, 9, (i, j) => kernel.data[i * 9 + j] + (i === j ? ridge : 0));
      const h = multiply(kernel, algebra.solve(shifted, identity(9)));
      const residuals = multiply(h, y).data.map((value, at) => y.data[at] - value);
      const trace = [...Array(9).keys()].reduce((total, i) => total + h.data[i * 9 + i], 0);
      const mean = residuals.reduce((total, value) => total + value ** 2, 0) / 18;
      const left = residuals.reduce((total, value, at) => {
        const i = Math.floor(at / 2);
        return total + (value / (1 - h.data[i * 9 + i])) ** 2 / 18;
      }, 0);
      const found = [curves.training, curves.degreesOfFreedom, curves.gcv, curves.leaveOneOut].map((own) => own[k]);
      expect(found).toBeAllclose([mean, trace, mean / (1 - trace / 9) ** 2, left], { rtol: 1e-8, atol: 0 });
    }
  });

  it("chooses the ridges of its minima, which a machine then has", async () => {
    const curves = await ridgeCurves(tangent(), y);
    expect(curves.ridges.length).toBe(25);
    const least = curves.ridges[curves.leaveOneOut.indexOf(Math.min(...curves.leaveOneOut))];
    expect(curves.best["leave-one-out"].ridge).toBe(least);
    const machine = await ridgeMachine(tangent(), y);
    expect({ ridge: machine.ridge, curves: machine.curves?.ridges.length }).toEqual({ ridge: least, curves: 25 });
    const again = await ridgeMachine(tangent(), y, { ridge: least });
    expect(machine.coefficients).toBeAllclose(again.coefficients, { rtol: 1e-7, atol: 1e-9 });
    expect((await ridgeMachine(tangent(), y, { ridge: "gcv" })).ridge).toBe(curves.best.gcv.ridge);
  });

  it("chooses for kernelRidge too, over blocks and trace, with the model as prior", async () => {
    for (const form of ["blocks", "trace"] as const) {
      const machine = await kernelRidge(task, params, x, y, { ridge: "leave-one-out", form });
      const given = await kernelRidge(task, params, x, y, { ridge: machine.ridge, form });
      expect(machine.coefficients).toBeAllclose(given.coefficients, { rtol: 1e-6, atol: 1e-8 });
      expect(machine.curves?.eigenvalues.length).toBe(form === "blocks" ? 18 : 9);
    }
  });

  it("stops between ridges when aborted", async () => {
    const controller = new AbortController();
    const options = {
      signal: controller.signal,
      onProgress: ({ done }: { done: number }) => done === 2 && controller.abort(),
    };
    await expect(
      ridgeCurves(await rbf().matrix(), y, { ...options, onProgress: (p) => void options.onProgress(p) }),
    ).rejects.toThrow("aborted");
  });
});

describe("ridgeMachine", () => {
  it("takes the targets' mean as its prior where asked to", async () => {
    const machine = await ridgeMachine(rbf(), y, { ridge: 1e9, prior: "mean" });
    const { value } = await evaluateMachine(machine, test.x);
    const mean = [0, 1].map((c) => y.data.reduce((total, own, at) => (at % 2 === c ? total + own / 9 : total), 0));
    expect(value).toBeAllclose([...mean, ...mean, ...mean], { rtol: 1e-6, atol: 1e-8 });
  });

  it("of a kernel that is zero says the prior, and chooses a ridge", async () => {
    const zero = inputMachineKernel(x, () => 0, "zero");
    const machine = await ridgeMachine(zero, y, { prior: "mean" });
    const { value, prior } = await evaluateMachine(machine, test.x);
    expect(value).toEqual(prior);
    const { best, degreesOfFreedom } = await ridgeCurves(zero, y);
    expect(best.gcv.leaveOneOut).toBeAllclose(y);
    expect([...degreesOfFreedom]).toEqual([0]);
    expect(await errorOf(() => ridgeMachine(zero, y, { ridge: 0 }))).toMatch(/^NumericalError: cholesky/);
  });

  it("of one example says nothing of it without it; of constant targets leaves nothing beyond their mean", async () => {
    const one = takeRows(x, [4]);
    const { best } = await ridgeCurves(rbf(one), reals([1, 2], [3, -1]));
    expect(best["leave-one-out"].leaveOneOut).toBeAllclose([3, -1], { rtol: 1e-12, atol: 0 });
    const same = reals([9, 1], new Float64Array(9).fill(2));
    const machine = await ridgeMachine(rbf(), same, { prior: "mean" });
    expect((await evaluateMachine(machine, test.x)).value).toBeAllclose([2, 2, 2], { rtol: 1e-14, atol: 0 });
  });

  it("of duplicate points has a solution with any ridge, and none without", async () => {
    const twice = inputMachineKernel(takeRows(x, [0, 0, 1]), dotProduct(1), "dot product");
    const targets = reals([3, 1], [1, 3, 0]);
    expect((await ridgeMachine(twice, targets, { ridge: 1e-6 })).coefficients.data.every(Number.isFinite)).toBe(true);
    const modes = ridgeModes(await twice.matrix(), targets, algebra);
    expect(await errorOf(() => ridgeFit(modes, 0))).toMatch(/^NumericalError: ridgeFit: K \+ ridge I must be positive/);
  });

  it("refuses what does not fit", async () => {
    expect(await errorOf(() => ridgeMachine(rbf(), reals([8, 1], new Float64Array(8))))).toBe(
      "RangeError: ridgeMachine: targets must have shape [9,C], got [8,1]",
    );
    expect(await errorOf(() => ridgeMachine(rbf(), y, { ridge: -1 }))).toBe(
      "RangeError: ridgeMachine: ridge must be a finite number >= 0 or one of leave-one-out, gcv, got -1",
    );
    expect(await errorOf(() => ridgeMachine(rbf(), y, { prior: "model" as "mean" }))).toBe(
      "RangeError: ridgeMachine: prior must be zero or mean, got model",
    );
    expect(await errorOf(() => ridgeCurves(rbf(), y, { ridges: [1, 0] }))).toBe(
      "RangeError: ridgeCurves: ridges must hold finite numbers > 0, got 0",
    );
    expect(await errorOf(() => ridgeCurves(identity(4), y))).toBe(
      "RangeError: ridgeCurves: targets must have shape [N,C] for a matrix of N or N C rows, got [9,2] for [4,4]",
    );
  });
});

for (const ridge of [0.1, "leave-one-out"] as const)
  machineConformance({
    name: `ridge regression, ridge ${ridge}`,
    learns: "values",
    solve: async (kernel, { values }) => {
      const machine = await ridgeMachine(kernel, values, { ridge, prior: "mean" });
      const predict = async (queries: Tensor) => {
        const said = multiply(await kernel.between(queries), machine.coefficients);
        const base = (await machine.prior(queries)).data;
        return said.data.map((value, at) => value + Number(base[at]));
      };
      return { machine, predict };
    },
    // Chosen ridges of permuted points are those of a grid under the same largest eigenvalue, to rounding.
    tolerance: 1e-7,
    onePoint: "answer",
    zeroKernel: "answer",
  });
