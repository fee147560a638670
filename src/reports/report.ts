// A report: explained queries as one HTML file that needs nothing beside itself, neither network nor script.

import { countOf } from "../figures/format.ts";
import { escapeText } from "../figures/svg.ts";
import { fact, tag } from "./html.ts";
import { headingOf, querySection } from "./query-section.ts";
import { type QueryView, queryViews } from "./query-view.ts";
import { runFacts, verdictFacts } from "./run-facts.ts";
import { styleSheet } from "./style.ts";
import type { ReportInput } from "./types.ts";

/** Nothing is loaded and nothing runs; styles and pictures are in the file. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Said once in every report: what a contribution is not. */
export const CAVEAT =
  "A contribution is bookkeeping, not a counterfactual: it is what an example's gradients, as the optimizer applied them in this run, did to this output. Taking the example out of the training set would change what all the others do, too.";

/**
 * The report as HTML: for each explained row the input, the sentence, prior, pulls, strongest examples, terms, residual, closure
 * and cancellation, each figure with its numbers as a table; before them the run's facts and whether the sums hold.
 *
 * Deterministic. Cost: some 60 kB a query of 28 x 28 pictures. RangeError when a row's query is missing or the data set is not
 * the one that was trained on.
 */
export function renderReport(input: ReportInput): string {
  const views = queryViews(input);
  const { title, run } = input;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta name="generator" content="${escapeText(run.software)}">`,
    tag("title", {}, escapeText(title)),
    `<style>${styleSheet}</style>`,
    "</head>",
    "<body>",
    header(input, views),
    tag("main", {}, ...views.map((view, k) => querySection(view, k, input))),
    footer(input),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function header(input: ReportInput, views: readonly QueryView[]): string {
  const lede = `${countOf(views.length, "output")} of a trained model, each written as the sum it is: output = prior + one contribution per training example + terms + residual.`;
  return tag(
    "header",
    {},
    tag("h1", {}, escapeText(input.title)),
    tag("p", { class: "lede" }, escapeText(lede)),
    runFacts(input),
    verdictFacts(input),
    tag("div", { class: "note", role: "note" }, tag("p", {}, escapeText(CAVEAT))),
    ...(views.length > 1 ? [contents(views)] : []),
  );
}

function contents(views: readonly QueryView[]): string {
  const item = (view: QueryView, k: number): string => {
    const image = view.thumbnail ? `<img src="${view.thumbnail.uri}" alt="" width="32" height="32">` : "";
    return tag("li", {}, tag("a", { href: `#query-${k}` }, image, tag("span", {}, escapeText(headingOf(view)))));
  };
  return tag("nav", { "aria-label": "Explained queries" }, tag("ul", {}, ...views.map(item)));
}

function footer({ run }: ReportInput): string {
  const facts: readonly [string, string][] = [
    ["Written by", `${run.software}, run recorded ${run.createdAt}`],
    ["Data SHA-256", run.data.sha256],
    ["Model SHA-256", run.model.sha256],
  ];
  return tag("footer", {}, tag("dl", {}, ...facts.map(([term, detail]) => fact(term, escapeText(detail)))));
}
