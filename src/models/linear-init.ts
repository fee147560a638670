// PyTorch's default initialisation of linear and convolutional layers.

import type { Layout } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Random } from "./types.ts";

/**
 * Fills every parameter with U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what `torch.nn.Linear` and `Conv2d` do (Kaiming uniform with
 * a = sqrt 5, and the same bound for the bias). A bias takes the fan-in of the weight that comes before it.
 */
export function initialiseLayers(layout: Layout, params: RealArray, random: Random): void {
  let bound = 1;
  for (const { shape, offset, size } of layout.entries) {
    if (shape.length > 1) bound = 1 / Math.sqrt(size / shape[0]);
    for (let i = offset; i < offset + size; i++) params[i] = (2 * random() - 1) * bound;
  }
}
