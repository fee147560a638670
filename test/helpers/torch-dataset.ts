// The dataset of a training that PyTorch did: two classes, the same examples for training and testing.

import type { Dataset } from "../../src/data/types.ts";

export function torchDataset(split: Dataset["train"]): Dataset {
  return {
    source: "torch",
    task: "classification",
    classes: ["0", "1"],
    inputShape: [3],
    train: split,
    test: split,
    sha256: "",
  };
}
