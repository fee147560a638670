// The strongest examples for and against an output: their pictures, labels and signed contributions, bars on one scale.

import { formatNumber } from "./format.ts";
import { type Drawing, type FigureOptions, type FigureText, FONT_SIZE, frame, SMALL_FONT } from "./frame.ts";
import type { Picture } from "./image.ts";
import { filled, signColour, signGlyph } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { element, escapeText, fitted, moved, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";
import { thumbnail } from "./thumbnail.ts";

export interface Contributor {
  /** "train:123". */
  readonly id: string;
  /** "labelled 3", "target 0.31". */
  readonly label: string;
  readonly contribution: number;
  /** The training example; undefined when its shape is no image's. */
  readonly picture: Picture | undefined;
}

export interface Contributors {
  /** Positive contributions, strongest first. */
  readonly proponents: readonly Contributor[];
  /** Negative contributions, strongest first. */
  readonly opponents: readonly Contributor[];
  readonly words: ReadoutWords;
}

const ROW_HEIGHT = 56;
const THUMBNAIL = 46;
const HEAD_HEIGHT = 24;
const BAR_HEIGHT = 6;
/** From here the two sides stand beside each other. */
const WIDE = 560;

export function contributorsText({ proponents, opponents, words }: Contributors): FigureText {
  const side = (members: readonly Contributor[], direction: string): string => {
    const [first] = members;
    if (first === undefined) return `No example pulled ${direction}.`;
    const number = formatNumber(first.contribution, { signed: true });
    return `Strongest ${direction}: ${first.id}, ${first.label}, ${number} ${words.unit}.`;
  };
  return {
    title: "Strongest examples on each side",
    caption: `${side(proponents, words.up)} ${side(opponents, words.down)} All bars share one scale.`,
  };
}

/** The rows drawn. */
export function contributorsTable({ proponents, opponents, words }: Contributors): Table {
  const rows = (members: readonly Contributor[], direction: string) =>
    members.map(({ id, label, contribution }) => [
      id,
      label,
      direction,
      amount(contribution, formatNumber(contribution, { signed: true })),
    ]);
  return {
    columns: ["example", "label", "direction", `contribution (${words.unit})`],
    rows: [...rows(proponents, words.up), ...rows(opponents, words.down)],
  };
}

/** The figure as SVG. */
export function contributors(data: Contributors, options: FigureOptions = {}): string {
  return frame(contributorsText(data), options, (width) => drawn(data, width));
}

function drawn({ proponents, opponents, words }: Contributors, width: number): Drawing {
  const largest = Math.max(...[...proponents, ...opponents].map(({ contribution }) => Math.abs(contribution)), 0);
  const beside = width >= WIDE;
  const column = beside ? (width - 24) / 2 : width;
  const side = (members: readonly Contributor[], sign: 1 | -1): string[] => [
    head(sign, sign > 0 ? words.up : words.down, column),
    ...members.map((member, k) =>
      moved(0, HEAD_HEIGHT + k * ROW_HEIGHT, row(member, { width: column, largest, unit: words.unit })),
    ),
  ];
  const heightOf = (members: readonly Contributor[]): number => HEAD_HEIGHT + members.length * ROW_HEIGHT;
  const [up, down] = [heightOf(proponents), heightOf(opponents)];
  const second: [number, number] = beside ? [column + 24, 0] : [0, up + 8];
  return {
    height: beside ? Math.max(up, down) : up + 8 + down,
    marks: [moved(0, 0, ...side(proponents, 1)), moved(...second, ...side(opponents, -1))],
  };
}

function head(sign: 1 | -1, direction: string, width: number): string {
  const text = fitted(`${signGlyph(sign)} ${direction}`, width, FONT_SIZE);
  return textAt(0, 14, text, { ...filled(signColour(sign)), "font-weight": 600 });
}

interface RowPlace {
  readonly width: number;
  /** The |contribution| of the longest bar. */
  readonly largest: number;
  readonly unit: string;
}

function row({ id, label, contribution, picture }: Contributor, { width, largest, unit }: RowPlace): string {
  const left = picture ? THUMBNAIL + 10 : 0;
  const number = `${formatNumber(contribution, { signed: true })} ${unit}`;
  const bar = Math.max(1, ((width - left) * Math.abs(contribution)) / largest);
  return element(
    "g",
    {},
    element("title", {}, escapeText(`${id}, ${label}: ${number}`)),
    ...(picture ? thumbnail(picture, THUMBNAIL) : []),
    textAt(left, 14, number, { "font-weight": 600, class: "pk-number" }),
    textAt(left, 30, fitted(`${id} · ${label}`, width - left, SMALL_FONT), {
      ...filled("muted"),
      "font-size": SMALL_FONT,
    }),
    element("rect", { x: left, y: 38, width: bar, height: BAR_HEIGHT, ...filled(signColour(contribution)) }),
  );
}
