// Attributes of a node in a file, as the values that our graphs hold.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
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

/** The attributes of a node; float32 ones are the shortest decimals that round to them. */
export function readAttributes(node: NodeMessage): Attributes {
  return Object.fromEntries((node.attribute ?? []).map((message) => [message.name ?? "", attributeOf(message)]));
}
