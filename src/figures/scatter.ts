// Points on a plane, in classes that differ by colour and shape; many classes are written as their own names.

import { extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { type Drawing, type FigureText, SMALL_FONT } from "./frame.ts";
import { shapePath, shapeSwatch, shapes } from "./glyphs.ts";
import { type Guide, guideLabels, guideLines } from "./guide.ts";
import type { KeyEntry } from "./key.ts";
import { classColour, filled, MAX_CLASSES } from "./palette.ts";
import { noData, type Plot, plotOf } from "./plot.ts";
import { type AxisOptions, axisLabel } from "./scale.ts";
import { element, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface PointClass {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Of each point, at least 0; areas are in proportion to it. Default: all alike. */
  readonly size?: ArrayLike<number>;
}

export interface Scatter extends FigureText {
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly classes: readonly PointClass[];
  readonly guides?: readonly Guide[];
  /** What `size` of points is, for the table and the caption. */
  readonly sizeLabel?: string;
  /** Of more than eight classes: those that get a colour (six at most). Default the first. */
  readonly highlight?: readonly number[];
  /** One unit is as long on both axes. Default false. */
  readonly equal?: boolean;
  readonly height?: number;
  readonly keyed?: boolean;
}

const RADIUS = 3.6;
const MAX_RADIUS = 9;

function checked(classes: readonly PointClass[]): void {
  for (const { name, x, y, size } of classes) {
    for (const list of [y, ...(size ? [size] : [])]) {
      if (list.length !== x.length)
        throw new RangeError(
          `figure: class ${name} must have as many values as points, got ${list.length} for ${x.length}`,
        );
    }
    if (size && extentOf([size])?.[0] !== undefined && extentOf([size])![0] < 0)
      throw new RangeError(`figure: sizes of class ${name} must be at least 0, got ${extentOf([size])![0]}`);
  }
}

function scatterTable({ x, y, classes, sizeLabel = "size" }: Scatter): Table {
  const isSized = classes.some(({ size }) => size);
  const print = (value: number) => amount(value, formatNumber(value, { digits: 4 }));
  const plain = (axis: AxisOptions): string => axisLabel({ ...axis, scale: "linear" });
  return {
    columns: ["class", plain(x), plain(y), ...(isSized ? [sizeLabel] : [])],
    rows: classes.flatMap(({ name, x: xs, y: ys, size }) =>
      Array.from(xs, (value, i) => [
        name,
        print(value),
        print(ys[i]),
        ...(isSized ? [size ? print(size[i]) : ""] : []),
      ]),
    ),
  };
}

/** How many points the axes cannot show. */
function hiddenOf({ x, y, classes }: Scatter): number {
  const has = ({ scale }: AxisOptions, value: number): boolean =>
    Number.isFinite(value) && !(scale === "log" && value <= 0);
  let hidden = 0;
  for (const one of classes)
    for (let i = 0; i < one.x.length; i++) if (!has(x, one.x[i]) || !has(y, one.y[i])) hidden++;
  return hidden;
}

/**
 * Points of some classes. Up to eight have colours and shapes; of more each point is the first letters of its class's name, six
 * of them in colour.
 *
 * Points that the axes cannot show (not finite, or not above zero on a logarithmic axis) are left out, and the caption counts them.
 */
export function scatter(data: Scatter): Figure {
  checked(data.classes);
  const hidden = hiddenOf(data);
  const caption = `${data.caption}${hidden > 0 ? ` Not drawn: ${countOf(hidden, "point")} outside of what the axes can show.` : ""}`;
  return figureFrom({ title: data.title, caption }, scatterTable(data), (width) => scatterDrawn(data, width));
}

function scatterDrawn(data: Scatter, width: number): Drawing {
  const { x, y, classes, guides = [], highlight, keyed = true } = data;
  const isLettered = classes.length > MAX_CLASSES;
  const colours = classes.map((_, k) => classColour(k, classes.length, highlight));
  const letters = lettersOf(classes.map(({ name }) => name));
  const entries = classes.map(
    ({ name }, k): KeyEntry => ({
      name,
      swatch: isLettered ? letter(letters[k], 16, 0, colours[k]) : shapeSwatch(k, colours[k]),
    }),
  );
  const plot = plotOf({
    width,
    height: data.height ?? Math.round(Math.min(420, 0.62 * width)),
    x,
    y,
    extents: {
      x: extentOf(
        classes.map((one) => one.x),
        { positive: x.scale === "log" },
      ),
      y: extentOf(
        classes.map((one) => one.y),
        { positive: y.scale === "log" },
      ),
    },
    ends: { x: "room", y: "room" },
    key: keyed && classes.length > 1 ? entries : [],
    equal: data.equal ?? false,
  });
  const largest = extentOf(classes.flatMap(({ size }) => (size ? [size] : [])))?.[1] || 1;
  const marks = classes.map((one, k) => {
    if (isLettered) return letteredMarks(one, letters[k], colours[k], plot);
    return pointMarks(one, { kind: k, colour: colours[k], largest }, plot);
  });
  const isEmpty = classes.every((one) => one.x.length === 0);
  return plot.drawing([
    ...guideLines(guides, plot),
    ...marks,
    ...guideLabels(guides, plot),
    ...(isEmpty ? [noData(plot.box)] : []),
  ]);
}

/** The first letters of each name, as few as tell them apart, at most three. */
function lettersOf(names: readonly string[]): string[] {
  for (let count = 1; count <= 3; count++) {
    const short = names.map((name) => [...name].slice(0, count).join(""));
    if (count === 3 || new Set(short).size === names.length) return short;
  }
  return [...names];
}

function letter(text: string, x: number, y: number, colour: ReturnType<typeof classColour>): string {
  return textAt(x, y + 4, text, {
    ...filled(colour),
    "font-size": SMALL_FONT,
    "font-weight": 600,
    "text-anchor": "middle",
  });
}

function letteredMarks(
  { x: xs, y: ys }: PointClass,
  text: string,
  colour: ReturnType<typeof classColour>,
  { x, y }: Plot,
): string {
  const places = Array.from(xs, (value, i) => [value, ys[i]]).filter(([a, b]) => x.has(a) && y.has(b));
  const words = places.map(([a, b]) => textAt(x.at(a), y.at(b) + 4, text));
  return element(
    "g",
    { ...filled(colour), "font-size": SMALL_FONT, "font-weight": 600, "text-anchor": "middle" },
    ...words,
  );
}

interface PointStyle {
  readonly kind: number;
  readonly colour: ReturnType<typeof classColour>;
  /** The size that has the largest radius. */
  readonly largest?: number;
  readonly radius?: number;
}

/** All points of a class as one path. */
export function pointMarks(
  { x: xs, y: ys, size }: Omit<PointClass, "name">,
  style: PointStyle,
  { x, y }: Plot,
): string {
  const { kind, colour, largest = 1, radius = RADIUS } = style;
  let d = "";
  for (let i = 0; i < xs.length; i++) {
    if (!x.has(xs[i]) || !y.has(ys[i])) continue;
    const r = size ? MAX_RADIUS * Math.sqrt(size[i] / largest) : radius;
    if (r > 0) d += shapePath(kind, x.at(xs[i]), y.at(ys[i]), Math.max(0.8, r));
  }
  return d === "" ? "" : shapes(d, colour);
}
