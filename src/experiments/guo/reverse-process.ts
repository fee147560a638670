// The reverse process of a diffusion model: from noise, level by level, to samples (Ho, Jain and Abbeel 2020, algorithm 2).

import type { Random } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { signalShares } from "./noise-levels.ts";

export interface ReverseOptions {
  readonly count: number;
  /** More than 20: with that many or fewer nothing is left of x_0 at the last level, and nothing leads back from it. */
  readonly levels: number;
  /** Numbers of a point. */
  readonly size: number;
  readonly embed: (level: number) => readonly number[];
  readonly random: Random;
}

export interface ReverseStep {
  /** x_s of each sample. */
  readonly x: readonly (readonly number[])[];
  /** Predicted noise in it. */
  readonly noise: readonly (readonly number[])[];
}

/** (x, e(level)) as inputs of the network. */
export const inputsAt = (x: readonly (readonly number[])[], embedded: readonly number[]): Tensor<"float64"> => {
  const rows = x.map((point) => [...point, ...embedded]);
  return reals([rows.length, rows[0].length], rows.flat());
};

/** x_0 as x_s and its predicted noise have it: (x_s - sqrt(1 - alpha-bar_s) noise) / sqrt(alpha-bar_s). */
export const cleaned = (x: readonly number[], noise: readonly number[], share: number): number[] =>
  x.map((value, k) => (value - Math.sqrt(1 - share) * noise[k]) / Math.sqrt(share));

/**
 * x_T normal; at each level x_0 as the predicted noise has it, clipped to [-1, 1], where points lie, as the authors' program does, since noise of high
 * levels is divided by next to nothing; then x_(s-1) normal about sqrt(alpha-bar_(s-1)) beta_s / (1 - alpha-bar_s) x_0 + sqrt(alpha_s) (1 -
 * alpha-bar_(s-1)) / (1 - alpha-bar_s) x_s (eq. 7) with variance beta_s (1 - alpha-bar_(s-1)) / (1 - alpha-bar_s). Gives x_0 and the steps by level,
 * s = 1..T at [s - 1].
 */
export async function reverseProcess(
  task: Task,
  params: RealArray,
  { count, levels, size, embed, random }: ReverseOptions,
): Promise<{ readonly samples: number[][]; readonly steps: readonly ReverseStep[] }> {
  const shares = signalShares(levels);
  const normal = (): number[][] =>
    Array.from({ length: count }, () => Array.from({ length: size }, () => random.normal()));
  const steps: ReverseStep[] = [];
  let x = normal();
  for (let level = levels; level >= 1; level--) {
    const predicted = await predict(task, params, { x: inputsAt(x, embed(level)) });
    const noise = x.map((_, n) => Array.from(predicted.subarray(n * size, (n + 1) * size)));
    steps.unshift({ x, noise });
    const [share, before] = [shares[level - 1], shares[level - 2] ?? 1];
    const alpha = share / before;
    const z = normal();
    const sigma = Math.sqrt(((1 - alpha) * (1 - before)) / (1 - share));
    const [ofClean, ofNoisy] = [Math.sqrt(before) * (1 - alpha), Math.sqrt(alpha) * (1 - before)].map(
      (weight) => weight / (1 - share),
    );
    x = x.map((point, n) => {
      const clean = cleaned(point, noise[n], share).map((value) => Math.min(1, Math.max(-1, value)));
      return point.map((value, k) => ofClean * clean[k] + ofNoisy * value + sigma * z[n][k]);
    });
  }
  return { samples: x, steps };
}
