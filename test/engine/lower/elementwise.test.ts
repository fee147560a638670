// The float64 compositions against values to 20 digits (mpmath 1.2, mp.dps = 30: erf, atan, log1p(exp(x)), 1/(1+exp(-x)), expm1).

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/engine.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Attributes } from "../../../src/graph/types.ts";
import { reals } from "../../../src/numeric/tensor.ts";

type Point = readonly [x: number, y: number];

const ERF: readonly Point[] = [
  [-7, -1],
  [-5.9, -0.9999999999999999281],
  [-3.5, -0.99999925690162765859],
  [-1.2, -0.91031397822963536837],
  [-0.85, -0.77066805760835252021],
  [-0.84, -0.76514271145499451734],
  [-0.3, -0.32862675945912741619],
  [-1e-9, -1.1283791670955126438e-9],
  [1e-300, 1.1283791670955126022e-300],
  [1e-20, 1.128379167095512512e-20],
  [0.1, 0.1124629160182848984],
  [0.5, 0.52049987781304653768],
  [0.84375, 0.76722566123234163346],
  [0.9, 0.79690821242283213966],
  [1.3, 0.93400794494065244585],
  [2, 0.99532226501895273416],
  [3.9, 0.99999996520775140277],
  [4.5, 0.99999999980338395585],
  [5.5, 0.99999999999999264215],
];
const ATAN: readonly Point[] = [
  [-1e300, -1.5707963267948966192],
  [-50, -1.5507989928217460862],
  [-2.5, -1.1902899496825317329],
  [-1.0000000001, -0.78539816344744831375],
  [-1, -0.78539816339744830962],
  [-0.5, -0.46364760900080611621],
  [-1e-9, -1.0000000000000000619e-9],
  [1e-300, 1.0000000000000000251e-300],
  [0.1, 0.099668652491162032875],
  [0.41421356237309503, 0.39269908169872414256],
  [0.41421356237309515, 0.39269908169872423732],
  [0.7, 0.61072596438920858674],
  [0.9999999, 0.78539811339744583593],
  [1.5, 0.98279372324732906799],
  [3, 1.2490457723982544258],
  [100000000.0, 1.5707963167948966192],
];
const SOFTPLUS: readonly Point[] = [
  [-700, 9.8596765437597708567e-305],
  [-40, 4.2483542552915889863e-18],
  [-20, 2.0611536203143807032e-9],
  [-3, 0.048587351573742058759],
  [-0.5, 0.47407698418010668087],
  [-1e-12, 0.69314718055944530942],
  [0.7, 1.1031860488854578635],
  [5, 5.0067153484891180686],
  [40, 40.000000000000000004],
  [800, 800],
];
const SIGMOID: readonly Point[] = [
  [-700, 9.8596765437597708567e-305],
  [-40, 4.2483542552915889773e-18],
  [-20, 2.0611536181902035814e-9],
  [-3, 0.047425873177566780879],
  [-0.5, 0.37754066879814543536],
  [-1e-12, 0.49999999999975],
  [0.7, 0.66818777216816609668],
  [5, 0.99330714907571514444],
  [40, 0.99999999999999999575],
  [800, 1],
];
const ELU: readonly Point[] = [
  [-40, -0.99999999999999999575],
  [-3, -0.95021293163213605702],
  [-0.5, -0.3934693402873665764],
  [-1e-5, -9.999950000166667068e-6],
  [-1e-12, -9.9999999999949997989e-13],
  [0.7, 0.69999999999999995559],
];

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float64", threads: 1 });
});
afterAll(() => engine.release());

async function apply(op: string, x: readonly number[], attributes: Attributes = {}): Promise<Float64Array> {
  const b = new GraphBuilder();
  const program = engine.compile(b.build({ y: b.op(op, [b.input("x", "real", ["N"])], attributes) }));
  return (await program.run({ x: reals([x.length], x) })).y.data as Float64Array;
}

/** Distance in units of the last place of the expected number. */
function ulps(actual: number, expected: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 52);
  return Math.abs(actual - expected) / unit;
}

describe("in float64", () => {
  it.each([
    ["Erf", ERF, 2],
    ["Atan", ATAN, 2],
    ["Softplus", SOFTPLUS, 3],
    ["Sigmoid", SIGMOID, 3],
    // The engine's Tanh, which it is made of, is good to 7 ulp near -1.
    ["Elu", ELU, 8],
  ] as const)("%s is good to a few ulp, from the smallest to the largest results", async (op, points, limit) => {
    const y = await apply(
      op,
      points.map(([x]) => x),
    );
    const errors = points.map(([x, expected], i) => ({ x, ulps: ulps(y[i], expected) }));
    expect(errors.filter((error) => !(error.ulps <= limit))).toEqual([]);
  });

  it.each([
    ["Erf", [-1, 1]],
    ["Atan", [-Math.PI / 2, Math.PI / 2]],
    ["Softplus", [0, Number.POSITIVE_INFINITY]],
    ["Sigmoid", [0, 1]],
    ["Elu", [-1, Number.POSITIVE_INFINITY]],
  ] as const)("%s has its limits at the infinities, and NaN stays NaN", async (op, [low, high]) => {
    const y = await apply(op, [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN]);
    expect([...y]).toEqual([low, high, Number.NaN]);
  });

  it("attributes that float32 cannot hold keep all their digits", async () => {
    expect([...(await apply("LeakyRelu", [-3], { alpha: 0.01 }))]).toEqual([-3 * 0.01]);
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 1]);
    const y = b.op("Gemm", [x, b.constant(reals([1, 1], [1])), x], { alpha: 0.1, beta: 0.7 });
    const run = await engine.compile(b.build({ y })).run({ x: reals([1, 1], [1]) });
    expect(run.y.data[0]).toBe(0.1 + 0.7);
  });
});
