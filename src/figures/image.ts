// Examples as pictures: a (1, h, w) or (3, h, w) tensor as a PNG in a data URI, one pixel an element.

import { encode } from "fast-png";
import type { Tensor } from "../numeric/tensor.ts";

/** What black and white (or no and full colour) stand for. */
export type ValueRange = readonly [low: number, high: number];

export interface ImageOptions {
  /** Values outside are clipped. */
  readonly range: ValueRange;
  /** Larger images are averaged over square blocks until no side is longer. Default 96. */
  readonly maxSide?: number;
}

/** A picture that a page or an SVG file can hold in itself. */
export interface Picture {
  /** "data:image/png;base64,...". */
  readonly uri: string;
  /** Pixels in the file, so that a page can keep the shape; to be shown larger with `image-rendering: pixelated`. */
  readonly width: number;
  readonly height: number;
}

/** Whether one example of that shape is a picture: (1 or 3, h, w), also with a leading batch axis of one. */
export function isImageShape(shape: readonly number[]): boolean {
  const [channels, height, width] = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  return shape.length >= 3 && shape.length <= 4 && (channels === 1 || channels === 3) && height > 1 && width > 1;
}

/** The range of a whole data set, so that its pictures are shown alike: [0, 1] where all values lie there, else their extremes. */
export function valueRange(values: ArrayLike<number>): ValueRange {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  if (!(low < high) || (low >= 0 && high <= 1)) return [0, 1];
  return [low, high];
}

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  /** Interleaved: (h, w, channels). */
  readonly data: Uint8Array;
}

/** Pixels as a PNG in a data URI. */
export function pictureFrom(pixels: Pixels): Picture {
  const bytes = encode({ ...pixels, depth: 8 }, { zlib: { level: 9 } });
  const uri = `data:image/png;base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
  return { uri, width: pixels.width, height: pixels.height };
}

/** (channels, h, w) values to interleaved bytes, averaged over `block` x `block` values. */
function pixelsOf(x: Tensor, { range: [low, high], maxSide = 96 }: ImageOptions): Pixels {
  const [channels, height, width] = x.shape.slice(-3);
  const block = Math.ceil(Math.max(height, width) / maxSide);
  const [rows, columns] = [Math.ceil(height / block), Math.ceil(width / block)];
  const data = new Uint8Array(rows * columns * channels);
  const mean = (c: number, top: number, left: number): number => {
    let [total, count] = [0, 0];
    for (let i = top; i < Math.min(height, top + block); i++) {
      for (let j = left; j < Math.min(width, left + block); j++, count++) {
        total += Number(x.data[(c * height + i) * width + j]);
      }
    }
    return total / count;
  };
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const level = (mean(c, i * block, j * block) - low) / (high - low);
        data[(i * columns + j) * channels + c] = Math.round(255 * Math.min(1, Math.max(0, level)));
      }
    }
  }
  return { width: columns, height: rows, channels: channels as 1 | 3, data };
}

/** One example as a picture; undefined when its shape is none. RangeError for a range that is empty. */
export function pictureOf(x: Tensor, options: ImageOptions): Picture | undefined {
  const [low, high] = options.range;
  if (!(low < high)) throw new RangeError(`pictureOf: range must go from low to high, got [${low}, ${high}]`);
  if (!isImageShape(x.shape)) return undefined;
  return pictureFrom(pixelsOf(x, options));
}
