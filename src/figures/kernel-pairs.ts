// The kernel of chosen pairs of points along training, one plot a training: a point with itself, with its class, with another.

import { alongTraining, type Measured, withGaps } from "./along-training.ts";
import type { Figure } from "./figure.ts";
import { lineSwatch } from "./glyphs.ts";
import { lines } from "./lines.ts";
import { classColour } from "./palette.ts";
import { panels } from "./panels.ts";

export interface KernelPairs {
  /** "normalised tangent kernel". */
  readonly quantity: string;
  /** One plot each: "sgd", "adam"; all have the same pairs. */
  readonly trainings: readonly {
    readonly name: string;
    readonly steps: ArrayLike<number>;
    readonly pairs: readonly Measured[];
  }[];
  /** Of the kernel. Default [-1, 1], what a normalised one can be. */
  readonly domain?: readonly [number, number];
}

/** Lines of pairs, panels of trainings. RangeError where trainings have different pairs. */
export function kernelPairsFigure({ quantity, trainings, domain = [-1, 1] }: KernelPairs): Figure {
  const [first] = trainings;
  const names = first?.pairs.map(({ name }) => name) ?? [];
  const text = {
    title: "Kernel of pairs along training",
    caption: `The ${quantity} of ${names.join(", ")}, in each training.`,
  };
  if (trainings.length === 1)
    return alongTraining({ ...text, steps: first.steps, y: { label: quantity, domain }, measured: first.pairs });
  return panels({
    ...text,
    key: names.map((name, k) => ({ name, swatch: lineSwatch(k, classColour(k, names.length)) })),
    panels: trainings.map(({ name, steps, pairs }) => ({
      head: name,
      figure: lines({
        ...text,
        x: { label: "step", scale: "whole" },
        y: { label: quantity, domain },
        series: pairs.map((pair) => ({ name: pair.name, x: steps, y: withGaps(pair.values) })),
        keyed: false,
      }),
    })),
  });
}
