// Integer targets: one class index for each example, or one for each position of it.

import { InvalidDataError } from "../errors.ts";
import { IGNORED } from "../graph/outputs.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { indexText, toInt64 } from "./prepare.ts";

/** (64,) or (64, 3), as numpy writes it. */
export const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** More classes than this are no classes. */
const MOST_CLASSES = 2 ** 20;

const hasPositions = (labels: Tensor): boolean => labels.shape.length > 1;

/** Rows of nothing but zeros and a single one. */
function isOneHot({ shape, data }: Tensor<"int64">): boolean {
  const width = data.length / shape[0];
  const sums = new Float64Array(shape[0]);
  return (
    data.every((value, k) => {
      sums[Math.floor(k / width)] += Number(value);
      return value === 0n || value === 1n;
    }) && sums.every((sum) => sum === 1)
  );
}

/**
 * Class indices (n), or (n, ...positions) where -100 marks a position that does not count. InvalidDataError for other negative numbers,
 * for a single position, and for rows that are one-hot.
 */
export function labelsOf(source: Tensor, label: string): Tensor<"int64"> {
  const labels = toInt64(source);
  const [n, ...positions] = labels.shape;
  if (hasPositions(labels) && (labels.data.length <= n || isOneHot(labels))) {
    const kind = labels.data.length > n ? "one-hot rows" : source.dtype;
    const how = "class labels are (n) integers, or (n, positions) of several positions; regression targets are floats";
    throw new InvalidDataError(
      `${label} must hold class indices, got ${kind} of shape ${shapeText(source.shape)}; ${how}`,
    );
  }
  const mayIgnore = positions.length > 0;
  const bad = labels.data.findIndex((k) => (k < 0n && !(mayIgnore && k === BigInt(IGNORED))) || k >= MOST_CLASSES);
  if (bad < 0) return labels;
  const must = labels.data[bad] < 0n ? `0 or more${mayIgnore ? `, or ${IGNORED}` : ""}` : `below ${MOST_CLASSES}`;
  throw new InvalidDataError(`${label}[${indexText(labels.shape, bad)}] must be ${must}, got ${labels.data[bad]}`);
}

function highest(tensors: readonly Tensor<"int64">[]): number {
  let most = -1n;
  for (const { data } of tensors) for (const value of data) if (value > most) most = value;
  return Number(most);
}

/** C, where the training labels are 0 .. C - 1, each at least once. */
export function countClasses(labels: Tensor<"int64">, label: string): number {
  const seen = new Set(labels.data);
  const max = highest([labels]);
  for (let k = 0; k < max; k++) {
    if (!seen.has(BigInt(k)))
      throw new InvalidDataError(`${label} must hold each class from 0 to ${max}, got none of class ${k}`);
  }
  return max + 1;
}

/** Inputs that are tokens of the labels' vocabulary: integers, one for each label. */
const isTokens = (x: Tensor, labels: Tensor): boolean =>
  (x.dtype === "int64" || x.dtype === "int32") && x.shape.join() === labels.shape.join();

/** C where labels have positions: one more than the highest of them, or of the tokens that they label. A vocabulary may have gaps. */
export function countTokens(
  parts: readonly { readonly x: Tensor; readonly y: Tensor<"int64"> }[],
  label: string,
): number {
  const tokens = parts.filter(({ x, y }) => isTokens(x, y)).map(({ x }) => toInt64(x));
  const count = highest([...parts.map(({ y }) => y), ...tokens]) + 1;
  if (count > 0) return count;
  throw new InvalidDataError(`${label} must hold a label, got ${IGNORED} at every position`);
}
