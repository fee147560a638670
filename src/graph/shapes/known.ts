// What shape rules ask of their context: integers that must be known, axes counted from the front.

import { UnsupportedError } from "../../errors.ts";
import { fixedDim, normaliseAxis, type Shape } from "../dim.ts";
import type { ShapeContext } from "../types.ts";

/** Longer integer lists are left to the engine; no shape has this many axes. */
export const FOLDED_LENGTH = 4096;

/** The integers inside input i, which may contain the batch axis; UnsupportedError when they are computed at run time. */
export function knownInts(context: ShapeContext, i: number, what: string): Shape {
  const ints = context.ints(i);
  if (ints) return ints;
  throw new UnsupportedError(`${context.op}: ${what} must be known before the model runs`, {
    hint: "export the model with fixed sizes, only the batch axis may be dynamic",
  });
}

/** The fixed integers inside input i. */
export function fixedInts(context: ShapeContext, i: number, what: string): number[] {
  return knownInts(context, i, what).map((dim) => fixedDim(dim, what));
}

/** The axis attribute, counted from the front. */
export function axisOf(context: ShapeContext, fallback: number, rank = context.inputs[0]!.shape.length): number {
  const axis = context.attributes.axis;
  return normaliseAxis(typeof axis === "number" ? axis : fallback, rank);
}
