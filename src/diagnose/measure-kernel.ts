// All measures of one kernel over labelled examples, or examples with targets, in one record.

import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import type { RealDType, Tensor } from "../numeric/tensor.ts";
import { alignmentWith, cka, labelKernel, targetKernel } from "./alignment.ts";
import { type BlockScore, blockScore } from "./block-score.ts";
import { type ClassScatter, classScatter, type LinearSeparability, linearSeparability } from "./separability.ts";
import { type SpectrumSummary, spectrumSummary } from "./spectrum-summary.ts";

/** Of a kernel and labels or targets. */
export interface Alignment {
  readonly centred: number | undefined;
  readonly uncentred: number | undefined;
  readonly debiased: number | undefined;
  /** Atanasov's A, with one-hot labels. */
  readonly target: number | undefined;
}

export interface KernelMeasures {
  readonly spectrum?: SpectrumSummary;
  readonly alignment?: Alignment;
  /** Undefined parts: one class, or a kernel of zeros. */
  readonly separability?: { readonly linear: LinearSeparability | undefined; readonly scatter: ClassScatter };
  readonly blocks?: BlockScore;
}

export const kernelMeasureNames = ["spectrum", "alignment", "separability", "blocks"] as const;
export type KernelMeasureName = (typeof kernelMeasureNames)[number];

export interface MeasureKernelOptions {
  readonly algebra: LinearAlgebra;
  /** Class of each example (N): for separability and blocks, and for alignment unless there are targets. */
  readonly labels?: ArrayLike<number> | undefined;
  /** (N, ...): for alignment, in place of labels. */
  readonly targets?: Tensor | undefined;
  /** What the kernel was computed in. Default float64. */
  readonly dtype?: RealDType;
  /** Default: all that labels and targets allow. */
  readonly measures?: readonly KernelMeasureName[];
}

/** Of a kernel (N, N) and what its examples should be: CKA in its three forms, and Atanasov's A. */
export function targetAlignment(
  kernel: Matrix,
  { labels, targets, dtype = "float64" }: Pick<MeasureKernelOptions, "labels" | "targets" | "dtype">,
): Alignment | undefined {
  if (!targets && !labels) return undefined;
  const l = targets ? targetKernel(targets) : labelKernel(labels as ArrayLike<number>);
  const of = (form: "centred" | "uncentred" | "debiased") => cka(kernel, l, { form, dtype });
  return {
    centred: of("centred"),
    uncentred: of("uncentred"),
    debiased: of("debiased"),
    target: alignmentWith(kernel, l),
  };
}

/**
 * What one kernel (N, N) says, by the measures asked for. Cost: one decomposition, O(N^3), with vectors where separability is wanted; the rest O(N^2).
 * Memory: the vectors, another (N, N). Errors: those of the measures.
 */
export function measureKernel(kernel: Matrix, options: MeasureKernelOptions): KernelMeasures {
  const { algebra, labels, dtype = "float64", measures = kernelMeasureNames } = options;
  const wants = (name: KernelMeasureName): boolean => measures.includes(name);
  const separates = wants("separability") && labels !== undefined;
  const modes = separates ? algebra.eigenpairs(kernel) : undefined;
  const values = modes?.values ?? (wants("spectrum") ? algebra.eigenvalues(kernel) : undefined);
  const alignment = wants("alignment") ? targetAlignment(kernel, options) : undefined;
  return {
    ...(wants("spectrum") && values && { spectrum: spectrumSummary(values, { dtype }) }),
    ...(alignment && { alignment }),
    ...(separates &&
      modes && {
        separability: { linear: linearSeparability(modes, labels), scatter: classScatter(kernel, labels) },
      }),
    ...(wants("blocks") && labels && { blocks: blockScore(kernel, labels) }),
  };
}
