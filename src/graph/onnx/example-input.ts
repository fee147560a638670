// The one input of a file that is the example, its first axis the batch.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import { BATCH, type Dim } from "../dim.ts";
import type { ValueType } from "../types.ts";
import { type GraphMessage, toNumber, type ValueInfoMessage } from "./proto.ts";
import { dtypeFromNumber, valueTypeOf } from "./tensor-message.ts";

export interface ExampleInput {
  readonly name: string;
  readonly dtype: ValueType;
  /** Batch axis first, all others fixed. */
  readonly shape: readonly Dim[];
  /** The file fixes the batch axis to 1. */
  readonly freedBatch: boolean;
  readonly notes: readonly string[];
}

/** A fixed axis as its number, a free one as its name in the file ("?" when it has none). */
export type FileDim = number | string;

export function dimsOf(message: ValueInfoMessage): FileDim[] {
  const dims = message.type?.tensorType?.shape?.dim;
  if (!dims) throw new UnsupportedError(`input ${message.name} must be a tensor with a known number of axes`);
  return dims.map((dim) => {
    const size = toNumber(dim.dimValue);
    return dim.dimParam ? dim.dimParam : size > 0 ? size : "?";
  });
}

function onlyInput(graph: GraphMessage): ValueInfoMessage {
  const stored = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !stored.has(name));
  if (inputs.length === 1) return inputs[0];
  if (inputs.length === 0) throw new InvalidModelError("the model must have an input, got none");
  const names = inputs.map(({ name }) => name).join(", ");
  throw new UnsupportedError(`the model must have exactly one input, the example, got ${names}`, {
    hint: "join the inputs into one tensor, or export all but one as constants",
  });
}

/** The example input of a graph; UnsupportedError for several inputs, or for free axes besides the first. */
export function exampleInput(graph: GraphMessage): ExampleInput {
  const message = onlyInput(graph);
  const name = message.name ?? "";
  const dtype = valueTypeOf({ dtype: dtypeFromNumber(message.type?.tensorType?.elemType ?? 0, `input ${name}`) });
  const [batch, ...rest] = dimsOf(message);
  if (batch === undefined) throw new UnsupportedError(`input ${name} must have a batch axis, got a single number`);
  const free = rest.findIndex((dim) => typeof dim === "string");
  if (free >= 0) {
    throw new UnsupportedError(`axis ${free + 1} of input ${name} must be a fixed number, got ${rest[free]}`, {
      hint: "export the model with only axis 0 free (dynamic_axes)",
    });
  }
  if (typeof batch === "number" && batch !== 1) {
    throw new UnsupportedError(`axis 0 of input ${name} must be the batch axis, free or 1, got ${batch}`, {
      hint: "export the model with axis 0 free (dynamic_axes)",
    });
  }
  const freedBatch = batch === 1;
  const notes = freedBatch ? [`the batch axis of input ${name} is 1 in the file and is read as free`] : [];
  return { name, dtype, shape: [BATCH, ...(rest as number[])], freedBatch, notes };
}
