// Neighbours for people: the lists of one query side by side, a line a query, and how purities move along training.

import type { NeighbourList, NeighbourPair, QueryNeighbours } from "../diagnose/neighbour-lists.ts";
import type { NeighbourMeans } from "../diagnose/neighbours.ts";
import { columns, columnWidths, grouped, NONE, percent as sharePercent } from "./format.ts";

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

/** Neighbours of one query that are printed. */
const SHOWN = 10;

/** Queries of several that have a line; --json has all. */
const MOST_LINES = 40;

/** Of the nearest, of whom there are few. */
const percent = (part: number | undefined): string => sharePercent(part, 0);
const ratio = (value: number | undefined): string => (value === undefined ? NONE : value.toFixed(2));

/** Three digits; the value itself by the metric raw, whose distance is the value with its sign turned. */
function distanceText({ metric }: NeighbourList, distance: number): string {
  const value = metric === "raw" ? -distance : distance;
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(1)
    : value.toPrecision(3);
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
    ...columns(rows).map((line) => `  ${line}`),
    ...pairs.map((pair) => pairLine(pair, k)),
    ...tied.map(
      (list) => `by ${list.metric}, ${grouped(list.tied)} more are as near as the last: index decided which are listed`,
    ),
  ].join("\n");
}

/** Heads of columns for two metrics, as narrow as they can be. */
const SHORT: Readonly<Record<string, string>> = { cosine: "cos", euclidean: "eucl" };
const pairName = ({ metrics }: Pick<NeighbourPair, "metrics">): string =>
  metrics.map((metric) => SHORT[metric] ?? metric).join("/");

/** Rows under two lines of heads: over `lead` columns of words stand the purities, then the overlaps. */
function sharesTable(
  lead: readonly string[],
  { metrics, pairs, share }: { metrics: readonly string[]; pairs: readonly string[]; share: string },
  rows: readonly (readonly string[])[],
): string {
  const all = [[...lead, ...metrics, ...pairs], ...rows];
  const [lines, widths] = [columns(all), columnWidths(all)];
  const startOf = (column: number): number => widths.slice(0, column).reduce((total, width) => total + width + 2, 0);
  const over = (text: string, column: number): string => text.padStart(column);
  const first = over("", startOf(lead.length)) + share;
  const second = pairs.length === 0 ? first : `${first.padEnd(startOf(lead.length + metrics.length))}in both lists`;
  return [second, ...lines].join("\n");
}

const headsOf = ({ lists, pairs }: NeighbourMeans) => ({
  metrics: lists.map(({ metric }) => metric),
  pairs: pairs.map(pairName),
});

/** A line a query: purity by each metric, overlap of each two lists; then their means, and whether the distances order all examples alike. */
export function queriesText(
  queries: readonly DescribedQuery[],
  found: readonly QueryNeighbours[],
  means: NeighbourMeans,
): string {
  // Of queries without a label the commonest one's share, in brackets.
  const shareOf = (purity: number | undefined, majority: number | undefined): string =>
    purity === undefined && majority !== undefined ? `(${percent(majority)})` : percent(purity);
  const left = Math.max(0, queries.length - MOST_LINES);
  const rows = queries
    .slice(0, MOST_LINES)
    .map(({ id, label = NONE, predicted = NONE }, q) => [
      id,
      label.slice(0, 12),
      predicted.slice(0, 12),
      ...found[q].lists.map(({ purity, majority }) => shareOf(purity, majority?.share)),
      ...found[q].pairs.map(({ overlap }) => percent(overlap)),
    ]);
  const mean = [
    "mean",
    "",
    "",
    ...means.lists.map(({ purity, majority }) => shareOf(purity, majority)),
    ...means.pairs.map(({ overlap }) => percent(overlap)),
  ];
  const table = sharesTable(["query", "label", "predicted"], { ...headsOf(means), share: "purity" }, [...rows, mean]);
  const orders = means.pairs
    .filter(({ spearman }) => spearman !== undefined)
    .map((pair) => `${pairName(pair)} ${ratio(pair.spearman)}`);
  return [
    table,
    ...(left > 0 ? [`the mean is of ${grouped(left)} more queries too (all of them with --json)`] : []),
    ...(orders.length > 0 ? [`order of all distances, Spearman's mean: ${orders.join(", ")}`] : []),
  ].join("\n");
}

/** A line a step: means over the queries. */
export function meansText(steps: readonly { readonly step: number; readonly means: NeighbourMeans }[]): string {
  const [{ means }] = steps;
  const isPure = means.lists[0].purity !== undefined;
  const rows = steps.map(({ step, means: own }) => [
    grouped(step),
    ...own.lists.map(({ purity, majority }) => percent(isPure ? purity : majority)),
    ...own.pairs.map(({ overlap }) => percent(overlap)),
  ]);
  return sharesTable(["before step"], { ...headsOf(means), share: isPure ? "purity" : "commonest label" }, rows);
}

/** What the columns mean, for who sees them for the first time. */
export const LEGEND = [
  "purity: share of the nearest that have the query's label (in brackets, where it has none: share of their commonest label)",
  "in both lists: share of one metric's nearest that are among the other's",
].join("\n");
