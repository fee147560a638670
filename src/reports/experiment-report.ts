// The report of an experiment as one HTML file: claim, verdict with its numbers, figures, table, parameters, and what differs from the source.

import type { Figure } from "../figures/figure.ts";
import { escapeText } from "../figures/svg.ts";
import type { Table } from "../figures/table.ts";
import { fact, figureOf, tableOf, tag } from "./html.ts";
import { styleSheet } from "./style.ts";

/** Nothing is loaded and nothing runs. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export interface ReportedFigure {
  readonly figure: Figure;
  /** What a reader sees. */
  readonly reads: string;
}

/** An experiment's result in words, tables and pictures. */
export interface ExperimentReport {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly claim: string;
  readonly refutedBy: string;
  readonly verdict: string;
  /** Whether the verdict is a good one: decides its colour only. */
  readonly good: boolean;
  readonly reason: string;
  /** Each with its measure, what was expected, what came out, and why these bounds. */
  readonly expectations: Table;
  readonly table?: Table | undefined;
  readonly figures: readonly ReportedFigure[];
  readonly parameters: Table;
  readonly differences: readonly string[];
  readonly facts: readonly (readonly [term: string, detail: string])[];
}

function page(title: string, ...body: readonly string[]): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    tag("title", {}, escapeText(title)),
    `<style>${styleSheet}</style>`,
    "</head>",
    "<body>",
    ...body,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const section = (heading: string, ...children: readonly string[]): string =>
  tag("section", {}, tag("h2", {}, escapeText(heading)), ...children);

const paragraph = (text: string): string => tag("p", {}, escapeText(text));

function figureMarkup({ figure, reads }: ReportedFigure): string {
  return `${figureOf(figure, { widths: { wide: 800, narrow: 360 }, class: "full" })}${paragraph(reads)}`;
}

/** The report as HTML: needs neither network nor script. The same result gives the same bytes but for the facts that the caller adds. */
export function renderExperiment(report: ExperimentReport): string {
  const { id, title, source, claim, refutedBy, verdict, good, reason, table, figures, differences } = report;
  const badge = tag("span", { class: `badge ${good ? "good" : "bad"}` }, escapeText(verdict));
  return page(
    `${id}: ${title}`,
    tag(
      "header",
      {},
      tag("h1", {}, escapeText(title)),
      tag("p", { class: "lede" }, escapeText(`${id} · ${source}`)),
      tag("dl", { class: "run" }, ...report.facts.map(([term, detail]) => fact(term, escapeText(detail)))),
    ),
    tag(
      "main",
      {},
      section(
        "The claim",
        paragraph(claim),
        paragraph(`It would be refuted by: ${refutedBy}`),
        tag("p", {}, badge),
        paragraph(reason),
      ),
      section("What was expected, and what came out", tableOf(report.expectations, "expectations")),
      ...(figures.length > 0 ? [section("Figures", ...figures.map(figureMarkup))] : []),
      ...(table ? [section("The numbers", tableOf(table, "results"))] : []),
      section("Parameters", tableOf(report.parameters, "parameters")),
      section(
        "What differs from the source",
        tag("ul", {}, ...differences.map((text) => tag("li", {}, escapeText(text)))),
      ),
    ),
  );
}

/** One line of the summary of several experiments. */
export interface SummaryRow {
  readonly id: string;
  readonly claim: string;
  readonly verdict: string;
  readonly good: boolean;
  /** The number that the verdict rests on. */
  readonly number: string;
  /** Its report, relative to the summary. */
  readonly href: string;
}

/** The summary of several experiments as HTML: claim, verdict, number. */
export function renderSummary(title: string, rows: readonly SummaryRow[]): string {
  const head = ["experiment", "claim", "verdict", "number"].map((name) => tag("th", { scope: "col" }, name));
  const body = rows.map(({ id, claim, verdict, good, number, href }) =>
    tag(
      "tr",
      {},
      tag("th", { scope: "row" }, tag("a", { href }, escapeText(id))),
      tag("td", {}, escapeText(claim)),
      tag("td", {}, tag("span", { class: `badge ${good ? "good" : "bad"}` }, escapeText(verdict))),
      tag("td", {}, escapeText(number)),
    ),
  );
  return page(
    title,
    tag("header", {}, tag("h1", {}, escapeText(title))),
    tag("main", {}, tag("table", {}, tag("thead", {}, tag("tr", {}, ...head)), tag("tbody", {}, ...body))),
  );
}
