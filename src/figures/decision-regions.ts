// Decision regions of a model of two inputs, with the training points, and the neighbours of anchors pointed out.

import { BAR_ROOM, colourBar, colourScaleOf } from "./colour-scale.ts";
import { contourOf } from "./contour.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { type Drawing, type FigureText, SMALL_FONT } from "./frame.ts";
import { shapePath, shapeSwatch } from "./glyphs.ts";
import { keyRows } from "./key.ts";
import { type Colour, classColour, filled, lightColours, stroked } from "./palette.ts";
import { type Plot, plotOf } from "./plot.ts";
import { type Cells, rasterImage } from "./raster.ts";
import { type PointClass, pointMarks } from "./scatter.ts";
import { element, moved, textAt } from "./svg.ts";
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

/** Orange and blue for two classes, as the ramp of outputs has them. */
function colourOf(k: number, count: number): Colour {
  return count === 2 ? classColour(1 - k, 2) : classColour(k, count);
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
 * The output over the plane as a picture, the line where it is zero, the points by class, anchors as stars with their neighbours
 * ringed. Both axes have one scale. RangeError for a grid whose values are not rows x columns.
 */
export function decisionRegions(data: DecisionRegions): Figure {
  const { values, rows, columns } = data.grid;
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
  const ringColour = (k: number) => (k === 0 ? "text" : "neutral") as "text" | "neutral";
  const entries = [
    ...classes.map(({ name }, k) => ({ name, swatch: shapeSwatch(k, colourOf(k, classes.length)) })),
    ...anchors.map(({ name }, k) => ({
      name: `${name}, its neighbours ringed`,
      swatch: `${star(6, 0, k)}${ring(20, 0, k, ringColour(k))}`,
    })),
  ];
  const key = keyRows(keyed ? entries : [], width);
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
    ...classes.map((one, k) => pointMarks(one, { kind: k, colour: colourOf(k, classes.length), radius: 3 }, plot)),
    ...anchors.flatMap((anchor, k) => anchorMarks(anchor, k, plot, ringColour(k))),
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

/** The line where the output is zero; values stand in the middle of their cells. */
function boundary(grid: Cells, plot: Plot, { x, y }: DecisionRegions): string {
  const px = (column: number): string => plot.x.at(x[0] + ((column + 0.5) * (x[1] - x[0])) / grid.columns).toFixed(1);
  const py = (row: number): string => plot.y.at(y[0] + ((row + 0.5) * (y[1] - y[0])) / grid.rows).toFixed(1);
  const d = contourOf(grid)
    .map(([a, b]) => `M${px(a[0])},${py(a[1])}L${px(b[0])},${py(b[1])}`)
    .join("");
  return d === "" ? "" : element("path", { d, ...stroked("text", 1.4) });
}

function star(px: number, py: number, kind: number): string {
  const d = shapePath(kind % 2 === 0 ? 7 : 6, px, py, 5.5);
  return element("path", {
    d,
    ...filled("text"),
    stroke: lightColours.ground,
    "stroke-width": 1.2,
    class: "pk-text pk-ground-line",
  });
}

/** A ring; of the second anchor dashed, so that both are told apart. */
function ring(px: number, py: number, kind: number, colour: "text" | "neutral"): string {
  const dash = kind % 2 === 0 ? undefined : "2.2 1.6";
  return element("circle", { cx: px, cy: py, r: 5.2, ...stroked(colour, 1.3), "stroke-dasharray": dash });
}

function anchorMarks({ name, x, y, neighbours }: Anchor, k: number, plot: Plot, colour: "text" | "neutral"): string[] {
  const dash = k % 2 === 0 ? undefined : "2.2 1.6";
  const d = Array.from(neighbours.x, (value, i) =>
    shapePath(0, plot.x.at(value), plot.y.at(neighbours.y[i]), 5.2),
  ).join("");
  const [px, py] = [plot.x.at(x), plot.y.at(y)];
  const rim = { stroke: lightColours.ground, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" };
  const words = {
    ...filled("text"),
    ...rim,
    class: "pk-text pk-ground-line",
    "font-size": SMALL_FONT,
    "font-weight": 600,
  };
  return [
    ...(d === "" ? [] : [element("path", { d, ...stroked(colour, 1.3), "stroke-dasharray": dash })]),
    star(px, py, k),
    textAt(px + 9, py + 4, name, words),
  ];
}
