// Kernel matrices in the order of classes, with how much larger a kernel is within a class than between classes.

import { colourScaleOf } from "./colour-scale.ts";
import type { Figure } from "./figure.ts";
import { formatCount, formatNumber } from "./format.ts";
import { type Block, heatmap, type Side } from "./heatmap.ts";
import { panels } from "./panels.ts";

/** One side of a kernel: its examples, in what order they are drawn, and their classes. */
export interface KernelSide {
  readonly label: string;
  /** Places of the examples in the order drawn; default: as they come. */
  readonly order?: ArrayLike<number>;
  /** In the order drawn. */
  readonly blocks?: readonly Block[];
  readonly names?: readonly string[];
}

export interface KernelMap {
  /** "step 0", "after training". */
  readonly name: string;
  /** (rows, columns), row by row, in the order of the data. */
  readonly values: ArrayLike<number>;
  /** Mean kernel of pairs of one class, and of two. */
  readonly score?: { readonly within: number | undefined; readonly between: number | undefined };
}

export interface KernelMaps {
  readonly maps: readonly KernelMap[];
  readonly rows: number;
  readonly columns: number;
  readonly rowSide: KernelSide;
  readonly columnSide: KernelSide;
  /** What the values are: "cosine similarity", "kernel". */
  readonly quantity: string;
  readonly title?: string;
  /** Of the colours; default: what all maps together cover. */
  readonly domain?: readonly [number, number];
}

function ordered({ values }: KernelMap, { rows, columns, rowSide, columnSide }: KernelMaps): Float64Array {
  const [down, across] = [rowSide.order, columnSide.order];
  if (values.length !== rows * columns)
    throw new RangeError(`kernelMapFigure: values must be ${rows} x ${columns} numbers, got ${values.length}`);
  return Float64Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return values[(down ? down[i] : i) * columns + (across ? across[j] : j)];
  });
}

function scoreText({ name, score }: KernelMap): string {
  if (score?.within === undefined || score.between === undefined) return "";
  return ` ${name}: ${formatNumber(score.within)} within classes, ${formatNumber(score.between)} between them.`;
}

/** One kernel as a heat map, or several (along training) beside each other on one scale of colours. */
export function kernelMapFigure(data: KernelMaps): Figure {
  const { maps, rows, columns, rowSide, columnSide, quantity } = data;
  const tables = maps.map((map) => ordered(map, data));
  const scale = colourScaleOf(tables, { domain: data.domain });
  const side = ({ label, blocks, names }: KernelSide): Side => ({
    label,
    ...(blocks ? { blocks } : {}),
    ...(names ? { names } : {}),
  });
  const isOnly = maps.length === 1;
  const title = data.title ?? "Kernel in the order of classes";
  const caption = `${formatCount(rows)} x ${formatCount(columns)} values.${maps.map(scoreText).join("")}`;
  const one = (k: number): Figure =>
    heatmap({
      title: isOnly ? `${title}, ${maps[k].name}` : title,
      caption,
      values: tables[k],
      rows,
      columns,
      quantity,
      rowSide: side(rowSide),
      columnSide: side(columnSide),
      domain: scale.domain,
      keyed: isOnly,
    });
  if (isOnly) return one(0);
  const figures = maps.map((_, k) => one(k));
  // What a single map says of its pixels holds for all.
  const notes = figures.length > 0 ? figures[0].caption.slice(caption.length) : "";
  return panels({
    title,
    caption: `${caption}${notes} All on one scale of colours.`,
    panels: maps.map(({ name }, k) => ({ head: name, figure: figures[k] })),
    columns: 3,
    colours: { scale, quantity },
  });
}
