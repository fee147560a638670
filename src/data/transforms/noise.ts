// Normal noise on every pixel, not clipped: its variance is what was asked for.

import type { ImageTransform } from "./types.ts";

export const noise: ImageTransform = {
  unit: "standard deviation",
  signed: false,
  apply: ({ pixels }, amount, random) => Float64Array.from(pixels, (value) => value + amount * random.normal()),
};
