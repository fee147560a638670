// Small models with examples on both sides, for tests of their kernels.

import type { AlgorithmMemory } from "../../src/kernels/algorithm.ts";
import { memoryOf } from "../../src/kernels/memory.ts";
import { type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { leastBudget } from "../../src/kernels/tiling.ts";
import type { AlgorithmName, KernelForm } from "../../src/kernels/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../../src/numeric/tensor.ts";
import { type Task, trainableOf } from "../../src/train/task.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "./tasks.ts";

const N = 5;
const M = 3;

export interface KernelSubject {
  readonly task: Task;
  readonly params: RealArray;
  readonly xs: Tensor;
  readonly xs2: Tensor;
}

/** The first training examples of a small task against some of its test examples, at its start. */
export function subjectOf({ task, params }: SmallTask): KernelSubject {
  const { train, test } = task.dataset;
  return {
    task,
    params: trainableOf(task, params, task.engine.dtype),
    xs: sliceRows(train.x, 0, N),
    xs2: sliceRows(test.x, 0, M),
  };
}

/** Coefficients of both sides for the form `readout`; nothing for the others. */
export function readoutsFor(
  form: KernelForm,
  { task, xs, xs2 }: KernelSubject,
): Pick<TangentKernelOptions, "readouts"> {
  if (form !== "readout") return {};
  const random = randomFrom(3, "readouts");
  const rows = ({ shape: [count] }: Tensor): Tensor =>
    reals(
      [count, task.outputs],
      Float64Array.from({ length: count * task.outputs }, () => random.normal()),
    );
  return { readouts: [rows(xs), rows(xs2)] };
}

/** The least bytes with which an algorithm works on more than one example. */
export function leastBudgetFor(
  { task }: Pick<KernelSubject, "task">,
  algorithm: AlgorithmName,
  options: { readonly form: KernelForm; readonly weighted: boolean },
): number {
  const memory = memoryOf(algorithm, { model: task, ...options }) as AlgorithmMemory;
  return leastBudget(memory, { n: 2, m: 2, symmetric: false });
}

/** Largest absolute value. */
export const largest = (values: ArrayLike<number>): number =>
  Array.from(values, Math.abs).reduce((a, b) => Math.max(a, b), 0);

export const CLASSES = { loss: "cross-entropy", hidden: [7, 5] } as const;
/** Outputs of CLASSES. */
export const C = 3;

/** A small model with its kernels at its start. */
export async function smallKernel(options: SmallTaskOptions = {}) {
  const given = subjectOf(await smallTask({ ...CLASSES, ...options }));
  const kernel = async (own: TangentKernelOptions = {}, xs: Tensor = given.xs, xs2?: Tensor): Promise<RealArray> =>
    (await tangentKernel(given.task, given.params, xs, xs2, own)).kernel.data as RealArray;
  return { ...given, kernel };
}

export const close = (expected: ArrayLike<number>, limit = 1e-12) => ({ atol: limit * largest(expected), rtol: 0 });

/** J J'^T of two arrays (n, C, p) and (m, C, p) as blocks (n, m, C, C). */
export function blocksOf(x: ArrayLike<number>, y: ArrayLike<number>, { c, p }: { c: number; p: number }): Float64Array {
  const [n, m] = [x.length / (c * p), y.length / (c * p)];
  const blocks = new Float64Array(n * m * c * c);
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < c; l++, at++)
          for (let q = 0; q < p; q++) blocks[at] += x[(i * c + k) * p + q] * y[(j * c + l) * p + q];
  return blocks;
}

/** Smallest pivot of the Cholesky decomposition of K + shift I; negative or NaN where that is not positive definite. */
export function smallestPivot(kernel: RealArray, n: number, shift: number): number {
  const a = Float64Array.from(kernel);
  for (let i = 0; i < n; i++) a[i * n + i] += shift;
  let smallest = Infinity;
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    smallest = Math.min(smallest, pivot);
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) a[i * n + j] -= (a[i * n + k] * a[k * n + j]) / pivot;
  }
  return smallest;
}
