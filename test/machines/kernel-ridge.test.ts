// Kernel ridge regression over a tangent kernel, against closed forms in the space of parameters.

import { describe, expect, it } from "vitest";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
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
  return { x: train.x, y, queries: test.x, ridge };
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
