// What every transform of images is: one number says how far it goes, and at 0 nothing changes.

import type { Random } from "../../numeric/random.ts";
import type { RealArray } from "../../numeric/tensor.ts";

/** One grey image, row by row; beyond its frame everything is 0. */
export interface GreyImage {
  readonly pixels: RealArray;
  readonly height: number;
  readonly width: number;
}

/** One member of the family. */
export interface ImageTransform {
  /** What the amount counts. */
  readonly unit: string;
  /** Whether amounts below 0 mean something: the other way. */
  readonly signed: boolean;
  /** Whether pixels must lie in [0, 1]. */
  readonly unitRange?: boolean;
  /** Pixels of the image at an amount that is not 0; `random` is the image's own. */
  readonly apply: (image: GreyImage, amount: number, random: Random) => RealArray;
}

/** The pixel of a row and a column, 0 beyond the frame. */
export const pixelAt = ({ pixels, height, width }: GreyImage, row: number, column: number): number =>
  row >= 0 && row < height && column >= 0 && column < width ? pixels[row * width + column] : 0;

/** The image between its pixels, linear in the row and in the column (bilinear). */
export function between(image: GreyImage, row: number, column: number): number {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const [down, right] = [row - top, column - left];
  const line = (r: number): number =>
    right === 0 ? pixelAt(image, r, left) : (1 - right) * pixelAt(image, r, left) + right * pixelAt(image, r, left + 1);
  return down === 0 ? line(top) : (1 - down) * line(top) + down * line(top + 1);
}

/** An image of the same frame, each pixel computed from its row and column. */
export function drawn(
  { height, width }: Pick<GreyImage, "height" | "width">,
  pixel: (row: number, column: number) => number,
): Float64Array {
  return Float64Array.from({ length: height * width }, (_, at) => pixel(Math.floor(at / width), at % width));
}
