// What the cases are checked against: central differences of outputs in float64, with the losses written out in plain JavaScript.

import type { Split } from "../src/data/types.ts";
import { openEngine } from "../src/engine/engine.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { dot } from "../src/numeric/sum.ts";
import type { RealArray } from "../src/numeric/tensor.ts";
import { predict } from "../src/train/accuracy.ts";
import { createTask, type Task } from "../src/train/task.ts";
import { CLASSES } from "./tasks.ts";

/**
 * Largest |measured - reference| / scale that a float32 result may have: a wrong term shows as 1e-2 or more, rounding (in sums of
 * up to a million products) as 1e-5.
 */
const LIMIT = 1e-3;

/** A task's functions in float64, at any parameters. */
export interface Reference {
  /** f(x; w): (n, C). */
  outputs(params: Float64Array, split: Pick<Split, "x">): Promise<Float64Array>;
  /** Loss of each example: (n). */
  losses(params: Float64Array, split: Split): Promise<Float64Array>;
  release(): Promise<void>;
}

function squaredErrors(outputs: Float64Array, targets: RealArray): Float64Array {
  return outputs.map((y, n) => (y - targets[n]) ** 2);
}

function crossEntropy(outputs: Float64Array, labels: BigInt64Array): Float64Array {
  return Float64Array.from(labels, (label, n) => {
    const y = outputs.subarray(n * CLASSES, (n + 1) * CLASSES);
    const top = Math.max(...y);
    return Math.log(y.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top - y[Number(label)];
  });
}

/** The float64 twin of a task, all of whose parameters are trained; of real targets, one an example. */
export async function referenceOf(task: Task, params: RealArray): Promise<Reference> {
  const engine = await openEngine({ dtype: "float64", threads: 2 });
  const trainable = task.layout.entries.map(({ name }) => name);
  const twin = createTask({ ...task, engine, trainable, params: Float64Array.from(params) });
  const outputs = (w: Float64Array, split: Pick<Split, "x">): Promise<Float64Array> => predict(twin, w, split);
  return {
    outputs,
    losses: async (w, split) => {
      const y = await outputs(w, split);
      return split.y.dtype === "int64" ? crossEntropy(y, split.y.data) : squaredErrors(y, split.y.data);
    },
    release: () => engine.release(),
  };
}

/** (f(w + h v) - f(w - h v)) / 2h. */
export async function centralDifference(
  f: (params: Float64Array) => Promise<Float64Array>,
  { at, along, h }: { at: RealArray; along: ArrayLike<number>; h: number },
): Promise<Float64Array> {
  // Counted loops: millions of parameters are moved again and again.
  const moved = (t: number): Float64Array => {
    const w = new Float64Array(at.length);
    for (let k = 0; k < w.length; k++) w[k] = at[k] + t * along[k];
    return w;
  };
  const [up, down] = [await f(moved(h)), await f(moved(-h))];
  return up.map((value, i) => (value - down[i]) / (2 * h));
}

export interface AgreeOptions {
  /** What differences are relative to; default: the largest |expected|. */
  readonly scale?: number;
  /** Default 1e-3. */
  readonly limit?: number;
}

/** Throws unless |measured - expected| <= limit * scale in every element; gives the largest relative difference. */
export function agree(
  name: string,
  measured: ArrayLike<number>,
  expected: ArrayLike<number>,
  { scale, limit = LIMIT }: AgreeOptions = {},
): number {
  const size = scale ?? Array.from(expected).reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  let worst = measured.length === expected.length && size > 0 ? 0 : Number.NaN;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(measured[i] - expected[i]) / size);
  if (!(worst <= limit))
    throw new Error(`${name} must agree with its reference to ${limit}, got a difference of ${worst}`);
  return worst;
}

/** Elements from N(0, 1). */
export function randomDirection(size: number, seed: number): Float64Array {
  const random = randomFrom(seed, "direction");
  return Float64Array.from({ length: size }, () => random.normal());
}

/** Checks a gradient of the mean loss of a split: one random direction for each parameter. */
export async function checkGradient(task: Task, params: RealArray, gradient: Float64Array): Promise<number> {
  const reference = await referenceOf(task, params);
  const { train } = task.dataset;
  const meanLoss = async (w: Float64Array): Promise<Float64Array> => {
    const losses = await reference.losses(w, train);
    return Float64Array.of(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
  };
  let worst = 0;
  for (const { name, offset, size } of task.layout.entries) {
    const along = new Float64Array(params.length);
    along.set(randomDirection(size, offset), offset);
    // So short that of 10,000 ReLUs none is likely to switch in between.
    const slope = await centralDifference(meanLoss, { at: params, along, h: 1e-7 });
    const norm = Math.sqrt(dot(gradient, gradient, offset, offset, size));
    worst = Math.max(worst, agree(`the gradient of ${name}`, [dot(gradient, along)], slope, { scale: norm }));
  }
  await reference.release();
  return worst;
}
