// What lists of nearest examples say: labels in each, how far two of them agree, and whether two distances order all examples alike.

import { type Nearest, nearest } from "../machines/nearest.ts";
import { pearson, ranksOf } from "../numeric/correlation.ts";
import { kendall } from "../numeric/kendall.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";

/** The nearest training examples of one query by one metric. */
export interface NeighbourList {
  readonly metric: string;
  /** Indices of training examples, the nearest first: (k). */
  readonly examples: Int32Array;
  /** Their distances (k). */
  readonly distances: Float64Array;
  /** Share of them with the query's own label, in [0, 1]; undefined where the query or the examples have no one label. */
  readonly purity: number | undefined;
  /** The commonest label among them (the lowest of equal ones) and its share; undefined where examples have no one label. */
  readonly majority: { readonly label: number; readonly share: number } | undefined;
  /** Examples outside the list that are as near as its last: where there are any, index decided. */
  readonly tied: number;
}

/** Two lists of one query, and the two distances over all training examples. */
export interface NeighbourPair {
  readonly metrics: readonly [string, string];
  /** Examples in both lists. */
  readonly shared: number;
  /** shared / k. */
  readonly overlap: number;
  /** Jaccard's index: shared / (2 k - shared). */
  readonly jaccard: number;
  /** Spearman's correlation of the two distances over all training examples; undefined where one has no order, or was not asked for. */
  readonly spearman: number | undefined;
  /** Kendall's tau-b of the same. */
  readonly kendall: number | undefined;
}

export interface QueryNeighbours {
  /** One list a metric, in the order of the metrics. */
  readonly lists: readonly NeighbourList[];
  /** Each two metrics. */
  readonly pairs: readonly NeighbourPair[];
}

/** Distances of queries to all examples by one metric. */
export interface MetricDistances {
  readonly metric: string;
  /** (Q, N), least is nearest. */
  readonly distances: Matrix;
}

export interface NeighbourListOptions {
  readonly k: number;
  /** Class indices of the examples (N) and, where they are known, of the queries (Q; -1: none). */
  readonly labels?: { readonly examples: ArrayLike<number>; readonly queries?: ArrayLike<number> } | undefined;
  /** The training example that each query is itself (Q; -1: none): it is no neighbour of its own. */
  readonly self?: ArrayLike<number> | undefined;
  /** Whether distances are correlated over all examples: n log n for each query and pair of metrics. Default true. */
  readonly correlate?: boolean | undefined;
}

/**
 * Lists, purity, overlap and rank correlation of distances that are given: every metric is of the same queries and examples.
 *
 * Cost: Q N for each metric; with correlations Q N log N for each metric and pair.
 * Errors: RangeError for a k that is not from 1 to the examples that are left, and for numbers that do not fit each other.
 */
export function neighbourLists(
  metrics: readonly MetricDistances[],
  { k, labels, self, correlate = true }: NeighbourListOptions,
): QueryNeighbours[] {
  const [queries, examples] = requireFit(metrics, { k, labels, self });
  return Array.from({ length: queries }, (_, q) => {
    const own = self?.[q] ?? -1;
    const rows = metrics.map(({ distances: { data } }) => data.slice(q * examples, (q + 1) * examples));
    // Farther than all others, and there is one more of these than are asked for.
    if (own >= 0) for (const row of rows) row[own] = Number.POSITIVE_INFINITY;
    const found = rows.map((data) => nearest({ dtype: "float64", shape: [1, examples], data }, k));
    const lists = found.map((list, m) =>
      described(list, rows[m], { metric: metrics[m].metric, labels: labels?.examples, label: labels?.queries?.[q] }),
    );
    const others = correlate ? rows.map((row) => (own < 0 ? row : row.filter((_, i) => i !== own))) : undefined;
    return { lists, pairs: pairsOf(lists, others) };
  });
}

function requireFit(
  metrics: readonly MetricDistances[],
  { k, labels, self }: Pick<NeighbourListOptions, "k" | "labels" | "self">,
): readonly [number, number] {
  const refuse = (must: string): never => {
    throw new RangeError(`neighbours: ${must}`);
  };
  if (metrics.length === 0) refuse("metrics must hold one or more, got none");
  const [queries, examples] = metrics[0].distances.shape;
  const odd = metrics.find(({ distances: { shape } }) => shape.join() !== `${queries},${examples}`);
  if (odd) refuse(`distances by ${odd.metric} must have shape [${queries},${examples}], got [${odd.distances.shape}]`);
  if (labels && labels.examples.length !== examples)
    refuse(`labels must be of the ${examples} examples, got ${labels.examples.length}`);
  if (labels?.queries && labels.queries.length !== queries)
    refuse(`labels must be of the ${queries} queries, got ${labels.queries.length}`);
  if (self && self.length !== queries)
    refuse(`self must hold an index for each of ${queries} queries, got ${self.length}`);
  requireCount(k, { examples, self });
  return [queries, examples];
}

/** RangeError where there are not k examples beside the query itself. */
export function requireCount(
  k: number,
  { examples, self }: { readonly examples: number; readonly self?: ArrayLike<number> | undefined },
): void {
  const isOne = self !== undefined && Array.from(self).some((index) => index >= 0);
  const most = isOne ? examples - 1 : examples;
  const which = isOne ? "other training examples" : "training examples";
  if (!(Number.isSafeInteger(k) && k >= 1 && k <= most))
    throw new RangeError(`neighbours: k must be a whole number from 1 to the ${most} ${which}, got ${k}`);
}

interface Description {
  readonly metric: string;
  readonly labels: ArrayLike<number> | undefined;
  readonly label: number | undefined;
}

function described(list: Nearest, row: Float64Array, { metric, labels, label = -1 }: Description): NeighbourList {
  const examples = list.indices.data;
  const distances = list.distances.data;
  const k = examples.length;
  const last = distances[k - 1];
  const within = distances.reduce((count, distance) => (distance === last ? count + 1 : count), 0);
  const tied = row.reduce((count, distance) => (distance === last ? count + 1 : count), 0) - within;
  if (labels === undefined) return { metric, examples, distances, purity: undefined, majority: undefined, tied };
  const counts = new Map<number, number>();
  for (const example of examples) counts.set(labels[example], (counts.get(labels[example]) ?? 0) + 1);
  const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
  const purity = label < 0 ? undefined : (counts.get(label) ?? 0) / k;
  return { metric, examples, distances, purity, majority: { label: most, share: count / k }, tied };
}

function pairsOf(lists: readonly NeighbourList[], rows: readonly Float64Array[] | undefined): NeighbourPair[] {
  const ranks = rows?.map(ranksOf);
  return lists.flatMap((a, i) =>
    lists.slice(i + 1).map((b, offset): NeighbourPair => {
      const j = i + 1 + offset;
      const own = new Set(a.examples);
      const shared = b.examples.reduce((count, example) => (own.has(example) ? count + 1 : count), 0);
      const k = a.examples.length;
      return {
        metrics: [a.metric, b.metric],
        shared,
        overlap: shared / k,
        jaccard: shared / (2 * k - shared),
        spearman: ranks && pearson(ranks[i], ranks[j]),
        kendall: rows && kendall(rows[i], rows[j]),
      };
    }),
  );
}
