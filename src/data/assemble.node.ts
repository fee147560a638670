// The last step of every data source: the dataset's hash.

import { sha256 } from "../numeric/sha256.node.ts";
import type { Dataset } from "./types.ts";

/** The dataset with its hash over the bytes of x and y of the training part, then of the test part. */
export function withHash(dataset: Omit<Dataset, "sha256">): Dataset {
  const { train, test } = dataset;
  return { ...dataset, sha256: sha256(train.x.data, train.y.data, test.x.data, test.y.data) };
}
