// Figures of different kinds as one: each with its own title and caption, beside and under each other.

import { type Figure, figureFrom } from "./figure.ts";
import { type Drawing, type FigureText, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import { filled } from "./palette.ts";
import { moved, textAt, wrapped } from "./svg.ts";
import type { Table } from "./table.ts";

export interface Sheet extends FigureText {
  readonly figures: readonly Figure[];
  /** Pixels that a figure needs. Default 340. */
  readonly least?: number;
}

const GAP = 28;
const LINE = 1.35 * SMALL_FONT;

/** All numbers, one a row: of which figure, which row (its first cell), which column. */
function longTable(figures: readonly Figure[]): Table {
  const textOf = (cell: Table["rows"][number][number]): string =>
    typeof cell === "string" ? cell : String(cell.value);
  return {
    columns: ["figure", "row", "column", "value"],
    rows: figures.flatMap(({ title, table: { columns, rows } }) =>
      rows.flatMap(([first, ...cells]) => cells.map((cell, k) => [title, textOf(first), columns[k + 1], cell])),
    ),
  };
}

/** Several figures as one; a table with a row for each number. */
export function sheet(data: Sheet): Figure {
  return figureFrom(data, longTable(data.figures), (width) => drawn(data, width));
}

function drawn({ figures, least = 340 }: Sheet, width: number): Drawing {
  const beside = Math.max(1, Math.min(figures.length, Math.floor((width + GAP) / (least + GAP))));
  const each = (width - GAP * (beside - 1)) / beside;
  const marks: string[] = [];
  let y = 0;
  for (let start = 0; start < figures.length; start += beside) {
    const row = figures.slice(start, start + beside).map((figure) => {
      const titles = wrapped(figure.title, each, FONT_SIZE);
      const captions = wrapped(figure.caption, each, SMALL_FONT);
      const top = titles.length * 17 + 6;
      const drawing = figure.draw(each);
      const under = top + drawing.height + 4;
      const words = [
        ...titles.map((line, k) => textAt(0, 12 + 17 * k, line, { "font-weight": 600 })),
        ...captions.map((line, k) =>
          textAt(0, under + SMALL_FONT + k * LINE, line, { ...filled("muted"), "font-size": SMALL_FONT }),
        ),
      ];
      return { height: under + captions.length * LINE + 8, marks: [...words, moved(0, top, ...drawing.marks)] };
    });
    row.forEach((one, k) => {
      marks.push(moved(k * (each + GAP), y, ...one.marks));
    });
    y += Math.max(...row.map(({ height }) => height)) + 16;
  }
  return { height: y, marks };
}
