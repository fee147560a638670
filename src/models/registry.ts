// Ready-made models by the names that users write: `mlp:128:relu`, `cnn:16,32,64`, `resnet:16,32:1`, `transformer:32:2:4`.

import { sizeOf } from "../numeric/tensor.ts";
import { cnn } from "./cnn.ts";
import { withOutputShape } from "./from-graph.ts";
import { type MlpOptions, mlp } from "./mlp.ts";
import type { Parametrisation } from "./parametrisation.ts";
import { resnet } from "./resnet.ts";
import { attention, gpt, type TransformerOptions, transformer } from "./transformer.ts";
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

function count(text: string, spec: string, what: string): number {
  if (!/^[1-9]\d*$/.test(text))
    throw new RangeError(`model ${spec}: ${what} must be a positive integer, got "${text}"`);
  return Number(text);
}

/** `parametrisation=mup,base=64,alpha=2` behind the activation. */
function mlpSettings(
  text: string | undefined,
  spec: string,
): Pick<MlpOptions, "parametrisation" | "baseWidth" | "alpha"> {
  const found: { parametrisation?: Parametrisation; baseWidth?: number; alpha?: number } = {};
  for (const part of text?.split(",") ?? []) {
    const [name, value = ""] = part.split("=");
    const number = value.trim() === "" ? Number.NaN : Number(value);
    if (name === "parametrisation") found.parametrisation = value as Parametrisation;
    else if (name === "base") found.baseWidth = number;
    else if (name === "alpha") found.alpha = number;
    else
      throw new RangeError(
        `model ${spec}: options must be parametrisation=NAME, base=WIDTH, alpha=NUMBER, separated by commas, got "${part}"`,
      );
  }
  return found;
}

interface Builder {
  /** What may stand behind the name, as messages have it. */
  readonly form: string;
  readonly build: (parts: readonly string[], shape: ModelShape, spec: string) => Model;
  /** The model itself knows what outputs at positions are; of others, the last layer gives the outputs of all positions. */
  readonly positions?: true;
}

const sequences = (build: (options: TransformerOptions) => Model): Builder => ({
  form: "WIDTH:DEPTH:HEADS",
  build: ([width = "32", depth = "2", heads = "4"], shape, spec) =>
    build({
      ...shape,
      width: count(width, spec, "the width"),
      depth: count(depth, spec, "the depth"),
      heads: count(heads, spec, "the number of heads"),
    }),
});

const BUILDERS: ReadonlyMap<string, Builder> = new Map<string, Builder>([
  [
    "mlp",
    {
      form: "WIDTHS:ACTIVATION:OPTIONS",
      build: ([hidden, activation = "relu", options], shape, spec) =>
        mlp({ ...shape, hidden: hidden ? widths(hidden, spec) : [], activation, ...mlpSettings(options, spec) }),
    },
  ],
  [
    "cnn",
    {
      form: "CHANNELS:HIDDEN",
      build: ([channels = "16,32,64", hidden = "128"], shape, spec) =>
        cnn({ ...shape, channels: widths(channels, spec), hidden: hiddenWidth(hidden, spec) }),
    },
  ],
  [
    "resnet",
    {
      form: "CHANNELS:BLOCKS",
      build: ([channels = "16,32", blocks = "1"], shape, spec) =>
        resnet({ ...shape, channels: widths(channels, spec), blocks: count(blocks, spec, "the number of blocks") }),
    },
  ],
  ["transformer", sequences(transformer)],
  ["attention", sequences(attention)],
  ["gpt", { ...sequences(gpt), positions: true }],
]);

export const modelNames: readonly string[] = [...BUILDERS.keys()];

/** What a spec may be, for messages and help. */
export const modelForms: string = [...BUILDERS].map(([name, { form }]) => `${name}:${form}`).join(", ");

/** The model that a spec names, fitted to the data; RangeError with what is known when there is none. */
export function createModel(spec: string, shape: ModelShape): Model {
  const [name, ...parts] = spec.split(":");
  const builder = BUILDERS.get(name);
  if (!builder || parts.length > builder.form.split(":").length) {
    throw new RangeError(`model must be ${modelForms} or a file ending in .onnx, got "${spec}"`);
  }
  const { positions = [], outputs } = shape;
  if (positions.length === 0 || builder.positions) return builder.build(parts, shape, spec);
  const flat = builder.build(parts, { inputShape: shape.inputShape, outputs: outputs * sizeOf(positions) }, spec);
  return withOutputShape(flat, [...positions, outputs]);
}
