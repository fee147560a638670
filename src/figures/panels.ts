// Small multiples: figures of one kind beside and under each other, each with a head, and one key for all.

import { BAR_ROOM, type ColourScale, colourBar } from "./colour-scale.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { type Drawing, type FigureText, FONT_SIZE } from "./frame.ts";
import { type KeyEntry, keyRows } from "./key.ts";
import { element, fitted, moved, textAt } from "./svg.ts";
import type { Table } from "./table.ts";

export interface Panels extends FigureText {
  readonly panels: readonly { readonly head: string; readonly figure: Figure }[];
  /** Pixels that a panel needs; as many stand beside each other as have them. Default 220. */
  readonly least?: number;
  /** At most so many beside each other. */
  readonly columns?: number;
  /** Above all panels. */
  readonly key?: readonly KeyEntry[];
  readonly colours?: { readonly scale: ColourScale; readonly quantity: string };
  /** Default: the rows of all panels' tables under a column of heads, where their columns are the same. */
  readonly table?: Table;
}

const GAP = 20;
const HEAD = 20;

/** All rows under their panel's head; columns are those of the first panel. */
function joinedTable(panels: Panels["panels"]): Table {
  const [first] = panels;
  if (first === undefined) return { columns: ["panel"], rows: [] };
  const { columns } = first.figure.table;
  for (const { head, figure } of panels) {
    if (figure.table.columns.join("\n") !== columns.join("\n"))
      throw new RangeError(
        `panels: ${head} must have the columns of ${first.head} or a table be given, got ${figure.table.columns.join(", ")}`,
      );
  }
  return {
    columns: ["panel", ...columns],
    rows: panels.flatMap(({ head, figure }) => figure.table.rows.map((row) => [head, ...row])),
  };
}

/** Several figures as one; RangeError where their tables have different columns and no table is given. */
export function panels(data: Panels): Figure {
  return figureFrom(data, data.table ?? joinedTable(data.panels), (width) => drawn(data, width));
}

function drawn({ panels: list, least = 220, columns = 4, key = [], colours }: Panels, width: number): Drawing {
  const most = Math.max(1, Math.min(columns, list.length, Math.floor((width + GAP) / (least + GAP))));
  // As many rows as that takes, and these as even as can be.
  const beside = Math.max(1, Math.ceil(list.length / Math.ceil(list.length / most)));
  const each = (width - GAP * (beside - 1)) / beside;
  const rows = keyRows(key, width);
  const bar = colours ? colourBar(colours.scale, colours.quantity, width) : [];
  let y = rows.height + (colours ? BAR_ROOM : 0);
  const marks = [...rows.marks, ...(bar.length > 0 ? [moved(0, rows.height, ...bar)] : [])];
  for (let start = 0; start < list.length; start += beside) {
    const row = list.slice(start, start + beside);
    const drawings = row.map(({ figure }) => figure.draw(each));
    row.forEach(({ head }, k) => {
      const title = textAt(0, 13, fitted(head, each, FONT_SIZE), { "font-weight": 600 });
      marks.push(
        moved(k * (each + GAP), y, title, element("g", { transform: `translate(0,${HEAD})` }, ...drawings[k].marks)),
      );
    });
    y += HEAD + Math.max(...drawings.map(({ height }) => height)) + 8;
  }
  return { height: y, marks };
}
