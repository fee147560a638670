// Symmetries of a model are symmetries of its kernel: K(x, g x') = K(x, x'), and not where positions are told apart.

import { describe, expect, it } from "vitest";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { familyTask, taskOf } from "../helpers/family-task.ts";
import { broken, LENGTH, SIDE, shifted, torusModel, turned, WIDTH } from "../helpers/symmetries.ts";
import { torchFile } from "../helpers/torch-files.ts";

describe("shifts on a torus", () => {
  it("leave the kernel of a convolutional network that averages over positions as it is", async () => {
    expect(await broken(await taskOf(torusModel("mean"), [1, SIDE, SIDE], "float64"), shifted)).toBeLessThan(1e-12);
  });

  // Written by PyTorch, padding on the torus by 2 rows and 1 column; the same shift of rows and columns as above.
  it.each(["torus", "torus-flat"])("do the same to networks that PyTorch exported: %s", async (name) => {
    const { bytes, options } = torchFile(name);
    const change = await broken(await taskOf(modelFromOnnx(bytes, options), [1, SIDE, SIDE], "float64"), shifted);
    if (name === "torus") expect(change).toBeLessThan(1e-12);
    else expect(change).toBeGreaterThan(0.1);
  });

  it("change that of one that keeps positions by a good part", async () => {
    expect(await broken(await taskOf(torusModel("flatten"), [1, SIDE, SIDE], "float64"), shifted)).toBeGreaterThan(0.1);
  });
});

describe("orders of a sequence", () => {
  it("leave the kernel of attention without positions as it is", async () => {
    expect(await broken(await familyTask("attention:8:1:2", [LENGTH, WIDTH], "float64"), turned)).toBeLessThan(1e-12);
  });

  it("change that of a transformer, which adds positions", async () => {
    expect(await broken(await familyTask("transformer:8:1:2", [LENGTH, WIDTH], "float64"), turned)).toBeGreaterThan(
      0.01,
    );
  });
});
