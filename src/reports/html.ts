// Writes HTML as text: elements, numbers with their exact values, tables, and figures with their words and tables.

import type { Figure } from "../figures/figure.ts";
import { countOf } from "../figures/format.ts";
import { type Attributes, element, escapeText } from "../figures/svg.ts";
import type { Amount, Table } from "../figures/table.ts";

/** One element with its end tag, whatever its children; these are markup and go in as they are. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  return element(name, attributes, children.join(""));
}

/** A number that carries its exact value beside the digits that are shown, and its unit. */
export function number({ value, text }: Amount, unit = ""): string {
  const shown = tag("data", { value: String(value) }, escapeText(text));
  return unit === ""
    ? shown
    : tag("span", { class: "amount" }, `${shown} ${tag("span", { class: "unit" }, escapeText(unit))}`);
}

/** A term and what it is; `detail` is markup. */
export function fact(term: string, detail: string): string {
  return tag("div", {}, tag("dt", {}, escapeText(term)), tag("dd", {}, detail));
}

export function tableOf({ columns, rows }: Table, caption: string): string {
  const isNumber = (k: number): boolean => rows.length > 0 && typeof rows[0][k] !== "string";
  const head = columns.map((name, k) =>
    tag("th", { scope: "col", class: isNumber(k) ? "number" : undefined }, escapeText(name)),
  );
  const body = rows.map((row) =>
    tag(
      "tr",
      {},
      ...row.map((cell, k) => {
        if (typeof cell !== "string") return tag("td", { class: "number" }, number(cell));
        return k === 0 ? tag("th", { scope: "row" }, escapeText(cell)) : tag("td", {}, escapeText(cell));
      }),
    ),
  );
  const parts = [
    tag("caption", {}, escapeText(caption)),
    tag("thead", {}, tag("tr", {}, ...head)),
    tag("tbody", {}, ...body),
  ];
  // A table wider than a phone scrolls in its own box; the box takes the keyboard's focus so that it can be scrolled without a mouse.
  return tag("div", { class: "scroll", role: "group", tabindex: 0, "aria-label": caption }, tag("table", {}, ...parts));
}

export interface FigurePlace {
  /** Pixels on wide screens and on narrow ones. */
  readonly widths: { readonly wide: number; readonly narrow: number };
  readonly class?: string;
}

/** A figure drawn for wide and for narrow screens (a style sheet shows one), its caption, and its numbers as a table. */
export function figureOf(figure: Figure, { widths, ...rest }: FigurePlace): string {
  const { title, caption, table, svg } = figure;
  const picture = (name: "wide" | "narrow"): string =>
    tag("div", { class: name }, svg({ width: widths[name], captioned: false }));
  const summary = `${title} as a table (${countOf(table.rows.length, "row")})`;
  return tag(
    "figure",
    { class: rest.class },
    tag("figcaption", {}, tag("h4", {}, escapeText(title)), tag("p", {}, escapeText(caption))),
    picture("wide"),
    picture("narrow"),
    tag("details", {}, tag("summary", {}, escapeText(summary)), tableOf(table, title)),
  );
}
