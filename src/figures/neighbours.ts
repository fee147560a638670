// Nearest training examples of anchors, metric by metric: strips of pictures, or of names, with whether their labels match.

import { type Figure, figureFrom } from "./figure.ts";
import { formatCount, formatNumber, formatShare } from "./format.ts";
import { type Drawing, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import type { Picture } from "./image.ts";
import { type Colour, filled, stroked } from "./palette.ts";
import { element, escapeText, fitted, moved, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";
import { thumbnail } from "./thumbnail.ts";

export interface Neighbour {
  /** "train:123". */
  readonly id: string;
  readonly label: string;
  /** Similarity or distance. */
  readonly value: number;
  readonly picture?: Picture;
}

export interface NeighbourAnchor {
  readonly id: string;
  /** Absent where it has none: then nothing is said to match or not. */
  readonly label?: string;
  readonly picture?: Picture;
  /** In the order drawn. */
  readonly metrics: readonly {
    /** "kernel", "cosine", "euclidean". */
    readonly name: string;
    /** What their values are: "similarity", "distance". */
    readonly quantity: string;
    /** Nearest first. */
    readonly neighbours: readonly Neighbour[];
  }[];
}

export interface NeighboursFigure {
  readonly anchors: readonly NeighbourAnchor[];
}

const SIDE = 44;
const CELL = 58;
/** Of an example without a picture. */
const TEXT_CELL = 128;
const STRIP = 98;
const HEAD = 22;

/** Undefined of an anchor without a label. */
const matches = (anchor: NeighbourAnchor, { label }: Neighbour): boolean | undefined =>
  anchor.label === undefined ? undefined : label === anchor.label;

/** "✓ 5", "✗ 6"; the label alone where nothing matches or not. */
const marked = (isMatch: boolean | undefined, label: string): string =>
  isMatch === undefined ? label : `${isMatch ? "✓" : "✗"} ${label}`;

/** Share of a strip with the anchor's label. */
function purityOf(anchor: NeighbourAnchor, neighbours: readonly Neighbour[]): number {
  return neighbours.filter((one) => matches(anchor, one)).length / neighbours.length;
}

function neighboursTable({ anchors }: NeighboursFigure): Table {
  return {
    columns: ["query", "query's label", "metric", "rank", "neighbour", "label", "same label", "value"],
    rows: anchors.flatMap((anchor) =>
      anchor.metrics.flatMap(({ name, neighbours }) =>
        neighbours.map((one, k) => [
          anchor.id,
          anchor.label ?? "none",
          name,
          amount(k + 1, String(k + 1)),
          one.id,
          one.label,
          { true: "yes", false: "no", undefined: "none" }[`${matches(anchor, one)}`],
          amount(one.value, formatNumber(one.value)),
        ]),
      ),
    ),
  };
}

/** The strips; only as many neighbours are drawn as have the room, the table and the purities are of all that are given. */
export function neighboursFigure(data: NeighboursFigure): Figure {
  const names = [...new Set(data.anchors.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const purities = names.map((name) => {
    const all = data.anchors.flatMap((anchor) =>
      anchor.metrics
        .filter((one) => anchor.label !== undefined && one.name === name && one.neighbours.length > 0)
        .map(({ neighbours }) => purityOf(anchor, neighbours)),
    );
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    return Number.isFinite(mean) ? `${name} ${formatShare(mean)}` : `${name} none`;
  });
  const text = {
    title: "Nearest training examples",
    caption: `${data.anchors.length === 1 ? "1 query" : `${formatCount(data.anchors.length)} queries`}; neighbours with the query's label: ${purities.length > 0 ? purities.join(", ") : "none"}.`,
  };
  return figureFrom(text, neighboursTable(data), (width) => drawn(data, width));
}

function drawn({ anchors }: NeighboursFigure, width: number): Drawing {
  const marks: string[] = [...key()];
  let y = 24;
  for (const anchor of anchors) {
    marks.push(textAt(0, y + 14, fitted(headOf(anchor), width, FONT_SIZE), { "font-weight": 600 }));
    y += HEAD;
    const left = anchor.picture ? SIDE + 26 : 0;
    if (anchor.picture) marks.push(moved(0, y + 18, ...thumbnail(anchor.picture, SIDE, stroked("text", 1.6))));
    for (const strip of anchor.metrics) {
      marks.push(moved(left, y, ...stripMarks(anchor, strip, width - left)));
      y += STRIP + (strip.neighbours.some(({ picture }) => picture) ? 0 : -36);
    }
    y += 6;
  }
  return { height: Math.max(y, 30), marks };
}

const headOf = ({ id, label }: NeighbourAnchor): string =>
  label === undefined ? `${id}, without a label` : `${id}, labelled ${label}`;

function key(): string[] {
  const words = { ...filled("muted"), "font-size": SMALL_FONT };
  return [
    element(
      "g",
      { class: "pk-key" },
      element("rect", { x: 1, y: 2, width: 14, height: 12, ...rim(true) }),
      textAt(21, 12, "✓ same label", words),
      element("rect", { x: 109, y: 2, width: 14, height: 12, ...rim(false) }),
      textAt(129, 12, "✗ another label", words),
    ),
  ];
}

const colourOf = (isMatch: boolean | undefined): Colour =>
  isMatch === undefined ? "muted" : isMatch ? "toward" : "away";

/** A match has a solid line, another label a dashed one. */
function rim(isMatch: boolean | undefined) {
  const colour = colourOf(isMatch);
  return { ...stroked(colour, 2), "stroke-dasharray": isMatch === false ? "3 2" : undefined };
}

function stripMarks(
  anchor: NeighbourAnchor,
  { name, quantity, neighbours }: NeighbourAnchor["metrics"][number],
  width: number,
): string[] {
  const hasPictures = neighbours.some(({ picture }) => picture);
  const cell = hasPictures ? CELL : TEXT_CELL;
  const shown = neighbours.slice(0, Math.max(1, Math.floor(width / cell)));
  const purity =
    anchor.label !== undefined && neighbours.length > 0
      ? `, ${formatShare(purityOf(anchor, neighbours))} of ${neighbours.length} match`
      : "";
  return [
    textAt(0, 11, fitted(`${name}, by ${quantity}${purity}`, width, SMALL_FONT), {
      ...filled("muted"),
      "font-size": SMALL_FONT,
    }),
    ...shown.map((one, k) => moved(k * cell, 18, cellMarks(anchor, one, cell))),
  ];
}

function cellMarks(anchor: NeighbourAnchor, one: Neighbour, cell: number): string {
  const isMatch = matches(anchor, one);
  const small = { "font-size": SMALL_FONT };
  const label = fitted(marked(isMatch, one.label), cell - 6, SMALL_FONT);
  const colour = filled(colourOf(isMatch));
  const hover = element("title", {}, escapeText(`${one.id}, labelled ${one.label}: ${formatNumber(one.value)}`));
  const value = formatNumber(one.value, { digits: 2 });
  if (one.picture) {
    const words = [
      textAt(0, SIDE + 13, label, { ...small, ...colour, "font-weight": 600 }),
      textAt(0, SIDE + 25, value, { ...small, ...filled("muted") }),
    ];
    return element("g", {}, hover, ...thumbnail(one.picture, SIDE, rim(isMatch)), ...words);
  }
  const box = element("rect", { x: 1, y: 0, width: cell - 8, height: 34, ...rim(isMatch) });
  const words = [
    textAt(6, 14, fitted(marked(isMatch, one.label), cell - 18, SMALL_FONT), {
      ...small,
      ...colour,
      "font-weight": 600,
    }),
    textAt(6, 28, fitted(`${one.id}, ${value}`, cell - 18, SMALL_FONT), { ...small, ...filled("muted") }),
  ];
  return element("g", {}, hover, box, ...words);
}
