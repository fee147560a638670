// Kernel principal components against singular values of features, and where there are none.

import { describe, expect, it } from "vitest";
import { dotProduct, gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { kernelPca } from "../../src/machines/kernel-pca.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { machineConformance } from "../conformance/machine.ts";
import { normalMatrix } from "../helpers/matrices.ts";

machineConformance({
  name: "kernel principal components",
  learns: "none",
  onePoint: "answer",
  zeroKernel: "answer",
  signs: "arbitrary",
  solve: async (kernel) => {
    const machine = await kernelPca(kernel, { components: 3 });
    const n = kernel.points.shape[0];
    return {
      machine,
      // Queries centred by the textbook: every entry less the means of its row, its column and all.
      predict: async (queries) => {
        const [own, of] = [await kernel.matrix(), await kernel.between(queries)];
        const mean = (numbers: Float64Array) => numbers.reduce((total, value) => total + value, 0) / numbers.length;
        const rows = Array.from({ length: n }, (_, i) => mean(own.data.subarray(i * n, (i + 1) * n)));
        const a = machine.coefficients as Tensor<"float64">;
        return Array.from({ length: queries.shape[0] }, (_, q) => {
          const row = of.data.subarray(q * n, (q + 1) * n);
          return Array.from({ length: machine.outputs }, (_, c) =>
            row.reduce(
              (total, value, i) =>
                total + a.data[i * machine.outputs + c] * (value - mean(row) - rows[i] + mean(own.data)),
              0,
            ),
          );
        }).flat();
      },
    };
  },
});

describe("kernelPca(kernel, options)", () => {
  const points = normalMatrix(20, 4);
  const linear = inputMachineKernel(points, dotProduct(), "dot product");

  it("of dot products is principal component analysis: singular values of centred points, projections on their directions", async () => {
    const { eigenvalues, explained, projections, outputs, nullDirections, total } = await kernelPca(linear);
    const means = [0, 1, 2, 3].map((c) =>
      Array.from({ length: 20 }, (_, i) => points.data[4 * i + c] / 20).reduce((a, b) => a + b),
    );
    const centred = reals(
      [20, 4],
      points.data.map((value, at) => value - means[at % 4]),
    );
    const { values, vt } = (await openLinearAlgebra()).svd(centred);
    expect({ outputs, nullDirections }).toEqual({ outputs: 4, nullDirections: 16 });
    expect(eigenvalues).toBeAllclose(
      values.map((value) => value ** 2),
      { rtol: 1e-12, atol: 0 },
    );
    expect(explained.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 12);
    expect(total).toBeAllclose(
      eigenvalues.reduce((sum, value) => sum + value, 0),
      { rtol: 1e-12, atol: 0 },
    );
    const expected = Array.from({ length: 20 }, (_, i) =>
      [0, 1, 2, 3].map((c) => [0, 1, 2, 3].reduce((sum, d) => sum + centred.data[4 * i + d] * vt.data[4 * c + d], 0)),
    ).flat();
    expect(projections.data.map(Math.abs)).toBeAllclose(expected.map(Math.abs), { rtol: 0, atol: 1e-12 });
  });

  it("projects its points as queries to where they are, components uncorrelated, of variance lambda / N", async () => {
    const machine = await kernelPca(inputMachineKernel(points, gaussian(0.2), "RBF"), { components: 5 });
    const { value } = await evaluateMachine(machine, points);
    expect(value).toBeAllclose(machine.projections, { rtol: 0, atol: 1e-12 });
    const gram = [0, 1, 2, 3, 4].flatMap((c) =>
      [0, 1, 2, 3, 4].map((d) =>
        Array.from({ length: 20 }, (_, i) => value.data[5 * i + c] * value.data[5 * i + d]).reduce((a, b) => a + b),
      ),
    );
    const expected = gram.map((_, at) => (at % 6 === 0 ? machine.eigenvalues[at / 6] : 0));
    expect(gram).toBeAllclose(expected, { rtol: 0, atol: 1e-12 });
  });

  it("has the entry of largest magnitude of each direction positive", async () => {
    const { projections, outputs } = await kernelPca(linear);
    for (let c = 0; c < outputs; c++) {
      const column = Array.from({ length: 20 }, (_, i) => projections.data[i * outputs + c]);
      expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
    }
  });

  it("leaves out directions below the tolerance that is asked for", async () => {
    const { eigenvalues } = await kernelPca(linear);
    const tolerance = (eigenvalues[1] + eigenvalues[2]) / (2 * eigenvalues[0]);
    const some = await kernelPca(linear, { tolerance });
    expect({ outputs: some.outputs, nullDirections: some.nullDirections, tolerance: some.tolerance }).toEqual({
      outputs: 2,
      nullDirections: 18,
      tolerance,
    });
  });

  it.each([
    ["one point", reals([1, 2], [3, 4])],
    ["equal points", reals([3, 2], [0.1, 0.7, 0.1, 0.7, 0.1, 0.7])],
  ])("has no component of %s", async (_, own) => {
    const { outputs, nullDirections } = await kernelPca(inputMachineKernel(own, dotProduct(), "dot product"));
    expect({ outputs, nullDirections }).toEqual({ outputs: 0, nullDirections: own.shape[0] });
  });

  it("refuses options that do not fit", async () => {
    await expect(kernelPca(linear, { components: 0 })).rejects.toThrow(
      new RangeError("kernelPca: components must be a whole number >= 1, got 0"),
    );
    await expect(kernelPca(linear, { tolerance: 1 })).rejects.toThrow(
      new RangeError("kernelPca: tolerance must be a number from 0 to below 1, got 1"),
    );
  });
});
