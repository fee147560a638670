// Neighbours for people: the lists of one query side by side, a line a query, and how purities move along training.

import type { NeighbourList, NeighbourPair, QueryNeighbours } from "../diagnose/neighbour-lists.ts";
import type { NeighbourMeans } from "../diagnose/neighbours.ts";
import { grouped } from "./format.ts";

/** What is said of a query beside its neighbours. */
export interface DescribedQuery {
  readonly id: string;
  readonly label: string | undefined;
  readonly predicted: string | undefined;
}

export interface NeighbourWords {
  /** Label of each training example in words. */
  readonly labelOf: (example: number) => string;
  /** Of a class. */
  readonly className: (index: number) => string;
}

/** Neighbours that are printed. */
const SHOWN = 10;

const NONE = "-";
const percent = (share: number | undefined): string => (share === undefined ? NONE : `${Math.round(100 * share)} %`);
const ratio = (value: number | undefined): string => (value === undefined ? NONE : value.toFixed(2));

/** Three digits; the value itself by the metric raw, whose distance is the value with its sign turned. */
function distanceText({ metric }: NeighbourList, distance: number): string {
  const value = metric === "raw" ? -distance : distance;
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(1)
    : value.toPrecision(3);
}

/** Cells under their heads: the first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join("  ")
      .trimEnd(),
  );
}

/** "test:8: label 5, predicted 6". */
export function queryTitle({ id, label, predicted }: DescribedQuery): string {
  const facts = [
    ...(label === undefined ? [] : [`label ${label}`]),
    ...(predicted === undefined ? [] : [`predicted ${predicted}`]),
  ];
  return facts.length === 0 ? id : `${id}: ${facts.join(", ")}`;
}

function pairLine({ metrics: [a, b], shared, jaccard, spearman, kendall }: NeighbourPair, k: number): string {
  const order =
    spearman === undefined
      ? "no order to compare"
      : `order of all distances ${ratio(spearman)} (Spearman), ${ratio(kendall)} (Kendall)`;
  return `${a} and ${b}: ${grouped(shared)} of ${grouped(k)} in both lists (Jaccard ${ratio(jaccard)}); ${order}`;
}

/** The lists of one query side by side, and how far they agree. */
export function listsText(
  query: DescribedQuery,
  { lists, pairs }: QueryNeighbours,
  { labelOf, className }: NeighbourWords,
): string {
  const k = lists[0].examples.length;
  const rows: string[][] = [["", ...lists.map(({ metric }) => metric)]];
  if (lists[0].purity !== undefined) rows.push([`label ${query.label}`, ...lists.map(({ purity }) => percent(purity))]);
  if (lists[0].majority !== undefined)
    rows.push([
      "commonest",
      ...(lists.map(
        ({ majority }) => majority && `${className(majority.label)}: ${percent(majority.share)}`,
      ) as string[]),
    ]);
  for (let n = 0; n < Math.min(SHOWN, k); n++) {
    const cell = (list: NeighbourList): string => {
      const example = list.examples[n];
      return `#${example} ${labelOf(example).slice(0, 12)}  ${distanceText(list, list.distances[n]).padStart(7)}`;
    };
    rows.push([n === 0 ? "nearest" : `${n + 1}.`, ...lists.map(cell)]);
  }
  const tied = lists.filter((list) => list.tied > 0);
  return [
    queryTitle(query),
    ...aligned(rows).map((line) => `  ${line}`),
    ...pairs.map((pair) => pairLine(pair, k)),
    ...tied.map(
      (list) => `by ${list.metric}, ${grouped(list.tied)} more are as near as the last: index decided which are listed`,
    ),
  ].join("\n");
}

const initials = ({ metrics: [a, b] }: Pick<NeighbourPair, "metrics">): string => `${a}/${b}`;

/** A line a query: purity by each metric, overlap of each two lists. */
export function queriesText(queries: readonly DescribedQuery[], found: readonly QueryNeighbours[]): string {
  const { lists, pairs } = found[0];
  const head = [
    "query",
    "label",
    "predicted",
    ...lists.map(({ metric }) => `purity ${metric}`),
    ...pairs.map((pair) => `in both ${initials(pair)}`),
  ];
  const rows = queries.map(({ id, label = NONE, predicted = NONE }, q) => [
    id,
    label.slice(0, 16),
    predicted.slice(0, 16),
    ...found[q].lists.map(({ purity, majority }) =>
      purity === undefined && majority ? `(${percent(majority.share)})` : percent(purity),
    ),
    ...found[q].pairs.map(({ overlap }) => percent(overlap)),
  ]);
  return aligned([head, ...rows]).join("\n");
}

/** A line a step: means over the queries. */
export function meansText(steps: readonly { readonly step: number; readonly means: NeighbourMeans }[]): string {
  const { lists, pairs } = steps[0].means;
  const isPure = lists[0].purity !== undefined;
  const head = [
    "before step",
    ...lists.map(({ metric }) => `${isPure ? "purity" : "commonest"} ${metric}`),
    ...pairs.map((pair) => `in both ${initials(pair)}`),
    ...pairs.map((pair) => `order ${initials(pair)}`),
  ];
  const rows = steps.map(({ step, means }) => [
    grouped(step),
    ...means.lists.map(({ purity, majority }) => percent(isPure ? purity : majority)),
    ...means.pairs.map(({ overlap }) => percent(overlap)),
    ...means.pairs.map(({ spearman }) => ratio(spearman)),
  ]);
  return aligned([head, ...rows]).join("\n");
}

/** What the columns mean, for who sees them for the first time. */
export const LEGEND = [
  "purity: share of the nearest that have the query's label (in brackets, where it has none: share of their commonest label)",
  "in both: share of one list that is in the other; order: Spearman's correlation of the two distances over all training examples",
].join("\n");
