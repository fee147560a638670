// Queries by everything that may tell what lies outside of the training distribution: coverage, and the scores that it must stand beside.

import { UnsupportedError } from "../errors.ts";
import { axesOf } from "../graph/outputs.ts";
import type { MachineKernelCall } from "../kernels/machine-kernel.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import { hiddenFeatures } from "../train/hidden-features.ts";
import type { Task } from "../train/task.ts";
import { maxProbability, nearness } from "./ood-baselines.ts";
import { type AurocInterval, delongInterval, falsePositiveRate } from "./roc.ts";
import type { Coverage, TrainingSpan } from "./training-span.ts";

/**
 * Each the larger, the more a query is like the training examples:
 * - `coverage`: the share of its tangent feature in their span;
 * - `energy outside`: minus |P_perp g|^2, what is left of it outside, not divided by |g|^2;
 * - `similarity`: the largest cosine with a tangent feature of theirs;
 * - `probability`: the largest of the softmax (classifiers);
 * - `feature distance`, `feature cosine`: minus the distance to the nearest of them in what the last layer reads;
 * - `input distance`: minus the distance to the nearest of them.
 */
export const coverageScores = [
  "coverage",
  "energy outside",
  "similarity",
  "probability",
  "feature distance",
  "feature cosine",
  "input distance",
] as const;
export type CoverageScore = (typeof coverageScores)[number];

export interface ScoredQueries {
  readonly coverage: Coverage;
  /** (Q) each; those that the model has. */
  readonly scores: Readonly<Partial<Record<CoverageScore, Float64Array>>>;
}

export interface ScoreOptions extends MachineKernelCall {
  /** Which to compute beside the three of the span. Default: all that the model has. */
  readonly baselines?: boolean;
}

/** What the last layer reads; undefined where the model has no such layer. */
async function featuresOf(task: Task, params: RealArray, xs: Tensor): Promise<Tensor | undefined> {
  try {
    return await hiddenFeatures(task, params, xs);
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

async function baselinesOf(
  task: Task,
  params: RealArray,
  { train, queries }: { readonly train: Tensor; readonly queries: Tensor },
): Promise<ScoredQueries["scores"]> {
  const scores: Partial<Record<CoverageScore, Float64Array>> = {};
  const { width, positions } = axesOf(task.outputShape);
  if (task.dataset.task === "classification" && width >= 2 && positions === 1)
    scores.probability = maxProbability(await predict(task, params, { x: queries }), width);
  const [own, others] = [await featuresOf(task, params, queries), await featuresOf(task, params, train)];
  if (own && others) {
    scores["feature distance"] = await nearness(own, others);
    scores["feature cosine"] = await nearness(own, others, "cosine");
  }
  if (task.dataset.train.x.dtype !== ("int64" as string)) scores["input distance"] = await nearness(queries, train);
  return scores;
}

/**
 * Coverage of queries (Q, ...) by a span over `train`, with every score of theirs. For spans with one feature an example.
 *
 * Cost: that of `coverage`, a forward pass, and Q N distances in inputs and features. RangeError for a span of each output by itself.
 */
export async function scoreQueries(
  task: Task,
  params: RealArray,
  span: TrainingSpan,
  { train, queries }: { readonly train: Tensor; readonly queries: Tensor },
  { baselines = true, ...call }: ScoreOptions = {},
): Promise<ScoredQueries> {
  if (span.rowsEach !== 1)
    throw new RangeError(`scoreQueries: span must have one feature an example, got ${span.rowsEach}`);
  const coverage = await span.coverage(queries, call);
  const { covered, energy, similarity } = coverage;
  return {
    coverage,
    scores: {
      coverage: covered,
      "energy outside": covered.map((share, q) => -(1 - share) * energy[q]),
      similarity,
      ...(baselines && (await baselinesOf(task, params, { train, queries }))),
    },
  };
}

export interface Separation extends AurocInterval {
  readonly score: CoverageScore;
  /** Part of the outside set that passes where 95 % of the inside set do. */
  readonly falsePositiveRate: number;
}

/** How well each score that both sets have tells them apart, with DeLong's interval. RangeError for an empty set. */
export function separations(inside: ScoredQueries, outside: ScoredQueries): Separation[] {
  return coverageScores.flatMap((score) => {
    const [own, others] = [inside.scores[score], outside.scores[score]];
    if (!own || !others) return [];
    const both = { inside: own, outside: others };
    return [{ score, ...delongInterval(both), falsePositiveRate: falsePositiveRate(both) }];
  });
}
