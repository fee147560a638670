// Residual network for small images (He, Zhang, Ren, Sun 2016, section 4.2), batch normalisation frozen to scale and bias.

import { GraphBuilder } from "../graph/builder.ts";
import { fixedDim } from "../graph/dim.ts";
import { add, mul, reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { modelFromBuilder, withStarts } from "./from-graph.ts";
import { activations, flatten, linear } from "./layers.ts";
import type { Start } from "./linear-init.ts";
import type { Model, ModelShape } from "./types.ts";

export interface ResnetOptions extends ModelShape {
  /** Channels of each stage; every stage but the first halves the image. */
  readonly channels: readonly number[];
  /** Residual blocks in each stage. */
  readonly blocks?: number;
}

interface Network {
  readonly b: GraphBuilder;
  readonly starts: Record<string, Start>;
}

interface ConvolutionOptions {
  readonly name: string;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Without bias, padded so that stride 1 keeps the size: `torch.nn.Conv2d(.., kernel, stride, kernel // 2, bias=False)`. */
function convolution({ b }: Network, x: Value, { name, outputs, kernel, stride }: ConvolutionOptions): Value {
  const inputs = fixedDim(x.shape[1], `the channels of the input of ${name}`);
  const weight = b.input(`${name}.weight`, "real", [outputs, inputs, kernel, kernel]);
  const half = Math.floor(kernel / 2);
  return b.op("Conv", [x, weight], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [half, half, half, half],
    dilations: [1, 1],
    group: 1,
  });
}

/** Batch normalisation whose statistics are mean 0 and variance 1 for good: a scale and a bias for each channel. */
function frozenNorm({ b, starts }: Network, x: Value, name: string): Value {
  const channels = fixedDim(x.shape[1], `the channels of the input of ${name}`);
  const [weight, bias] = ["weight", "bias"].map((part) => b.input(`${name}.${part}`, "real", [channels]));
  starts[`${name}.weight`] = 1;
  starts[`${name}.bias`] = 0;
  const perChannel = (value: Value): Value => reshape(b, value, [channels, 1, 1]);
  return add(b, mul(b, x, perChannel(weight)), perChannel(bias));
}

interface BlockOptions {
  readonly name: string;
  readonly outputs: number;
  readonly stride: number;
}

/** relu(shortcut(x) + norm(conv(relu(norm(conv(x)))))); the shortcut is a 1 x 1 convolution where the shape changes. */
function residualBlock(net: Network, x: Value, { name, outputs, stride }: BlockOptions): Value {
  const { b } = net;
  const first = convolution(net, x, { name: `${name}.conv1`, outputs, kernel: 3, stride });
  const hidden = activations.relu(b, frozenNorm(net, first, `${name}.bn1`));
  const second = convolution(net, hidden, { name: `${name}.conv2`, outputs, kernel: 3, stride: 1 });
  const branch = frozenNorm(net, second, `${name}.bn2`);
  if (stride === 1 && x.shape[1] === outputs) return activations.relu(b, add(b, branch, x));
  const shortcut = convolution(net, x, { name: `${name}.downsample.0`, outputs, kernel: 1, stride });
  return activations.relu(b, add(b, branch, frozenNorm(net, shortcut, `${name}.downsample.1`)));
}

/**
 * 3 x 3 convolution, stages of residual blocks, mean over positions, linear layer. Parameters are named as torchvision's: conv1,
 * bn1, layer1.0.conv1, ..., fc. RangeError where examples are not images or are too small to be halved so often.
 */
export function resnet({ inputShape, outputs, channels, blocks = 1 }: ResnetOptions): Model {
  const [, height, width] = inputShape;
  if (inputShape.length !== 3)
    throw new RangeError(`resnet: examples must be images (channels, height, width), got shape [${inputShape}]`);
  const least = 2 ** (channels.length - 1);
  if (Math.min(height, width) < least)
    throw new RangeError(
      `resnet: images must have at least ${least} pixels a side for ${channels.length} stages, got ${height}x${width}`,
    );
  const b = new GraphBuilder();
  const net: Network = { b, starts: {} };
  const x = b.input("x", "real", ["N", ...inputShape]);
  const stem = convolution(net, x, { name: "conv1", outputs: channels[0], kernel: 3, stride: 1 });
  let h = activations.relu(b, frozenNorm(net, stem, "bn1"));
  channels.forEach((count, stage) => {
    for (let k = 0; k < blocks; k++) {
      const stride = stage > 0 && k === 0 ? 2 : 1;
      h = residualBlock(net, h, { name: `layer${stage + 1}.${k}`, outputs: count, stride });
    }
  });
  const y = linear(b, flatten(b, b.op("GlobalAveragePool", [h])), { name: "fc", outputs });
  return withStarts(modelFromBuilder(`resnet:${channels.join()}${blocks === 1 ? "" : `:${blocks}`}`, b, y), net.starts);
}
