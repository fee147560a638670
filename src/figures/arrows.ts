// Arrows on a plane of two quantities: gradients along a path of weights, or the field that two players move in.

import { extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { formatNumber } from "./format.ts";
import type { Drawing, FigureText } from "./frame.ts";
import { lineStyle, shapePath, shapes } from "./glyphs.ts";
import type { KeyEntry } from "./key.ts";
import { type Colour, classColour, stroked } from "./palette.ts";
import { noData, type Plot, plotOf } from "./plot.ts";
import type { AxisOptions } from "./scale.ts";
import { element } from "./svg.ts";
import { amount, type Table } from "./table.ts";

/** Radius of points in pixels. */
const DOT = 2.4;

export interface ArrowKind {
  /** "gradient of the query", "gradient of x1". */
  readonly name: string;
  /** Where each arrow begins. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Its direction, in units of the axes. */
  readonly dx: ArrayLike<number>;
  readonly dy: ArrayLike<number>;
}

export interface Path {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

export interface Arrows extends FigureText {
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly kinds: readonly ArrowKind[];
  /** Drawn as lines, from a circle to a square. */
  readonly paths?: readonly Path[];
  /** Drawn as dots below the arrows, each kind with a shape of its own. */
  readonly points?: readonly Path[];
  /** Pixels of the longest arrow of all. Default 60. */
  readonly longest?: number;
}

function checked({ kinds, paths = [], points = [] }: Arrows): void {
  for (const { name, x, y, dx, dy } of kinds) {
    if (y.length !== x.length || dx.length !== x.length || dy.length !== x.length)
      throw new RangeError(
        `arrows: ${name} must have as many values of each kind, got ${[x, y, dx, dy].map((list) => list.length).join(", ")}`,
      );
  }
  for (const { name, x, y } of [...paths, ...points])
    if (y.length !== x.length)
      throw new RangeError(`arrows: ${name} must have as many x as y, got ${x.length} and ${y.length}`);
}

function arrowsTable({ kinds, paths = [], points = [], x, y }: Arrows): Table {
  const print = (value: number) => amount(value, formatNumber(value, { digits: 4 }));
  return {
    columns: ["what", x.label, y.label, `along ${x.label}`, `along ${y.label}`],
    rows: [
      ...[...paths, ...points].flatMap((path) =>
        Array.from(path.x, (value, k) => [path.name, print(value), print(path.y[k]), "", ""]),
      ),
      ...kinds.flatMap((kind) =>
        Array.from(kind.x, (value, k) => [kind.name, ...[value, kind.y[k], kind.dx[k], kind.dy[k]].map(print)]),
      ),
    ],
  };
}

/**
 * Arrows of some kinds, all on one scale of lengths, and paths. Both axes have one unit, so that angles are those of the numbers.
 * Arrows that are not finite, or zero, are not drawn.
 */
export function arrows(data: Arrows): Figure {
  checked(data);
  return figureFrom(data, arrowsTable(data), (width) => drawn(data, width));
}

/** A kind has a colour and a dash of its own. */
function arrowSwatch(k: number, colour: Colour): string {
  return arrowMark([2, 0, 22, 0], k, colour);
}

function arrowMark([x0, y0, x1, y1]: readonly [number, number, number, number], k: number, colour: Colour): string {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(7, 0.6 * length);
  const [bx, by] = [x1 - head * ux, y1 - head * uy];
  const side = 0.45 * head;
  const f = (value: number): string => value.toFixed(1);
  const tip = `M${f(x1)},${f(y1)}L${f(bx - side * uy)},${f(by + side * ux)}L${f(bx + side * uy)},${f(by - side * ux)}z`;
  return [
    element("path", { d: `M${f(x0)},${f(y0)}L${f(bx)},${f(by)}`, ...lineStyle(k, colour, 1.8) }),
    shapes(tip, colour),
  ].join("");
}

function drawn(data: Arrows, width: number): Drawing {
  const { kinds, paths = [], points = [], x, y, longest = 60 } = data;
  const side = Math.min(width, 620);
  const colours = kinds.map((_, k) => classColour(k, kinds.length));
  const entries: KeyEntry[] = [
    ...paths.map(({ name }) => ({ name, swatch: element("path", { d: "M0,0H26", ...stroked("neutral", 2) }) })),
    ...points.map(({ name }, k) => ({ name, swatch: shapes(shapePath(k, 13, 0, DOT), "neutral") })),
    ...kinds.map(({ name }, k) => ({ name, swatch: arrowSwatch(k, colours[k]) })),
  ];
  const all = [...kinds, ...paths, ...points];
  const plot = plotOf({
    width: side,
    x,
    y,
    extents: { x: padded(extentOf(all.map((one) => one.x))), y: padded(extentOf(all.map((one) => one.y))) },
    ends: { x: "room", y: "room" },
    key: entries,
    equal: true,
  });
  const pixels = Math.abs(plot.x.at(1) - plot.x.at(0));
  const largest = kinds.reduce(
    (max, { dx, dy }) =>
      Array.from(dx, (value, k) => Math.hypot(value, dy[k])).reduce(
        (a, b) => (Number.isFinite(b) ? Math.max(a, b) : a),
        max,
      ),
    0,
  );
  const scale = largest > 0 ? longest / largest : pixels;
  const isEmpty = all.every((one) => one.x.length === 0);
  return plot.drawing([
    ...points.map((own, k) => pointMarks(own, k, plot)),
    ...paths.map((path) => pathMark(path, plot)),
    ...kinds.flatMap((kind, k) => kindMarks(kind, { k, colour: colours[k], scale }, plot)),
    ...(isEmpty ? [noData(plot.box)] : []),
  ]);
}

/** Room for arrows that point outward. */
function padded(extent: readonly [number, number] | undefined): readonly [number, number] | undefined {
  if (extent === undefined) return undefined;
  const room = 0.1 * (extent[1] - extent[0] || Math.abs(extent[0]) || 1);
  return [extent[0] - room, extent[1] + room];
}

function kindMarks(
  { x: xs, y: ys, dx, dy }: ArrowKind,
  { k, colour, scale }: { k: number; colour: Colour; scale: number },
  { x, y }: Plot,
): string[] {
  return Array.from(xs, (value, i) => {
    const [vx, vy] = [dx[i] * scale, -dy[i] * scale];
    if (!x.has(value) || !y.has(ys[i]) || !Number.isFinite(vx + vy) || Math.hypot(vx, vy) < 0.5) return "";
    const [px, py] = [x.at(value), y.at(ys[i])];
    return arrowMark([px, py, px + vx, py + vy], k, colour);
  });
}

function pointMarks({ name, x: xs, y: ys }: Path, k: number, { x, y }: Plot): string {
  const marks = Array.from(xs, (value, i) =>
    x.has(value) && y.has(ys[i]) ? shapePath(k, x.at(value), y.at(ys[i]), DOT) : "",
  ).join("");
  return marks && element("g", { "aria-label": name }, shapes(marks, "neutral"));
}

/** The line from its first point, a circle, to its last, a square. */
function pathMark({ name, x: xs, y: ys }: Path, { x, y }: Plot): string {
  const places = Array.from(xs, (value, k): [number, number] => [value, ys[k]]).filter(
    ([a, b]) => x.has(a) && y.has(b),
  );
  if (places.length === 0) return "";
  const pixels = places.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`);
  const [first, last] = [places[0], places[places.length - 1]];
  return element(
    "g",
    { "aria-label": name },
    ...(places.length > 1 ? [element("path", { d: `M${pixels.join("L")}`, ...stroked("neutral", 2) })] : []),
    shapes(shapePath(0, x.at(first[0]), y.at(first[1]), 4.5), "neutral"),
    shapes(shapePath(1, x.at(last[0]), y.at(last[1]), 4.5), "neutral"),
  );
}
