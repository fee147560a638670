// How far classes are apart by distances, class by class, and pictures of that: what Guo, He and Morel, Fig. 4, is measured by.

import { neighbourLists } from "../../diagnose/neighbour-lists.ts";
import { silhouette } from "../../diagnose/silhouette.ts";
import { trustworthiness } from "../../diagnose/trustworthiness.ts";
import { precomputedMachineKernel } from "../../kernels/precomputed-kernel.ts";
import { kernelPca } from "../../machines/kernel-pca.ts";
import { euclideanDistances, kernelDistances } from "../../machines/nearest.ts";
import { umapOfKernel } from "../../machines/umap.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { reals } from "../../numeric/tensor.ts";
import { meanOf } from "../arrays.ts";

/** By class, in the order of the labels. */
export interface Apart {
  /** Mean share of the nearest others with the own label. */
  readonly purity: readonly number[];
  readonly silhouette: readonly number[];
}

/** |φ(x) / |φ(x)| - φ(x') / |φ(x')|| = sqrt(2 - 2 K~) from a normalised kernel. */
export function anglesApart(normalised: Matrix): Matrix {
  const [n] = normalised.shape;
  const own = Float64Array.from({ length: n }, (_, i) => normalised.data[i * n + i]);
  return kernelDistances(normalised, own, own);
}

export function apartOf(distances: Matrix, labels: readonly number[], k: number): Apart {
  const lists = neighbourLists([{ metric: "distance", distances }], {
    k,
    labels: { examples: labels, queries: labels },
    self: labels.map((_, i) => i),
    correlate: false,
  });
  const { byClass } = silhouette(distances, labels);
  return {
    purity: byClass.map(({ label }) =>
      meanOf(lists.filter((_, i) => labels[i] === label).map(({ lists: [own] }) => own.purity ?? 0)),
    ),
    silhouette: byClass.map(({ mean }) => mean),
  };
}

/** Rows and columns of a kernel. */
export function partOf({ shape: [n], data }: Matrix, rows: readonly number[]): Matrix {
  return reals(
    [rows.length, rows.length],
    rows.flatMap((i) => rows.map((j) => data[i * n + j])),
  );
}

/** Where each point is drawn, x and y after each other, and how far its neighbours there can be trusted. */
export interface Picture {
  readonly places: readonly number[];
  readonly trust: number;
}

export interface Pictures {
  readonly umap: Picture;
  readonly components: Picture;
}

/** UMAP and the first two kernel principal components of a normalised kernel; places in hundredths of their spread. */
export async function picturesOf(
  normalised: Matrix,
  { seed, epochs, k, signal }: { seed: number; epochs: number; k: number; signal: AbortSignal },
): Promise<Pictures> {
  const kernel = () => precomputedMachineKernel(reals(normalised.shape, normalised.data.slice()));
  const distances = anglesApart(normalised);
  const picture = (points: Matrix): Picture => ({
    places: rounded(points),
    trust: trustworthiness(distances, euclideanDistances(points, points), k),
  });
  const { points } = await umapOfKernel(kernel(), { random: randomFrom(seed, "umap"), epochs, signal });
  const { projections } = await kernelPca(kernel(), { components: 2, signal });
  return { umap: picture(points), components: picture(projections) };
}

function rounded({ shape: [n, axes], data }: Matrix): number[] {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return Array.from({ length: 2 * n }, (_, at) => {
    const [i, c] = [Math.floor(at / 2), at % 2];
    return c < axes ? Number(((100 * data[i * axes + c]) / largest).toFixed(1)) : 0;
  });
}
