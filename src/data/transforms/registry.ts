// Transforms of grey images by name, each as far as one number says.

import { nearestName } from "../../numeric/nearest-name.ts";
import { randomFrom } from "../../numeric/random.ts";
import { allocate, type RealArray, type RealDType, type Tensor } from "../../numeric/tensor.ts";
import { blur } from "./blur.ts";
import { noise } from "./noise.ts";
import { rotation } from "./rotation.ts";
import { shift } from "./shift.ts";
import { stroke } from "./stroke.ts";
import type { ImageTransform } from "./types.ts";

const TRANSFORMS: ReadonlyMap<string, ImageTransform> = new Map([
  ["rotation", rotation],
  ["stroke", stroke],
  ["shift", shift],
  ["noise", noise],
  ["blur", blur],
]);

/** What the amount of each transform counts, by name: "degrees", "pixels", "standard deviation". */
export const imageTransformUnits: Readonly<Record<string, string>> = Object.fromEntries(
  [...TRANSFORMS].map(([name, { unit }]) => [name, unit]),
);

function transformOf(name: string): ImageTransform {
  const found = TRANSFORMS.get(name);
  if (found) return found;
  const names = [...TRANSFORMS.keys()];
  const near = nearestName(name, names);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new RangeError(`transformImages: name must be one of ${names.join(", ")}, got ${name}${hint}`);
}

function checkAmount(name: string, { signed }: ImageTransform, amount: number): void {
  if (!Number.isFinite(amount))
    throw new RangeError(`transformImages: the amount of ${name} must be finite, got ${amount}`);
  if (!signed && amount < 0) throw new RangeError(`transformImages: the amount of ${name} must be >= 0, got ${amount}`);
}

function checkPixels(name: string, pixels: RealArray): void {
  const bad = pixels.findIndex((value) => !(value >= 0 && value <= 1));
  if (bad >= 0) throw new RangeError(`transformImages: ${name} needs pixels in [0, 1], got ${pixels[bad]} at ${bad}`);
}

export interface ImageTransformOptions {
  /** One of those that `imageTransformUnits` names. */
  readonly name: string;
  /** How far: 0 leaves everything as it is. */
  readonly amount: number;
  /** Of what is drawn. Default 0. */
  readonly seed?: number;
}

/**
 * Grey images moved away from where they were, by one number:
 *
 *     rotation   degrees about the middle of the frame, counterclockwise as seen, bilinear; quarter turns of a square frame are exact
 *     stroke     pixels that edges move: grey dilation above 0, max_d p(x + d) - max(0, |d| - r), erosion below; pixels in [0, 1]
 *     shift      pixels to the right, bilinear
 *     noise      standard deviation of normal numbers added to each pixel, not clipped
 *     blur       standard deviation of a Gaussian in pixels, cut at four of them
 *
 * Beyond the frame everything is 0 (black). A pure function: image i of the first axes draws from stream i of `seed`, whatever else is in the batch.
 *
 * Shapes: (..., H, W), every (H, W) an image of its own; result: the same shape and dtype. Cost: a pass over the pixels, for stroke and blur times
 * their reach. Errors: RangeError for an unknown name (with the nearest known), an amount that is not finite or below 0 where that means nothing,
 * fewer than two axes, and pixels outside of [0, 1] for stroke.
 *
 * @see scipy.ndimage: rotate and shift of order 1 with `grid-constant`, grey_dilation with a structure, gaussian_filter with `constant`
 * @example transformImages(digits.test.x, { name: "rotation", amount: 15 })
 */
export function transformImages<D extends RealDType>(
  images: Tensor<D>,
  { name, amount, seed = 0 }: ImageTransformOptions,
): Tensor<D> {
  const transform = transformOf(name);
  checkAmount(name, transform, amount);
  const { dtype, shape } = images;
  if (shape.length < 2)
    throw new RangeError(`transformImages: images must have a height and a width, got shape [${shape}]`);
  const source = images.data as RealArray;
  if (transform.unitRange) checkPixels(name, source);
  const [height, width] = shape.slice(-2);
  const size = height * width;
  const data = allocate(dtype, source.length);
  const target = data as RealArray;
  if (amount === 0) target.set(source);
  else
    for (let start = 0; start < source.length; start += size) {
      const image = { pixels: source.subarray(start, start + size), height, width };
      target.set(transform.apply(image, amount, randomFrom(seed, start / size)), start);
    }
  return { dtype, shape, data };
}
