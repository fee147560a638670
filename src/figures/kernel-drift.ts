// How far the kernel is from where it began, and how fast it moves, along training.

import { alongTraining, fromTo } from "./along-training.ts";
import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { sheet } from "./sheet.ts";

export interface KernelDrift {
  readonly steps: ArrayLike<number>;
  /** |K_s - K_0| / |K_0| at each step. */
  readonly drift: ArrayLike<number | undefined>;
  /** Distance to the kernel of the step before, per step between; one fewer than steps. */
  readonly velocity: ArrayLike<number | undefined>;
}

/** Drift and velocity, one plot each. RangeError where their lengths do not fit the steps. */
export function kernelDriftFigure({ steps, drift, velocity }: KernelDrift): Figure {
  if (drift.length !== steps.length || velocity.length !== Math.max(0, steps.length - 1))
    throw new RangeError(
      `kernelDriftFigure: drift must have one value a step and velocity one fewer, got ${drift.length} and ${velocity.length} for ${steps.length}`,
    );
  const middles = Array.from(velocity, (_, k) => (steps[k] + steps[k + 1]) / 2);
  const last = drift[drift.length - 1];
  const end =
    last === undefined || !Number.isFinite(last)
      ? ""
      : ` At the end it is ${formatNumber(last)} of its first size away.`;
  const isPositive = Array.from(velocity).every((value) => value === undefined || value > 0);
  return sheet({
    title: "Movement of the kernel",
    caption: `How far the kernel is from the one before training, and how fast it moves.${end}`,
    figures: [
      alongTraining({
        title: "Drift from step 0",
        caption: `From ${fromTo(drift)}.`,
        steps,
        y: { label: "|K_s − K_0| / |K_0|", zero: true },
        measured: [{ name: "drift", values: drift }],
      }),
      alongTraining({
        title: "Velocity",
        caption: `From ${fromTo(velocity)}, each between two measured steps.`,
        steps: middles,
        y: { label: "kernel distance a step", scale: isPositive && velocity.length > 1 ? "log" : "linear", zero: true },
        measured: [{ name: "velocity", values: velocity }],
      }),
    ],
  });
}
