// Evaluation of kernel machines against sums by hand.

import { describe, expect, it } from "vitest";
import {
  evaluateMachine,
  identityLink,
  type KernelMachine,
  probabilityLink,
} from "../../src/kernels/kernel-machine.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

const queries = reals([1, 1], [0]);
const points = reals([2, 1], [1, 2]);

function machine(kernel: Tensor, coefficients: Tensor, own: Partial<KernelMachine> = {}): KernelMachine {
  return {
    name: "by hand",
    outputs: 2,
    points,
    kernel: async () => kernel,
    coefficients,
    prior: async () => reals([1, 2], [10, 20]),
    link: identityLink,
    ...own,
  };
}

const a = reals([2, 2], [1, 2, 3, 4]);

describe("evaluateMachine(machine, queries)", () => {
  it.each([
    // One kernel for all outputs: 2 (1, 2) and 5 (3, 4).
    ["(Q, N)", reals([1, 2], [2, 5]), [2, 4, 15, 20]],
    // One for each: (2 1, 3 2) and (5 3, 7 4).
    ["(Q, N, C)", reals([1, 2, 2], [2, 3, 5, 7]), [2, 6, 15, 28]],
    // Blocks: (1 1 + 2 2, 3 1 + 4 2) and (0 3 + 1 4, 1 3 + 0 4).
    ["(Q, N, C, C)", reals([1, 2, 2, 2], [1, 2, 3, 4, 0, 1, 1, 0]), [5, 11, 4, 3]],
  ] as const)("adds prior and K a for kernels %s", async (_, kernel, contributions) => {
    const given = await evaluateMachine(machine(kernel, a), queries);
    expect([...given.contributions.data]).toEqual(contributions);
    const value = [10 + contributions[0] + contributions[2], 20 + contributions[1] + contributions[3]];
    expect([...given.value.data]).toEqual(value);
    expect([...given.prior.data]).toEqual([10, 20]);
    expect(given.output).toEqual(given.value);
  });

  it("takes coefficients of the query entry by entry of the blocks", async () => {
    const kernel = reals([1, 2, 2, 2], [1, 2, 3, 4, 0, 1, 1, 0]);
    const ofQuery = reals([1, 2, 2, 2], [1, -1, 2, 1, 9, 2, 3, 9]);
    const given = await evaluateMachine({ ...machine(kernel, a), coefficients: async () => ofQuery }, queries);
    // 1 1 - 2 1, 3 2 + 4 1; 0 9 + 1 2, 1 3 + 0 9.
    expect([...given.contributions.data]).toEqual([-1, 10, 2, 3]);
  });

  it("applies the link to the value, and leaves the value", async () => {
    const outputShape = [2];
    const link = probabilityLink({ loss: lossOf("cross-entropy"), engine: await engineOf("float64"), outputShape });
    const given = await evaluateMachine(machine(reals([1, 2], [1, -1]), a, { link }), queries);
    // (10 + 1 - 3, 20 + 2 - 4) = (8, 18): softmax of a difference of 10.
    expect([...given.value.data]).toEqual([8, 18]);
    expect(given.output).toBeAllclose([1 / (1 + Math.exp(10)), 1 / (1 + Math.exp(-10))], { rtol: 1e-14, atol: 0 });
    expect(probabilityLink({ loss: lossOf("mse"), engine: await engineOf("float64"), outputShape })).toBe(identityLink);
  });

  it.each([
    ["the kernel of by hand must have shape [1,2] or [1,2,2] or [1,2,2,2], got [1,3]", [reals([1, 3], [1, 2, 3]), a]],
    ["the coefficients of by hand must have shape [2,2], got [2]", [reals([1, 2], [1, 2]), reals([2], [1, 2])]],
  ] as const)("refuses parts that do not fit: %s", async (message, [kernel, coefficients]) => {
    await expect(evaluateMachine(machine(kernel, coefficients), queries)).rejects.toThrow(
      new RangeError(`evaluateMachine: ${message}`),
    );
  });
});
