// Step sizes that shrink by the same factor at every step.

import { finitePositive } from "../numeric/spec.ts";
import type { ScheduleMember } from "./types.ts";

/** eta_s = eta gamma^s. As `torch.optim.lr_scheduler.ExponentialLR(gamma)`, stepped after each batch. */
export const exponential: ScheduleMember<"gamma"> = {
  options: { gamma: finitePositive() },
  make: ({ gamma }, { stepSize }) => ({ stepSize: (s) => stepSize * gamma ** s }),
};
