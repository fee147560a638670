// A matrix as one picture: a pixel a value, or the mean of a block of them where they are many; never one element a cell.

import type { ColourScale } from "./colour-scale.ts";
import { pictureFrom } from "./image.ts";
import { element } from "./svg.ts";

export interface Cells {
  /** Row by row. */
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** Sides of a picture are at most so many pixels. */
const MAX_PIXELS = 512;

/** Cells along one side of a block that is one pixel. */
export function blockOf({ rows, columns }: Cells): number {
  return Math.max(1, Math.ceil(Math.max(rows, columns) / MAX_PIXELS));
}

/** The values of the pixels: means over blocks, of those in it that are finite; NaN where none is. */
export function pixelValues(cells: Cells): Cells {
  const block = blockOf(cells);
  if (block === 1) return cells;
  const [rows, columns] = [Math.ceil(cells.rows / block), Math.ceil(cells.columns / block)];
  const [sums, counts] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  for (let i = 0; i < cells.rows; i++) {
    for (let j = 0; j < cells.columns; j++) {
      const value = cells.values[i * cells.columns + j];
      if (!Number.isFinite(value)) continue;
      const at = Math.floor(i / block) * columns + Math.floor(j / block);
      sums[at] += value;
      counts[at] += 1;
    }
  }
  return { rows, columns, values: sums.map((sum, k) => sum / counts[k]) };
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The picture in a place; values that are not finite are clear. `fade`: how far colours go to white, 0 to 1. */
export function rasterImage(cells: Cells, scale: ColourScale, place: Place, { fade = 0 } = {}): string {
  const { values, rows, columns } = pixelValues(cells);
  if (rows * columns === 0) return "";
  const colours = Array.from({ length: rows * columns }, (_, k) => scale.colour(values[k]));
  const channels = colours.includes(undefined) ? 4 : 3;
  const data = new Uint8Array(rows * columns * channels);
  colours.forEach((colour, k) => {
    if (colour === undefined) return;
    for (let c = 0; c < 3; c++) data[k * channels + c] = Math.round(colour[c] + fade * (255 - colour[c]));
    if (channels === 4) data[k * channels + 3] = 255;
  });
  const { uri } = pictureFrom({ width: columns, height: rows, channels, data });
  return element("image", { href: uri, ...place, preserveAspectRatio: "none", style: "image-rendering:pixelated" });
}
