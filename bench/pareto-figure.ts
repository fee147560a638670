// Error by example against gradients a query, both logarithmic: what each way of explaining buys.

import { scaleLog } from "d3-scale";
import { formatExact, formatNumber } from "../src/figures/format.ts";
import { type FigureOptions, frame, SMALL_FONT } from "../src/figures/frame.ts";
import { filled, stroked } from "../src/figures/palette.ts";
import { element, moved, textAt, widthOf } from "../src/figures/svg.ts";
import { isPareto, type Measured } from "./chord-methods.ts";
import { logTicks } from "./scaling-figure.ts";

export interface Pareto {
  readonly title: string;
  readonly methods: readonly Measured[];
}

const [LEFT, RIGHT, TOP, BOTTOM] = [56, 16, 34, 40];
const HEIGHT = 260;
/** What is nearer than this is drawn here: it is exact. */
const LEAST = 1e-5;

const KINDS = [
  ["steps", "text"],
  ["chords", "toward"],
  ["superposition", "away"],
  ["TracIn-CP", "neutral"],
] as const;

/** A dot's shape tells its kind without its colour. */
function shape(kind: Measured["kind"], x: number, y: number, title: string): string {
  const [, colour] = KINDS.find(([name]) => name === kind) as (typeof KINDS)[number];
  const name = element("title", {}, title);
  if (kind === "steps") return element("circle", { cx: x, cy: y, r: 4, ...filled(colour) }, name);
  if (kind === "chords") return element("rect", { x: x - 4, y: y - 4, width: 8, height: 8, ...filled(colour) }, name);
  const d = kind === "superposition" ? `M${x},${y - 5}l5,9h-10z` : `M${x - 4},${y - 4}l8,8m0,-8l-8,8`;
  if (kind === "superposition") return element("path", { d, ...filled(colour) }, name);
  return element("path", { d, fill: "none", ...stroked(colour, 2) }, name);
}

/** The figure as SVG. */
export function paretoFigure({ title, methods }: Pareto, options: FigureOptions = { width: 620 }): string {
  const best = methods.filter((one) => isPareto(one, methods)).sort((a, b) => a.gradients - b.gradients);
  const names = best.map(({ method }) => method).join("; ");
  const caption = `Euclidean error of all contributions relative to those along steps, against full gradients of one query. Down and left is better; errors below ${formatExact(100 * LEAST)} % stand on the lowest line. Nothing cheaper is nearer than, from cheap to dear: ${names}.`;
  return frame({ title, caption }, options, (width) => ({
    height: TOP + HEIGHT + BOTTOM,
    marks: drawn(methods, width),
  }));
}

function drawn(methods: readonly Measured[], width: number): string[] {
  const errorOf = ({ error }: Measured): number => Math.max(LEAST, error);
  const yTicks = logTicks([LEAST, ...methods.map(errorOf)]);
  const xTicks = logTicks(methods.map(({ gradients }) => gradients));
  const y = scaleLog([yTicks[0], yTicks[yTicks.length - 1]], [HEIGHT, 0]);
  const x = scaleLog([xTicks[0], xTicks[xTicks.length - 1]], [LEFT + 8, width - RIGHT - 8]);
  const muted = { ...filled("muted"), "font-size": SMALL_FONT };
  const dots = methods.map((one) => {
    const about = `${one.method}: ${formatNumber(one.gradients)} gradients, error ${formatNumber(one.error)}`;
    return shape(one.kind, x(one.gradients), y(errorOf(one)), about);
  });
  const percent = (share: number): string => `${formatExact(Number((100 * share).toPrecision(1)))} %`;
  return [
    textAt(0, 12, "error by example", muted),
    ...key(new Set(methods.map(({ kind }) => kind)), width - RIGHT),
    moved(
      0,
      TOP,
      ...yTicks.flatMap((tick) => [
        element("line", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), ...stroked("grid") }),
        textAt(LEFT - 6, y(tick) + 4, percent(tick), { ...muted, "text-anchor": "end" }),
      ]),
      element("line", { x1: LEFT, x2: width - RIGHT, y1: HEIGHT, y2: HEIGHT, ...stroked("axis") }),
      ...xTicks.map((tick) => textAt(x(tick), HEIGHT + 15, formatExact(tick), { ...muted, "text-anchor": "middle" })),
      textAt((LEFT + width - RIGHT) / 2, HEIGHT + 32, "gradients a query", { ...muted, "text-anchor": "middle" }),
      ...dots,
    ),
  ];
}

/** Names of the kinds with their shapes, in one row that ends about at `right`. */
function key(kinds: ReadonlySet<Measured["kind"]>, right: number): string[] {
  const marks: string[] = [];
  let end = right;
  for (const [kind] of [...KINDS].reverse()) {
    if (!kinds.has(kind)) continue;
    const start = end - 1.1 * widthOf(kind, SMALL_FONT);
    marks.push(
      textAt(start, 12, kind, { ...filled("muted"), "font-size": SMALL_FONT }),
      shape(kind, start - 10, 8, kind),
    );
    end = start - 32;
  }
  return marks;
}
