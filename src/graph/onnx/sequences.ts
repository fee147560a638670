// Reads sequences of known length as the lists that they are: exporters write them for chunks and splits of uneven sizes.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import { fixedDim, normaliseAxis } from "../dim.ts";
import { concat, slice, unsqueeze } from "../ops.ts";
import { MOST_PIECES, splitSizes, startsOf } from "../shapes/slicing.ts";
import type { Value } from "../types.ts";
import { fixedIntsOf, type ImportNode, inputOf, numberOf } from "./import-node.ts";

/** What one operator makes of sequences: a list, or a single value. */
type SequenceConverter = (node: ImportNode, list: readonly Value[]) => readonly Value[] | Value;

const axisOf = (node: ImportNode, x: Value): number => normaliseAxis(numberOf(node, "axis", 0), x.shape.length);

/** Pieces of given sizes, of one size (the last may be smaller), or of size 1. */
const split: SequenceConverter = (node) => {
  const x = inputOf(node, 0);
  const axis = axisOf(node, x);
  const size = fixedDim(x.shape[axis], "the axis that is split");
  const given = fixedIntsOf(node, 1, "split") ?? [1];
  const even = !node.inputs[1] || node.inputs[1].shape.length === 0;
  const parts = Math.ceil(size / given[0]);
  if (even && !(parts >= 0 && parts <= MOST_PIECES))
    throw new UnsupportedError(
      `an axis of ${size} must be cut into at most ${MOST_PIECES} pieces, got pieces of ${given[0]}`,
    );
  const sizes = even ? Array.from({ length: parts }, (_, i) => Math.min(given[0], size - i * given[0])) : given;
  splitSizes(size, sizes, undefined);
  const starts = startsOf(sizes);
  const pieces = starts.map((start, i) => slice(node.b, x, axis, { start, end: start + sizes[i] }));
  const keep = node.inputs[1] !== undefined || numberOf(node, "keepdims", 1) !== 0;
  return keep ? pieces : pieces.map((piece) => node.b.op("Squeeze", [piece, node.b.ints([axis])]));
};

const at: SequenceConverter = (node, list) => {
  const index = fixedIntsOf(node, 0, "position")?.[0] ?? 0;
  const value = list.at(index);
  if (value) return value;
  throw new InvalidModelError(`position must lie in a sequence of ${list.length}, got ${index}`);
};

/** Joined along an axis that they have, or stacked along a new one. */
const joined: SequenceConverter = (node, list) => {
  if (list.length === 0) throw new UnsupportedError("an empty sequence cannot be joined");
  const stacked = numberOf(node, "new_axis", 0) !== 0;
  const axis = normaliseAxis(numberOf(node, "axis", 0), list[0].shape.length + Number(stacked));
  return concat(node.b, stacked ? list.map((value) => unsqueeze(node.b, value, [axis])) : list, axis);
};

/** By operator; the list is that of the first input where it is a sequence, and `node` has the other inputs. */
export const sequenceConverters: ReadonlyMap<string, SequenceConverter> = new Map(
  Object.entries({
    SplitToSequence: split,
    SequenceConstruct: (node) => node.inputs.map((_, i) => inputOf(node, i)),
    SequenceEmpty: () => [],
    SequenceInsert: (node, list) =>
      list.toSpliced(fixedIntsOf(node, 1, "position")?.[0] ?? list.length, 0, inputOf(node, 0)),
    SequenceAt: at,
    SequenceLength: (node, list) => node.b.ints([list.length]),
    ConcatFromSequence: joined,
  } satisfies Record<string, SequenceConverter>),
);
