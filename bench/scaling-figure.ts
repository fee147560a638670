// Time and memory of a kernel against one size of the problem, on logarithmic axes, with what both are held against.

import { scaleLog } from "d3-scale";
import { formatExact, formatNumber } from "../src/figures/format.ts";
import { type FigureOptions, type FigureText, frame, SMALL_FONT } from "../src/figures/frame.ts";
import { filled, stroked } from "../src/figures/palette.ts";
import { element, moved, textAt, widthOf } from "../src/figures/svg.ts";

export interface ScalingPoint {
  /** What is varied. */
  readonly x: number;
  readonly seconds: number;
  /** Seconds that the counted FLOPs take at the machine's peak. */
  readonly leastSeconds: number;
  /** Bytes beside an idle process and the result. */
  readonly bytes: number;
  readonly budget: number;
}

export interface Scaling {
  readonly title: string;
  /** Name of the horizontal axis. */
  readonly axis: string;
  /** What stays the same, in a sentence. */
  readonly fixed: string;
  /** In the order of x, two at least. */
  readonly points: readonly ScalingPoint[];
}

const [LEFT, RIGHT, TOP, BOTTOM] = [48, 16, 30, 40];
const HEIGHT = 150;
const MIB = 2 ** 20;

/** p where y grows as x^p between the last two points. */
export function lastExponent(points: readonly { readonly x: number; readonly seconds: number }[]): number {
  const [a, b] = points.slice(-2);
  return Math.log(b.seconds / a.seconds) / Math.log(b.x / a.x);
}

export function scalingText({ title, fixed, points }: Scaling): FigureText {
  const [before, last] = points.slice(-2);
  const slope = formatNumber(lastExponent(points), { digits: 2 });
  const most = points.reduce((max, { bytes }) => Math.max(max, bytes), 0);
  const memory = `At most ${formatNumber(most / MIB)} MiB beside an idle process and the result, of ${formatNumber(last.budget / MIB)} allowed.`;
  return { title, caption: `${fixed} From ${before.x} to ${last.x} the time grows with the power ${slope}. ${memory}` };
}

/** The figure as SVG: two panels, seconds above, MiB below. */
export function scalingFigure(data: Scaling, options: FigureOptions = {}): string {
  const { points } = data;
  const seconds: Panel = {
    label: "seconds",
    measured: points.map((point) => point.seconds),
    limit: points.map((point) => point.leastSeconds),
    limitName: "FLOPs needed, at the peak",
  };
  const memory: Panel = {
    label: "MiB",
    // Nothing measurable is drawn as one MiB: a logarithm has no zero.
    measured: points.map((point) => Math.max(1, point.bytes / MIB)),
    limit: points.map((point) => point.budget / MIB),
    limitName: "budget",
  };
  const xs = points.map((point) => point.x);
  const step = TOP + HEIGHT + BOTTOM;
  return frame(scalingText(data), options, (width) => ({
    height: 2 * step,
    marks: [...drawn(seconds, xs, data.axis, width), moved(0, step, ...drawn(memory, xs, data.axis, width))],
  }));
}

interface Panel {
  readonly label: string;
  readonly measured: readonly number[];
  readonly limit: readonly number[];
  readonly limitName: string;
}

/** 1, 2, 5, 10, ... around all values; decades alone where there are more than three. */
export function logTicks(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const steps = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    // From text, so that 2e-3 is the number nearest to it.
    for (const digit of steps) ticks.push(Number(`${digit}e${e}`));
  const first = Math.max(
    0,
    ticks.findLastIndex((tick) => tick <= low),
  );
  const last = ticks.findIndex((tick) => tick >= high);
  return ticks.slice(first, Math.max(last, first + 1) + 1);
}

function drawn(
  { label, measured, limit, limitName }: Panel,
  xs: readonly number[],
  axis: string,
  width: number,
): string[] {
  const ticks = logTicks([...measured, ...limit]);
  const y = scaleLog([ticks[0], ticks[ticks.length - 1]], [HEIGHT, 0]);
  const x = scaleLog([xs[0], xs[xs.length - 1]], [LEFT + 12, width - RIGHT - 12]);
  const muted = { ...filled("muted"), "font-size": SMALL_FONT };
  const pathOf = (values: readonly number[]): string =>
    values.map((value, k) => `${k === 0 ? "M" : "L"}${x(xs[k]).toFixed(1)},${y(value).toFixed(1)}`).join("");
  const dots = xs.map((value, k) =>
    element(
      "circle",
      { cx: x(value), cy: y(measured[k]), r: 3.5, ...filled("toward") },
      element("title", {}, `${axis} ${value}: ${formatNumber(measured[k])} ${label}`),
    ),
  );
  return [
    textAt(0, 12, label, muted),
    ...key(
      [
        ["measured", "toward", undefined],
        [limitName, "neutral", "5 3"],
      ],
      width - RIGHT,
    ),
    moved(
      0,
      TOP,
      ...ticks.flatMap((tick) => [
        element("line", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), ...stroked("grid") }),
        textAt(LEFT - 6, y(tick) + 4, formatExact(tick), { ...muted, "text-anchor": "end" }),
      ]),
      element("line", { x1: LEFT, x2: width - RIGHT, y1: HEIGHT, y2: HEIGHT, ...stroked("axis") }),
      ...xs.map((value) => textAt(x(value), HEIGHT + 15, String(value), { ...muted, "text-anchor": "middle" })),
      textAt((LEFT + width - RIGHT) / 2, HEIGHT + 30, axis, { ...muted, "text-anchor": "middle" }),
      element("path", { d: pathOf(limit), ...stroked("neutral", 1.5), "stroke-dasharray": "5 3" }),
      element("path", { d: pathOf(measured), ...stroked("toward", 2) }),
      ...dots,
    ),
  ];
}

/** Names of the lines with a piece of each, in one row that ends about at `right`. */
function key(
  entries: readonly (readonly [name: string, colour: "toward" | "neutral", dashes: string | undefined])[],
  right: number,
): string[] {
  const marks: string[] = [];
  let end = right;
  for (const [name, colour, dashes] of [...entries].reverse()) {
    // Some fonts are a tenth wider than most.
    const start = end - 1.1 * widthOf(name, SMALL_FONT);
    const piece = { x1: start - 28, x2: start - 6, y1: 8, y2: 8, ...stroked(colour, 2), "stroke-dasharray": dashes };
    marks.push(textAt(start, 12, name, { ...filled("muted"), "font-size": SMALL_FONT }), element("line", piece));
    end = start - 44;
  }
  return marks;
}
