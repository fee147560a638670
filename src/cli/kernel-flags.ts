// What the flags of `pathkernel kernel` may hold.

import { algorithmNames, kernelDivisions } from "../kernels/types.ts";
import * as flags from "./flags.ts";

/** Training examples where no flag says which. */
export const KERNEL_EXAMPLES = 100;

export const KERNEL_SHAPE = {
  at: flags.stepList(),
  of: flags.text().optional(),
  with: flags.text().optional(),
  // The form `readout` needs coefficients, which no flag gives.
  form: flags.nameFlag(["trace", "diagonal", "blocks"] as const),
  per: flags.nameFlag(kernelDivisions).optional(),
  normalize: flags.toggle().optional(),
  algorithm: flags.nameFlag(["auto", ...algorithmNames] as const),
  memory: flags.bytes().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
  out: flags.required(flags.text(), "-o K.npy"),
  resume: flags.toggle().optional(),
  force: flags.toggle().optional(),
};
