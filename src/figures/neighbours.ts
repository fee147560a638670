// Nearest training examples of anchors, metric by metric: strips of pictures, or of names, with whether their labels match.

import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber, formatShare } from "./format.ts";
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
  readonly label: string;
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

const matches = (anchor: NeighbourAnchor, { label }: Neighbour): boolean => label === anchor.label;

/** Share of a strip with the anchor's label. */
function purityOf(anchor: NeighbourAnchor, neighbours: readonly Neighbour[]): number {
  return neighbours.filter((one) => matches(anchor, one)).length / neighbours.length;
}

function neighboursTable({ anchors }: NeighboursFigure): Table {
  return {
    columns: ["anchor", "anchor's label", "metric", "rank", "neighbour", "label", "same label", "value"],
    rows: anchors.flatMap((anchor) =>
      anchor.metrics.flatMap(({ name, neighbours }) =>
        neighbours.map((one, k) => [
          anchor.id,
          anchor.label,
          name,
          amount(k + 1, String(k + 1)),
          one.id,
          one.label,
          matches(anchor, one) ? "yes" : "no",
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
        .filter((one) => one.name === name && one.neighbours.length > 0)
        .map(({ neighbours }) => purityOf(anchor, neighbours)),
    );
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    return Number.isFinite(mean) ? `${name} ${formatShare(mean)}` : `${name} none`;
  });
  const text = {
    title: "Nearest training examples",
    caption: `${countOf(data.anchors.length, "anchor")}; neighbours with the anchor's label: ${purities.length > 0 ? purities.join(", ") : "none"}.`,
  };
  return figureFrom(text, neighboursTable(data), (width) => drawn(data, width));
}

function drawn({ anchors }: NeighboursFigure, width: number): Drawing {
  const marks: string[] = [...key()];
  let y = 24;
  for (const anchor of anchors) {
    marks.push(
      textAt(0, y + 14, fitted(`${anchor.id}, labelled ${anchor.label}`, width, FONT_SIZE), { "font-weight": 600 }),
    );
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

/** A match has a solid line, another label a dashed one. */
function rim(isMatch: boolean) {
  const colour: Colour = isMatch ? "toward" : "away";
  return { ...stroked(colour, 2), "stroke-dasharray": isMatch ? undefined : "3 2" };
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
    neighbours.length > 0 ? `, ${formatShare(purityOf(anchor, neighbours))} of ${neighbours.length} match` : "";
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
  const label = fitted(`${isMatch ? "✓" : "✗"} ${one.label}`, cell - 6, SMALL_FONT);
  const colour = filled(isMatch ? "toward" : "away");
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
    textAt(6, 14, fitted(`${isMatch ? "✓" : "✗"} ${one.label}`, cell - 18, SMALL_FONT), {
      ...small,
      ...colour,
      "font-weight": 600,
    }),
    textAt(6, 28, fitted(`${one.id}, ${value}`, cell - 18, SMALL_FONT), { ...small, ...filled("muted") }),
  ];
  return element("g", {}, hover, box, ...words);
}
