// The task of Courtois et al. 2022 in the plane: is a point inside or outside of a closed curve.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { integers, reals, type Tensor } from "../../numeric/tensor.ts";

/** Half the side of the square that the curve lies in. */
export const HALF = 1.3;
/** Training points of the first experiment lie to the left of it. */
export const EDGE = 0.2;

/** Above zero inside, below outside: how far a point is from the curve r(θ) = 0.8 (1 + a cos(lobes θ)), along its ray. */
export function insideBy(lobes: number, x: number, y: number): number {
  const swing = lobes === 0 ? 0 : 0.3;
  return 0.8 * (1 + swing * Math.cos(lobes * Math.atan2(y, x))) - Math.hypot(x, y);
}

/** Uniform points of the square that `keep` accepts, with their places along the ray. */
export function pointsOf(
  count: number,
  lobes: number,
  { seed, part, keep = () => true }: { seed: number; part: string; keep?: (x: number, by: number) => boolean },
): Tensor<"float64"> {
  const random = randomFrom(seed, part);
  const points: number[] = [];
  while (points.length < 2 * count) {
    const [x, y] = [HALF * (2 * random.uniform() - 1), HALF * (2 * random.uniform() - 1)];
    if (keep(x, insideBy(lobes, x, y))) points.push(x, y);
  }
  return reals([count, 2], points);
}

/** insideBy of each point. */
export const placesOf = ({ shape: [count], data }: Tensor<"float64">, lobes: number): number[] =>
  Array.from({ length: count }, (_, n) => insideBy(lobes, data[2 * n], data[2 * n + 1]));

export function insideData(train: Tensor<"float64">, test: Tensor<"float64">, lobes: number): Dataset {
  const split = (x: Tensor<"float64">) => ({
    x,
    y: integers(
      [x.shape[0]],
      placesOf(x, lobes).map((by) => Number(by > 0)),
    ),
  });
  return arrayDataset({
    train: split(train),
    test: split(test),
    classes: ["outside", "inside"],
    source: "closed curve",
  });
}
