// Decision regions of a model of two inputs, with the training points, and the neighbours of anchors pointed out.

import { BAR_ROOM, colourBar, colourScaleOf } from "./colour-scale.ts";
import { contourOf } from "./contour.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { type Drawing, type FigureText, SMALL_FONT } from "./frame.ts";
import { shapePath, shapeSwatch } from "./glyphs.ts";
import { type KeyEntry, keyRows } from "./key.ts";
import { type Colour, classColour, filled, lightColours, stroked } from "./palette.ts";
import { type Plot, plotOf } from "./plot.ts";
import { type Cells, rasterImage } from "./raster.ts";
import { type PointClass, pointMarks } from "./scatter.ts";
import { type Attributes, element, moved, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface Anchor {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Places of its neighbours. */
  readonly neighbours: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };
}

export interface DecisionRegions extends FigureText {
  /** Outputs on a grid, the first row at the lower edge: points at the centres of equal cells. */
  readonly grid: Cells;
  /** Another grid over the same plane, of which only the line where it is zero is drawn, dashed: the true boundary. */
  readonly outline?: Cells;
  /** What the grid covers. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** What the outputs are: "margin of disk over circle". */
  readonly quantity: string;
  /** Of two classes the first is that of negative outputs: points have the colours of their regions. */
  readonly classes: readonly PointClass[];
  readonly anchors?: readonly Anchor[];
  readonly labels?: { readonly x: string; readonly y: string };
  /** Of the colours; default as far on both sides of zero as the outputs go. */
  readonly domain?: readonly [number, number];
  /** Names of classes and the bar of colours; a figure of several draws them once. Default true. */
  readonly keyed?: boolean;
}

/** Over the picture, which a dark page shows as it is, marks keep their colours: without the class that a page would change. */
function kept({ class: _, ...attributes }: Attributes): Attributes {
  return attributes;
}

/** Orange and blue for two classes, as the ramp of outputs has them. */
function colourOf(k: number, count: number): Colour {
  return count === 2 ? classColour(1 - k, 2) : classColour(k, count);
}

/** Classes and anchors: for a figure of several, which says them once. */
export function regionKey({ classes, anchors = [] }: Pick<DecisionRegions, "classes" | "anchors">): KeyEntry[] {
  return [
    ...classes.map(({ name }, k) => ({ name, swatch: shapeSwatch(k, colourOf(k, classes.length)) })),
    ...anchors.map(({ name }, k) => ({ name: `${name}, its neighbours ringed`, swatch: anchorSwatch(k) })),
  ];
}

/** The points drawn, and which anchors they are neighbours of. */
function regionsTable({ classes, anchors = [], labels }: DecisionRegions): Table {
  const print = (value: number) => amount(value, formatNumber(value, { digits: 4 }));
  return {
    columns: ["what", labels?.x ?? "x1", labels?.y ?? "x2"],
    rows: [
      ...classes.flatMap(({ name, x, y }) => Array.from(x, (value, i) => [name, print(value), print(y[i])])),
      ...anchors.flatMap(({ name, x, y, neighbours }) => [
        [`anchor ${name}`, print(x), print(y)],
        ...Array.from(neighbours.x, (value, i) => [`neighbour of ${name}`, print(value), print(neighbours.y[i])]),
      ]),
    ],
  };
}

/**
 * The output over the plane as a picture, the line where it is zero, another one dashed, the points by class, anchors as stars with their neighbours
 * ringed. Both axes have one scale. RangeError for a grid whose values are not rows x columns.
 */
export function decisionRegions(data: DecisionRegions): Figure {
  for (const { values, rows, columns } of data.outline ? [data.grid, data.outline] : [data.grid])
    if (values.length !== rows * columns)
      throw new RangeError(`decisionRegions: grid must be ${rows} x ${columns} numbers, got ${values.length}`);
  const said = (data.anchors ?? []).map(
    ({ name, neighbours }) => `${countOf(neighbours.x.length, "neighbour")} of ${name}`,
  );
  const caption = `${data.caption}${said.length > 0 ? ` Ringed: ${said.join(", ")}.` : ""}`;
  return figureFrom({ title: data.title, caption }, regionsTable(data), (width) => drawn(data, width));
}

function drawn(data: DecisionRegions, width: number): Drawing {
  const { grid, x, y, quantity, classes, anchors = [], keyed = true, labels = { x: "x1", y: "x2" } } = data;
  const scale = colourScaleOf([grid.values], { palette: "signed", domain: data.domain });
  const key = keyRows(keyed ? regionKey(data) : [], width);
  const bar = keyed ? BAR_ROOM : 0;
  const side = Math.min(width, 520);
  const plot = plotOf({
    width: side,
    x: { label: labels.x, domain: x },
    y: { label: labels.y, domain: y },
    extents: { x, y },
    equal: true,
    grid: false,
  });
  const { left, right, top, bottom } = plot.box;
  // Pictures begin at their upper row.
  const upper = {
    ...grid,
    values: Float64Array.from(
      grid.values,
      (_, k) => grid.values[(grid.rows - 1 - Math.floor(k / grid.columns)) * grid.columns + (k % grid.columns)],
    ),
  };
  const { height, marks } = plot.drawing([
    rasterImage(upper, scale, { x: left, y: top, width: right - left, height: bottom - top }, { fade: 0.45 }),
    boundary(grid, plot, data),
    ...(data.outline ? [boundary(data.outline, plot, data, "5 3")] : []),
    ...classes.map((one, k) => pointMarks(one, { kind: k, colour: colourOf(k, classes.length), radius: 3 }, plot)),
    ...anchors.flatMap((anchor, k) => anchorMarks(anchor, k, plot)),
  ]);
  const fadedBar = keyed
    ? colourBar(
        {
          ...scale,
          ramp: (t) =>
            scale.ramp(t).map((level) => Math.round(level + 0.45 * (255 - level))) as unknown as readonly [
              number,
              number,
              number,
            ],
        },
        quantity,
        width,
      )
    : [];
  return {
    height: key.height + bar + height,
    marks: [...key.marks, ...(keyed ? [moved(0, key.height, ...fadedBar)] : []), moved(0, key.height + bar, ...marks)],
  };
}

/** Pieces end to end as one path, so that dashes run on over them. */
function chained(pieces: readonly (readonly [string, string])[]): string {
  const rest = [...pieces];
  let d = "";
  for (let piece = rest.pop(); piece; piece = rest.pop()) {
    let end = piece[1];
    d += `M${piece[0]}L${end}`;
    const next = (): number => rest.findIndex((own) => own.includes(end));
    for (let k = next(); k >= 0; k = next()) {
      const [[a, b]] = rest.splice(k, 1);
      end = a === end ? b : a;
      d += `L${end}`;
    }
  }
  return d;
}

/** The line where the output is zero; values stand in the middle of their cells. */
function boundary(grid: Cells, plot: Plot, { x, y }: DecisionRegions, dash?: string): string {
  const px = (column: number): string => plot.x.at(x[0] + ((column + 0.5) * (x[1] - x[0])) / grid.columns).toFixed(1);
  const py = (row: number): string => plot.y.at(y[0] + ((row + 0.5) * (y[1] - y[0])) / grid.rows).toFixed(1);
  const d = chained(contourOf(grid).map(([a, b]) => [`${px(a[0])},${py(a[1])}`, `${px(b[0])},${py(b[1])}`]));
  return d === "" ? "" : element("path", { d, ...kept(stroked("text", 1.4)), "stroke-dasharray": dash });
}

const ringColour = (kind: number): Colour => (kind === 0 ? "text" : "neutral");
const RIM = { stroke: lightColours.ground, "stroke-width": 1.2 };
const starPath = (px: number, py: number, kind: number): string => shapePath(kind % 2 === 0 ? 7 : 6, px, py, 5.5);
const ringDash = (kind: number): string | undefined => (kind % 2 === 0 ? undefined : "2.2 1.6");

/** For the key: a star and a ring; of the second anchor a cross and a dashed one, so that both are told apart. */
function anchorSwatch(kind: number): string {
  const circle = { cx: 20, cy: 0, r: 5.2, ...stroked(ringColour(kind), 1.3), "stroke-dasharray": ringDash(kind) };
  return `${element("path", { d: starPath(6, 0, kind), ...filled("text") })}${element("circle", circle)}`;
}

function anchorMarks({ name, x, y, neighbours }: Anchor, kind: number, plot: Plot): string[] {
  const d = Array.from(neighbours.x, (value, i) =>
    shapePath(0, plot.x.at(value), plot.y.at(neighbours.y[i]), 5.2),
  ).join("");
  const [px, py] = [plot.x.at(x), plot.y.at(y)];
  const words = {
    ...kept(filled("text")),
    ...RIM,
    "stroke-width": 3,
    "stroke-linejoin": "round",
    "paint-order": "stroke",
    "font-size": SMALL_FONT,
    "font-weight": 600,
  };
  const rings = { d, ...kept(stroked(ringColour(kind), 1.3)), "stroke-dasharray": ringDash(kind) };
  return [
    ...(d === "" ? [] : [element("path", rings)]),
    element("path", { d: starPath(px, py, kind), ...kept(filled("text")), ...RIM }),
    textAt(px + 9, py + 4, name, words),
  ];
}
