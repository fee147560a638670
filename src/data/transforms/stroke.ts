// Stroke width: grey dilation above 0, erosion below, by fractions of a pixel too.

import { drawn, type GreyImage, type ImageTransform, pixelAt } from "./types.ts";

interface Offset {
  readonly down: number;
  readonly right: number;
  /** max(0, distance - radius), below 1: from 1 on an offset cannot win against the pixel itself. */
  readonly cost: number;
}

function offsetsOf(radius: number): Offset[] {
  const reach = Math.ceil(radius + 1);
  const offsets: Offset[] = [];
  for (let down = -reach; down <= reach; down++)
    for (let right = -reach; right <= reach; right++) {
      const cost = Math.max(0, Math.hypot(down, right) - radius);
      if (cost < 1) offsets.push({ down, right, cost });
    }
  return offsets;
}

const dilated = (image: GreyImage, offsets: readonly Offset[]): Float64Array =>
  drawn(image, (row, column) =>
    offsets.reduce(
      (most, { down, right, cost }) => Math.max(most, pixelAt(image, row + down, column + right) - cost),
      0,
    ),
  );

const eroded = (image: GreyImage, offsets: readonly Offset[]): Float64Array =>
  drawn(image, (row, column) =>
    offsets.reduce(
      (least, { down, right, cost }) => Math.min(least, pixelAt(image, row + down, column + right) + cost),
      1,
    ),
  );

/**
 * max over offsets d of pixel(x + d) - max(0, |d| - r), a disk of radius r with a slope of one pixel about it: whole pixels within r win, those up to
 * a pixel farther in part, so that edges move by r continuously. Below 0 the minimum of pixel(x + d) + max(0, |d| - r).
 */
export const stroke: ImageTransform = {
  unit: "pixels",
  signed: true,
  unitRange: true,
  apply: (image, amount) => (amount > 0 ? dilated : eroded)(image, offsetsOf(Math.abs(amount))),
};
