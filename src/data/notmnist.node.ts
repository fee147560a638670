// notMNIST (Bulatov 2011): letters A to J of many typefaces, 28 x 28, from files of MNIST's names and format in a folder.

import { join } from "node:path";
import { FileError } from "../errors.ts";
import { holdsIdxImages, loadIdxImages } from "./idx-images.node.ts";
import type { Dataset, LoadOptions } from "./types.ts";

const CLASSES = [..."ABCDEFGHIJ"];

/**
 * notMNIST with pixels byte / 255 in float32, x (n, 1, 28, 28), in the files' order; no training examples where the folder has only
 * the files t10k-*.
 *
 * Looks in `directory` alone when it is given; else in the folder `notmnist` of PATHKERNEL_DATA_DIR. Throws FileError where it is not there.
 */
export function loadNotMnist(options: LoadOptions): Dataset {
  const shared = process.env.PATHKERNEL_DATA_DIR;
  const folder = options.directory ?? (shared ? join(shared, "notmnist") : undefined);
  if (folder === undefined || !(holdsIdxImages(folder, "train") || holdsIdxImages(folder, "t10k"))) {
    const where = folder === undefined ? "a folder that is given" : folder;
    const how =
      "give the folder of its files t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz, and train-* if there are any (--data-dir, or notmnist/ in PATHKERNEL_DATA_DIR)";
    throw new FileError(`notmnist must be in ${where}, got none there: ${how}`, folder ?? "notmnist");
  }
  return loadIdxImages(folder, { source: "notmnist", classes: CLASSES, trainOptional: true }, options);
}
