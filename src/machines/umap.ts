// UMAP (McInnes, Healy and Melville 2018) of a kernel or of distances: a picture of who is whose neighbour, optimised by umap-js.

import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { Random } from "../numeric/random.ts";
import { reals } from "../numeric/tensor.ts";
import { kernelPca } from "./kernel-pca.ts";
import { kernelDistances, nearest } from "./nearest.ts";

export interface UmapOptions extends MachineKernelCall {
  /** Of random order and first places; read from where it is. */
  readonly random: Pick<Random, "uniform" | "normal">;
  /** Points of a neighbourhood, the point itself among them, from 2 on; default 15. Where there are fewer points: all. */
  readonly neighbours?: number;
  /** Axes of the picture; default 2. */
  readonly components?: number;
  /** How near to each other points may be drawn, 0 to 1; default 0.1. */
  readonly minDistance?: number;
  /** Passes over all pairs of neighbours; default 500. */
  readonly epochs?: number;
}

export interface UmapOfDistancesOptions extends UmapOptions {
  /** First places (N, components), scaled to [-10, 10]; default: drawn there. */
  readonly start?: Matrix;
}

export interface UmapOfKernelOptions extends UmapOptions {
  /** Whether every point has length 1 in feature space, so that distances are sqrt(2 - 2 cos). Default true. */
  readonly normalised?: boolean;
}

export interface Umap {
  /** Where each point is drawn: (N, components). */
  readonly points: Matrix;
  /** Size of a neighbourhood. */
  readonly neighbours: number;
  readonly epochs: number;
}

/** Half the side of the square that the first places fill, as in McInnes' program. */
const SPAN = 10;
/** Of what is added to given places, so that equal points are not in one place: nothing would part them. */
const NOISE = 1e-4;
/** Epochs between two looks at the signal. */
const ROUND = 10;

/**
 * Places points so that those who are neighbours by the distances are neighbours in the picture. Memberships of the neighbours j of i,
 * p_ij = exp(-max(0, d_ij - rho_i) / sigma_i), with rho_i the least distance above 0 and sigma_i such that they add up to log2 k, are made symmetric,
 * p_ij + p_ji - p_ij p_ji, and the picture's, q_ij = 1 / (1 + a |z_i - z_j|^(2b)), are drawn near to them by stochastic descent on their cross-entropy.
 *
 * It keeps neighbourhoods, not distances: sizes of clusters and gaps between them mean little, and clusters can be torn or made (`trustworthiness`
 * says how far to believe it). Numbers about classes belong to the distances themselves. The same generator gives the same picture.
 *
 * Shapes: distances (N, N), symmetric, the diagonal is not read -> (N, components). Cost: N^2 for the neighbours, about 6 N k an epoch.
 * Errors: RangeError for options that do not fit and no points; InvalidDataError for NaN; rejects with the signal's reason when aborted.
 */
export async function umapOfDistances(distances: Matrix, options: UmapOfDistancesOptions): Promise<Umap> {
  const n = requireSymmetric("umap", distances);
  const { random, components = 2, minDistance = 0.1, epochs = 500, start, signal, onProgress } = options;
  const k = Math.min(options.neighbours ?? 15, n);
  requireOptions(n, options);
  // One point has no neighbours, and is drawn in the middle.
  if (n === 1) return { points: reals([1, components], new Float64Array(components)), neighbours: 1, epochs: 0 };
  const { UMAP } = await import("umap-js");
  const uniform = () => random.uniform();
  // It wants more points than neighbours, though with lists that are given it needs no more than they name.
  const nNeighbors = Math.min(k, n - 1);
  const umap = new UMAP({
    nNeighbors,
    nComponents: components,
    minDist: minDistance,
    nEpochs: epochs,
    random: uniform,
  });
  const { indices, distances: near } = neighboursOf(distances, k);
  umap.setPrecomputedKNN(indices, near);
  umap.initializeFit(indices);
  const places = umap.getEmbedding();
  if (start) place(places, start, random);
  for (let done = 0; done < epochs; ) {
    for (const end = Math.min(done + ROUND, epochs); done < end; ) done = umap.step();
    onProgress?.({ stage: "umap", done, total: epochs });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
  return { points: reals([n, components], umap.getEmbedding().flat()), neighbours: k, epochs };
}

/**
 * UMAP of a kernel's points by their distances in its feature space, sqrt(K(x, x) - 2 K(x, x') + K(x', x')), of unit length unless told otherwise:
 * sqrt(2 - 2 K~), K~ the normalised kernel. It begins at the first kernel principal components of the same features, so that what lies far apart in
 * feature space tends to do so in the picture (a random start keeps nothing of that; Kobak and Linderman 2021).
 *
 * Feature vectors are points of their own dot product: `inputMachineKernel(vectors, dotProduct(), "features")`.
 *
 * Memory: three matrices (N, N). Cost: the kernel, its eigenpairs, and those of `umapOfDistances`. Errors: as there; RangeError for K(x, x) below 0.
 */
export async function umapOfKernel(
  kernel: MachineKernel,
  { normalised = true, ...options }: UmapOfKernelOptions,
): Promise<Umap> {
  const { components = 2, signal, onProgress } = options;
  requireOptions(kernel.points.shape[0], options);
  const matrix = await kernel.matrix({ ...(signal && { signal }), ...(onProgress && { onProgress }) });
  const n = requireSymmetric("umap", matrix);
  const lengths = Float64Array.from({ length: n }, (_, i) => matrix.data[i * n + i]);
  const negative = lengths.find((length) => length < 0);
  if (negative !== undefined) throw new RangeError(`umap: K(x, x) of the ${kernel.name} must be >= 0, got ${negative}`);
  const roots = lengths.map(Math.sqrt);
  const data = matrix.data.map((value, at) => {
    const size = normalised ? roots[Math.floor(at / n)] * roots[at % n] : 1;
    return size > 0 ? value / size : 0;
  });
  const own = reals([n, n], data);
  const diagonal = Float64Array.from({ length: n }, (_, i) => data[i * n + i]);
  const distances = kernelDistances(own, diagonal, diagonal);
  const { projections } = await kernelPca({ ...kernel, matrix: async () => own }, { components });
  return umapOfDistances(distances, { ...options, start: projections });
}

function requireOptions(n: number, options: UmapOfDistancesOptions): void {
  const { neighbours = 15, components = 2, minDistance = 0.1, epochs = 500, start } = options;
  const refuse = (must: string): never => {
    throw new RangeError(`umap: ${must}`);
  };
  if (n === 0) refuse("points must be at least one, got 0");
  for (const [name, value, least] of [
    ["neighbours", neighbours, 2],
    ["components", components, 1],
    ["epochs", epochs, 1],
  ] as const)
    if (!(Number.isSafeInteger(value) && value >= least))
      refuse(`${name} must be a whole number >= ${least}, got ${value}`);
  if (!(minDistance >= 0 && minDistance <= 1)) refuse(`minDistance must lie in [0, 1], got ${minDistance}`);
  if (start && start.shape[0] !== n) refuse(`start must have a row for each of ${n} points, got ${start.shape[0]}`);
}

/** Each point and its nearest others, itself first, as UMAP has them. */
function neighboursOf({ shape: [n], data }: Matrix, k: number): { indices: number[][]; distances: number[][] } {
  const found: { indices: number[][]; distances: number[][] } = { indices: [], distances: [] };
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    row.set(data.subarray(i * n, (i + 1) * n));
    // Before all others, those at distance 0 too.
    row[i] = -1;
    const list = nearest({ dtype: "float64", shape: [1, n], data: row }, k);
    found.indices.push([...list.indices.data]);
    found.distances.push([0, ...list.distances.data.slice(1)]);
  }
  return found;
}

/** Given places on the square of first places; axes that are missing, as where a kernel has fewer directions, are 0. */
function place(places: number[][], { shape: [, axes], data }: Matrix, random: Pick<Random, "normal">): void {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = largest > 0 ? SPAN / largest : 0;
  places.forEach((point, i) => {
    for (let c = 0; c < point.length; c++)
      point[c] = (c < axes ? scale * data[i * axes + c] : 0) + NOISE * random.normal();
  });
}
