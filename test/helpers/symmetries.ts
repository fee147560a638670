// Symmetries of examples, models that share them, and how far a kernel changes under them.

import { GraphBuilder } from "../../src/graph/builder.ts";
import { concat, slice } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { flatten, linear } from "../../src/models/layers.ts";
import type { Model } from "../../src/models/types.ts";
import { type RealArray, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainableOf } from "../../src/train/task.ts";
import { largest } from "./kernels.ts";
import type { SmallTask } from "./tasks.ts";

/** Rows and columns of the torus. */
export const SIDE = 5;
/** Tokens, and numbers of each. */
export const [LENGTH, WIDTH] = [3, 4];

/** A 3x3 convolution on a torus, tanh, then a mean over positions or all of them, and a linear layer. */
export function torusModel(end: "mean" | "flatten"): Model {
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
export async function broken({ task, params }: SmallTask, moved: (x: Tensor) => Tensor): Promise<number> {
  const { x } = task.dataset.train;
  const w = trainableOf(task, params, "float64");
  const kernel = async (second: Tensor) =>
    (await tangentKernel(task, w, x, second, { form: "blocks" })).kernel.data as RealArray;
  const [plain, other] = [await kernel(x), await kernel(moved(x))];
  return largest(other.map((value, k) => value - plain[k])) / largest(plain);
}

/** A shift of rows by two and of columns by one, around the torus. */
export const shifted = (x: Tensor): Tensor =>
  rearranged(x, SIDE * SIDE, (k) => ((Math.floor(k / SIDE) + 2) % SIDE) * SIDE + ((k + 1) % SIDE));

/** Every token in the place of the one before, the first in that of the last. */
export const turned = (x: Tensor): Tensor => rearranged(x, LENGTH * WIDTH, (k) => (k + WIDTH) % (LENGTH * WIDTH));
