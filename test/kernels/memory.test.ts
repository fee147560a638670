// What is counted of memory is what is taken.

import { describe, expect, it } from "vitest";
import { createAlgorithm } from "../../src/kernels/choose.ts";
import { memoryOf } from "../../src/kernels/memory.ts";
import { planKernel } from "../../src/kernels/plan.ts";
import { type AlgorithmName, algorithmNames, type KernelForm } from "../../src/kernels/types.ts";
import { sliceRows, toReal } from "../../src/numeric/tensor.ts";
import { familyTask } from "../helpers/family-task.ts";
import { CLASSES, leastBudgetFor, smallKernel, subjectOf } from "../helpers/kernels.ts";
import { smallTask } from "../helpers/tasks.ts";

const subjects = [
  ["a tanh network", () => smallKernel()],
  ["a convolutional network in float32", () => smallKernel({ model: "cnn", dtype: "float32" })],
  ["a transformer", async () => subjectOf(await familyTask("transformer:4:1:2", [3, 4], "float64"))],
] as const;

describe.each(subjects)("a prepared example of %s", (_, make) => {
  it.each(algorithmNames)("takes the bytes that are counted: %s", async (name) => {
    const { task, params, xs } = await make();
    for (const form of ["trace", "blocks"] as const) {
      const options = { model: task, form, weighted: false };
      const algorithm = createAlgorithm(name, options, { run: 2, tile: 4 });
      const x = toReal(sliceRows(xs, 0, 4), task.engine.dtype);
      const { bytes } = await algorithm.prepare({ params, feeds: { x }, count: 4 });
      const counted = 4 * memoryOf(name, options)!.prepared;
      // Examples as they are fed are counted in float64, whatever they are in.
      if (name === "vector-products" && task.engine.dtype === "float32") expect(2 * bytes).toBe(counted);
      else expect(bytes).toBe(counted);
    }
  });
});

describe("the plan of a kernel", () => {
  const count = { n: 1000, m: 1000, symmetric: true };
  interface Given {
    readonly form?: KernelForm;
    readonly algorithm?: AlgorithmName | "auto";
    readonly outputs?: number;
  }
  const plan = async (memoryBudget: number, { form = "trace", algorithm = "auto", outputs = 3 }: Given = {}) => {
    const { task } = await smallTask({ ...CLASSES, model: "cnn", outputs });
    return planKernel({ model: task, form, weighted: false }, count, { algorithm, tile: 256, memoryBudget });
  };

  it("keeps to its budget in every form, and prepares examples again where they do not fit", async () => {
    for (const form of ["trace", "diagonal", "blocks", "readout"] as const) {
      for (const budget of [2 ** 21, 2 ** 23, 2 ** 30]) {
        const { bytes, preparations, tile, kept, tiles } = await plan(budget, { form });
        expect(bytes.prepared + bytes.running + bytes.pairing).toBeLessThanOrEqual(budget);
        const all = Math.ceil(1000 / tile);
        expect(tiles).toBe((all * (all + 1)) / 2);
        if (kept === all) expect(preparations).toEqual([all, 0]);
        else expect(preparations[0]).toBeGreaterThan(all);
        if (budget === 2 ** 30) expect(kept).toBe(all);
      }
    }
  });

  it("is by the algorithm that fits where one does not, and refused where neither does", async () => {
    // Forty outputs: factored holds as many derivatives of each example, vector products only one.
    const { task } = await smallTask({ ...CLASSES, model: "cnn", outputs: 40 });
    const least = (name: AlgorithmName) =>
      Math.ceil(leastBudgetFor({ task }, name, { form: "trace", weighted: false }));
    const [factored, products] = [least("factored"), least("vector-products")];
    expect(products).toBeLessThan(factored);
    const wide = { outputs: 40 };
    expect((await plan(factored, wide)).algorithm).toBe("factored");
    expect(await plan(factored - 1, wide)).toMatchObject({
      algorithm: "vector-products",
      reason: "factored needs more memory than the budget",
    });
    const refusal = (name: string, bytes: number, got: number) =>
      new RangeError(
        `tangentKernel: memoryBudget must be at least ${bytes} bytes for ${name} on this model and form, got ${got}`,
      );
    const asked = plan(factored - 1, { ...wide, algorithm: "factored" });
    await expect(asked).rejects.toThrow(refusal("factored", factored, factored - 1));
    await expect(plan(products - 1, wide)).rejects.toThrow(/^tangentKernel: memoryBudget must be at least \d+ bytes/);
  });

  it("counts the passes of vector products for every part of a divided kernel", async () => {
    const { task } = await smallTask(CLASSES);
    const flops = (per?: "layer") =>
      planKernel({ model: task, form: "trace", weighted: false, per }, count, {
        algorithm: "vector-products",
        tile: 256,
        memoryBudget: 2 ** 30,
      }).flops;
    const [whole, layers] = [flops(), flops("layer")];
    // Its parts are added up or not, and copied side by side.
    expect((layers.factored as number) / (whole.factored as number)).toBeCloseTo(1, 1);
    const ratio = (layers["vector-products"] as number) / (whole["vector-products"] as number);
    expect(ratio).toBeGreaterThan(2.9);
    expect(ratio).toBeLessThanOrEqual(3);
  });
});
