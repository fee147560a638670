// Shapes of points and dashes of lines: what tells classes and series apart without their colour.

import { type Colour, filled, lightColours, stroked } from "./palette.ts";
import { type Attributes, element } from "./svg.ts";

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

/** Outlines around (0, 0) with about the area of a circle of radius 1, as moves relative to the centre. */
const SHAPES: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [
    [-0.89, -0.89],
    [0.89, -0.89],
    [0.89, 0.89],
    [-0.89, 0.89],
  ],
  [
    [0, -1.4],
    [1.25, 0.85],
    [-1.25, 0.85],
  ],
  [
    [0, -1.35],
    [1.35, 0],
    [0, 1.35],
    [-1.35, 0],
  ],
  cross(0),
  [
    [0, 1.4],
    [1.25, -0.85],
    [-1.25, -0.85],
  ],
  cross(Math.PI / 4),
  star(),
];

/** A plus of arms a third as wide as long, turned. */
function cross(angle: number): [number, number][] {
  const [a, b] = [0.42, 1.3];
  const corners: [number, number][] = [
    [-a, -b],
    [a, -b],
    [a, -a],
    [b, -a],
    [b, a],
    [a, a],
    [a, b],
    [-a, b],
    [-a, a],
    [-b, a],
    [-b, -a],
    [-a, -a],
  ];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return corners.map(([x, y]) => [x * cos - y * sin, x * sin + y * cos]);
}

function star(): [number, number][] {
  return Array.from({ length: 10 }, (_, k) => {
    const [radius, angle] = [k % 2 === 0 ? 1.55 : 0.65, (Math.PI * k) / 5];
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
}

/** The outline of shape `kind` (mod 8) around (x, y), as a piece of a path. */
export function shapePath(kind: number, x: number, y: number, radius: number): string {
  const corners = SHAPES[kind % SHAPES.length];
  if (corners.length === 0) {
    const r = fixed(radius);
    return `M${fixed(x - radius)},${fixed(y)}a${r},${r} 0 1,1 ${fixed(2 * radius)},0a${r},${r} 0 1,1 ${fixed(-2 * radius)},0z`;
  }
  return `M${corners.map(([dx, dy]) => `${fixed(x + radius * dx)},${fixed(y + radius * dy)}`).join("L")}z`;
}

/** Shapes as one element, with a thin rim of the ground so that overlapping ones stay apart. */
export function shapes(d: string, colour: Colour, attributes: Attributes = {}): string {
  const rim = { stroke: lightColours.ground, "stroke-width": 0.6, class: `pk-${colour} pk-ground-line` };
  return element("path", { d, ...filled(colour), ...rim, ...attributes });
}

/** Solid, dashed, dotted, dash-dot, ... */
const DASHES = [undefined, "7 3", "2 3", "8 3 2 3", "12 4", "4 2 1.5 2 1.5 2", "1.5 4", "10 2 4 2"] as const;

/** A line's attributes: the colour, and a dash of its own for each of eight. */
export function lineStyle(kind: number, colour: Colour, width = 1.8): Attributes {
  return { ...stroked(colour, width), "stroke-dasharray": DASHES[kind % DASHES.length], "stroke-linejoin": "round" };
}

/** A piece of a line with a shape on it, for keys. */
export function lineSwatch(kind: number, colour: Colour): string {
  const line = element("line", { x1: 0, x2: 26, y1: 0, y2: 0, ...lineStyle(kind, colour) });
  return `${line}${shapes(shapePath(kind, 13, 0, 3.6), colour)}`;
}

/** One shape, for keys. */
export function shapeSwatch(kind: number, colour: Colour, radius = 4.5): string {
  return shapes(shapePath(kind, 16, 0, radius), colour);
}
