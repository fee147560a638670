// Attributes of a node in a file, as the values that our graphs hold.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import { valueText } from "../../numeric/value-text.ts";
import type { Attribute, Attributes } from "../types.ts";
import { intendedNumber } from "./intended-number.ts";
import { ATTRIBUTE_TYPE, type AttributeMessage, type NodeMessage, toNumber } from "./proto.ts";
import { readTensor } from "./tensor-message.ts";

// Files of before 2018 leave the type out; the field that is filled tells it.
function typeOf(message: AttributeMessage): number {
  if (message.type) return message.type;
  if (message.t) return ATTRIBUTE_TYPE.TENSOR;
  if (message.floats?.length) return ATTRIBUTE_TYPE.FLOATS;
  if (message.ints?.length) return ATTRIBUTE_TYPE.INTS;
  if (message.s?.length) return ATTRIBUTE_TYPE.STRING;
  return message.f ? ATTRIBUTE_TYPE.FLOAT : ATTRIBUTE_TYPE.INT;
}

function attributeOf(message: AttributeMessage): Attribute {
  switch (typeOf(message)) {
    case ATTRIBUTE_TYPE.FLOAT:
      return intendedNumber(message.f ?? 0);
    case ATTRIBUTE_TYPE.INT:
      return toNumber(message.i);
    case ATTRIBUTE_TYPE.STRING:
      return new TextDecoder().decode(message.s ?? new Uint8Array());
    case ATTRIBUTE_TYPE.FLOATS:
      return (message.floats ?? []).map(intendedNumber);
    case ATTRIBUTE_TYPE.INTS:
      return (message.ints ?? []).map(toNumber);
    case ATTRIBUTE_TYPE.TENSOR:
      if (message.t) return readTensor(message.t, `attribute ${message.name}`);
      throw new InvalidModelError(`attribute ${message.name} must hold a tensor, got none`);
    default:
      throw new UnsupportedError(
        `attribute ${message.name} must be a number, a string, a list or a tensor, got type ${message.type}`,
      );
  }
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Attributes that are 0 or 1, of every operator that has them: engines take other numbers for either. */
const FLAGS = words(
  "keepdims transA transB allowzero noop_with_empty_axes exclusive reverse fmod ceil_mode count_include_pad storage_order training_mode spatial antialias exclude_outside new_axis upper select_last_index",
);
/** Attributes that are whole numbers, or lists of them. */
const WHOLE = words(
  "axis axes perm kernel_shape strides pads dilations group to start end starts ends split num_outputs blocksize num_groups output_padding output_shape value_int value_ints",
);

/** What is wrong with an attribute by its name, as "must be ..., got ...", or undefined. */
function faultOfAttribute(name: string, value: Attribute): string | undefined {
  if (FLAGS.has(name) && value !== 0 && value !== 1) return `must be 0 or 1, got ${valueText(value)}`;
  const numbers = typeof value === "object" && !("dtype" in value) ? value : [value];
  const isWhole = numbers.every((number) => Number.isInteger(number));
  return !isWhole && WHOLE.has(name) ? `must be whole numbers, got ${valueText(value)}` : undefined;
}

/** The attributes of a node; float32 ones are the shortest decimals that round to them. */
export function readAttributes(node: NodeMessage): Attributes {
  const entries = (node.attribute ?? []).map((message) => [message.name ?? "", attributeOf(message)] as const);
  for (const [name, value] of entries) {
    const fault = faultOfAttribute(name, value);
    if (fault) throw new InvalidModelError(`attribute ${name} ${fault}`);
  }
  return Object.fromEntries(entries);
}
