// The same step size at every step.

import type { ScheduleMember } from "./types.ts";

/** eta_s = eta. */
export const constant: ScheduleMember<never> = {
  options: {},
  make: (_, { stepSize }) => ({ stepSize: () => stepSize }),
};
