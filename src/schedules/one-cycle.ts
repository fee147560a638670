// One rise and one fall of the step size (Smith and Topin 2018), each half a cosine.

import { finitePositive, halfOpenFraction } from "../numeric/spec.ts";
import type { ScheduleMember } from "./types.ts";

/** From `a` at 0 to `b` at 1 along half a cosine. */
const along = (a: number, b: number, share: number): number => b + ((a - b) / 2) * (1 + Math.cos(Math.PI * share));

/**
 * Of S planned steps the share `rise` goes up from eta / div to eta, the rest down to eta / (div final). As
 * `torch.optim.lr_scheduler.OneCycleLR(max_lr=eta, total_steps=S, pct_start=rise, anneal_strategy="cos", div_factor=div, final_div_factor=final,
 * cycle_momentum=False)`, stepped after each batch. The momentum is not cycled: theory 1.2 has one recursion for all steps.
 */
export const oneCycle: ScheduleMember<"rise" | "div" | "final"> = {
  options: { rise: halfOpenFraction(0.3), div: finitePositive(25), final: finitePositive(1e4) },
  needsSteps: true,
  make({ rise, div, final }, { stepSize, steps }) {
    const [low, least] = [stepSize / div, stepSize / div / final];
    // The step of the highest size, as PyTorch counts: before 0 where nothing rises.
    const top = rise * steps - 1;
    const last = steps - 1;
    return {
      stepSize(s) {
        if (s <= top) return top === 0 ? stepSize : along(low, stepSize, s / top);
        return along(stepSize, least, Math.min(1, (s - top) / (last - top)));
      },
    };
  },
};
