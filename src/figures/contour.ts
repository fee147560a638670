// Where a function on a grid crosses a level: the lines of marching squares (Lorensen and Cline 1987, in the plane).

import type { Cells } from "./raster.ts";

type Place = readonly [number, number];

/**
 * Pieces of the line where values are `level`, as pairs of places (column, row) of the grid, values standing at whole numbers. Cells with a
 * value that is not finite are left out; saddles are split by their mean.
 */
export function contourOf({ values, rows, columns }: Cells, level = 0): [Place, Place][] {
  const pieces: [Place, Place][] = [];
  const at = (i: number, j: number): number => values[i * columns + j] - level;
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      // From the upper left corner on, clockwise.
      const corner = [at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i + 1, j)];
      if (!corner.every(Number.isFinite)) continue;
      const places: readonly Place[] = [
        [j, i],
        [j + 1, i],
        [j + 1, i + 1],
        [j, i + 1],
      ];
      const cuts: Place[] = [];
      corner.forEach((a, k) => {
        const b = corner[(k + 1) % 4];
        if (a >= 0 === b >= 0) return;
        const [[x0, y0], [x1, y1]] = [places[k], places[(k + 1) % 4]];
        const t = a / (a - b);
        cuts.push([x0 + t * (x1 - x0), y0 + t * (y1 - y0)]);
      });
      if (cuts.length === 2) pieces.push([cuts[0], cuts[1]]);
      if (cuts.length === 4) {
        // Cuts are on the upper, right, lower and left edge; the corners on the middle's side are joined.
        const joined = corner[0] + corner[1] + corner[2] + corner[3] >= 0 === corner[0] >= 0;
        pieces.push(joined ? [cuts[0], cuts[1]] : [cuts[0], cuts[3]], joined ? [cuts[2], cuts[3]] : [cuts[1], cuts[2]]);
      }
    }
  }
  return pieces;
}
