// Nearest training examples of queries in a kernel's feature space, by its angle, by its value, and between the inputs themselves.

import { InvalidDataError } from "../errors.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { euclideanDistances, kernelDistances } from "../machines/nearest.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite, sliceRows, type Tensor } from "../numeric/tensor.ts";
import { mean } from "./means.ts";
import {
  type MetricDistances,
  type NeighbourListOptions,
  neighbourLists,
  type QueryNeighbours,
  requireCount,
} from "./neighbour-lists.ts";

/**
 * `kernel`: sqrt(K(x, x) - 2 K(x, x') + K(x', x')); `cosine`: 1 - K(x, x') / sqrt(K(x, x) K(x', x')), 1 where either is zero;
 * `raw`: -K(x, x'), so that the largest K comes first; `euclidean`: |x - x'| of the inputs.
 */
export const neighbourMetrics = ["kernel", "cosine", "raw", "euclidean"] as const;
export type NeighbourMetric = (typeof neighbourMetrics)[number];

export interface NeighboursOptions extends Omit<NeighbourListOptions, "k">, MachineKernelCall {
  /** Default 100, or as many as there are. */
  readonly k?: number;
  /** Default `kernel`, `cosine` and `euclidean`. */
  readonly metrics?: readonly NeighbourMetric[];
  /** Bytes for distances of queries at work: more queries than fit are taken in parts. Default 256 MiB. */
  readonly memoryBudget?: number;
}

/** Means over the queries. */
export interface NeighbourMeans {
  readonly lists: readonly {
    readonly metric: string;
    /** Over the queries that have a label; undefined where none has. */
    readonly purity: number | undefined;
    /** Share of the commonest label; undefined where examples have none. */
    readonly majority: number | undefined;
  }[];
  readonly pairs: readonly {
    readonly metrics: readonly [string, string];
    readonly overlap: number;
    readonly jaccard: number;
    /** Over the queries for which it is defined. */
    readonly spearman: number | undefined;
    readonly kendall: number | undefined;
  }[];
}

export interface Neighbours {
  /** The kernel's name. */
  readonly kernel: string;
  readonly k: number;
  readonly metrics: readonly string[];
  /** Training examples. */
  readonly examples: number;
  readonly queries: readonly QueryNeighbours[];
  /** Undefined without queries. */
  readonly means: NeighbourMeans | undefined;
}

export interface NeighboursPlan {
  /** Queries at once. */
  readonly rows: number;
  readonly parts: number;
  /** Bytes of distances and of kernel values at work; what the kernel itself takes comes to it. */
  readonly bytes: number;
}

const DEFAULT_K = 100;
const DEFAULT_METRICS: readonly NeighbourMetric[] = ["kernel", "cosine", "euclidean"];
const DEFAULT_BUDGET = 2 ** 28;

/** What is at work beside the result: a float64 for each metric, one for K and the kernel's own value, for each query of a part and example. */
export function planNeighbours(count: {
  readonly queries: number;
  readonly examples: number;
  readonly metrics: number;
  readonly memoryBudget?: number | undefined;
}): NeighboursPlan {
  const { queries, examples, metrics, memoryBudget = DEFAULT_BUDGET } = count;
  if (!(memoryBudget >= 0))
    throw new RangeError(`neighbours: memoryBudget must be a number of bytes, got ${memoryBudget}`);
  // Three rows more: of one query its distances without itself, their ranks and what sorting takes.
  const row = 8 * examples * (metrics + 2);
  const rows = Math.max(1, Math.min(queries, Math.floor(memoryBudget / Math.max(1, row)) - 3));
  return { rows, parts: Math.ceil(queries / rows), bytes: (rows + 3) * row };
}

/** Rows of a part of the queries, and what of the options belongs to them. */
function partOf(queries: Tensor, { labels, self }: NeighboursOptions, start: number, end: number) {
  const cut = (values: ArrayLike<number> | undefined) => values && Array.from(values).slice(start, end);
  const own = cut(labels?.queries);
  return {
    x: sliceRows(queries, start, end),
    labels: labels && { examples: labels.examples, ...(own && { queries: own }) },
    self: cut(self),
  };
}

function negative({ dtype, shape, data }: Matrix): Matrix {
  return { dtype, shape, data: data.map((value) => -value) };
}

function requireFinite(values: Tensor, kernel: MachineKernel, what: string): void {
  const bad = findNonFinite(values);
  if (bad < 0) return;
  throw new InvalidDataError(
    `neighbours: the ${kernel.name} ${what} must be finite, got ${values.data[bad]} at element ${bad}`,
  );
}

/** Distances by every metric from queries to the kernel's points; K is computed once for all of them. */
async function distancesBy(
  kernel: MachineKernel,
  x: Tensor,
  {
    metrics,
    ofPoints,
    call,
  }: { metrics: readonly NeighbourMetric[]; ofPoints: Float64Array | undefined; call: MachineKernelCall },
): Promise<MetricDistances[]> {
  const isKernel = metrics.some((metric) => metric !== "euclidean");
  const between = isKernel ? await kernel.between(x, call) : undefined;
  if (between) requireFinite(between, kernel, "between queries and examples");
  const ofQueries = ofPoints && (await kernel.diagonal(x, call));
  const distancesOf = (metric: NeighbourMetric): Matrix => {
    if (metric === "euclidean") return euclideanDistances(x, kernel.points);
    if (metric === "raw") return negative(between as Matrix);
    return kernelDistances(between as Matrix, ofQueries as Float64Array, ofPoints as Float64Array, metric);
  };
  return metrics.map((metric) => ({ metric, distances: distancesOf(metric) }));
}

/**
 * The k nearest points of a kernel to each query by several metrics, with the purity of each list, and for each two metrics the overlap of their
 * lists and the rank correlation of their distances over all points.
 *
 * Queries (Q, ...) like the kernel's points (N, ...). Ties go to the lower index, and `tied` tells how many were left out so. In float32
 * kernels two points nearer than about 3e-4 of their lengths are as good as one: their distance is the root of a difference that is rounding.
 *
 * Cost: the kernel between queries and points, K(x, x) of all of them; Q N d for `euclidean`. Memory: that of `planNeighbours` and the
 * kernel's own, never Q N p.
 *
 * Errors: RangeError for options that do not fit; InvalidDataError for kernel values that are not finite; rejects with the signal's reason.
 */
export async function neighbours(
  kernel: MachineKernel,
  queries: Tensor,
  options: NeighboursOptions = {},
): Promise<Neighbours> {
  const { metrics = DEFAULT_METRICS, labels, self, correlate, memoryBudget, signal, onProgress } = options;
  const [count, examples] = [queries.shape[0], kernel.points.shape[0]];
  requireMetrics(metrics);
  if (examples === 0) throw new RangeError("neighbours: the kernel must have a point or more, got none");
  requireInputs(kernel.points, queries);
  const isOne = self !== undefined && Array.from(self).some((index) => index >= 0);
  const { k = Math.max(1, Math.min(DEFAULT_K, isOne ? examples - 1 : examples)) } = options;
  requireCount(k, { examples, self });
  const { rows, parts } = planNeighbours({ queries: count, examples, metrics: metrics.length, memoryBudget });
  const call: MachineKernelCall = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const needsLengths = metrics.some((metric) => metric === "kernel" || metric === "cosine");
  const ofPoints = needsLengths ? await kernel.diagonal(kernel.points, call) : undefined;
  if (ofPoints)
    requireFinite({ dtype: "float64", shape: [examples], data: ofPoints }, kernel, "of examples with themselves");
  const found: QueryNeighbours[] = [];
  for (let start = 0, part = 0; start < count; start += rows) {
    signal?.throwIfAborted();
    const own = partOf(queries, { labels, self }, start, Math.min(count, start + rows));
    const distances = await distancesBy(kernel, own.x, { metrics, ofPoints, call });
    found.push(...neighbourLists(distances, { k, labels: own.labels, self: own.self, correlate }));
    onProgress?.({ stage: "neighbours", done: ++part, total: parts });
  }
  return { kernel: kernel.name, k, metrics, examples, queries: found, means: meansOf(found) };
}

function requireMetrics(metrics: readonly string[]): void {
  const odd = metrics.find((metric) => !(neighbourMetrics as readonly string[]).includes(metric));
  if (odd !== undefined || metrics.length === 0)
    throw new RangeError(`neighbours: metrics must be of ${neighbourMetrics.join(", ")}, got ${odd ?? "none"}`);
  if (new Set(metrics).size < metrics.length)
    throw new RangeError(`neighbours: metrics must differ, got ${metrics.join(", ")}`);
}

function requireInputs(points: Tensor, queries: Tensor): void {
  const [own, other] = [points, queries].map(({ shape }) => shape.slice(1).join());
  if (own !== other)
    throw new RangeError(`neighbours: queries must have shape [Q,${own}] as the points, got [${queries.shape}]`);
}

/** Means of what the queries' lists say; undefined for none. */
export function meansOf(queries: readonly QueryNeighbours[]): NeighbourMeans | undefined {
  if (queries.length === 0) return undefined;
  const over = (pick: (query: QueryNeighbours) => number | undefined) => mean(queries.map(pick));
  return {
    lists: queries[0].lists.map(({ metric }, m) => ({
      metric,
      purity: over(({ lists }) => lists[m].purity),
      majority: over(({ lists }) => lists[m].majority?.share),
    })),
    pairs: queries[0].pairs.map(({ metrics }, p) => ({
      metrics,
      overlap: over(({ pairs }) => pairs[p].overlap) as number,
      jaccard: over(({ pairs }) => pairs[p].jaccard) as number,
      spearman: over(({ pairs }) => pairs[p].spearman),
      kendall: over(({ pairs }) => pairs[p].kendall),
    })),
  };
}
