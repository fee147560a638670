// Ready-made models by the names that users write: `mlp:128:relu`, `cnn:16,32,64`.

import { cnn } from "./cnn.ts";
import { mlp } from "./mlp.ts";
import type { Model, ModelShape } from "./types.ts";

function widths(text: string, spec: string): number[] {
  const numbers = text.split(",").map(Number);
  const bad = numbers.find((n) => !Number.isInteger(n) || n < 1);
  if (bad !== undefined)
    throw new RangeError(`model ${spec}: widths must be positive integers separated by commas, got "${text}"`);
  return numbers;
}

/** Width of the layer before the outputs; 0 for none. */
function hiddenWidth(text: string, spec: string): number {
  if (!/^\d+$/.test(text))
    throw new RangeError(`model ${spec}: the hidden width must be a whole number, got "${text}"`);
  return Number(text);
}

type Build = (parts: readonly string[], shape: ModelShape, spec: string) => Model;

const BUILDERS: ReadonlyMap<string, Build> = new Map<string, Build>([
  [
    "mlp",
    ([hidden, activation = "relu"], shape, spec) =>
      mlp({ ...shape, hidden: hidden ? widths(hidden, spec) : [], activation }),
  ],
  [
    "cnn",
    ([channels = "16,32,64", hidden = "128"], shape, spec) =>
      cnn({ ...shape, channels: widths(channels, spec), hidden: hiddenWidth(hidden, spec) }),
  ],
]);

export const modelNames: readonly string[] = [...BUILDERS.keys()];

/** The model that a spec names, fitted to the data; RangeError with what is known when there is none. */
export function createModel(spec: string, shape: ModelShape): Model {
  const [name, ...parts] = spec.split(":");
  const build = BUILDERS.get(name);
  // Both take two parts.
  if (!build || parts.length > 2) {
    throw new RangeError(
      `model must be mlp:WIDTHS:ACTIVATION, cnn:CHANNELS:HIDDEN or a file ending in .onnx, got "${spec}"`,
    );
  }
  return build(parts, shape, spec);
}
