// A view of a value in which the axes that a reduction runs over are one: its lanes.

import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, sizeOfShape } from "../../graph/dim.ts";
import { reshape, transpose } from "../../graph/ops.ts";
import { reducedAxes } from "../../graph/shapes/reduce.ts";
import type { Value } from "../../graph/types.ts";
import { inverse } from "../permutation.ts";
import { intsOfInput, type RuleContext } from "../rule.ts";

/** The axes that a reduction node runs over, counted from the front. */
export function axesOf(node: RuleContext): readonly number[] {
  const given = node.inputs[1] ? (intsOfInput(node, 1) as readonly number[]) : undefined;
  return reducedAxes(node.op, node.inputs[0]!.shape.length, given, node.attributes);
}

export interface Lanes {
  /** The axis of the view along which each lane lies. */
  readonly axis: number;
  readonly length: Dim;
  /** The view of a value that has the shape of the node's input. */
  view(x: Value): Value;
  /** The value that has a given view. */
  back(x: Value): Value;
  /** A value with one element for each lane (the node's output), as a view of lanes of length 1. */
  heads(y: Value): Value;
}

/** One axis is seen in place; several are moved to the end and joined. */
export function lanesOf(b: GraphBuilder, x: Value, axes: readonly number[]): Lanes {
  if (axes.length === 1) {
    const [axis] = axes;
    const heads = (y: Value): Value => reshape(b, y, x.shape.with(axis, 1));
    return { axis, length: x.shape[axis], view: (v) => v, back: (v) => v, heads };
  }
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const perm = [...kept, ...axes];
  const keptShape = kept.map((i) => x.shape[i]);
  const length = sizeOfShape(axes.map((i) => x.shape[i]));
  return {
    axis: kept.length,
    length,
    view: (v) => reshape(b, transpose(b, v, perm), [...keptShape, length]),
    back: (v) =>
      transpose(
        b,
        reshape(
          b,
          v,
          perm.map((i) => x.shape[i]),
        ),
        inverse(perm),
      ),
    heads: (y) => reshape(b, y, [...keptShape, 1]),
  };
}
