// What a small diffusion model is made of: a mixture in the plane, noise levels, their embeddings, examples (x_s, e(s)) -> noise.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import { type Random, randomFrom } from "../../numeric/random.ts";
import { reals, type Tensor } from "../../numeric/tensor.ts";

/** Four Gaussians at the corners of a square, of about unit variance together. */
export const CORNERS = [
  [1, 1],
  [-1, 1],
  [-1, -1],
  [1, -1],
] as const;
export const SPREAD = 0.2;

/** Numbers of an embedding. */
const WIDTH = 16;

/** How a level s = 1..T becomes numbers; `none` is the network that never sees the level. */
export const embeddings = ["sinusoidal", "random Fourier", "raw index", "none"] as const;
export type Embedding = (typeof embeddings)[number];

/** alpha-bar_s for s = 1..T: beta goes linearly from 0.1 / T to 20 / T, as with a thousand levels from 1e-4 to 0.02 (Ho, Jain and Abbeel 2020). */
export function signalShares(levels: number): number[] {
  let share = 1;
  return Array.from({ length: levels }, (_, k) => {
    share *= 1 - (0.1 + (19.9 * k) / (levels - 1)) / levels;
    return share;
  });
}

/**
 * e(s). Sinusoidal: sin and cos of s 10000^(-2k / width) (Ho, Jain and Abbeel 2020). Random Fourier: sin and cos of w s / T with w normal, of
 * deviation 10, so that e(s) . e(s') falls by e^-0.5 within a tenth of the levels. Raw index: s / T.
 */
export function embedder(embedding: Embedding, levels: number, seed: number): (level: number) => number[] {
  const waves = (frequencies: readonly number[]) => (level: number) =>
    frequencies.flatMap((w) => [Math.sin(w * level), Math.cos(w * level)]);
  const count = WIDTH / 2;
  switch (embedding) {
    case "sinusoidal":
      return waves(Array.from({ length: count }, (_, k) => 10_000 ** (-k / count)));
    case "random Fourier": {
      const random = randomFrom(seed, "frequencies");
      return waves(Array.from({ length: count }, () => (10 * random.normal()) / levels));
    }
    case "raw index":
      return (level) => [level / levels];
    case "none":
      return () => [];
  }
}

/** Points of the data at every level with the noise in them: row point x T + (s - 1). */
export interface Noised {
  readonly points: number;
  readonly levels: number;
  readonly x: readonly (readonly number[])[];
  readonly noise: readonly (readonly number[])[];
}

/** x_s = sqrt(alpha-bar_s) x_0 + sqrt(1 - alpha-bar_s) noise, fresh noise at every level of every point; `clean` gives x_0 of a point. */
export function noisedAtLevels(
  { points, levels }: Pick<Noised, "points" | "levels">,
  random: Random,
  clean: (point: number) => readonly number[],
): Noised {
  const shares = signalShares(levels);
  const x: number[][] = [];
  const noise: number[][] = [];
  for (let i = 0; i < points; i++) {
    const own = clean(i);
    for (const share of shares) {
      const drawn = own.map(() => random.normal());
      x.push(own.map((value, k) => Math.sqrt(share) * value + Math.sqrt(1 - share) * drawn[k]));
      noise.push(drawn);
    }
  }
  return { points, levels, x, noise };
}

/** Points of the mixture. */
export function noised(points: number, levels: number, seed: number, stream: string): Noised {
  const random = randomFrom(seed, stream);
  return noisedAtLevels({ points, levels }, random, (i) =>
    CORNERS[i % CORNERS.length].map((corner) => corner + SPREAD * random.normal()),
  );
}

/** (x_s, e(s)) as inputs of the network. */
export function inputsOf({ x, levels }: Noised, embed: (level: number) => number[]): Tensor<"float64"> {
  const rows = x.map((point, row) => [...point, ...embed((row % levels) + 1)]);
  return reals([rows.length, rows[0].length], rows.flat());
}

/** Noise prediction as a regression. */
export function noiseRegression(train: Noised, test: Noised, embed: (level: number) => number[]): Dataset {
  const split = (own: Noised) => ({
    x: inputsOf(own, embed),
    y: reals([own.noise.length, own.noise[0].length], own.noise.flat()),
  });
  return arrayDataset({ train: split(train), test: split(test), source: "noised points" });
}

/** E[noise | x_s] of the mixture, the best that any network can do: -sqrt(1 - alpha-bar_s) grad log p_s(x_s). (rows, 2). */
export function bestNoise({ x, levels }: Noised): Float64Array {
  const shares = signalShares(levels);
  const best = new Float64Array(2 * x.length);
  x.forEach(([u, v], row) => {
    const share = shares[row % levels];
    const variance = share * SPREAD ** 2 + 1 - share;
    const off = CORNERS.map(([a, b]) => [u - Math.sqrt(share) * a, v - Math.sqrt(share) * b]);
    const weights = off.map(([a, b]) => Math.exp(-(a * a + b * b) / (2 * variance)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (const k of [0, 1]) {
      const mean = off.reduce((sum, d, n) => sum + weights[n] * d[k], 0) / total;
      best[2 * row + k] = (Math.sqrt(1 - share) * mean) / variance;
    }
  });
  return best;
}
