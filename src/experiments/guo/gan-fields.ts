// Fields at generated points, and measures of them: where attraction and repulsion point, what latents contribute by distance, which move alike.

import { outputPulls } from "../../kernels/output-pulls.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { spearman } from "../../numeric/correlation.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import { lengthsOf, nearestModes, RING } from "./gans.ts";

/** Vectors at points: what an arrows figure draws. */
export interface Field {
  readonly points: readonly number[];
  readonly attraction: readonly number[];
  readonly repulsion: readonly number[];
}

export const BANDWIDTH = 0.2;
export const FORM = "saturating";
export const RATE = 0.03;
export const TESTS = 64;
export const optimal = (points: number) => ({ data: RING, bandwidth: BANDWIDTH, points });

export const vectorAt = (vectors: ArrayLike<number>, k: number): readonly [number, number] => [
  vectors[2 * k],
  vectors[2 * k + 1],
];
export const dotOf2 = (a: readonly number[], b: readonly number[]): number => a[0] * b[0] + a[1] * b[1];
export const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (value) => Number(value.toFixed(5)));

/** Minus the pull of a loss on what all latents give before step s: where it moves them. */
export async function fieldOf(
  task: Task,
  run: Run,
  step: number,
  lossInputs: NonNullable<Run["batches"][number]["lossInputs"]>,
) {
  const examples = task.dataset.train.x.shape[0];
  const indices = Int32Array.from({ length: examples }, (_, i) => i);
  const { params } = await run.checkpoint(step);
  const batch = { indices, weights: new Float64Array(examples).fill(1), lossInputs };
  return Float64Array.from(await outputPulls(task)(params, batch), (value) => -value);
}

/** Share of generated points from which attraction points towards the nearest mode, and repulsion away from the other points nearby, where there are any. */
export function signs({ points, attraction, repulsion }: Field): { toMode: number; offCrowd: number } {
  const count = points.length / 2;
  const { mode } = nearestModes(points, RING);
  let [toMode, offCrowd, lonely] = [0, 0, 0];
  for (let n = 0; n < count; n++) {
    const [x, y] = vectorAt(points, n);
    const [a, b] = RING.centres[mode[n]];
    if (dotOf2(vectorAt(attraction, n), [a - x, b - y]) > 0) toMode++;
    const crowd = Array.from({ length: count }, (_, m) => m).filter(
      (m) => m !== n && Math.hypot(points[2 * m] - x, points[2 * m + 1] - y) <= 2 * BANDWIDTH,
    );
    if (crowd.length === 0) {
      lonely++;
      continue;
    }
    const middle = [0, 1].map((k) => meanOf(crowd.map((m) => points[2 * m + k])));
    if (dotOf2(vectorAt(repulsion, n), [middle[0] - x, middle[1] - y]) < 0) offCrowd++;
  }
  return { toMode: toMode / count, offCrowd: offCrowd / Math.max(1, count - lonely) };
}

/** Means of |contribution| over the even share, by tenths of the latents in order of a distance. */
export function byTenths(lengths: Float64Array, distances: readonly number[]): number[] {
  const order = distances.map((_, i) => i).sort((i, k) => distances[i] - distances[k]);
  const even = meanOf(lengths);
  return Array.from({ length: 10 }, (_, t) => {
    const [from, to] = [t, t + 1].map((tenths) => Math.round((tenths * order.length) / 10));
    return meanOf(order.slice(from, to).map((i) => lengths[i])) / even;
  });
}

export const meanLists = (lists: readonly (readonly number[])[]): number[] =>
  lists[0].map((_, k) => meanOf(lists.map((list) => list[k])));

/** Distances of row q of some points to all rows of others. */
export const distancesTo = (points: ArrayLike<number>, q: number, others: ArrayLike<number>): number[] =>
  Array.from({ length: others.length / 2 }, (_, i) =>
    Math.hypot(others[2 * i] - points[2 * q], others[2 * i + 1] - points[2 * q + 1]),
  );

/** Rank correlation over pairs of other latents: kernel between them, cosine of what a step moved their samples by. */
export async function similarity(task: Task, run: Run, steps: readonly number[]): Promise<number> {
  const { test } = task.dataset;
  const found: number[] = [];
  for (const step of steps) {
    const [{ params: before }, { params: after }] = [await run.checkpoint(step), await run.checkpoint(step + 1)];
    const [from, to] = [await predict(task, before, test), await predict(task, after, test)];
    const moved = to.map((value, k) => value - from[k]);
    const lengths = lengthsOf(moved);
    const { kernel } = await tangentKernel(task, before, test.x, test.x, { normalize: true });
    const [kernels, cosines]: [number[], number[]] = [[], []];
    for (let n = 0; n < TESTS; n++)
      for (let m = 0; m < n; m++) {
        kernels.push(Number(kernel.data[n * TESTS + m]));
        cosines.push(dotOf2(vectorAt(moved, n), vectorAt(moved, m)) / (lengths[n] * lengths[m]));
      }
    found.push(spearman(kernels, cosines) ?? 0);
  }
  return meanOf(found);
}

export const column = (vectors: readonly number[], k: number): number[] => vectors.filter((_, at) => at % 2 === k);

/** Both kinds of arrows at points. */
export const kindsOf = ({ points, attraction, repulsion }: Field) =>
  (
    [
      ["attraction", attraction],
      ["repulsion", repulsion],
    ] as const
  ).map(([name, vectors]) => ({
    name,
    x: column(points, 0),
    y: column(points, 1),
    dx: column(vectors, 0),
    dy: column(vectors, 1),
  }));

/** The points whose two vectors are longest together. */
export function strongest<F extends Field>(field: F, count: number): Field {
  const size = lengthsOf(Float64Array.from(field.attraction)).map(
    (length, n) => length + Math.hypot(field.repulsion[2 * n], field.repulsion[2 * n + 1]),
  );
  const rows = Array.from(size, (_, n) => n)
    .sort((a, b) => size[b] - size[a])
    .slice(0, count);
  const of = (values: readonly number[]): number[] => rows.flatMap((n) => [values[2 * n], values[2 * n + 1]]);
  return { points: of(field.points), attraction: of(field.attraction), repulsion: of(field.repulsion) };
}
