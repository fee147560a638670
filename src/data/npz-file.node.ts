// A user's own arrays: an NPZ file, or a folder of NPY files, with x_train, y_train and, for a test part, x_test and y_test.

import { join } from "node:path";
import { InvalidDataError } from "../errors.ts";
import { pathExists, readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { decodeNpz } from "../numeric/npz.ts";
import { type RealDType, type Tensor, toReal, zeros } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { countClasses, countTokens, labelsOf, shapeText } from "./labels.ts";
import { firstRows, requireFinite, scaleBytes } from "./prepare.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

const ARRAYS = ["x_train", "y_train", "x_test", "y_test"];

type NamedArrays = Readonly<Record<string, Tensor>>;

const isReal = (source: Tensor): source is Tensor<RealDType> =>
  source.dtype === "float32" || source.dtype === "float64";

/** The inputs as reals; rank 1 becomes one column. */
function inputsOf(source: Tensor, label: string): Tensor<RealDType> {
  const [n, ...rest] = source.shape;
  if (source.shape.length === 0 || rest.includes(0)) {
    throw new InvalidDataError(`${label} must have the shape (examples, ...), got ${shapeText(source.shape)}`);
  }
  const shape = rest.length === 0 ? [n, 1] : source.shape;
  if (source.dtype === "uint8") return scaleBytes(source as Tensor<"uint8">, 255, shape);
  requireFinite(source, label);
  return { ...(isReal(source) ? source : toReal(source, "float64")), shape };
}

/** Targets: reals as (n, ...outputs) for regression, anything else as class indices. */
function targetsOf(source: Tensor, label: string, n: number): Split["y"] {
  const { shape } = source;
  if (shape[0] !== n) {
    throw new InvalidDataError(`${label} must have ${n} rows, as its inputs have, got shape ${shapeText(shape)}`);
  }
  if (!isReal(source)) return labelsOf(source, label);
  if (shape.slice(1).includes(0)) {
    throw new InvalidDataError(`${label} must have shape (n) or (n, outputs), got ${shapeText(shape)}`);
  }
  requireFinite(source, label);
  return shape.length === 1 ? { ...source, shape: [n, 1] } : source;
}

/** Throws where the test part is not of the training part's kind: another dtype, example shape, number of outputs, or an unknown class. */
function requireSameKind(train: Split, test: Split, { path, classes }: { path: string; classes: number }): void {
  const [wanted, got] = [train.x.shape.slice(1), test.x.shape.slice(1)];
  if (wanted.join() !== got.join()) {
    throw new InvalidDataError(
      `${path}: x_test must have examples of shape ${shapeText(wanted)} as x_train, got ${shapeText(got)}`,
    );
  }
  if ((train.y.dtype === "int64") !== (test.y.dtype === "int64")) {
    throw new InvalidDataError(`${path}: y_test must be ${train.y.dtype} as y_train, got ${test.y.dtype}`);
  }
  const [own, other] = [train.y.shape.slice(1), test.y.shape.slice(1)];
  if (own.join() !== other.join()) {
    throw new InvalidDataError(
      `${path}: y_test must have targets of shape ${shapeText(own)} as y_train, got ${shapeText(other)}`,
    );
  }
  if (test.y.dtype !== "int64") return;
  const labels = test.y.data as BigInt64Array;
  const bad = labels.findIndex((value) => value >= classes);
  if (bad >= 0) {
    throw new InvalidDataError(
      `${path}: y_test[${bad}] must be below ${classes}, the classes of y_train, got ${labels[bad]}`,
    );
  }
}

interface Arrays {
  readonly train: Split;
  readonly test: Split | undefined;
  readonly bytes: boolean;
  /** C; 0 for regression. */
  readonly classes: number;
}

function splitsOf(path: string, arrays: NamedArrays, known: number | undefined): Arrays {
  for (const name of arrays.x_test || arrays.y_test ? ARRAYS : ARRAYS.slice(0, 2)) {
    if (arrays[name] === undefined) {
      const got = Object.keys(arrays).join(", ") || "none of these";
      throw new InvalidDataError(`${path}: must hold x_train and y_train, or these and x_test and y_test, got ${got}`);
    }
  }
  const splitOf = (part: string): Split => {
    const x = inputsOf(arrays[`x_${part}`], `${path}: x_${part}`);
    return { x, y: targetsOf(arrays[`y_${part}`], `${path}: y_${part}`, x.shape[0]) };
  };
  const train = splitOf("train");
  if (train.x.shape[0] === 0) throw new InvalidDataError(`${path}: x_train must have at least one example, got none`);
  const bytes = arrays.x_train.dtype === "uint8";
  if (arrays.x_test === undefined)
    return { train, test: undefined, bytes, classes: numClasses(arrays, { train }, { path, known }) };
  if (arrays.x_test.dtype !== arrays.x_train.dtype) {
    const got = `${arrays.x_test.dtype} (bytes would be scaled and others not)`;
    throw new InvalidDataError(`${path}: x_test must be ${arrays.x_train.dtype} as x_train, got ${got}`);
  }
  const test = splitOf("test");
  const classes = numClasses(arrays, { train, test }, { path, known });
  requireSameKind(train, test, { path, classes });
  return { train, test, bytes, classes };
}

/** How many classes the labels of all parts tell apart, or as many as are `known` to be; 0 for regression. */
function numClasses(
  arrays: NamedArrays,
  parts: Readonly<Record<string, Split>>,
  { path, known }: { path: string; known: number | undefined },
): number {
  const label = `${path}: y_train`;
  if (parts.train.y.dtype !== "int64") return 0;
  if (known !== undefined) return known;
  if (parts.train.y.shape.length === 1) return countClasses(parts.train.y as Tensor<"int64">, label);
  const labelled = Object.entries(parts).filter(([, { y }]) => y.dtype === "int64");
  return countTokens(
    labelled.map(([part, { y }]) => ({ x: arrays[`x_${part}`], y: y as Tensor<"int64"> })),
    label,
  );
}

/**
 * Loads `x_train, y_train` and optionally `x_test, y_test` from an NPZ file; other arrays in it are not read.
 *
 * x (n, ...): float32 and float64 stay as they are; uint8 is taken for pixels and becomes byte / 255 in float32; other integers
 * and bool become float64. Rank 1 becomes (n, 1).
 * y: integers (n) are class labels 0 .. C - 1, each class present in y_train, named by its number; integers (n, ...positions) are labels
 * of each position of an example, -100 where it does not count, and C is one more than the highest label (or token of x, where x are
 * integers of the same shape); floats (n) or (n, ...outputs) are regression targets, (n) becoming (n, 1).
 *
 * Throws FileError for a file that cannot be read; InvalidDataError naming the array (and the first bad index) for a damaged
 * file, shapes that do not fit each other, NaN or Infinity, labels that are negative, leave gaps or occur only in y_test.
 */
export function loadNpzFile(path: string, options: LoadOptions): Dataset {
  return datasetOf(path, decodeNpz(readFileBytes(path), path, ARRAYS), options);
}

/**
 * The same arrays from a folder: x_train.npy, y_train.npy, x_test.npy, y_test.npy; those of the training part may be called x.npy and
 * y.npy. Throws as `loadNpzFile` does.
 */
export function loadNpyFolder(path: string, options: LoadOptions): Dataset {
  const arrays: Record<string, Tensor> = {};
  for (const name of ARRAYS) {
    const file = [name, name.replace("_train", "")].map((stem) => `${stem}.npy`).find((f) => pathExists(join(path, f)));
    if (file !== undefined) arrays[name] = decodeNpy(readFileBytes(join(path, file)), join(path, file));
  }
  return datasetOf(path, arrays, options);
}

function datasetOf(path: string, arrays: NamedArrays, { limit, classes: known }: LoadOptions): Dataset {
  const { train, test, bytes, classes } = splitsOf(path, arrays, known);
  const inputShape = train.x.shape.slice(1);
  const none = (like: Tensor) => zeros(like.dtype, [0, ...like.shape.slice(1)]);
  return withHash({
    source: path,
    task: classes > 0 ? "classification" : "regression",
    classes: Array.from({ length: classes }, (_, k) => String(k)),
    inputShape,
    ...(bytes && { byteScale: 255 }),
    train: { x: firstRows(train.x, limit), y: firstRows(train.y as Tensor<"int64">, limit) },
    test: test ?? ({ x: none(train.x), y: none(train.y) } as Split),
  });
}
