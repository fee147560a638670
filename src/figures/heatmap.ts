// Heat map of a matrix: one picture, names or brackets of blocks at its sides, a bar that explains the colours.

import { BAR_ROOM, type ColourPalette, type ColourScale, colourBar, colourScaleOf } from "./colour-scale.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { type Drawing, type FigureText, SMALL_FONT } from "./frame.ts";
import { filled, stroked } from "./palette.ts";
import { luminance } from "./ramp.ts";
import { blockOf, type Cells, type Place, pixelValues, rasterImage } from "./raster.ts";
import { element, fitted, textAt, widthOf } from "./svg.ts";
import { amount, type Table } from "./table.ts";

/** A block of consecutive rows or columns: the examples of a class. */
export interface Block {
  readonly name: string;
  readonly size: number;
}

export interface Side {
  /** What rows or columns are: "training example, by class". */
  readonly label: string;
  /** Of each row or column; those that have the room are written. */
  readonly names?: readonly string[];
  /** Lines are drawn between them; their sizes add up to all rows or columns. */
  readonly blocks?: readonly Block[];
}

export interface HeatMap extends FigureText, Cells {
  /** What the values are: "cosine similarity". */
  readonly quantity: string;
  readonly rowSide: Side;
  readonly columnSide: Side;
  /** Default similarity. */
  readonly palette?: ColourPalette;
  /** Of the colours; default: what the values cover. */
  readonly domain?: readonly [number, number];
  /** The bar that explains the colours; a figure of several draws one for all. Default true. */
  readonly keyed?: boolean;
}

/** Matrices up to so many cells are a table of their cells; larger ones of the means of their blocks. */
const MAX_CELLS = 10_000;

function checked({ values, rows, columns, rowSide, columnSide }: HeatMap): void {
  if (values.length !== rows * columns)
    throw new RangeError(`heatmap: values must be ${rows} x ${columns} numbers, got ${values.length}`);
  for (const [{ names, blocks }, count, what] of [
    [rowSide, rows, "rows"],
    [columnSide, columns, "columns"],
  ] as const) {
    if (names && names.length !== count)
      throw new RangeError(`heatmap: names of ${what} must be ${count}, got ${names.length}`);
    const total = blocks?.reduce((sum, { size }) => sum + size, 0) ?? count;
    if (total !== count) throw new RangeError(`heatmap: blocks of ${what} must have ${count} in all, got ${total}`);
  }
}

/** Where each block begins. */
function startsOf(blocks: readonly Block[]): number[] {
  let start = 0;
  return blocks.map(({ size }) => {
    start += size;
    return start - size;
  });
}

/** Means of the finite values of each pair of blocks. */
function blockMeans(
  { values, columns }: Cells,
  rowBlocks: readonly Block[],
  columnBlocks: readonly Block[],
): number[][] {
  const [tops, lefts] = [startsOf(rowBlocks), startsOf(columnBlocks)];
  return rowBlocks.map((row, a) =>
    columnBlocks.map((column, b) => {
      let [sum, count] = [0, 0];
      for (let i = tops[a]; i < tops[a] + row.size; i++) {
        for (let j = lefts[b]; j < lefts[b] + column.size; j++) {
          const value = values[i * columns + j];
          if (!Number.isFinite(value)) continue;
          sum += value;
          count += 1;
        }
      }
      return sum / count;
    }),
  );
}

function heatmapTable(data: HeatMap): Table {
  const { rows, columns, rowSide, columnSide, quantity } = data;
  const isSmall = rows * columns <= MAX_CELLS;
  const print = (value: number) => amount(value, formatNumber(value));
  if (!isSmall && rowSide.blocks && columnSide.blocks) {
    const means = blockMeans(data, rowSide.blocks, columnSide.blocks);
    return {
      columns: [`mean ${quantity}`, ...columnSide.blocks.map(({ name }) => name)],
      rows: rowSide.blocks.map(({ name }, a) => [name, ...means[a].map(print)]),
    };
  }
  const drawn = isSmall ? data : pixelValues(data);
  const block = isSmall ? 1 : blockOf(data);
  const nameOf = ({ names }: Side, k: number): string => (block === 1 && names ? names[k] : String(k * block));
  const across = Array.from({ length: drawn.columns }, (_, j) => nameOf(columnSide, j));
  return {
    columns: [quantity, ...across],
    rows: Array.from({ length: drawn.rows }, (_, i) => [
      nameOf(rowSide, i),
      ...across.map((_, j) => print(drawn.values[i * drawn.columns + j])),
    ]),
  };
}

/**
 * A matrix (rows, columns) as colours. Matrices of more than 512 rows or columns are averaged over blocks of cells, which the
 * caption says; cells that are not finite are clear, and the caption counts them. Small ones have their numbers written in.
 */
export function heatmap(data: HeatMap): Figure {
  checked(data);
  const block = blockOf(data);
  let missing = 0;
  for (let k = 0; k < data.values.length; k++) if (!Number.isFinite(data.values[k])) missing++;
  const notes = [
    ...(block > 1 ? [` Each pixel is the mean of ${block} x ${block} cells.`] : []),
    ...(missing > 0 ? [` ${countOf(missing, "cell")} not finite, left clear.`] : []),
  ];
  const caption = `${data.caption}${notes.join("")}`;
  return figureFrom({ title: data.title, caption }, heatmapTable(data), (width) => heatmapDrawn(data, width));
}

const small = { ...filled("muted"), "font-size": SMALL_FONT };
const LINE = 15;

/** Names along the rows that fit: of rows, else of blocks. */
function rowNames({ names, blocks }: Side, count: number, side: number): { name: string; at: number }[] {
  if (names && side / count >= 12) return names.map((name, k) => ({ name, at: k + 0.5 }));
  if (!blocks) return [];
  const starts = startsOf(blocks);
  const named = blocks.map(({ name, size }, k) => ({ name, size, at: starts[k] + size / 2 }));
  return named.filter(({ size }) => (size * side) / count >= 10);
}

/** The same along the columns, where a name needs its width. */
function columnNames({ names, blocks }: Side, count: number, side: number): { name: string; at: number }[] {
  const fits = (list: readonly string[], room: number): boolean =>
    list.every((name) => widthOf(name, SMALL_FONT) + 4 <= room);
  if (names && fits(names, side / count)) return names.map((name, k) => ({ name, at: k + 0.5 }));
  if (!blocks) return [];
  const starts = startsOf(blocks);
  return blocks.flatMap(({ name, size }, k) => {
    const room = (size * side) / count;
    return room < 10 ? [] : [{ name: fitted(name, room, SMALL_FONT), at: starts[k] + size / 2 }];
  });
}

function heatmapDrawn(data: HeatMap, width: number): Drawing {
  const { rows, columns, rowSide, columnSide, keyed = true } = data;
  const scale = colourScaleOf([data.values], data);
  const aspect = columns === 0 ? 1 : rows / columns;
  // Tall matrices are narrowed so that a figure fits a page; cells are square unless that makes them too flat.
  const names = [...(rowSide.names ?? []), ...(rowSide.blocks ?? []).map(({ name }) => name)];
  const left = Math.min(
    0.3 * width,
    names.reduce((max, name) => Math.max(max, widthOf(name, SMALL_FONT) + 8), 0),
  );
  const across = Math.min(width - left, Math.max(60, 520 / Math.max(aspect, 1e-9)));
  const down = Math.max(Math.min(across * aspect, 640), Math.min(rows * 14, 120), 24);
  const top = (keyed ? BAR_ROOM : 0) + LINE;
  const place: Place = { x: left, y: top, width: across, height: down };
  const under = columnNames(columnSide, columns, across);
  const below = top + down + (under.length > 0 ? LINE : 0);
  const label = fitted(columnSide.label, width, SMALL_FONT);
  const half = widthOf(label, SMALL_FONT) / 2;
  const labelX = Math.max(half, Math.min(left + across / 2, width - half));
  return {
    height: below + LINE + 6,
    marks: [
      ...(keyed ? colourBar(scale, data.quantity, width) : []),
      textAt(0, top - 5, rowSide.label, small),
      rasterImage(data, scale, place),
      ...blockLines(data, place),
      ...cellNumbers(data, scale, place),
      element("rect", { ...place, ...stroked("axis") }),
      element(
        "g",
        small,
        ...rowNames(rowSide, rows, down).map(({ name, at }) =>
          textAt(left - 6, top + (at * down) / rows + 4, fitted(name, left - 6, SMALL_FONT), { "text-anchor": "end" }),
        ),
        ...under.map(({ name, at }) =>
          textAt(left + (at * across) / columns, top + down + 13, name, { "text-anchor": "middle" }),
        ),
        textAt(labelX, below + 14, label, { "text-anchor": "middle" }),
        ...(rows * columns === 0
          ? [textAt(left + across / 2, top + down / 2, "no data", { "text-anchor": "middle" })]
          : []),
      ),
    ],
  };
}

/** Lines between blocks: dark on a light rim, so that they show on every colour. */
function blockLines({ rows, columns, rowSide, columnSide }: HeatMap, { x, y, width, height }: Place): string[] {
  const inner = (blocks: readonly Block[] = []): number[] => startsOf(blocks).slice(1);
  const d = [
    ...inner(rowSide.blocks).map((at) => `M${x},${(y + (at * height) / rows).toFixed(1)}h${width.toFixed(1)}`),
    ...inner(columnSide.blocks).map((at) => `M${(x + (at * width) / columns).toFixed(1)},${y}v${height.toFixed(1)}`),
  ].join("");
  if (d === "") return [];
  const line = { d, fill: "none" };
  return [
    element("path", { ...line, stroke: "#ffffff", "stroke-width": 1.6 }),
    element("path", { ...line, stroke: "#1a1d21", "stroke-width": 0.6 }),
  ];
}

/** The numbers in their cells, where all have the room. */
function cellNumbers({ values, rows, columns }: HeatMap, scale: ColourScale, { x, y, width, height }: Place): string[] {
  if (rows * columns > 400 || height / rows < 14) return [];
  const texts = Array.from(values, (value) => (Number.isFinite(value) ? formatNumber(value, { digits: 2 }) : "–"));
  if (texts.some((text) => widthOf(text, SMALL_FONT) + 4 > width / columns)) return [];
  const words = texts.map((text, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    const colour = scale.colour(values[k]);
    // Black and white are as far from a luminance of 0.18.
    const fill = colour === undefined ? undefined : luminance(colour) > 0.18 ? "#000000" : "#ffffff";
    return textAt(x + ((j + 0.5) * width) / columns, y + ((i + 0.5) * height) / rows + 4, text, { fill });
  });
  return [element("g", { "font-size": SMALL_FONT, "text-anchor": "middle" }, ...words)];
}
