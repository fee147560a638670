// Images cut into patches that change places: what is within a patch stays, what the whole shows is gone.

import type { Random } from "../numeric/random.ts";
import { allocate, type RealDType, type Tensor } from "../numeric/tensor.ts";

/**
 * Images cut into square patches of `size` pixels a side, which change places, in each image by a permutation of its own, the same for all of its
 * channels.
 *
 * Shapes: (n, channels, height, width), the same back. Errors: RangeError for other shapes, and a size that does not divide height and width.
 */
export function shuffledPatches<D extends RealDType>(images: Tensor<D>, size: number, random: Random): Tensor<D> {
  const { dtype, shape, data } = images;
  if (shape.length !== 4)
    throw new RangeError(`shuffledPatches: images must be (n, channels, height, width), got shape [${shape}]`);
  const [count, channels, height, width] = shape;
  if (!(Number.isSafeInteger(size) && size >= 1 && height % size === 0 && width % size === 0))
    throw new RangeError(
      `shuffledPatches: size must divide a height of ${height} and a width of ${width}, got ${size}`,
    );
  const across = width / size;
  const shuffled = allocate(dtype, data.length) as Float64Array;
  for (let image = 0; image < count; image++) {
    const places = random.permutation(across * (height / size));
    for (let plane = image * channels; plane < (image + 1) * channels; plane++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const from = places[Math.floor(row / size) * across + Math.floor(column / size)];
          const fromRow = Math.floor(from / across) * size + (row % size);
          const fromColumn = (from % across) * size + (column % size);
          shuffled[(plane * height + row) * width + column] = Number(
            data[(plane * height + fromRow) * width + fromColumn],
          );
        }
  }
  return { dtype, shape, data: shuffled as Tensor<D>["data"] };
}
