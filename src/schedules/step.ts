// Step sizes that fall by a factor every so many steps.

import { finitePositive, positiveCount } from "../numeric/spec.ts";
import type { ScheduleMember } from "./types.ts";

/** eta_s = eta factor^floor(s / every). As `torch.optim.lr_scheduler.StepLR(step_size=every, gamma=factor)`, stepped after each batch. */
export const step: ScheduleMember<"every" | "factor"> = {
  options: { every: positiveCount(), factor: finitePositive() },
  make: ({ every, factor }, { stepSize }) => ({ stepSize: (s) => stepSize * factor ** Math.floor(s / every) }),
};
