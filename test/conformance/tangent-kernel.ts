// What every algorithm for tangent kernels must do: give what all Jacobians and all inner products give, in every form, weighting and tiling.

import { describe, expect, it } from "vitest";
import { type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { type AlgorithmName, type KernelForm, kernelDivisions, kernelForms } from "../../src/kernels/types.ts";
import { type RealArray, type RealDType, sliceRows } from "../../src/numeric/tensor.ts";
import type { Task } from "../../src/train/task.ts";
import { type KernelSubject, largest, leastBudgetFor, readoutsFor, subjectOf } from "../helpers/kernels.ts";
import type { SmallTask } from "../helpers/tasks.ts";

/** Allowed error relative to the largest entry: rounding of Jacobians and of inner products of a few hundred terms. */
const LIMITS: Readonly<Record<RealDType, number>> = { float64: 1e-10, float32: 1e-4 };
/** A tile of one example on either side, prepared one at a time. */
const SMALLEST = { tile: 1, run: 1, kept: 2 };

export interface Variant {
  readonly label: string;
  readonly second: boolean;
  readonly options: (subject: KernelSubject) => TangentKernelOptions;
  /** With no more memory than a tile of one example for each side takes. */
  readonly leastMemory?: boolean;
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
  { label: "the least memory, normalised", second: true, options: () => ({ normalize: true }), leastMemory: true },
  {
    label: "the least memory, against themselves, weighted",
    second: false,
    options: weights([1, 3]),
    leastMemory: true,
  },
];

/** What a kernel is divided in is as large as the kernel of a model in which only those parameters count: weights of 1 and 0 say so. */
const divided: readonly Variant[] = [
  { label: "examples against others", second: true, options: plain },
  { label: "normalised, against themselves", second: false, options: () => ({ normalize: true, tile: 2 }) },
  { label: "weighted, at two times", second: true, options: (own) => ({ ...moved(own), ...weights([1, 3])(own) }) },
];

function runner(subject: KernelSubject, { second, options }: Variant, form: KernelForm) {
  const { task, params, xs, xs2 } = subject;
  const own = readoutsFor(form, subject);
  const readouts = own.readouts && { readouts: second ? own.readouts : ([own.readouts[0]] as const) };
  const all = { ...options(subject), ...readouts, form };
  return (more: TangentKernelOptions) => tangentKernel(task, params, xs, second ? xs2 : undefined, { ...all, ...more });
}

async function both(subject: KernelSubject, algorithm: AlgorithmName, variant: Variant, form: KernelForm) {
  const run = runner(subject, variant, form);
  const small = variant.leastMemory && {
    memoryBudget: leastBudgetFor(subject, algorithm, {
      form,
      weighted: variant.options(subject).weights !== undefined,
    }),
  };
  return [await run({ algorithm, ...small }), await run({ algorithm: "jacobian-contraction", tile: 256 })] as const;
}

/** One after another: for each group of parameters, the reference's kernel of them alone. */
async function partsOf(subject: KernelSubject, variant: Variant, form: KernelForm, groups: readonly string[]) {
  const { entries, size } = subject.task.layout;
  const run = runner(subject, variant, form);
  const given = variant.options(subject).weights ?? new Float64Array(size).fill(1);
  const parts: number[] = [];
  for (const group of groups) {
    const weights = new Float64Array(size);
    for (const { name, offset, size: length } of entries)
      if (name === group || name.replace(/\.[^.]*$/, "") === group)
        weights.set(given.subarray(offset, offset + length), offset);
    const { kernel } = await run({ algorithm: "jacobian-contraction", tile: 256, weights });
    parts.push(...(kernel.data as RealArray));
  }
  return parts;
}

/** Which variants a model is held to, and in which of them and in which forms its kernel is divided, parameter by parameter. */
export interface Extent {
  readonly whole: readonly Variant[];
  readonly divisions: readonly Variant[];
  readonly forms: readonly KernelForm[];
  readonly dividedForms: readonly KernelForm[];
}

const FEW = ["examples against themselves", "examples against others", "two times, weighted, normalised"];

/** Enough for a large model, where small ones are held to everything: tiles and budgets do not know of models. */
export const FEW_VARIANTS: Extent = {
  whole: variants.filter(({ label }) => FEW.includes(label)),
  divisions: divided.slice(-1),
  forms: ["trace", "blocks"],
  dividedForms: ["blocks"],
};

/** Enough where only the rounding differs from what is held to more. */
export const ONE_VARIANT: Extent = {
  ...FEW_VARIANTS,
  whole: variants.filter(({ label }) => label === FEW[2]),
  divisions: [],
};

/** Declares the tests of one algorithm on one model. */
export function tangentKernelConformance(
  label: string,
  algorithm: AlgorithmName,
  make: () => Promise<SmallTask>,
  { whole = variants, divisions = divided, forms = kernelForms, dividedForms = forms }: Partial<Extent> = {},
): void {
  // One task for all variants, so that its graphs are compiled once.
  let made: Promise<SmallTask> | undefined;
  const subject = async (): Promise<KernelSubject> => {
    made ??= make();
    return subjectOf(await made);
  };
  describe(`${algorithm} on ${label}`, () => {
    it.each(whole)("gives the kernel of all Jacobians in its forms: $label", async (variant) => {
      const own = await subject();
      for (const form of forms) {
        const [plan, { kernel: expected }] = await both(own, algorithm, variant, form);
        const { kernel, algorithm: used } = plan;
        expect(used).toBe(algorithm);
        if (variant.leastMemory) expect({ tile: plan.tile, run: plan.run, kept: plan.kept }).toEqual(SMALLEST);
        const { dtype } = own.task.engine;
        expect({ form, shape: kernel.shape, dtype: kernel.dtype }).toEqual({ form, shape: expected.shape, dtype });
        const atol = LIMITS[dtype] * largest(expected.data as RealArray);
        expect(atol).toBeGreaterThan(0);
        expect(kernel.data as RealArray).toBeAllclose(expected.data as RealArray, { atol, rtol: 0 });
      }
    });

    it.each(divisions)("divides it into the kernels of single parameters and layers: $label", async (variant) => {
      // Few examples: there are as many kernels to compare as parameters.
      const all = await subject();
      const own = { ...all, xs: sliceRows(all.xs, 0, 3), xs2: sliceRows(all.xs2, 0, 2) };
      for (const form of dividedForms) {
        const undivided = await runner(own, variant, form)({ algorithm });
        for (const per of kernelDivisions) {
          const { kernel, groups = [] } = await runner(own, variant, form)({ algorithm, per });
          const { dtype, shape, data } = undivided.kernel;
          expect({ dtype: kernel.dtype, shape: kernel.shape }).toEqual({ dtype, shape: [groups.length, ...shape] });
          const parts = await partsOf(own, variant, form, groups);
          const atol = LIMITS[dtype as RealDType] * largest(parts);
          expect(kernel.data as RealArray).toBeAllclose(parts, { atol, rtol: 0 });
          if (variant.options(own).normalize) continue;
          const sums = (data as RealArray).map((_, k) =>
            groups.reduce((sum, _name, g) => sum + Number(kernel.data[g * data.length + k]), 0),
          );
          expect(sums).toBeAllclose(data as RealArray, { atol: LIMITS[dtype as RealDType] * largest(sums), rtol: 0 });
        }
      }
    });
  });
}
