// What torch.onnx.export writes for layers, functions and networks in many spellings: each file is read and has PyTorch's derivatives.

import { describe, expect, it } from "vitest";
import { valueIn } from "../../src/graph/builder.ts";
import { initialValues, readOnnx } from "../../src/graph/onnx/reader.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { algorithmNames } from "../../src/kernels/types.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { splitModel } from "../../src/models/split.ts";
import { type RealDType, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { outputGradients } from "../helpers/output-gradients.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";
import { refusedFiles, torchFiles } from "../helpers/torch-files.ts";

/** The decimals that float32 constants of a file were (softplus' beta, an epsilon) come back exactly; the rest is rounding. */
const near = (expected: Tensor<"float64">, dtype: RealDType = "float64") => {
  const relative = dtype === "float64" ? 1e-10 : 1e-4;
  return { atol: relative * 0.01 * largest(expected.data), rtol: relative };
};

describe("a file that PyTorch exported", () => {
  it.each(torchFiles)("$name has PyTorch's parameters, outputs and gradients of each example", async (c) => {
    const { bytes, parameters, options, x, y, u, gradients } = c;
    const imported = readOnnx(bytes, options);
    expect([...imported.parameters.map((parameter) => parameter.name)].sort()).toEqual([...parameters].sort());
    for (const dtype of ["float64", "float32"] as const) {
      const feeds = {
        x: x.dtype === "float64" ? toReal(x, dtype) : x,
        ...initialValues(imported.parameters, dtype),
      };
      const results = await (await engineOf(dtype)).compile(imported.graph).run(feeds);
      expect(results.y.shape).toEqual(y.shape);
      expect(results.y as Tensor<"float64">).toBeAllclose(y.data, near(y, dtype));
    }
    const asked = { x, u, dtype: "float64", order: parameters } as const;
    const alone = await outputGradients(imported, { ...asked, by: "examples" });
    expect(alone).toBeAllclose(gradients.data, near(gradients));
    const factored = await outputGradients(imported, { ...asked, by: "factors" });
    expect(factored).toBeAllclose(gradients.data, near(gradients));
  });

  it.each(torchFiles.filter(({ kernel }) => kernel))(
    "$name has PyTorch's tangent kernel by every algorithm",
    async (c) => {
      const { bytes, options, x, kernel } = c;
      const model = modelFromOnnx(bytes, options);
      const names = model.parameters.entries.map((entry) => entry.name);
      const task = {
        engine: await engineOf("float64"),
        split: splitModel(model.graph, names),
        layout: model.parameters,
        frozen: {},
        outputs: valueIn(model.graph, "y").shape[1] as number,
      };
      for (const algorithm of algorithmNames) {
        const made = await tangentKernel(task, startOf(model, "float64", 1), x, undefined, {
          form: "blocks",
          algorithm,
        });
        expect(made.kernel.shape).toEqual(kernel!.shape);
        expect(made.kernel.data as Float64Array).toBeAllclose(kernel!.data, near(kernel!));
      }
    },
  );
});

describe("a model that PyTorch exports and that cannot be explained", () => {
  it("is refused with the reason and the way out", async () => {
    const messages = await Promise.all(refusedFiles.map(({ name, bytes }) => errorOf(() => readOnnx(bytes, { name }))));
    expect(messages).toMatchInlineSnapshot(`
      [
        "UnsupportedError: batch-statistics: an operator cannot be read: BatchNormalization (node "/1/BatchNormalization"): it must use its running statistics, got batch statistics, which mix examples (export the model in evaluation mode (frozen BatchNorm), or use GroupNorm)",
        "UnsupportedError: noise: an operator cannot be read: RandomNormalLike (node "/RandomNormalLike"): random numbers must be an input of the model (export the model in evaluation mode, without random layers)",
        "UnsupportedError: recurrent-layer: an operator cannot be read: GRU (node "/layer/GRU"): recurrent layers are not unrolled (write the recurrence out over its fixed length)",
        "UnsupportedError: sorted: an operator cannot be read: TopK (node "/TopK"): an order that depends on the data is not followed (take max, min or argmax, or sort before the model)",
        "UnsupportedError: assigned: an operator cannot be read: ScatterND (node "/ScatterND"): elements that are assigned in place have no fixed origin (build the tensor with torch.cat, torch.stack or torch.where instead of assigning to a part of it)",
        "UnsupportedError: looked-up: an operator cannot be read: Gather (node "/Gather_4"): the batch axis must be kept whole (a model treats each example alone; select within each with torch.gather)",
      ]
    `);
  });

  it("is here for each reason", () => {
    expect(refusedFiles.map(({ name }) => name)).toEqual([
      "batch-statistics",
      "noise",
      "recurrent-layer",
      "sorted",
      "assigned",
      "looked-up",
    ]);
  });
});
