// Small convolutional network: 3 x 3 convolutions with ReLU and 2 x 2 max-pooling, then linear layers.

import { GraphBuilder } from "../graph/builder.ts";
import { modelFromBuilder } from "./from-graph.ts";
import { activations, convolution3x3, dropoutText, dropped, flatten, linear, maxPool2 } from "./layers.ts";
import type { Model, ModelShape } from "./types.ts";

export interface CnnOptions extends ModelShape {
  /** Channels of each stage: convolution (padding 1), ReLU, max-pooling 2. */
  readonly channels: readonly number[];
  /** Widths of the linear layers with ReLU before the outputs: one, or a list of them; 0 or none leaves them out. Default 128. */
  readonly hidden?: number | readonly number[];
  /** Probability that an output of these layers (without them, an input of the last) is dropped while training, in [0, 1). Default 0. */
  readonly dropout?: number | undefined;
}

/** Parameters: convolutions.0.weight (out, in, 3, 3), ..., layers.0.weight, ... RangeError when the image is too small to be halved so often. */
export function cnn({ inputShape, outputs, channels, hidden = 128, dropout = 0 }: CnnOptions): Model {
  const [, height, width] = inputShape;
  if (inputShape.length !== 3)
    throw new RangeError(`cnn: examples must be images (channels, height, width), got shape [${inputShape}]`);
  if (Math.min(height, width) < 2 ** channels.length) {
    throw new RangeError(
      `cnn: images must have at least ${2 ** channels.length} pixels a side for ${channels.length} stages, got ${height}x${width}`,
    );
  }
  const b = new GraphBuilder();
  let h = b.input("x", "real", ["N", ...inputShape]);
  channels.forEach((count, i) => {
    h = maxPool2(b, activations.relu(b, convolution3x3(b, h, { name: `convolutions.${i}`, outputs: count })));
  });
  h = flatten(b, h);
  const widths = [hidden].flat().filter((width) => width !== 0);
  widths.forEach((width, i) => {
    h = dropped(b, activations.relu(b, linear(b, h, { name: `layers.${i}`, outputs: width })), dropout);
  });
  if (widths.length === 0) h = dropped(b, h, dropout);
  const y = linear(b, h, { name: `layers.${widths.length}`, outputs });
  const behind = widths.join() === "128" ? "" : `:${widths.join() || 0}`;
  return modelFromBuilder(`cnn:${channels.join()}${behind}${dropoutText(dropout)}`, b, y);
}
