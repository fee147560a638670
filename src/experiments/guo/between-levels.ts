// Kernels and contributions between noise levels: by pairs of levels, by their distance, near against far.

import { explain } from "../../explain/explain.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { type RealArray, takeRows } from "../../numeric/tensor.ts";
import type { Run } from "../../run/types.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import { closureShare } from "../small-problem.ts";

export interface LevelSize {
  /** T, a multiple of ten. */
  readonly levels: number;
  /** Kernels are taken at every such level. */
  readonly stride: number;
  /** Points on either side that kernels are means over. */
  readonly kernelPoints: number;
  /** Test points that are explained at each of the levels of `explainedLevels`. */
  readonly explained: number;
}

/** A row for each explained level, a number for each level of the examples. */
export type Profile = readonly (readonly number[])[];

export interface ContributionsByLevel {
  /** Mean |contribution| of a level's examples, over that of all levels. */
  readonly gross: Profile;
  /** The same of |sum of the contributions of a level|. */
  readonly net: Profile;
  readonly closure: number;
}

export const looksOf = ({ levels, stride }: LevelSize): number[] =>
  Array.from({ length: levels / stride }, (_, k) => (k + 1) * stride);

export const explainedLevels = ({ levels }: LevelSize): number[] =>
  [1, 3, 5, 7, 9].map((tenths) => (tenths * levels) / 10);

/** Means over points of the normalised kernel between levels: rows are test points, columns examples, so that none meets itself. */
export async function levelKernel(task: Task, params: RealArray, size: LevelSize): Promise<number[]> {
  const looks = looksOf(size);
  const { kernelPoints: count, levels } = size;
  const rows = looks.flatMap((level) => Array.from({ length: count }, (_, p) => p * levels + level - 1));
  const { train, test } = task.dataset;
  const options = { normalize: true };
  const { kernel } = await tangentKernel(task, params, takeRows(test.x, rows), takeRows(train.x, rows), options);
  const means = new Float64Array(looks.length ** 2);
  kernel.data.forEach((value: number | bigint, at: number) => {
    const [row, column] = [Math.floor(at / rows.length), at % rows.length];
    means[Math.floor(row / count) * looks.length + Math.floor(column / count)] += Number(value) / count ** 2;
  });
  return Array.from(means, (value) => Number(value.toFixed(5)));
}

/** Contributions to the first coordinate of the predicted noise, by the level that is explained and that of the examples. */
export async function contributionsByLevel(
  task: Task,
  run: Run,
  size: LevelSize,
  signal: AbortSignal,
): Promise<ContributionsByLevel> {
  const { levels, explained } = size;
  const at = explainedLevels(size);
  const rows = at.flatMap((level) => Array.from({ length: explained }, (_, p) => p * levels + level - 1));
  const queries = datasetQueries(task, `test:${rows.join()}`);
  const e = await explain(task, run, { queries, readout: "output:0", signal });
  const profiles = rows.map((_, r) => {
    const [gross, net] = [new Float64Array(levels), new Float64Array(levels)];
    for (let i = 0; i < e.examples; i++) {
      const value = e.contributions[r * e.examples + i];
      gross[i % levels] += Math.abs(value);
      net[i % levels] += value;
    }
    const relative = (own: Float64Array): number[] => Array.from(own, (value) => value / meanOf(own));
    return { gross: relative(gross), net: relative(net.map(Math.abs)) };
  });
  const over = (pick: (one: (typeof profiles)[number]) => number[]): number[][] =>
    at.map((_, k) => {
      const own = profiles.slice(k * explained, (k + 1) * explained).map(pick);
      return Array.from({ length: levels }, (_, s) => meanOf(own.map((profile) => profile[s])));
    });
  return { gross: over(({ gross }) => gross), net: over(({ net }) => net), closure: closureShare(e) };
}

/** Values of (row, column) whose levels are a distance apart that is asked for. */
export function within(
  values: readonly number[],
  looks: readonly number[],
  holds: (distance: number) => boolean,
): number[] {
  return values.filter((_, at) => {
    const [row, column] = [Math.floor(at / looks.length), at % looks.length];
    return holds(Math.abs(looks[row] - looks[column]));
  });
}

/** Mean kernel at least half of the levels apart over that at most a tenth apart. */
export function farOverNear(kernel: readonly number[], size: LevelSize): number {
  const of = (holds: (distance: number) => boolean): number => meanOf(within(kernel, looksOf(size), holds));
  return of((d) => d >= size.levels / 2) / of((d) => d <= size.levels / 10);
}

export const locality = (kernel: readonly number[], size: LevelSize): number => 1 - farOverNear(kernel, size);

/** By |tau - s|: the mean of a profile over the explained levels. */
export function byDistance(profile: Profile, size: LevelSize, holds: (distance: number) => boolean): number {
  const at = explainedLevels(size);
  return meanOf(profile.flatMap((own, k) => own.filter((_, s) => holds(Math.abs(s + 1 - at[k])))));
}

export const nearbyShare = (profile: Profile, size: LevelSize): number => {
  const at = explainedLevels(size);
  const near = profile.map((own, k) => own.filter((_, s) => Math.abs(s + 1 - at[k]) <= size.levels / 10));
  return meanOf(near.map((own) => own.reduce((sum, value) => sum + value, 0) / size.levels));
};
