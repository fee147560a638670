// The rank gap: the source's network of one input, closed forms of linear models, and two ways that must agree.

import { describe, expect, it } from "vitest";
import { rankGap, rankMethods } from "../../src/diagnose/rank-gap.ts";
import { tangentMatrix } from "../../src/diagnose/tangent-matrix.ts";
import { gramMatrix, matrixForms } from "../../src/kernels/gram-matrix.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { formOptions } from "../helpers/kernel-matrix.ts";
import { C, close, readoutsFor, smallKernel } from "../helpers/kernels.ts";
import { multiply, transpose } from "../helpers/matrices.ts";
import { gapsAlong, kinksOf, oneInput, STEPS, UNITS } from "../helpers/special/rank-gap.ts";
import { smallTask } from "../helpers/tasks.ts";

describe("of the network of one input (004, Figs. 7 and 8)", () => {
  it.each(rankMethods)("with thresholds inside the training range the gap is 0 all along, by %s", async (method) => {
    const gaps = await gapsAlong(await oneInput("inside"), { method });
    expect(gaps.map(({ gap }) => gap)).toEqual(STEPS.map(() => 0));
    // All 2 m directions at the start.
    expect(gaps[0].rank).toBe(2 * UNITS);
    // What the squares of a Gram matrix leave of nothing.
    const nothing = method === "gram" ? 1e-12 : 1e-28;
    for (const { outOfSpanEnergy } of gaps) expect(outOfSpanEnergy).toBeLessThan(nothing);
    expect(new Set(gaps.map(({ lastBias }) => lastBias)).size).toBe(STEPS.length);
  });

  it.each(rankMethods)("with one outside the gap is that unit's two parameters, by %s", async (method) => {
    const own = await oneInput("outside");
    const gaps = await gapsAlong(own, { method });
    expect(gaps.map(({ gap }) => gap)).toEqual(STEPS.map(() => 2));
    expect(gaps[0].rank).toBe(2 * UNITS - 2);
    for (const { outOfSpanEnergy } of gaps) expect(outOfSpanEnergy).toBeGreaterThan(1e-3);
  });

  it("the dormant unit's bias and weight moved by exactly 0, all others moved", async () => {
    const { run } = await oneInput("outside");
    const [start, end] = [await run.checkpoint(0), await run.checkpoint(STEPS[STEPS.length - 1])];
    const same = Array.from(start.params, (value, k) => Object.is(value, end.params[k]));
    expect(same).toEqual(Array.from({ length: 2 * UNITS }, (_, k) => k % UNITS === UNITS - 1));
  });

  it("the unit is dormant on the training range and active beyond it", async () => {
    const own = await oneInput("outside");
    const [train, test] = [await kinksOf(own, "train"), await kinksOf(own, "test")];
    expect(train.groups).toEqual([expect.objectContaining({ operator: "Relu", shape: [UNITS], units: UNITS })]);
    for (const [k, { active, dormant }] of train.steps.entries()) {
      expect([dormant, active[UNITS - 1]]).toEqual([1, 0]);
      expect([test.steps[k].dormant, test.steps[k].active[UNITS - 1]]).toEqual([0, 15 / 91]);
    }
  });
});

/** A linear model of two inputs without bias: the feature of output c is x in its own p / C parameters. */
async function linear(points: readonly (readonly number[])[], outputs: 1 | 3 = 1) {
  const loss = outputs === 1 ? "half-mse" : "cross-entropy";
  const { task, params } = await smallTask({ hidden: [], loss, trainable: ["layers.0.weight"] });
  return { task, params: params.slice(0, 2 * outputs), train: reals([points.length, 2], points.flat()) };
}

describe("of a linear model", () => {
  it.each(rankMethods)("is the rank of the inputs, once for each output, by %s", async (method) => {
    const { task, params, train } = await linear(
      [
        [3, 0],
        [6, 0],
      ],
      3,
    );
    const queries = reals([2, 2], [3, 4, 5, 0]);
    const found = await rankGap(task, params, { train, queries }, { method });
    expect(found).toMatchObject({ method, form: "blocks", trainFeatures: 6, queryFeatures: 6, length: 6 });
    expect([found.rank, found.mixtureRank, found.gap]).toEqual([3, 6, 3]);
    // (3, 4) has 16 of 25 outside (1, 0).
    expect(found.outOfSpan).toBeAllclose([0.64, 0.64, 0.64, 0, 0, 0], { atol: 1e-12, rtol: 0 });
    expect(found.outOfSpanEnergy).toBeAllclose(16 / 50, { atol: 1e-12, rtol: 0 });
    expect(found.effectiveRank).toBeAllclose(3, { atol: 1e-9, rtol: 0 });
    const values = [Math.sqrt(45), Math.sqrt(45), Math.sqrt(45)];
    // A Gram matrix gives roots of rounding in the place of zeros.
    expect(found.values.slice(0, 3)).toBeAllclose(values, { atol: 1e-12, rtol: 0 });
  });

  it("a direction of 1e-9 of the largest counts by singular values and is lost in their squares", async () => {
    const { task, params, train } = await linear([
      [1, 1e-9],
      [1, -1e-9],
    ]);
    const both = { train, queries: reals([1, 2], [1, 0]) };
    expect(await rankGap(task, params, both, { method: "jacobians" })).toMatchObject({ rank: 2, gap: 0 });
    const lost = await rankGap(task, params, both, { method: "gram" });
    expect(lost.rank).toBe(1);
    // sqrt(3 rows 2^-52), as it says.
    expect(lost.relativeTolerance).toBe(Math.sqrt(3 * 2 ** -52));
    expect(lost.tolerance).toBe(lost.relativeTolerance * lost.mixtureValues[0]);
  });

  it.each(rankMethods)(
    "duplicates, one example, no queries and features of zeros have ranks too, by %s",
    async (method) => {
      const twice = await linear([
        [1, 2],
        [1, 2],
      ]);
      const one = await linear([[1, 2]]);
      const none = await linear([
        [0, 0],
        [0, 0],
      ]);
      const queries = reals([1, 2], [2, 4]);
      const of = ({ task, params, train }: typeof one, own = queries) =>
        rankGap(task, params, { train, queries: own }, { method });
      expect(await of(twice)).toMatchObject({ rank: 1, mixtureRank: 1, gap: 0 });
      expect((await of(one)).outOfSpanEnergy).toBeLessThan(1e-15);
      expect(await of(one, reals([0, 2], []))).toMatchObject({ rank: 1, gap: 0, outOfSpanEnergy: 0, queryFeatures: 0 });
      expect(await of(none)).toMatchObject({ rank: 0, mixtureRank: 1, gap: 1, outOfSpanEnergy: 1, effectiveRank: 0 });
      const zero = await of(none, reals([1, 2], [0, 0]));
      expect(zero).toMatchObject({ rank: 0, gap: 0, outOfSpanEnergy: 0, tolerance: 0 });
      expect(zero.outOfSpan).toEqual(Float64Array.of(0));
    },
  );

  it("refuses no training example, other shapes and options that do not fit", async () => {
    const { task, params, train } = await linear([[1, 2]]);
    const of = (own: Parameters<typeof rankGap>[2], options = {}) => rankGap(task, params, own, options);
    await expect(of({ train: reals([0, 2], []), queries: train })).rejects.toThrow(
      new RangeError("rankGap: there must be a training example, got none"),
    );
    await expect(of({ train, queries: reals([1, 3], [1, 2, 3]) })).rejects.toThrow(
      new RangeError("rankGap: queries must have shape [n,2], got [1,3]"),
    );
    await expect(of({ train, queries: train }, { form: "readout" })).rejects.toThrow(
      new RangeError("rankGap: readouts must be given for the form readout, and for no other, got form readout"),
    );
    await expect(of({ train, queries: train }, { method: "qr" })).rejects.toThrow(
      new RangeError("rankGap: method must be one of auto, jacobians, gram, got qr"),
    );
    await expect(of({ train, queries: train }, { tolerance: -1 })).rejects.toThrow(
      new RangeError("rankGap: tolerance must be a number >= 0, got -1"),
    );
  });
});

describe.each(matrixForms)("of a network, form %s", (form) => {
  it("rows of the tangent matrix have the kernel as their inner products", async () => {
    const own = await smallKernel();
    const options = formOptions(form, own);
    const matrix = await tangentMatrix(own.task, own.params, own.xs, options);
    const p = own.task.layout.size;
    expect(matrix.shape).toEqual({ trace: [5, C * p], readout: [5, p], blocks: [5 * C, p] }[form]);
    const expected = await gramMatrix(own.task, own.params, own.xs, options);
    expect(multiply(matrix, transpose(matrix)).data).toBeAllclose(expected.data, close(expected.data));
  });

  it("both ways have the same ranks, gap, effective rank and energy outside", async () => {
    const own = await smallKernel();
    const { readouts } = readoutsFor(form, own);
    const options = { form, ...(readouts && { readouts: readouts as never }) };
    const both = { train: own.xs, queries: own.xs2 };
    const reference = await rankGap(own.task, own.params, both, { ...options, method: "jacobians" });
    const gram = await rankGap(own.task, own.params, both, { ...options, method: "gram" });
    expect(reference.rank).toBeGreaterThan(1);
    for (const name of ["rank", "mixtureRank", "gap", "trainFeatures", "queryFeatures", "length"] as const)
      expect(gram[name]).toBe(reference[name]);
    // Rounding of the Gram matrix over its least eigenvalue.
    expect(gram.outOfSpan).toBeAllclose(reference.outOfSpan, { atol: 1e-8, rtol: 0 });
    expect(gram.effectiveRank).toBeAllclose(reference.effectiveRank, { atol: 0, rtol: 1e-10 });
    expect(await rankGap(own.task, own.params, both, options)).toEqual(reference);
  });
});

it("of a float32 engine the tolerance is float32's, and the energy outside is that of float64", async () => {
  const [single, double] = [await smallKernel({ dtype: "float32" }), await smallKernel()];
  const of = ({ task, params, xs, xs2 }: typeof single, method: "jacobians" | "gram") =>
    rankGap(task, params, { train: xs, queries: xs2 }, { method });
  const [reference, found, gram] = [
    await of(double, "jacobians"),
    await of(single, "jacobians"),
    await of(single, "gram"),
  ];
  expect([found.relativeTolerance, gram.relativeTolerance]).toEqual([
    2 ** -23 * found.length,
    Math.sqrt(2 ** -23 * 8 * C),
  ]);
  expect(found.rank).toBe(reference.rank);
  expect(found.outOfSpan).toBeAllclose(reference.outOfSpan, { atol: 1e-4, rtol: 0 });
  // Half the digits are gone: weak directions are not counted.
  expect(gram.rank).toBeLessThanOrEqual(reference.rank);
});
