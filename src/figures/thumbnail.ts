// A picture in a square of the drawing, its shape kept, with a rim.

import type { Picture } from "./image.ts";
import { stroked } from "./palette.ts";
import { type Attributes, element } from "./svg.ts";

/** The picture in (0, 0, side, side); `rim`: attributes of the line around it. */
export function thumbnail({ uri, width, height }: Picture, side: number, rim: Attributes = stroked("axis")): string[] {
  const scale = side / Math.max(width, height);
  const box = { width: width * scale, height: height * scale };
  const at = { x: (side - box.width) / 2, y: (side - box.height) / 2 };
  const image = { href: uri, ...at, ...box, style: "image-rendering:pixelated" };
  return [element("image", image), element("rect", { ...at, ...box, ...rim })];
}
