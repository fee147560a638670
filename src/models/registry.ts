// Ready-made models by the names that users write: `mlp:128:relu`, `mlp:128:tanh:dropout=0.3`, `cnn:16,32,64`, `resnet:16,32:1`, `transformer:32:2:4`.

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

/** Widths of the layers before the outputs; 0 for none. */
const hiddenWidths = (text: string, spec: string): number[] => (text === "0" ? [] : widths(text, spec));

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
  const { parametrisation = "standard", baseWidth } = found;
  if (baseWidth !== undefined && parametrisation === "standard")
    throw new RangeError(`model ${spec}: base belongs to parametrisation ntk or mup, got ${baseWidth} for standard`);
  return found;
}

interface Builder {
  /** What may stand behind the name, as messages have it. */
  readonly form: string;
  readonly build: (parts: readonly string[], shape: ModelShape, spec: string, dropout: number) => Model;
  /** It takes `dropout=RATIO` behind its other parts. */
  readonly dropout?: true;
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
      dropout: true,
      build: ([hidden, activation = "relu", options], shape, spec, dropout) =>
        mlp({
          ...shape,
          hidden: hidden ? widths(hidden, spec) : [],
          activation,
          dropout,
          ...mlpSettings(options, spec),
        }),
    },
  ],
  [
    "cnn",
    {
      form: "CHANNELS:HIDDEN",
      dropout: true,
      build: ([channels = "16,32,64", hidden = "128"], shape, spec, dropout) =>
        cnn({ ...shape, channels: widths(channels, spec), hidden: hiddenWidths(hidden, spec), dropout }),
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
export const modelForms: string = [...BUILDERS]
  .map(([name, { form, dropout }]) => `${name}:${form}${dropout ? "[:dropout=RATIO]" : ""}`)
  .join(", ");

const DROPOUT = "dropout=";

/** The ratio in `dropout=0.3`. */
function ratioOf(part: string, spec: string): number {
  const ratio = Number(part.slice(DROPOUT.length));
  if (part.length > DROPOUT.length && ratio >= 0 && ratio < 1) return ratio;
  throw new RangeError(`model ${spec}: dropout must lie in [0, 1), got "${part.slice(DROPOUT.length)}"`);
}

/** The model that a spec names, fitted to the data; RangeError with what is known when there is none. */
export function createModel(spec: string, shape: ModelShape): Model {
  const [name, ...given] = spec.split(":");
  const builder = BUILDERS.get(name);
  const named = builder?.dropout && given.at(-1)?.startsWith(DROPOUT) ? given.at(-1) : undefined;
  const parts = named === undefined ? given : given.slice(0, -1);
  if (!builder || parts.length > builder.form.split(":").length) {
    throw new RangeError(`model must be ${modelForms} or a file ending in .onnx, got "${spec}"`);
  }
  const dropout = named === undefined ? 0 : ratioOf(named, spec);
  const { positions = [], outputs } = shape;
  if (positions.length === 0 || builder.positions) return builder.build(parts, shape, spec, dropout);
  const flat = builder.build(
    parts,
    { inputShape: shape.inputShape, outputs: outputs * sizeOf(positions) },
    spec,
    dropout,
  );
  return withOutputShape(flat, [...positions, outputs]);
}
