// Symmetries of a model are symmetries of its kernel: K(x, g x') = K(x, x'), and not where positions are told apart.

import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { concat, slice } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { flatten, linear } from "../../src/models/layers.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import type { Model } from "../../src/models/types.ts";
import { type RealArray, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainableOf } from "../../src/train/task.ts";
import { familyTask, taskOf } from "../helpers/family-task.ts";
import { largest } from "../helpers/kernels.ts";
import type { SmallTask } from "../helpers/tasks.ts";
import { torchFile } from "../helpers/torch-files.ts";

const SIDE = 5;

/** A 3x3 convolution on a torus, tanh, then a mean over positions or all of them, and a linear layer. */
function torusModel(end: "mean" | "flatten"): Model {
  const b = new GraphBuilder();
  let x: Value = b.input("x", "real", ["N", 1, SIDE, SIDE]);
  for (const axis of [2, 3]) {
    const last = slice(b, x, axis, { start: SIDE - 1, end: SIDE });
    x = concat(b, [last, x, slice(b, x, axis, { start: 0, end: 1 })], axis);
  }
  const [weight, bias] = [b.input("c.weight", "real", [4, 1, 3, 3]), b.input("c.bias", "real", [4])];
  const window = { kernel_shape: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 };
  const h = b.op("Tanh", [b.op("Conv", [x, weight, bias], window)]);
  const features = end === "flatten" ? flatten(b, h) : b.op("ReduceMean", [h, b.ints([2, 3])], { keepdims: 0 });
  return modelFromBuilder(end, b, linear(b, features, { name: "head", outputs: 3 }));
}

/** Every example with element k of its rows of `width` numbers taken from place `from(k)`. */
function rearranged({ shape, data }: Tensor, width: number, from: (k: number) => number): Tensor {
  return reals(
    shape,
    Float64Array.from(data as RealArray, (_, at) => (data as RealArray)[at - (at % width) + from(at % width)]),
  );
}

/** max |K(x, g x') - K(x, x')| relative to max |K|, in blocks. */
async function broken({ task, params }: SmallTask, moved: (x: Tensor) => Tensor): Promise<number> {
  const { x } = task.dataset.train;
  const w = trainableOf(task, params, "float64");
  const kernel = async (second: Tensor) =>
    (await tangentKernel(task, w, x, second, { form: "blocks" })).kernel.data as RealArray;
  const [plain, other] = [await kernel(x), await kernel(moved(x))];
  return largest(other.map((value, k) => value - plain[k])) / largest(plain);
}

describe("shifts on a torus", () => {
  const shift = (x: Tensor): Tensor =>
    rearranged(x, SIDE * SIDE, (k) => ((Math.floor(k / SIDE) + 2) % SIDE) * SIDE + ((k + 1) % SIDE));

  it("leave the kernel of a convolutional network that averages over positions as it is", async () => {
    expect(await broken(await taskOf(torusModel("mean"), [1, SIDE, SIDE], "float64"), shift)).toBeLessThan(1e-12);
  });

  // Written by PyTorch, padding on the torus by 2 rows and 1 column; the same shift of rows and columns as above.
  it.each(["torus", "torus-flat"])("do the same to networks that PyTorch exported: %s", async (name) => {
    const { bytes, options } = torchFile(name);
    const change = await broken(await taskOf(modelFromOnnx(bytes, options), [1, SIDE, SIDE], "float64"), shift);
    if (name === "torus") expect(change).toBeLessThan(1e-12);
    else expect(change).toBeGreaterThan(0.1);
  });

  it("change that of one that keeps positions by a good part", async () => {
    expect(await broken(await taskOf(torusModel("flatten"), [1, SIDE, SIDE], "float64"), shift)).toBeGreaterThan(0.1);
  });
});

describe("orders of a sequence", () => {
  const [length, width] = [3, 4];
  const turn = (x: Tensor): Tensor => rearranged(x, length * width, (k) => (k + width) % (length * width));

  it("leave the kernel of attention without positions as it is", async () => {
    expect(await broken(await familyTask("attention:8:1:2", [length, width], "float64"), turn)).toBeLessThan(1e-12);
  });

  it("change that of a transformer, which adds positions", async () => {
    expect(await broken(await familyTask("transformer:8:1:2", [length, width], "float64"), turn)).toBeGreaterThan(0.01);
  });
});
