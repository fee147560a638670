// Handwritten digits of 8 x 8 (Alpaydin and Kaynak 1998, UCI), bundled: 1797 examples in scikit-learn's order; see digits/LICENSE.txt.

import { fileURLToPath } from "node:url";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpz } from "../numeric/npz.ts";
import { sliceRows, type Tensor } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { firstRows, scaleBytes, toInt64 } from "./prepare.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

const CLASSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Four fifths of the 1797 examples; the last fifth is the test part. */
const TRAIN = 1437;

/** Darkest pixel: all 4 x 4 dots of the scanned bitmap are ink. */
const MOST_INK = 16;

/** The bundled digits: x = pixel / 16 in float32, (n, 1, 8, 8); the first 1437 for training, the last 360 for testing. */
export function loadDigits({ limit }: LoadOptions): Dataset {
  const path = fileURLToPath(new URL("./digits/digits.npz", import.meta.url));
  const { pixels, labels } = decodeNpz(readFileBytes(path), path) as Record<string, Tensor<"uint8">>;
  const part = (start: number, end: number, kept?: number): Split => {
    const x = firstRows(sliceRows(pixels, start, end), kept);
    const y = firstRows(sliceRows(labels, start, end), kept);
    return { x: scaleBytes(x, MOST_INK, [x.shape[0], 1, 8, 8]), y: toInt64(y) };
  };
  const [train, test] = [part(0, TRAIN, limit), part(TRAIN, pixels.shape[0])];
  return withHash({
    source: "digits",
    task: "classification",
    classes: CLASSES,
    inputShape: [1, 8, 8],
    byteScale: MOST_INK,
    train,
    test,
  });
}
