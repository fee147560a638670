// The one matrix of a kernel, against the reference laid out the slow way.

import { expect, it } from "vitest";
import { gramMatrix, matrixForms } from "../../src/kernels/gram-matrix.ts";
import { formOptions, kernelMatrix } from "../helpers/kernel-matrix.ts";
import { close, smallKernel } from "../helpers/kernels.ts";
import { transpose } from "../helpers/matrices.ts";

it.each(matrixForms)(
  "the matrix of tiles is the kernel's, in float64 and symmetric to the last bit: %s",
  async (form) => {
    for (const [dtype, limit] of [
      ["float64", 1e-12],
      ["float32", 1e-4],
    ] as const) {
      const own = await smallKernel({ dtype });
      const options = formOptions(form, own);
      const expected = (await kernelMatrix(own, options)).data;
      for (const tile of [2, 256]) {
        const matrix = await gramMatrix(own.task, own.params, own.xs, { ...options, tile });
        expect(matrix.dtype).toBe("float64");
        expect(matrix.data).toBeAllclose(expected, close(expected, limit));
        expect(transpose(matrix)).toEqual(matrix);
      }
    }
  },
);
