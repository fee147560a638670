// Tangent kernels of models that PyTorch exported, against J J' of its own gradients, one for each example and output.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { algorithmNames } from "../../src/kernels/types.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { splitModel } from "../../src/models/split.ts";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { largest } from "../helpers/kernels.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const arrays = decodeNpz(bytesOf("onnx.npz"), "onnx.npz");

describe.each(["mlp-11", "mlp-13-train", "mlp-17", "cnn-17", "resnet-17", "vit-13", "vit-17", "next-13", "next-17"])(
  "the tangent kernel of %s",
  (file) => {
    const name = file.slice(0, file.indexOf("-"));
    const model = modelFromOnnx(bytesOf(`${file}.onnx`), { name: file });
    const names = model.parameters.entries.map((entry) => entry.name);
    const outputs = model.graph.values.get("y")!.shape[1] as number;

    it.each(algorithmNames)("is PyTorch's, block by block: %s", async (algorithm) => {
      const task = {
        engine: await engineOf("float64"),
        split: splitModel(model.graph, names),
        layout: model.parameters,
        frozen: {},
        outputs,
      };
      const { kernel } = await tangentKernel(task, startOf(model, "float64", 1), arrays[`${name}.x`], undefined, {
        form: "blocks",
        algorithm,
      });
      expect(kernel.shape).toEqual(arrays[`${name}.kernel`].shape);
      expect(kernel.data as Float64Array).toBeAllclose(arrays[`${name}.kernel`].data as Float64Array, {
        atol: 1e-13 * largest(arrays[`${name}.kernel`].data as Float64Array),
        rtol: 1e-10,
      });
    });
  },
);
