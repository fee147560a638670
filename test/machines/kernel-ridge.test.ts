// Kernel ridge regression and gradient flow over a tangent kernel, against closed forms in the space of parameters and each other.

import { describe, expect, it } from "vitest";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { type KernelFlowOptions, kernelGradientFlow } from "../../src/machines/kernel-flow.ts";
import { type KernelRidgeOptions, kernelRidge } from "../../src/machines/kernel-ridge.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { type RealArray, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function subject(options: SmallTaskOptions = {}) {
  const { task, params } = await smallTask({ examples: 8, queries: 3, hidden: [10], ...options });
  const { train, test } = task.dataset;
  const y = train.y as Tensor<"float64">;
  const ridge = (own: KernelRidgeOptions = {}, targets: Tensor = y) => kernelRidge(task, params, train.x, targets, own);
  const flow = (own: KernelFlowOptions) => kernelGradientFlow(task, params, train.x, y, own);
  return { task, params, x: train.x, y, queries: test.x, ridge, flow };
}

describe("kernelRidge", () => {
  it("without ridge passes through the targets of its points", async () => {
    const { x, y, ridge } = await subject();
    const { value } = await evaluateMachine(await ridge(), x);
    // The kernel's condition is some thousands.
    expect(value).toBeAllclose(y, { rtol: 0, atol: 1e-9 });
  });

  it("of a linear model is ridge regression of its weights, solved by the normal equations", async () => {
    const lambda = 0.3;
    const { x, y, queries, ridge } = await subject({ hidden: [], outputs: 1 });
    const machine = await ridge({ ridge: lambda, prior: "zero" });
    const { value } = await evaluateMachine(machine, queries);
    // Features (x, 1): w = (F^T F + lambda I)^-1 F^T y, all three weights penalised.
    const features = ({ data, shape: [n] }: Tensor) =>
      Array.from({ length: n }, (_, i) => [Number(data[2 * i]), Number(data[2 * i + 1]), 1]);
    const f = features(x);
    const normal = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) => f.reduce((sum, row) => sum + row[i] * row[j], i === j ? lambda : 0)),
    );
    const right = [0, 1, 2].map((i) => f.reduce((sum, row, n) => sum + row[i] * Number(y.data[n]), 0));
    const w = (await openLinearAlgebra()).solve(reals([3, 3], normal), reals([3], right)).data;
    const expected = features(queries).map((row) => row.reduce((sum, value, i) => sum + value * w[i], 0));
    expect(value).toBeAllclose(expected, { rtol: 1e-11, atol: 1e-12 });
  });

  it("has coefficients that are linear in the targets (003-06)", async () => {
    const { y, ridge } = await subject();
    const z = reals(
      y.shape,
      y.data.map((_, k) => Math.cos(k)),
    );
    const own = { ridge: 0.1, prior: "zero" } as const;
    const of = async (targets: Tensor) => ((await ridge(own, targets)).coefficients as Tensor).data as RealArray;
    const [ofY, ofZ] = [await of(y), await of(z)];
    const both = await of(
      reals(
        y.shape,
        y.data.map((value, k) => 2 * value - 3 * z.data[k]),
      ),
    );
    expect(both).toBeAllclose(
      ofY.map((a, k) => 2 * a - 3 * ofZ[k]),
      { rtol: 1e-10, atol: 1e-10 },
    );
  });

  it("by one kernel for all outputs is the regression of each output alone", async () => {
    const { y, queries, ridge } = await subject();
    const own = { ridge: 0.2, form: "trace", prior: "zero" } as const;
    const both = (await evaluateMachine(await ridge(own), queries)).value.data;
    const first = reals(
      y.shape,
      y.data.map((value, k) => (k % 2 === 0 ? value : 0)),
    );
    const alone = (await evaluateMachine(await ridge(own, first), queries)).value.data;
    expect(largest(both)).toBeGreaterThan(0.1);
    for (let q = 0; q < 3; q++) {
      expect(alone[2 * q]).toBeCloseTo(both[2 * q], 12);
      expect(alone[2 * q + 1]).toBeCloseTo(0, 12);
    }
  });

  it("refuses targets and forms that do not fit", async () => {
    const { ridge } = await subject();
    expect(await errorOf(() => ridge({}, reals([8], new Float64Array(8))))).toBe(
      "RangeError: kernelRidge: targets must have shape [8,2], got [8]",
    );
    expect(await errorOf(() => ridge({ form: "diagonal" as "trace" }))).toBe(
      "RangeError: kernelRidge: form must be blocks or trace, got diagonal",
    );
  });
});

describe("kernelGradientFlow", () => {
  it("begins at the model, and ends at kernel regression", async () => {
    const { queries, ridge, flow } = await subject();
    const start = await evaluateMachine(await flow({ time: 0 }), queries);
    expect(start.value).toEqual(start.prior);
    const end = await evaluateMachine(await flow({ time: 1e9 }), queries);
    const regression = await evaluateMachine(await ridge(), queries);
    expect(end.value).toBeAllclose(regression.value, { rtol: 1e-8, atol: 1e-8 });
  });

  it("moves as the gradient says, -K (f - y) / (N C) at the points", async () => {
    const { x, y, flow } = await subject();
    const h = 1e-4;
    const at = async (time: number) => (await evaluateMachine(await flow({ time, rate: 2 }), x)).value.data;
    const [before, now, after] = [await at(1 - h), await at(1), await at(1 + h)];
    const velocity = after.map((value, k) => (value - before[k]) / (2 * h));
    const machine = await flow({ time: 1 });
    const kernel = (await machine.kernel(x)).data as RealArray;
    const expected = velocity.map((_, r) => {
      const [i, c] = [Math.floor(r / 2), r % 2];
      let total = 0;
      for (let j = 0; j < 8; j++)
        for (let d = 0; d < 2; d++)
          total -= (2 / 16) * kernel[((i * 8 + j) * 2 + c) * 2 + d] * (now[2 * j + d] - y.data[2 * j + d]);
      return total;
    });
    // A central difference of h = 1e-4.
    expect(velocity).toBeAllclose(expected, { rtol: 1e-6, atol: 1e-7 });
  });

  it("refuses times and rates that are none", async () => {
    const { flow } = await subject();
    expect(await errorOf(() => flow({ time: -1 }))).toBe(
      "RangeError: kernelGradientFlow: time must be a finite number >= 0, got -1",
    );
    expect(await errorOf(() => flow({ time: 1, rate: 0 }))).toBe(
      "RangeError: kernelGradientFlow: rate must be a number > 0, got 0",
    );
  });
});
