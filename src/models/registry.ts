// Ready-made models by the names that users write: `mlp:128:relu`, `cnn:16,32,64`.

import { cnn } from "./cnn.ts";
import { mlp } from "./mlp.ts";
import type { Model, ModelShape } from "./types.ts";

function widths(text: string, spec: string): number[] {
  const numbers = text.split(",").map(Number);
  const bad = numbers.find((n) => !Number.isInteger(n) || n < 1);
  if (bad !== undefined) throw new RangeError(`model ${spec}: widths must be positive integers separated by commas, got "${text}"`);
  return numbers;
}

const builders: Readonly<Record<string, (parts: readonly string[], shape: ModelShape, spec: string) => Model>> = {
  mlp: ([hidden, activation = "relu"], shape, spec) => mlp({ ...shape, hidden: hidden ? widths(hidden, spec) : [], activation }),
  cnn: ([channels = "16,32,64", hidden = "128"], shape, spec) =>
    cnn({ ...shape, channels: widths(channels, spec), hidden: Number(hidden) }),
};

export const modelNames: readonly string[] = Object.keys(builders);

/** The model that a spec names, fitted to the data; RangeError with what is known when there is none. */
export function createModel(spec: string, shape: ModelShape): Model {
  const [name, ...parts] = spec.split(":");
  const build = builders[name];
  if (!build) throw new RangeError(`model must be mlp:WIDTHS:ACTIVATION, cnn:CHANNELS or a file ending in .onnx, got "${spec}"`);
  return build(parts, shape, spec);
}
