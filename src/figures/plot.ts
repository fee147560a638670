// A plot area: two axes with ticks, grid, labels and units around a box, and a key above it.

import type { Extent } from "./extent.ts";
import { type Drawing, SMALL_FONT } from "./frame.ts";
import { type KeyEntry, keyRows } from "./key.ts";
import { filled, stroked } from "./palette.ts";
import { type AxisOptions, axisLabel, type Ends, type Scale, scaleOf } from "./scale.ts";
import { element, textAt, widthOf } from "./svg.ts";

export interface PlotOptions {
  readonly width: number;
  /** Of the box; default about 0.42 of the width. */
  readonly height?: number | undefined;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  /** What the data cover. */
  readonly extents: { readonly x: Extent; readonly y: Extent };
  /** Default: x exact, y round. */
  readonly ends?: { readonly x?: Ends; readonly y?: Ends };
  readonly key?: readonly KeyEntry[];
  /** Room to the right of the box, for labels of lines. */
  readonly right?: number;
  /** One unit is as long on both axes; the box is made as high as that asks for. */
  readonly equal?: boolean;
  /** Draw lines at the ticks. Default true. */
  readonly grid?: boolean;
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Plot {
  readonly x: Scale;
  readonly y: Scale;
  readonly box: Box;
  /** The figure with these marks between grid and axes. */
  readonly drawing: (marks: readonly string[]) => Drawing;
}

const LABEL_ROW = 20;
/** Below the box: tick labels and the axis's name. */
export const BELOW = 38;
const small = { ...filled("muted"), "font-size": SMALL_FONT };

/** Pixels at the left of the box that tick labels take. */
function leftRoom(ticks: readonly { readonly text: string }[]): number {
  return Math.max(24, ...ticks.map(({ text }) => widthOf(text, SMALL_FONT) + 8));
}

function horizontalOf({ width, extents, x, ends = {} }: PlotOptions, range: readonly [number, number]): Scale {
  const wanted = Math.max(2, Math.floor((width - range[0]) / 80));
  return scaleOf(extents.x, x, { range, wanted, ends: ends.x ?? "exact" });
}

/** The plot at a width, empty. */
export function plotOf(options: PlotOptions): Plot {
  const { width, x, y, extents, ends = {}, key = [], equal = false } = options;
  const rows = keyRows(key, width);
  const top = rows.height + LABEL_ROW;
  const yWanted = (pixels: number): number => Math.max(2, Math.floor(pixels / 44));
  const vertical = (pixels: number): Scale =>
    scaleOf(extents.y, y, { range: [top + pixels, top], wanted: yWanted(pixels), ends: ends.y ?? "round" });
  const usual = options.height ?? Math.round(Math.min(320, Math.max(170, 0.42 * width)));
  let [left, right, height] = [0, width, usual];
  let [xScale, yScale] = [horizontalOf(options, [0, width]), vertical(usual)];
  // Where both axes have one unit, the height depends on the width, the ticks on the height and the width on the ticks.
  for (let round = 0; round < (equal ? 3 : 1); round++) {
    left = Math.max(left, leftRoom(yScale.ticks));
    // Half of the last tick's label hangs over the box.
    const last = horizontalOf(options, [left, width]).ticks.at(-1);
    right = Math.round(width - Math.max(options.right ?? 0, 8, last ? widthOf(last.text, SMALL_FONT) / 2 : 0));
    xScale = horizontalOf(options, [left, right]);
    const [rise, run] = [yScale.domain[1] - yScale.domain[0], xScale.domain[1] - xScale.domain[0]];
    height = equal ? Math.round(Math.min(640, Math.max(60, ((right - left) * rise) / run))) : usual;
    yScale = vertical(height);
  }
  const box: Box = { left, right, top, bottom: top + height };
  const isCut = x.domain !== undefined || y.domain !== undefined;
  return {
    x: xScale,
    y: yScale,
    box,
    drawing: (marks) => ({
      height: box.bottom + BELOW,
      marks: [
        ...rows.marks,
        ...(options.grid === false ? [] : gridOf(xScale, yScale, box)),
        ...(isCut ? [cutTo(box, marks)] : marks),
        ...axesOf(xScale, yScale, box, width),
        textAt(0, rows.height + 10, axisLabel(y), small),
        axisName(axisLabel(x), box, width),
      ],
    }),
  };
}

/** Marks in a nested picture that hides what lies outside of the box; needs no name, as a clip path does. */
function cutTo({ left, right, top, bottom }: Box, marks: readonly string[]): string {
  // Points on the edge are shown whole.
  const rim = 5;
  const [x, y, width, height] = [left - rim, top - rim, right - left + 2 * rim, bottom - top + 2 * rim];
  const place = { x, y, width, height, viewBox: [x, y, width, height].join(" "), overflow: "hidden" };
  return element("svg", place, ...marks);
}

/** The name under the box's middle, pushed in where it would leave the figure. */
function axisName(label: string, { left, right, bottom }: Box, width: number): string {
  const half = widthOf(label, SMALL_FONT) / 2;
  const x = Math.max(half, Math.min((left + right) / 2, width - half));
  return textAt(x, bottom + 31, label, { ...small, "text-anchor": "middle" });
}

const inside = (scale: Scale): Scale["ticks"] => scale.ticks.filter(({ value }) => scale.has(value));

function gridOf(x: Scale, y: Scale, { left, right, top, bottom }: Box): string[] {
  const d = [
    ...inside(y).map(({ value }) => `M${left},${y.at(value).toFixed(1)}H${right}`),
    ...inside(x).map(({ value }) => `M${x.at(value).toFixed(1)},${top}V${bottom}`),
  ].join("");
  return d === "" ? [] : [element("path", { d, ...stroked("grid") })];
}

function axesOf(x: Scale, y: Scale, { left, right, top, bottom }: Box, width: number): string[] {
  const labels = [
    ...inside(y).map(({ value, text }) => textAt(left - 6, y.at(value) + 4, text, { "text-anchor": "end" })),
    ...inside(x).map(({ value, text }) => {
      const half = widthOf(text, SMALL_FONT) / 2;
      return textAt(Math.max(half, Math.min(x.at(value), width - half)), bottom + 15, text, {
        "text-anchor": "middle",
      });
    }),
  ];
  return [
    element("path", { d: `M${left},${top}V${bottom}H${right}`, ...stroked("axis") }),
    element("g", small, ...labels),
  ];
}

/** What stands in a plot without data. */
export function noData({ left, right, top, bottom }: Box): string {
  return textAt((left + right) / 2, (top + bottom) / 2, "no data", { ...small, "text-anchor": "middle" });
}
