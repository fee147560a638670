// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 + 10,000 pictures of clothes of 28 x 28, from four files in a folder.

import { join } from "node:path";
import { FileError } from "../errors.ts";
import { holdsIdxImages, loadIdxImages } from "./idx-images.node.ts";
import type { Dataset, LoadOptions } from "./types.ts";

const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Where Debian's package dataset-fashion-mnist puts the files. */
const DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist";

/**
 * Fashion-MNIST with pixels byte / 255 in float32, x (n, 1, 28, 28), in the files' order.
 *
 * Looks in `directory` alone when it is given; else in the folder `fashion-mnist` of PATHKERNEL_DATA_DIR, then in Debian's.
 * (Not in PATHKERNEL_DATA_DIR itself: MNIST's files have the same names.) Throws FileError where it is in none of these.
 */
export function loadFashionMnist(options: LoadOptions): Dataset {
  const shared = process.env.PATHKERNEL_DATA_DIR;
  const known = [...(shared ? [join(shared, "fashion-mnist")] : []), DEBIAN_FOLDER];
  const folders = options.directory === undefined ? known : [options.directory];
  const folder = folders.find((known) => holdsIdxImages(known));
  if (folder === undefined) {
    const how = "install Debian's package dataset-fashion-mnist, or give the folder of its four files";
    throw new FileError(`fashion-mnist must be in ${folders.join(" or ")}, got none there: ${how}`, folders[0]);
  }
  return loadIdxImages(folder, { source: "fashion-mnist", classes: CLASSES }, options);
}
