// Small convolutional network: 3 x 3 convolutions with ReLU and 2 x 2 max-pooling, then two linear layers.

import { GraphBuilder } from "../graph/builder.ts";
import { modelFromBuilder } from "./from-graph.ts";
import { activations, convolution3x3, dropoutText, dropped, flatten, linear, maxPool2 } from "./layers.ts";
import type { Model, ModelShape } from "./types.ts";

export interface CnnOptions extends ModelShape {
  /** Channels of each stage: convolution (padding 1), ReLU, max-pooling 2. */
  readonly channels: readonly number[];
  /** Width of the linear layer before the outputs; 0 leaves it out. */
  readonly hidden?: number;
  /** Probability that an input of the last layer is dropped while training, in [0, 1). Default 0. */
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
  if (hidden > 0) h = activations.relu(b, linear(b, h, { name: "layers.0", outputs: hidden }));
  h = dropped(b, h, dropout);
  const y = linear(b, h, { name: hidden > 0 ? "layers.1" : "layers.0", outputs });
  return modelFromBuilder(`cnn:${channels.join()}${hidden === 128 ? "" : `:${hidden}`}${dropoutText(dropout)}`, b, y);
}
