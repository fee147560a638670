// K(x, x) without pairs, against the diagonal of the matrix, for every algorithm and form.

import { expect, it } from "vitest";
import { gramMatrix, matrixForms } from "../../src/kernels/gram-matrix.ts";
import { selfKernel } from "../../src/kernels/self-kernel.ts";
import { algorithmNames } from "../../src/kernels/types.ts";
import { sliceRows } from "../../src/numeric/tensor.ts";
import { formOptions } from "../helpers/kernel-matrix.ts";
import { close, smallKernel } from "../helpers/kernels.ts";

it.each(matrixForms)("selfKernel is the matrix's diagonal, whatever the tile and the algorithm: %s", async (form) => {
  const own = await smallKernel();
  const options = formOptions(form, own);
  const { data, shape } = await gramMatrix(own.task, own.params, own.xs, options);
  const expected = Float64Array.from({ length: shape[0] }, (_, i) => data[i * (shape[0] + 1)]);
  for (const algorithm of algorithmNames)
    for (const tile of [2, 256]) {
      const found = await selfKernel(own.task, own.params, own.xs, { ...options, algorithm, tile });
      expect(found).toBeAllclose(expected, close(expected));
    }
});

it("selfKernel of no examples is empty, and hears the signal", async () => {
  const own = await smallKernel();
  expect(await selfKernel(own.task, own.params, sliceRows(own.xs, 0, 0))).toEqual(new Float64Array(0));
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(selfKernel(own.task, own.params, own.xs, { signal })).rejects.toThrow("enough");
});
