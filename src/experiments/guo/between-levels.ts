// Kernels and contributions between noise levels: by pairs of levels, by their distance, near against far.

import { explainAlong } from "../../explain/explain-along.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { type RealArray, takeRows } from "../../numeric/tensor.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
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

/** Of one stretch of training. */
export interface StretchByLevel {
  /** Mean |contribution| of a level's examples, over that of all levels. */
  readonly gross: Profile;
  /** Mean length of the error of a level's examples along the stretch, over that of all levels. */
  readonly errors: readonly number[];
}

export interface ContributionsByLevel extends StretchByLevel {
  /** As `gross`, of |sum of the contributions of a level|. */
  readonly net: Profile;
  /** First and second half of the steps. */
  readonly halves: readonly StretchByLevel[];
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

/** Over the mean of all. */
const relative = (own: ArrayLike<number>): number[] => {
  const mean = meanOf(own);
  return Array.from(own, (value) => value / mean);
};

/** Mean length of the error of the examples of each level: the examples' part of what a contribution is made of, kernel times error. */
async function errorsByLevel(task: Task, params: RealArray, levels: number): Promise<Float64Array> {
  const { train } = task.dataset;
  const predicted = await predict(task, params, train);
  const wanted = train.y.data as RealArray;
  const count = train.x.shape[0];
  const size = wanted.length / count;
  const errors = new Float64Array(levels);
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let k = i * size; k < (i + 1) * size; k++) square += (predicted[k] - wanted[k]) ** 2;
    errors[i % levels] += (Math.sqrt(square) * levels) / count;
  }
  return errors;
}

/** Looks at the errors, half of them in each half of training. */
const ERROR_LOOKS = 20;

export interface ContributionOptions {
  readonly readout: string;
  readonly rule?: string;
  readonly signal: AbortSignal;
}

/** Contributions to the predicted noise of test points, by the level that is explained and that of the examples, in all and by halves of training. */
export async function contributionsByLevel(
  task: Task,
  run: Run,
  size: LevelSize,
  options: ContributionOptions,
): Promise<ContributionsByLevel> {
  const { levels, explained } = size;
  const at = explainedLevels(size);
  const rows = at.flatMap((level) => Array.from({ length: explained }, (_, p) => p * levels + level - 1));
  const queries = datasetQueries(task, `test:${rows.join()}`);
  const steps = run.batches.length;
  const along = await explainAlong(task, run, { ...options, queries, steps: [steps / 2, steps] });
  const [half, whole] = along.map(({ explanation }) => explanation);
  const profile = (contributions: ArrayLike<number>, isNet: boolean): Profile => {
    const own = rows.map((_, r) => {
      const sums = new Float64Array(levels);
      for (let i = 0; i < whole.examples; i++) {
        const value = contributions[r * whole.examples + i];
        sums[i % levels] += isNet ? value : Math.abs(value);
      }
      return relative(sums.map(Math.abs));
    });
    return at.map((_, k) => {
      const some = own.slice(k * explained, (k + 1) * explained);
      return Array.from({ length: levels }, (_, s) => meanOf(some.map((one) => one[s])));
    });
  };
  const looks: Float64Array[] = [];
  for (let k = 0; k < ERROR_LOOKS; k++) {
    const { checkpoints } = run;
    const { params } = await run.checkpoint(checkpoints[Math.floor((k * (checkpoints.length - 1)) / ERROR_LOOKS)]);
    looks.push(await errorsByLevel(task, params, levels));
  }
  const errors = (some: readonly Float64Array[]): number[] =>
    relative(Array.from({ length: levels }, (_, s) => meanOf(some.map((one) => one[s]))));
  const middle = ERROR_LOOKS / 2;
  const second = whole.contributions.map((value, i) => value - half.contributions[i]);
  return {
    gross: profile(whole.contributions, false),
    net: profile(whole.contributions, true),
    errors: errors(looks),
    halves: [
      { gross: profile(half.contributions, false), errors: errors(looks.slice(0, middle)) },
      { gross: profile(second, false), errors: errors(looks.slice(middle)) },
    ],
    closure: closureShare(whole),
  };
}

/** Contributions for each unit of an example's error: what is left of them is the kernel along the path. Rows have mean 1 again. */
export const perError = ({ gross, errors }: StretchByLevel): Profile =>
  gross.map((own) => relative(own.map((value, s) => value / errors[s])));

/** |mean kernel| of the explained levels with each level of the examples, from a kernel between looks: rows with mean 1, as contributions have them. */
export function kernelProfile(kernel: readonly number[], size: LevelSize): Profile {
  const looks = looksOf(size);
  const lookOf = (level: number): number => Math.ceil(level / size.stride) - 1;
  return explainedLevels(size).map((tau) => {
    const row = kernel.slice(lookOf(tau) * looks.length, (lookOf(tau) + 1) * looks.length);
    return relative(Array.from({ length: size.levels }, (_, s) => Math.abs(row[lookOf(s + 1)])));
  });
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
