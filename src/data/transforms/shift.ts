// A move to the right, by fractions of a pixel too.

import { between, drawn, type ImageTransform } from "./types.ts";

/** What leaves the frame is lost. */
export const shift: ImageTransform = {
  unit: "pixels",
  signed: true,
  apply: (image, amount) => drawn(image, (row, column) => between(image, row, column - amount)),
};
