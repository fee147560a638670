// What every algorithm for tangent kernels must do: give what all Jacobians and all inner products give, in every form, weighting and tiling.

import { describe, expect, it } from "vitest";
import { type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { type AlgorithmName, type KernelForm, kernelForms } from "../../src/kernels/types.ts";
import type { RealArray, RealDType } from "../../src/numeric/tensor.ts";
import type { Task } from "../../src/train/task.ts";
import { type KernelSubject, largest, readoutsFor, subjectOf } from "../helpers/kernels.ts";
import type { SmallTask } from "../helpers/tasks.ts";

/** Allowed error relative to the largest entry: rounding of Jacobians and of inner products of a few hundred terms. */
const LIMITS: Readonly<Record<RealDType, number>> = { float64: 1e-10, float32: 1e-4 };
interface Variant {
  readonly label: string;
  readonly second: boolean;
  readonly options: (subject: KernelSubject) => TangentKernelOptions;
}

const pattern = (task: Task, values: readonly number[]): Float64Array =>
  Float64Array.from({ length: task.layout.size }, (_, k) => values[k % values.length]);

const weights =
  (values: readonly number[]) =>
  ({ task }: KernelSubject) => ({ weights: pattern(task, values) });
const moved = ({ params }: KernelSubject) => ({ params2: params.map((value, k) => value + 0.1 * Math.sin(k)) });
const plain = () => ({});

const variants: readonly Variant[] = [
  { label: "examples against themselves", second: false, options: plain },
  { label: "examples against others", second: true, options: plain },
  { label: "normalised", second: true, options: () => ({ normalize: true }) },
  { label: "normalised, against themselves", second: false, options: () => ({ normalize: true }) },
  { label: "weights >= 0, some of them 0", second: false, options: weights([1, 0, 2.5]) },
  { label: "weights of both signs", second: true, options: weights([1, -2, 0.5]) },
  { label: "weights of both signs, against themselves", second: false, options: weights([-1, 2, 0.5]) },
  { label: "two times", second: true, options: moved },
  { label: "two times, against themselves", second: false, options: moved },
  {
    label: "two times, weighted, normalised",
    second: true,
    options: (subject) => ({ ...moved(subject), ...weights([1, 3])(subject), normalize: true }),
  },
  { label: "tiles of two examples", second: true, options: () => ({ tile: 2 }) },
  {
    label: "tiles of two examples, against themselves, none kept, normalised",
    second: false,
    options: () => ({ tile: 2, memoryBudget: 0, normalize: true }),
  },
];

async function both(subject: KernelSubject, algorithm: AlgorithmName, { second, options }: Variant, form: KernelForm) {
  const { task, params, xs, xs2 } = subject;
  const own = readoutsFor(form, subject);
  const readouts = own.readouts && { readouts: second ? own.readouts : ([own.readouts[0]] as const) };
  const all = { ...options(subject), ...readouts, form };
  const run = (name: AlgorithmName, more: TangentKernelOptions) =>
    tangentKernel(task, params, xs, second ? xs2 : undefined, { ...all, algorithm: name, ...more });
  return [await run(algorithm, {}), await run("jacobian-contraction", { tile: 256 })] as const;
}

/** Declares the tests of one algorithm on one model. */
export function tangentKernelConformance(
  label: string,
  algorithm: AlgorithmName,
  make: () => Promise<SmallTask>,
): void {
  // One task for all variants, so that its graphs are compiled once.
  let made: Promise<SmallTask> | undefined;
  describe(`${algorithm} on ${label}`, () => {
    it.each(variants)("gives the kernel of all Jacobians in every form: $label", async (variant) => {
      made ??= make();
      const subject = subjectOf(await made);
      for (const form of kernelForms) {
        const [{ kernel, algorithm: used }, { kernel: expected }] = await both(subject, algorithm, variant, form);
        expect(used).toBe(algorithm);
        expect({ form, shape: kernel.shape, dtype: kernel.dtype }).toEqual({
          form,
          shape: expected.shape,
          dtype: subject.task.engine.dtype,
        });
        const atol = LIMITS[subject.task.engine.dtype] * largest(expected.data as RealArray);
        expect(atol).toBeGreaterThan(0);
        expect(kernel.data as RealArray).toBeAllclose(expected.data as RealArray, { atol, rtol: 0 });
      }
    });
  });
}
