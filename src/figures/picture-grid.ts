// Pictures in rows: a name before each row, a line of words under each picture.

import { type Figure, figureFrom } from "./figure.ts";
import { type Drawing, type FigureText, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import type { Picture } from "./image.ts";
import { filled } from "./palette.ts";
import { fitted, moved, textAt } from "./svg.ts";
import { thumbnail } from "./thumbnail.ts";

export interface GridPicture {
  readonly picture: Picture;
  /** Under it, short: "7", "+0.31". */
  readonly under?: string;
}

export interface PictureRow {
  /** Above the row; rows without one stand close. */
  readonly name?: string;
  readonly pictures: readonly GridPicture[];
}

export interface PictureGrid extends FigureText {
  readonly rows: readonly PictureRow[];
  /** Pixels of a side. Default 52. */
  readonly side?: number;
}

const GAP = 8;
const HEAD = 22;
const UNDER = 16;

/** The figure; rows that are wider than it go on below. Its table has a row for each picture. */
export function pictureGrid(data: PictureGrid): Figure {
  const columns = ["row", "place", "words"];
  const rows = data.rows.flatMap(({ name = "", pictures }, r) =>
    pictures.map(({ under = "" }, k) => [name === "" ? `${r + 1}` : name, `${k + 1}`, under]),
  );
  return figureFrom(data, { columns, rows }, (width) => drawn(data, width));
}

function drawn({ rows, side = 52 }: PictureGrid, width: number): Drawing {
  const beside = Math.max(1, Math.floor((width + GAP) / (side + GAP)));
  const marks: string[] = [];
  let y = 0;
  for (const { name, pictures } of rows) {
    if (name !== undefined) {
      marks.push(textAt(0, y + 14, fitted(name, width, FONT_SIZE), { "font-weight": 600 }));
      y += HEAD;
    }
    const hasWords = pictures.some(({ under }) => under !== undefined);
    for (let start = 0; start < pictures.length; start += beside) {
      pictures.slice(start, start + beside).forEach(({ picture, under }, k) => {
        const x = k * (side + GAP);
        marks.push(moved(x, y, ...thumbnail(picture, side)));
        if (under === undefined) return;
        const style = { ...filled("muted"), "font-size": SMALL_FONT, "text-anchor": "middle" };
        marks.push(textAt(x + side / 2, y + side + 12, fitted(under, side + GAP, SMALL_FONT), style));
      });
      y += side + GAP + (hasWords ? UNDER : 0);
    }
    y += GAP;
  }
  return { height: y, marks };
}
