// What the quadrature left unexplained at each step, on a logarithmic axis, against what the tolerance allows a step.

import { scaleLinear, scaleLog } from "d3-scale";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { type Drawing, type FigureText, SMALL_FONT } from "./frame.ts";
import { filled, stroked } from "./palette.ts";
import { element, moved, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface ResidualByStep {
  /** Signed residual of each step, or of each chord, of one row. */
  readonly residual: ArrayLike<number>;
  /** What each of them is of; default: step. */
  readonly piece?: "step" | "chord";
  /** |residual| that the rule `auto` aims at for one step: tolerance * scale / S; for a chord as many times as it has steps. */
  readonly allowed: number;
  /** How the integral along each of them was taken. */
  readonly rule: string;
  readonly unit: string;
}

/** One mark: the largest |residual| of some consecutive steps. */
export interface ResidualMark {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** Marks that a narrow figure can tell apart; more steps than that are drawn by the largest of each few. */
const MAX_MARKS = 120;
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 8, 20, 36];
const HEIGHT = 170;
/** Room under the logarithmic part for steps whose residual is zero. */
const ZERO_ROOM = 18;

/** The marks drawn. */
export function residualMarks({ residual }: ResidualByStep): ResidualMark[] {
  const steps = residual.length;
  const each = Math.max(1, Math.ceil(steps / MAX_MARKS));
  return Array.from({ length: Math.ceil(steps / each) }, (_, k) => {
    const [first, last] = [k * each, Math.min(steps, (k + 1) * each) - 1];
    let size = 0;
    for (let s = first; s <= last; s++) size = Math.max(size, Math.abs(residual[s]));
    return { first, last, size };
  });
}

function residualByStepText(data: ResidualByStep): FigureText {
  const { residual, allowed, rule, unit, piece = "step" } = data;
  const sizes = Array.from(residual, Math.abs);
  const above = sizes.filter((size) => size > allowed).length;
  const largest = sizes.reduce((max, size) => Math.max(max, size), 0);
  const each = Math.max(1, Math.ceil(sizes.length / MAX_MARKS));
  const print = (value: number): string => `${formatNumber(value, { digits: 2 })} ${unit}`;
  const line = `The line is the tolerance for one ${piece}, ${print(allowed)}: ${countOf(above, piece)} of ${sizes.length} above it.`;
  const marks = each > 1 ? ` Each mark is the largest of ${each} ${piece}s.` : "";
  return {
    title: `Residual of each ${piece}`,
    caption: `Rule ${rule}: at most ${print(largest)} in a ${piece}. ${line}${marks}`,
  };
}

/** The rows drawn. */
function residualByStepTable(data: ResidualByStep): Table {
  return {
    columns: [`${data.piece ?? "step"}s`, `largest |residual| (${data.unit})`],
    rows: residualMarks(data).map(({ first, last, size }) => [
      first === last ? String(first) : `${first} to ${last}`,
      amount(size, formatNumber(size, { digits: 2 })),
    ]),
  };
}

/** The figure. */
export function residualByStep(data: ResidualByStep): Figure {
  return figureFrom(residualByStepText(data), residualByStepTable(data), (width) => drawn(data, width));
}

/** Whole decades around what is shown, at least two. */
function decadesOf(values: readonly number[]): [number, number] {
  const exponents = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  if (exponents.length === 0) return [-1, 1];
  const low = Math.floor(exponents.reduce((a, b) => Math.min(a, b)));
  const high = Math.ceil(exponents.reduce((a, b) => Math.max(a, b)));
  return high - low >= 2 ? [low, high] : [high - 2, high];
}

function drawn(data: ResidualByStep, width: number): Drawing {
  const marks = residualMarks(data);
  const [low, high] = decadesOf([...marks.map(({ size }) => size), data.allowed]);
  const hasZero = marks.some(({ size }) => size === 0);
  const floor = HEIGHT - (hasZero ? ZERO_ROOM : 0);
  const y = scaleLog([10 ** low, 10 ** high], [floor, 0]);
  const x = scaleLinear([0, Math.max(1, data.residual.length - 1)], [LEFT, width - RIGHT]);
  const every = Math.ceil((high - low) / 6);
  const decades = Array.from({ length: high - low + 1 }, (_, k) => low + k).filter((e) => (e - high) % every === 0);
  const axisLabels = { ...filled("muted"), "font-size": SMALL_FONT };
  const yOf = (size: number): number => (size === 0 ? HEIGHT - 4 : y(size));
  return {
    height: TOP + HEIGHT + BOTTOM,
    marks: [
      element(
        "g",
        axisLabels,
        textAt(0, 11, `|residual|, ${data.unit} (logarithmic)`),
        textAt(width - RIGHT, TOP + HEIGHT + 30, data.piece ?? "step", { "text-anchor": "end" }),
      ),
      moved(
        0,
        TOP,
        ...decades.flatMap((e) => decadeMarks(e, y(10 ** e), width)),
        ...(hasZero ? [textAt(LEFT - 6, HEIGHT, "0", { ...axisLabels, "text-anchor": "end" })] : []),
        ...stepTicks(x, width),
        toleranceLine(data, y(data.allowed), width),
        dots(marks.map((mark): [number, number] => [x((mark.first + mark.last) / 2), yOf(mark.size)])),
      ),
    ],
  };
}

function decadeMarks(exponent: number, y: number, width: number): string[] {
  const label = `1e${exponent < 0 ? "\u2212" : ""}${Math.abs(exponent)}`;
  return [
    element("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, ...stroked("grid") }),
    textAt(LEFT - 6, y + 4, label, { ...filled("muted"), "font-size": SMALL_FONT, "text-anchor": "end" }),
  ];
}

function stepTicks(x: { (step: number): number; ticks(count: number): number[] }, width: number): string[] {
  const ticks = x.ticks(Math.max(2, Math.floor(width / 90))).filter(Number.isInteger);
  const labels = { ...filled("muted"), "font-size": SMALL_FONT, "text-anchor": "middle" };
  return [
    element("line", { x1: LEFT, x2: width - RIGHT, y1: HEIGHT, y2: HEIGHT, ...stroked("axis") }),
    ...ticks.map((tick) => textAt(x(tick), HEIGHT + 15, String(tick), labels)),
  ];
}

function toleranceLine({ allowed, piece = "step" }: ResidualByStep, y: number, width: number): string {
  const line = { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, ...stroked("neutral", 1.5), "stroke-dasharray": "5 3" };
  const label = textAt(width - RIGHT, y - 5, `tolerance for one ${piece}`, {
    ...filled("muted"),
    "font-size": SMALL_FONT,
    "text-anchor": "end",
  });
  return element("g", {}, element("title", {}, formatNumber(allowed, { digits: 2 })), element("line", line), label);
}

/** All dots as one path: lines of no length with round ends. */
function dots(places: readonly (readonly [number, number])[]): string {
  const d = places.map(([x, y]) => `M${x.toFixed(1)},${y.toFixed(1)}h0`).join("");
  return element("path", { d, ...stroked("toward", 4.5), "stroke-linecap": "round" });
}
