// Half a cosine from the step size down to a least one, after a linear warm-up (Loshchilov and Hutter 2017, without restarts).

import { closedFraction, countFromZero, finiteNonNegative } from "../numeric/spec.ts";
import type { ScheduleMember } from "./types.ts";

/**
 * Of S planned steps the first W = `warmup` rise from `start` of the step size, the others fall:
 *
 *     s < W:   eta_s = eta (start + (1 - start) s / W)
 *     s >= W:  eta_s = min + (eta - min) (1 + cos(pi (s - W) / (S - W))) / 2
 *
 * As PyTorch's `SequentialLR` of `LinearLR(start_factor=start, total_iters=W)` and `CosineAnnealingLR(T_max=S - W, eta_min=min)`, stepped after
 * each batch; the default of `start` is PyTorch's, 1/3.
 */
export const cosine: ScheduleMember<"warmup" | "min" | "start"> = {
  options: { warmup: countFromZero(0), min: finiteNonNegative(0), start: closedFraction(1 / 3) },
  needsSteps: true,
  make({ warmup, min, start }, { stepSize, steps }) {
    if (warmup > steps)
      throw new RangeError(`schedule cosine: warmup must be at most the ${steps} planned steps, got ${warmup}`);
    const fall = Math.max(1, steps - warmup);
    return {
      stepSize: (s) =>
        s < warmup
          ? stepSize * (start + ((1 - start) * s) / warmup)
          : min + ((stepSize - min) * (1 + Math.cos((Math.PI * (s - warmup)) / fall))) / 2,
    };
  },
};
