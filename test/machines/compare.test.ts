// Machines compared on one task: each row against the same computed by hand, the scores against definitions, what cannot be had as a row that says so.

import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel, tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { linearisedMachine } from "../../src/kernels/tangent-machine.ts";
import { type CompareOptions, compareMachines, type MachineComparison } from "../../src/machines/compare.ts";
import { planComparison } from "../../src/machines/compare-plan.ts";
import { correlationOf, wilson } from "../../src/machines/comparison-scores.ts";
import { computedKernel } from "../../src/machines/computed-kernel.ts";
import { medianGamma } from "../../src/machines/gaussian-width.ts";
import { trainLinearised } from "../../src/machines/linearised-training.ts";
import { ridgeMachine } from "../../src/machines/ridge-machine.ts";
import { integers, type RealArray, reals } from "../../src/numeric/tensor.ts";
import { accuracyOf, predict } from "../../src/train/accuracy.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

const STEPS = 12;

async function trained(options: SmallTaskOptions = {}, change: (dataset: Dataset) => Dataset = (own) => own) {
  const small = await smallTask({
    loss: "cross-entropy",
    hidden: [8],
    steps: STEPS,
    examples: 30,
    queries: 40,
    ...options,
  });
  const task = { ...small.task, dataset: change(small.task.dataset) };
  const run = await trainInMemory(task, small);
  return { task, run };
}

const { task, run } = await trained({ optimizer: { name: "sgd", options: { lr: 0.5 } } });
const whole = await compareMachines(task, run, { train: 30, test: 40 });
const rowOf = ({ results }: MachineComparison, name: string) => {
  const row = results.find((own) => own.name === name);
  if (!row) throw new Error(`no row ${name} among ${results.map((own) => own.name)}`);
  return row;
};

describe("compareMachines", () => {
  it("has a row for the network, its linearisation, both solvers over each kernel, and nearest neighbours", () => {
    expect(whole.results.map(({ name, failure }) => failure ?? name)).toEqual([
      "network",
      "linearised",
      ...["K_0", "K_6", "K_T", "K_path", "RBF"].flatMap((kernel) => [`${kernel} ridge`, `${kernel} svm`]),
      "nearest",
    ]);
    expect(whole).toMatchObject({ kind: "classification", train: 30, trainAll: 30, test: 40, seed: 0 });
    for (const { error, interval, agreement, correlation } of whole.results) {
      expect(error).toBeGreaterThanOrEqual((interval as [number, number])[0]);
      expect(error).toBeLessThanOrEqual((interval as [number, number])[1]);
      for (const value of [agreement, correlation]) expect(Math.abs(value as number)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  it("measures the network itself", async () => {
    const { params } = await run.checkpoint(STEPS);
    const network = rowOf(whole, "network");
    expect(network.error).toBeCloseTo(1 - ((await accuracyOf(task, params, task.dataset.test)) as number), 12);
    expect(network.trainError).toBeCloseTo(1 - ((await accuracyOf(task, params, task.dataset.train)) as number), 12);
    expect([network.agreement, network.correlation]).toEqual([1, expect.closeTo(1, 12)]);
  });

  it("has ridge regression over K_T as solved by hand", async () => {
    const { params } = await run.checkpoint(STEPS);
    const { train, test } = task.dataset;
    const kernel = await computedKernel(tangentMachineKernel(task, params, train.x), test.x);
    const one = (label: number) => [0, 1, 2].map((c) => Number(c === label));
    const targets = reals([30, 3], Array.from(train.y.data, Number).flatMap(one));
    const machine = await ridgeMachine(kernel, targets, { prior: "mean" });
    const { data } = (await evaluateMachine(machine, test.x)).value;
    const row = rowOf(whole, "K_T ridge");
    const network = await predict(task, params, test);
    const best = (all: ArrayLike<number>, q: number) =>
      [0, 1, 2].reduce((k, c) => (all[3 * q + c] > all[3 * q + k] ? c : k), 0);
    const wrong = Array.from(test.y.data, Number).filter((label, q) => best(data, q) !== label).length;
    const same = Array.from({ length: 40 }, (_, q) => best(data, q) === best(network, q)).filter(Boolean).length;
    expect([row.error, row.agreement]).toEqual([wrong / 40, same / 40]);
    expect(row.detail).toBe(`ridge ${machine.ridge.toPrecision(2)}`);
    const less = (all: Float64Array) =>
      all.map((value, at) => value - (all[at - (at % 3)] + all[at - (at % 3) + 1] + all[at - (at % 3) + 2]) / 3);
    expect(row.correlation).toBeCloseTo(correlationOf(less(data), less(network)) as number, 8);
  });

  it("finds nearest neighbours of the inputs", async () => {
    const { train, test } = task.dataset;
    const [x, q] = [train.x.data, test.x.data];
    const wrong = Array.from(test.y.data, Number).filter((label, k) => {
      const squares = Array.from(
        { length: 30 },
        (_, i) => (x[2 * i] - q[2 * k]) ** 2 + (x[2 * i + 1] - q[2 * k + 1]) ** 2,
      );
      return Number(train.y.data[squares.indexOf(Math.min(...squares))]) !== label;
    });
    expect(rowOf(whole, "nearest").error).toBe(wrong.length / 40);
  });

  it("takes as many examples as asked for, by seed, the machines and steps that are named, and tells how far it is", async () => {
    const stages = new Set<string>();
    const options: CompareOptions = {
      ...{ machines: ["tangent"], solvers: ["svm"], at: [0, STEPS], train: 15, test: 10, seed: 4 },
      onProgress: ({ stage }) => stages.add(stage),
    };
    const some = await compareMachines(task, run, options);
    expect(some).toMatchObject({ train: 15, trainAll: 30, test: 10, seed: 4 });
    expect(some.results.map(({ name, step }) => [name, step])).toEqual([
      ["network", undefined],
      ["K_0 svm", 0],
      ["K_T svm", STEPS],
    ]);
    expect([...stages]).toContain("K_T: kernel");
    const strip = ({ results }: MachineComparison) => results.map(({ error, correlation }) => [error, correlation]);
    expect(strip(await compareMachines(task, run, options))).toEqual(strip(some));
    expect(planComparison(task, run, options)).toMatchObject({ kernels: 2, bytes: 8 * 15 * 55 });
  });

  it("of a linear model agrees with its linearisation wholly", async () => {
    const linear = await trained({ hidden: [] });
    const { results } = await compareMachines(linear.task, linear.run, { machines: ["linearised"] });
    expect(results[1]).toMatchObject({ agreement: 1, correlation: expect.closeTo(1, 10), error: results[0].error });
  });

  it("compares regressions by the root of the mean square", async () => {
    const own = await trained({ loss: "mse" });
    const { results, kind } = await compareMachines(own.task, own.run, { ridge: 0.01 });
    expect(kind).toBe("regression");
    const { params } = await own.run.checkpoint(STEPS);
    const y = own.task.dataset.test.y.data as RealArray;
    const said = await predict(own.task, params, own.task.dataset.test);
    expect(results[0].error).toBeCloseTo(
      Math.sqrt(said.reduce((sum, value, at) => sum + (value - y[at]) ** 2, 0) / y.length),
      12,
    );
    expect(results.map(({ failure, error }) => failure ?? Number.isFinite(error))).toEqual(results.map(() => true));
    expect(results.every(({ agreement, interval }) => agreement === undefined && interval === undefined)).toBe(true);
  });

  it("compares two classes told apart by one output", async () => {
    const own = await trained({ loss: "binary-cross-entropy" });
    const { results } = await compareMachines(own.task, own.run, { machines: ["tangent"], at: [STEPS] });
    expect(results.map(({ failure, name }) => failure ?? name)).toEqual(["network", "K_T ridge", "K_T svm"]);
    expect(results.every(({ correlation }) => (correlation as number) > 0)).toBe(true);
  });

  it("says of what cannot be had why: support vectors of one class, a linearisation that diverges", async () => {
    const one = await trained({}, ({ train, ...rest }) => ({
      ...rest,
      train: { ...train, y: integers([30], new Array<number>(30).fill(1)) },
    }));
    const found = await compareMachines(one.task, one.run, { machines: ["rbf"] });
    expect(rowOf(found, "RBF svm").failure).toBe(
      "support vectors need at least two classes among the training examples, got one",
    );
    expect(rowOf(found, "RBF ridge").agreement).toBe(1);
    const wild = await trained({ loss: "mse", steps: 400, optimizer: { name: "sgd", options: { lr: 0.3 } } });
    const steep = {
      ...wild.run,
      scalars: wild.run.scalars.map((own) => ({ ...own, stepSize: 1e6 })),
    };
    const row = rowOf(await compareMachines(wild.task, steep, { machines: ["linearised"] }), "linearised");
    expect(row.failure).toMatch(/diverged|finite/);
  });

  it("stops when aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(compareMachines(task, run, { signal })).rejects.toThrow("enough");
  });

  it("refuses what does not fit", async () => {
    const refused = (options: CompareOptions) => errorOf(() => compareMachines(task, run, options));
    expect(await refused({ train: 0 })).toBe("RangeError: compareMachines: train must be a whole number >= 1, got 0");
    expect(await refused({ at: [13] })).toBe("RangeError: compareMachines: at must hold steps in 0..12, got 13");
    expect(await refused({ cost: 0 })).toBe("RangeError: compareMachines: cost must be a number > 0, got 0");
    expect(await refused({ machines: [] })).toMatch(
      /^RangeError: compareMachines: machines must hold some of .*, got none$/,
    );
    const none = { ...task, dataset: { ...task.dataset, test: { x: reals([0, 2], []), y: integers([0], []) } } };
    expect(await errorOf(() => compareMachines(none, run))).toBe(
      "RangeError: compareMachines: small must have test examples, got none",
    );
  });
});

describe("what a comparison is made of", () => {
  it("trainLinearised is the linearised machine of plain gradient descent", async () => {
    const own = await trained({ loss: "mse", hidden: [6], optimizer: optimizerChoice("sgd") });
    const { task: linear, params } = await trainLinearised(own.task, own.run);
    const machine = await linearisedMachine(own.task, own.run);
    const { x } = own.task.dataset.test;
    expect(await predict(linear, params, { x })).toBeAllclose((await evaluateMachine(machine, x)).value, {
      rtol: 1e-10,
      atol: 1e-10,
    });
  });

  it("trainLinearised from a later step trains f_s + J_s (w - w_s) by the rest of the batches", async () => {
    const own = await trained({ loss: "mse", hidden: [6], optimizer: optimizerChoice("sgd") });
    const { x } = own.task.dataset.test;
    const steps = own.run.batches.length;
    const { params: last } = await own.run.checkpoint(steps);
    const end = await trainLinearised(own.task, own.run, { from: steps });
    expect(await predict(end.task, end.params, { x })).toBeAllclose(await predict(own.task, last, { x }));
    // The gradient at s is the network's own, so that one step leads to the same parameters.
    const one = await trainLinearised(own.task, own.run, { from: steps - 1 });
    expect(one.params).toBeAllclose(last);
    await expect(trainLinearised(own.task, own.run, { from: steps + 1 })).rejects.toThrow(RangeError);
  });

  it("wilson's interval has its published values", () => {
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263, and 15 of 148, 0 of 20.
    expect(wilson(81 / 263, 263)).toBeAllclose([0.2553, 0.3662], { atol: 5e-5, rtol: 0 });
    expect(wilson(15 / 148, 148)).toBeAllclose([0.0624, 0.1605], { atol: 5e-5, rtol: 0 });
    expect(wilson(0, 20)).toBeAllclose([0, 0.1611], { atol: 5e-5, rtol: 0 });
  });

  it("correlation is none of what does not vary", () => {
    expect(correlationOf(Float64Array.of(1, 2, 3), Float64Array.of(2, 4, 6))).toBeCloseTo(1, 14);
    expect(correlationOf(Float64Array.of(1, 1), Float64Array.of(2, 4))).toBeUndefined();
  });

  it("medianGamma is 1 over the median of squared distances, 1 where there is none", () => {
    // Squared distances 1, 1, 4, 9, 16, 25: the upper median is 9.
    expect(medianGamma(reals([4, 1], [0, 1, 2, 5]))).toBe(1 / 9);
    expect(medianGamma(reals([2, 1], [3, 3]))).toBe(1);
  });

  it("a computed kernel has points of spread 1, and the same factor everywhere", async () => {
    const { params } = await run.checkpoint(0);
    const { train, test } = task.dataset;
    const plain = tangentMachineKernel(task, params, train.x);
    const kernel = await computedKernel(plain, test.x);
    const { data } = await kernel.matrix();
    // Mean of |phi_i - phi_j|^2 / 2 over all pairs.
    const spread = data.reduce((sum, value, at) => {
      const [i, j] = [Math.floor(at / 30), at % 30];
      return sum + (data[i * 31] - 2 * value + data[j * 31]) / 1800;
    }, 0);
    expect(spread).toBeCloseTo(1, 10);
    const same = inputMachineKernel(train.x, () => 3, "constant");
    expect((await computedKernel(same, test.x)).unit).toBeCloseTo(3, 12);
    expect(
      (
        await computedKernel(
          inputMachineKernel(train.x, () => 0, "zero"),
          test.x,
        )
      ).unit,
    ).toBe(1);
    const copy = reals(test.x.shape, test.x.data);
    expect(await kernel.between(copy)).toBeAllclose(await kernel.between(test.x), { rtol: 1e-12, atol: 1e-12 });
    expect(await kernel.diagonal(train.x)).toBeAllclose(
      (await plain.diagonal(train.x)).map((value) => value / kernel.unit),
      { rtol: 1e-12, atol: 0 },
    );
  });
});
