// Printed digits and letters, drawn from free fonts by scripts/printed.ts as MNIST's digits lie in their frames; bundled, see printed/LICENSE.txt.

import { fileURLToPath } from "node:url";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpz } from "../numeric/npz.ts";
import { sliceRows, type Tensor } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { firstRows, scaleBytes } from "./prepare.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

const DIGITS = [..."0123456789"];
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Images stand face by face, each with all characters in order, so that the label follows from the place. */
function loadPrinted(array: "digits" | "letters", classes: readonly string[], { limit }: LoadOptions): Dataset {
  const path = fileURLToPath(new URL("./printed/printed.npz", import.meta.url));
  const arrays = decodeNpz(readFileBytes(path), path, [array, "trainFaces"]);
  const pixels = arrays[array] as Tensor<"uint8">;
  const [images, height, width] = pixels.shape;
  const trained = Number(arrays.trainFaces.data[0]) * classes.length;
  const part = (start: number, end: number, kept?: number): Split => {
    const rows = firstRows(sliceRows(pixels, start, end), kept);
    const n = rows.shape[0];
    const labels = BigInt64Array.from({ length: n }, (_, i) => BigInt(i % classes.length));
    return { x: scaleBytes(rows, 255, [n, 1, height, width]), y: { dtype: "int64", shape: [n], data: labels } };
  };
  return withHash({
    source: `printed-${array}`,
    task: "classification",
    classes,
    inputShape: [1, height, width],
    byteScale: 255,
    train: part(0, trained, limit),
    test: part(trained, images),
  });
}

/**
 * 0 to 9 in 72 typefaces: x = byte / 255 in float32, (n, 1, 28, 28), white on black, MNIST's frame. 330 for training from five families
 * of type, 390 for testing from nine others; image 10 f + k of a part is digit k in its face f (scripts/printed-faces.ts has the order).
 */
export function loadPrintedDigits(options: LoadOptions): Dataset {
  return loadPrinted("digits", DIGITS, options);
}

/** A to Z as `loadPrintedDigits` has digits: 858 for training, 1,014 for testing; image 26 f + k of a part is letter k in its face f. */
export function loadPrintedLetters(options: LoadOptions): Dataset {
  return loadPrinted("letters", LETTERS, options);
}
