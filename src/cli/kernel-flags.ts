// What the flags of `pathkernel kernel` may hold.

import { algorithmNames } from "../kernels/types.ts";
import * as flags from "./flags.ts";

/** Training examples where no flag says which. */
export const KERNEL_EXAMPLES = 100;

export const KERNEL_SHAPE = {
  at: flags.stepList(),
  of: flags.text().optional(),
  with: flags.text().optional(),
  // The form `readout` needs coefficients, which no flag gives.
  form: flags.nameFlag(["trace", "diagonal", "blocks"] as const),
  normalize: flags.toggle().optional(),
  algorithm: flags.nameFlag(["auto", ...algorithmNames] as const),
  threads: flags.count().optional(),
  out: flags.required(flags.text(), "-o K.npy"),
};
