// A user's .onnx file as a model; its parameters begin as the file has them.

import { InvalidModelError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import { readOnnx } from "../graph/onnx/reader.ts";
import { layoutOf } from "../numeric/layout.ts";
import { findNonFinite, type RealArray } from "../numeric/tensor.ts";
import type { Model } from "./types.ts";

export interface OnnxModelOptions {
  /** Name of the file, for messages and for `spec`. */
  readonly name: string;
  /** A regular expression: which float initializers are parameters. */
  readonly parameters?: string | undefined;
  /** Told, one line each, what was decided on reading. */
  readonly note?: ((line: string) => void) | undefined;
}

/** The model of a file; InvalidModelError or UnsupportedError where it cannot be read, differentiated or has no output (N, C) or (N, ..., C). */
export function modelFromOnnx(bytes: Uint8Array, { name, parameters, note }: OnnxModelOptions): Model {
  const imported = readOnnx(bytes, { name, parameters });
  for (const line of imported.notes) note?.(line);
  const y = valueIn(imported.graph, "y");
  // The reader has seen that the batch is the first axis and no other.
  if (y.shape.length < 2) {
    const must = "the output must have shape (N, C) or (N, ..., C)";
    throw new InvalidModelError(`${name}: ${must}, got [${y.shape.join(", ")}]`);
  }
  for (const parameter of imported.parameters) {
    const bad = findNonFinite(parameter.data);
    if (bad < 0) continue;
    throw new InvalidModelError(
      `${name}: parameter ${parameter.name} must be finite, got ${parameter.data.data[bad]} at element ${bad}`,
    );
  }
  const layout = layoutOf(imported.parameters.map((parameter) => [parameter.name, parameter.shape] as const));
  const initialise = (params: RealArray): void => {
    imported.parameters.forEach(({ data }, i) => {
      params.set(data.data as RealArray, layout.entries[i].offset);
    });
  };
  return { spec: name, graph: imported.graph, parameters: layout, initialise };
}
