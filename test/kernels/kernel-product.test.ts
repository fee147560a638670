// K v without K, against K in blocks times v.

import { describe, expect, it } from "vitest";
import { type KernelProductOptions, kernelProduct } from "../../src/kernels/kernel-product.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainableOf } from "../../src/train/task.ts";
import { familyTask } from "../helpers/family-task.ts";
import { C, CLASSES, close, type KernelSubject, smallKernel, subjectOf } from "../helpers/kernels.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

const random = randomFrom(5, "vectors");
const normal = (...shape: number[]): Tensor<"float64"> =>
  reals(
    shape,
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  );

/** Blocks (n, m, C, C) times v (m, C, k): (n, C, k). */
function dense(blocks: RealArray, v: RealArray, [n, m, c, k]: readonly [number, number, number, number]): Float64Array {
  const result = new Float64Array(n * c * k);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let a = 0; a < c; a++)
        for (let b = 0; b < c; b++)
          for (let q = 0; q < k; q++)
            result[(i * c + a) * k + q] += blocks[((i * m + j) * c + a) * c + b] * v[(j * c + b) * k + q];
  return result;
}

const variants: readonly (readonly [string, (own: KernelSubject) => KernelProductOptions])[] = [
  ["against themselves", () => ({})],
  ["tiles of two", () => ({ tile: 2 })],
  ["the least memory", () => ({ memoryBudget: 1 })],
  ["other columns", ({ xs2 }) => ({ xs2 })],
  ["weighted by both signs", ({ params }) => ({ weights: Float64Array.from(params, (_, k) => (k % 3) - 1) })],
  ["two times, other columns", ({ xs2, params }) => ({ xs2, params2: params.map((w, k) => w + 0.1 * Math.sin(k)) })],
];

const subjects: readonly (readonly [string, () => Promise<KernelSubject>])[] = [
  ["a tanh network", () => smallKernel()],
  ["a convolutional network", () => smallKernel({ model: "cnn" })],
  ["a network of which only the last layer is trained", () => smallKernel({ trainable: ["layers.2.weight"] })],
  [
    "a network that uses a matrix twice",
    async () => subjectOf(await tiedWeightsTask({ ...CLASSES, dtype: "float64" })),
  ],
  ["a network without factored forms", async () => subjectOf(await squaredWeightsTask(CLASSES))],
];

describe.each(subjects)("K v of %s", (_, make) => {
  it.each(variants)("is the dense product to 1e-12, for one vector and for several: %s", async (_label, optionsOf) => {
    const own = await make();
    const { task, params, xs } = own;
    const options = optionsOf(own);
    const { xs2, params2, weights } = options;
    const kernelOptions = { form: "blocks" as const, ...(params2 && { params2 }), ...(weights && { weights }) };
    const blocks = (await tangentKernel(task, params, xs, xs2, kernelOptions)).kernel.data as RealArray;
    const m = (xs2 ?? xs).shape[0];
    for (const k of [1, 3]) {
      const v = k === 1 ? normal(m, C) : normal(m, C, k);
      const found = await kernelProduct(task, params, xs, v, options);
      const expected = dense(blocks, v.data, [5, m, C, k]);
      expect({ dtype: found.dtype, shape: found.shape }).toEqual({
        dtype: "float64",
        shape: k === 1 ? [5, C] : [5, C, k],
      });
      expect(found.data as RealArray).toBeAllclose(expected, close(expected));
    }
  });
});

it("K v of a language model is the dense product to 1e-10", async () => {
  const { task, params } = await familyTask("gpt:4:1:2", [4], "float64");
  const w = trainableOf(task, params, "float64");
  const { x } = task.dataset.train;
  const [n, c] = [x.shape[0], task.outputs];
  const v = normal(n, c);
  const blocks = (await tangentKernel(task, w, x, undefined, { form: "blocks" })).kernel.data as RealArray;
  const expected = dense(blocks, v.data, [n, n, c, 1]);
  expect((await kernelProduct(task, w, x, v)).data as RealArray).toBeAllclose(expected, close(expected, 1e-10));
});

it("K v in float32 is that in float64 to 1e-4", async () => {
  const [single, double] = [await smallKernel({ dtype: "float32" }), await smallKernel()];
  const v = normal(5, C);
  const params = Float64Array.from(single.params);
  const expected = (await kernelProduct(double.task, params, double.xs, v)).data as RealArray;
  const found = await kernelProduct(single.task, single.params, single.xs, v, { tile: 2 });
  expect(found.dtype).toBe("float32");
  expect(found.data as RealArray).toBeAllclose(expected, close(expected, 1e-4));
});

describe("refused with one line", () => {
  it.each([
    ["v must have shape [5,3] or [5,3,k], got [5,2]", normal(5, 2), {}],
    ["v must have shape [5,3] or [5,3,k], got [4,3]", normal(4, 3), {}],
    ["v must have shape [5,3] or [5,3,k], got [5,3,1,1]", normal(5, 3, 1, 1), {}],
    ["params must hold 79 numbers, got 2", normal(5, 3), { params2: new Float64Array(2) }],
    ["weights must hold 79 numbers, got 2", normal(5, 3), { weights: new Float64Array(2) }],
    ["weights must be finite, got NaN at element 0", normal(5, 3), { weights: new Float64Array(79).fill(Number.NaN) }],
    ["tile must be a whole number >= 1, got 0.5", normal(5, 3), { tile: 0.5 }],
  ] as const)("%s", async (message, v, options) => {
    const { task, params, xs } = await smallKernel();
    await expect(kernelProduct(task, params, xs, v, options)).rejects.toThrow(
      new RangeError(`kernelProduct: ${message}`),
    );
  });
});

it("tells of each tile, and stops with the signal's reason", async () => {
  const { task, params, xs } = await smallKernel();
  const told: string[] = [];
  const controller = new AbortController();
  const stop = kernelProduct(task, params, xs, normal(5, C, 2), {
    tile: 2,
    signal: controller.signal,
    onProgress: ({ done, total }) => {
      told.push(`${done}/${total}`);
      if (done === 5) controller.abort(new Error("enough"));
    },
  });
  await expect(stop).rejects.toThrow("enough");
  expect(told).toEqual(["1/12", "2/12", "3/12", "4/12", "5/12"]);
});
