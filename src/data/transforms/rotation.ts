// Rotation about the middle of the frame, counterclockwise as the image is seen.

import { between, drawn, type ImageTransform } from "./types.ts";

/** Cosine and sine; exact at quarter turns, so that four of them are nothing at all. */
function turn(degrees: number): readonly [cos: number, sin: number] {
  const rest = ((degrees % 360) + 360) % 360;
  if (rest % 90 === 0)
    return (
      [
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ] as const
    )[rest / 90];
  const angle = (rest * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

/** Each pixel is read where it comes from. Frames that are not square lose what leaves them. */
export const rotation: ImageTransform = {
  unit: "degrees",
  signed: true,
  apply: (image, degrees) => {
    const [cos, sin] = turn(degrees);
    const [middleRow, middleColumn] = [(image.height - 1) / 2, (image.width - 1) / 2];
    return drawn(image, (row, column) => {
      const [down, right] = [row - middleRow, column - middleColumn];
      return between(image, middleRow + cos * down + sin * right, middleColumn - sin * down + cos * right);
    });
  },
};
