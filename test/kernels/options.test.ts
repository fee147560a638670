// Which algorithm is chosen and why; what is refused; progress and abort.

import { describe, expect, it } from "vitest";
import { chooseAlgorithm } from "../../src/kernels/choose.ts";
import { type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import type { KernelForm } from "../../src/kernels/types.ts";
import { reals, sliceRows } from "../../src/numeric/tensor.ts";
import { C, CLASSES, smallKernel, subjectOf } from "../helpers/kernels.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";

/** Parameters of a 2-7-5-3 network. */
const P = 79;

describe("the choice of an algorithm", () => {
  it("counts: factored for many examples, with what it would cost otherwise", async () => {
    const { task, params, xs } = await smallKernel();
    const { algorithm, reason, flops } = await tangentKernel(task, params, xs);
    expect(algorithm).toBe("factored");
    expect(reason).toMatch(/^\d\S* GFLOP against \d/);
    expect(flops.factored as number).toBeLessThan(flops["vector-products"] as number);
  });

  it("falls on vector products where a parameter has no factored form, and says so", async () => {
    const { task, params, xs } = subjectOf(await squaredWeightsTask(CLASSES));
    const { algorithm, reason } = await tangentKernel(task, params, xs);
    expect({ algorithm, reason }).toEqual({
      algorithm: "vector-products",
      reason: "some use of a parameter has no factored form",
    });
    await expect(tangentKernel(task, params, xs, undefined, { algorithm: "factored" })).rejects.toThrow(
      new RangeError(
        "tangentKernel: algorithm factored must find a factored form of every use of a parameter, got a use without one; use vector-products",
      ),
    );
  });

  it("counts the FLOPs of the reference as n + m Jacobians and 2 n m C p", async () => {
    const { task } = await smallKernel();
    const count = (n: number, m: number) =>
      chooseAlgorithm({ model: task, form: "trace", weighted: false }, { n, m, symmetric: false }, "auto").flops[
        "jacobian-contraction"
      ] ?? Number.NaN;
    const pairs = count(10, 10) - count(10, 0) - count(0, 10) + count(0, 0);
    expect(pairs).toBe(2 * 10 * 10 * C * task.layout.size);
  });
});

describe("refused with one line", () => {
  const names = `one of blocks, diagonal, trace, readout`;
  it.each([
    [`form must be ${names}, got half`, { form: "half" as KernelForm }],
    [
      "algorithm must be one of auto, factored, jacobian-contraction, vector-products, got fast",
      { algorithm: "fast" as "auto" },
    ],
    ["tile must be a whole number >= 1, got 0", { tile: 0 }],
    ["memoryBudget must be a number of bytes, got NaN", { memoryBudget: Number.NaN }],
    ["per must be one of parameter, layer, got neuron", { per: "neuron" as "layer" }],
    [`params must hold ${P} numbers, got 3`, { params2: new Float64Array(3) }],
    ["readouts must be given for the form readout, and for no other, got form readout", { form: "readout" }],
    [
      "readouts must be given for the form readout, and for no other, got form trace",
      { readouts: [reals([5, 3], new Float64Array(15))] },
    ],
    [
      "readouts of side 1 must have shape [5,3], got [5,2]",
      { form: "readout", readouts: [reals([5, 2], new Float64Array(10))] },
    ],
    [
      "readouts of side 2 must have shape [5,3], got [4,3]",
      { form: "readout", readouts: [reals([5, 3], new Float64Array(15)), reals([4, 3], new Float64Array(12))] },
    ],
    [`weights must hold ${P} numbers, got 4`, { weights: new Float64Array(4) }],
    ["weights must be finite, got NaN at element 0", { weights: new Float64Array(P).fill(Number.NaN) }],
    ["weights of a normalised kernel must be >= 0, got -1", { weights: new Float64Array(P).fill(-1), normalize: true }],
  ] as readonly (readonly [string, TangentKernelOptions])[])("%s", async (message, options) => {
    const { kernel } = await smallKernel();
    await expect(kernel(options)).rejects.toThrow(new RangeError(`tangentKernel: ${message}`));
  });
});

describe("progress and abort", () => {
  it("tells of each tile of the upper half, and stops between two with the signal's reason", async () => {
    const { kernel, task } = await smallKernel();
    const told: string[] = [];
    const controller = new AbortController();
    const options = {
      tile: 2,
      signal: controller.signal,
      onProgress: ({ stage, done, total }: { stage: string; done: number; total: number }) => {
        told.push(`${stage} ${done}/${total}`);
        if (done === 4 && told.length > 6) controller.abort(new Error("enough"));
      },
    };
    await kernel(options);
    expect(told).toEqual([1, 2, 3, 4, 5, 6].map((done) => `kernel ${done}/6`));
    await expect(kernel(options, sliceRows(task.dataset.train.x, 0, 6))).rejects.toThrow("enough");
    expect(told).toHaveLength(10);
  });

  it("does nothing at all under an aborted signal", async () => {
    const { kernel } = await smallKernel();
    await expect(kernel({ signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow("never");
  });
});
