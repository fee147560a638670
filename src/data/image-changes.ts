// Images changed in ways that keep or destroy what they show: moved by a pixel, turned, cut into patches that change places.

import type { Random } from "../numeric/random.ts";
import { allocate, type RealDType, type Tensor } from "../numeric/tensor.ts";

interface Sizes {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
}

/** RangeError unless the images are (n, channels, height, width). */
function sizesOf(where: string, { shape }: Tensor): Sizes {
  const [count, channels, height, width] = shape;
  if (shape.length !== 4)
    throw new RangeError(`${where}: images must be (n, channels, height, width), got shape [${shape}]`);
  return { planes: count * channels, height, width };
}

/** Each plane by `change`, which writes one pixel after the other. */
function drawn<D extends RealDType>(
  { dtype, shape, data }: Tensor<D>,
  { planes, height, width }: Sizes,
  pixel: (at: (row: number, column: number) => number, row: number, column: number) => number,
): Tensor<D> {
  const changed = allocate(dtype, data.length);
  for (let p = 0; p < planes; p++) {
    const start = p * height * width;
    const at = (row: number, column: number): number =>
      row >= 0 && row < height && column >= 0 && column < width ? Number(data[start + row * width + column]) : 0;
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        (changed as Float64Array)[start + row * width + column] = pixel(at, row, column);
  }
  return { dtype, shape, data: changed };
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value);

/**
 * Images moved by whole pixels, `down` and `right` where they are above 0; what leaves the frame is lost, what comes in is 0.
 *
 * Shapes: (n, channels, height, width), the same back. Errors: RangeError for other shapes, and numbers that are not whole.
 */
export function shiftedImages<D extends RealDType>(
  images: Tensor<D>,
  { down = 0, right = 0 }: { readonly down?: number; readonly right?: number },
): Tensor<D> {
  const sizes = sizesOf("shiftedImages", images);
  if (!(isWhole(down) && isWhole(right)))
    throw new RangeError(`shiftedImages: down and right must be whole numbers, got ${down} and ${right}`);
  return drawn(images, sizes, (at, row, column) => at(row - down, column - right));
}

/**
 * Images turned about their middle, counterclockwise as they are seen, each pixel the bilinear mean of the four it comes from; outside of the frame
 * is 0.
 *
 * Shapes: (n, channels, height, width), the same back. Errors: RangeError for other shapes, and an angle that is not finite.
 */
export function rotatedImages<D extends RealDType>(images: Tensor<D>, degrees: number): Tensor<D> {
  const sizes = sizesOf("rotatedImages", images);
  if (!Number.isFinite(degrees)) throw new RangeError(`rotatedImages: degrees must be finite, got ${degrees}`);
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleRow, middleColumn] = [(sizes.height - 1) / 2, (sizes.width - 1) / 2];
  return drawn(images, sizes, (at, row, column) => {
    const [y, x] = [row - middleRow, column - middleColumn];
    const [fromRow, fromColumn] = [middleRow + cos * y + sin * x, middleColumn - sin * y + cos * x];
    const [top, left] = [Math.floor(fromRow), Math.floor(fromColumn)];
    const [below, beside] = [fromRow - top, fromColumn - left];
    return (
      (1 - below) * ((1 - beside) * at(top, left) + beside * at(top, left + 1)) +
      below * ((1 - beside) * at(top + 1, left) + beside * at(top + 1, left + 1))
    );
  });
}

/**
 * Images cut into square patches of `size` pixels a side, which change places, in each image by a permutation of its own, the same for all of its
 * channels: what is within a patch stays, what the whole shows is gone.
 *
 * Shapes: (n, channels, height, width), the same back. Errors: RangeError for other shapes, and a size that does not divide height and width.
 */
export function shuffledPatches<D extends RealDType>(images: Tensor<D>, size: number, random: Random): Tensor<D> {
  const sizes = sizesOf("shuffledPatches", images);
  const { height, width } = sizes;
  if (!(isWhole(size) && size >= 1 && height % size === 0 && width % size === 0))
    throw new RangeError(
      `shuffledPatches: size must divide a height of ${height} and a width of ${width}, got ${size}`,
    );
  const [count, channels] = images.shape;
  const across = width / size;
  const places = Array.from({ length: count }, () => random.permutation(across * (height / size)));
  let pixels = 0;
  return drawn(images, sizes, (at, row, column) => {
    const image = Math.floor(pixels++ / (channels * height * width));
    const from = places[image][Math.floor(row / size) * across + Math.floor(column / size)];
    return at(Math.floor(from / across) * size + (row % size), (from % across) * size + (column % size));
  });
}
