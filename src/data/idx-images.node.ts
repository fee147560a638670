// Image sets of MNIST's layout: a folder with four IDX files, plain or gzipped.

import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { InvalidDataError } from "../errors.ts";
import { mostExpanded } from "../numeric/expansion.ts";
import { pathExists, readFileBytes } from "../numeric/files.node.ts";
import { sliceRows, type Tensor } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { decodeIdx } from "./idx.ts";
import { firstRows, scaleBytes, toInt64 } from "./prepare.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

/** Whether a folder has the images of that part. */
export function holdsIdxImages(folder: string, part: "train" | "t10k" = "train"): boolean {
  const file = join(folder, `${part}-images-idx3-ubyte`);
  return pathExists(file) || pathExists(`${file}.gz`);
}

function readIdx(folder: string, file: string): Tensor<"uint8"> {
  const plain = join(folder, file);
  if (pathExists(plain)) return decodeIdx(readFileBytes(plain), plain);
  const path = `${plain}.gz`;
  const bytes = readFileBytes(path);
  try {
    return decodeIdx(gunzipSync(bytes, { maxOutputLength: mostExpanded(bytes.length) }), path);
  } catch (cause) {
    if (cause instanceof InvalidDataError) throw cause;
    const got = `${bytes.length} bytes that are not (${cause instanceof Error ? cause.message : cause})`;
    throw new InvalidDataError(`${path}: must be a whole gzip file, got ${got}`, { cause });
  }
}

/** x: bytes / 255 as float32, (n, 1, height, width); y: (n) int64. Throws InvalidDataError where files do not fit each other. */
function readSplit(
  folder: string,
  part: "train" | "t10k",
  { classes, limit }: { classes: number; limit?: number },
): Split {
  const images = readIdx(folder, `${part}-images-idx3-ubyte`);
  const labels = readIdx(folder, `${part}-labels-idx1-ubyte`);
  const where = join(folder, part);
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== n) {
    const got = `(${images.shape.join(", ")}) and (${labels.shape.join(", ")})`;
    throw new InvalidDataError(`${where}-*: images (n, height, width) must go with labels (n), got ${got}`);
  }
  const bad = labels.data.findIndex((label) => label >= classes);
  if (bad >= 0) {
    const got = `${labels.data[bad]} at index ${bad}`;
    throw new InvalidDataError(`${where}-labels-idx1-ubyte: labels must be 0 to ${classes - 1}, got ${got}`);
  }
  const kept = firstRows(images, limit);
  return { x: scaleBytes(kept, 255, [kept.shape[0], 1, height, width]), y: toInt64(firstRows(labels, limit)) };
}

export interface IdxSet {
  readonly source: string;
  readonly classes: readonly string[];
  /** The set may be its test part alone; then it has no training examples. Default false. */
  readonly trainOptional?: boolean;
}

/** Loads the set in `folder` as classification of images of one channel. */
export function loadIdxImages(
  folder: string,
  { source, classes, trainOptional = false }: IdxSet,
  { limit }: LoadOptions,
): Dataset {
  const trained =
    trainOptional && !holdsIdxImages(folder)
      ? undefined
      : readSplit(folder, "train", { classes: classes.length, limit });
  const test = readSplit(folder, "t10k", { classes: classes.length });
  const train = trained ?? { x: sliceRows(test.x, 0, 0), y: sliceRows(test.y as Tensor<"int64">, 0, 0) };
  const inputShape = train.x.shape.slice(1);
  if (test.x.shape.slice(1).join() !== inputShape.join()) {
    const got = `(${test.x.shape.slice(1).join(", ")})`;
    throw new InvalidDataError(
      `${folder}: test images must have the training images' shape (${inputShape.join(", ")}), got ${got}`,
    );
  }
  return withHash({ source, task: "classification", classes, inputShape, byteScale: 255, train, test });
}
