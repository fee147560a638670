// Gaussian blur, rows and columns one after the other.

import { drawn, type GreyImage, type ImageTransform, pixelAt } from "./types.ts";

/** Beyond so many deviations weights are left out, as in scipy.ndimage.gaussian_filter. */
const TRUNCATE = 4;

/** Weights of the offsets -radius .. radius; they add up to 1. */
function weightsOf(deviation: number): Float64Array {
  const radius = Math.floor(TRUNCATE * deviation + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp(-((k - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function along(image: GreyImage, weights: Float64Array, [down, right]: readonly [number, number]): GreyImage {
  const radius = (weights.length - 1) / 2;
  const pixels = drawn(image, (row, column) =>
    weights.reduce(
      (sum, weight, k) => sum + weight * pixelAt(image, row + down * (k - radius), column + right * (k - radius)),
      0,
    ),
  );
  return { ...image, pixels };
}

export const blur: ImageTransform = {
  unit: "pixels",
  signed: false,
  apply: (image, deviation) => {
    const weights = weightsOf(deviation);
    return along(along(image, weights, [1, 0]), weights, [0, 1]).pixels;
  },
};
