// A user's .onnx file as a model; its parameters begin as the file has them.

import { InvalidModelError, isPathkernelError, UnsupportedError } from "../errors.ts";
import { builderOf, valueIn } from "../graph/builder.ts";
import { readOnnx } from "../graph/onnx/reader.ts";
import { unsqueeze } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { layoutOf } from "../numeric/layout.ts";
import { findNonFinite, type RealArray, type Tensor } from "../numeric/tensor.ts";
import { formsOf } from "./dropout.ts";
import type { Model } from "./types.ts";

export interface OnnxModelOptions {
  /** Name of the file, for messages and for `spec`. */
  readonly name: string;
  /** A regular expression: which float initializers are parameters. */
  readonly parameters?: string | undefined;
  /** Arrays that take the place of initializers of these names, as weights that are stored beside the file. */
  readonly values?: ReadonlyMap<string, Tensor> | undefined;
  /** Told, one line each, what was decided on reading. */
  readonly note?: ((line: string) => void) | undefined;
}

/** The model of a file; InvalidModelError or UnsupportedError where it cannot be read, differentiated or has no output (N, C) or (N, ..., C). */
export function modelFromOnnx(bytes: Uint8Array, { name, parameters, values, note }: OnnxModelOptions): Model {
  const imported = readOnnx(bytes, { name, parameters, values });
  // The reader has seen that the batch is the first axis and no other.
  const single = valueIn(imported.graph, "y").shape.length === 1;
  const notes = single
    ? [...imported.notes, "the output is one number an example and is read as (N, 1)"]
    : imported.notes;
  for (const line of notes) note?.(line);
  for (const parameter of imported.parameters) {
    const bad = findNonFinite(parameter.data);
    if (bad < 0) continue;
    throw new InvalidModelError(
      `${name}: parameter ${parameter.name} must be finite, got ${parameter.data.data[bad]} at element ${bad}`,
    );
  }
  const forms = formsIn(single ? asColumn(imported.stored) : imported.stored, name);
  const layout = layoutOf(imported.parameters.map((parameter) => [parameter.name, parameter.shape] as const));
  const initialise = (params: RealArray): void => {
    imported.parameters.forEach(({ data }, i) => {
      params.set(data.data as RealArray, layout.entries[i].offset);
    });
  };
  return { spec: name, ...forms, parameters: layout, initialise };
}

/** The graphs of the model, or what keeps its dropout from being trained, in the words of the file. */
function formsIn(stored: Graph, name: string): ReturnType<typeof formsOf> {
  try {
    return formsOf(stored);
  } catch (cause) {
    if (!isPathkernelError(cause, "Unsupported")) throw cause;
    throw new UnsupportedError(`${name}: ${cause.message}`, { cause, hint: cause.hint });
  }
}

/** The graph with its output (N) as (N, 1). */
function asColumn(graph: Graph): Graph {
  const { b, values } = builderOf(graph);
  return b.build({ y: unsqueeze(b, values.get("y") as Value, [1]) });
}
