// How parameters begin: PyTorch's default of linear and convolutional layers, and what layers of other kinds say.

import type { Layout } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Random } from "./types.ts";

/** A number that fills a parameter, the deviation of normal numbers with mean 0, or a factor of what linear layers begin with. */
export type Start = number | { readonly deviation: number } | { readonly scale: number };

export interface InitialiseOptions {
  readonly random: Random;
  /** By name; parameters that are not here begin as those of linear layers. */
  readonly starts?: Readonly<Record<string, Start>>;
}

/** One standard normal number from two uniform ones (Box, Muller 1958). */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * Fills every parameter with U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what `torch.nn.Linear` and `Conv2d` do (Kaiming uniform with
 * a = sqrt 5, and the same bound for the bias), save those that `starts` names. A bias takes the fan-in of the weight before it.
 */
export function initialiseLayers(layout: Layout, params: RealArray, { random, starts = {} }: InitialiseOptions): void {
  let bound = 1;
  for (const { name, shape, offset, size } of layout.entries) {
    const start = Object.hasOwn(starts, name) ? starts[name] : undefined;
    if (typeof start === "number") {
      params.fill(start, offset, offset + size);
      continue;
    }
    if (shape.length > 1) bound = 1 / Math.sqrt(size / shape[0]);
    for (let i = offset; i < offset + size; i++) {
      if (start && "deviation" in start) params[i] = start.deviation * normal(random);
      else params[i] = (2 * random() - 1) * bound * (start?.scale ?? 1);
    }
  }
}
