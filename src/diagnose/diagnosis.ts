// What a diagnosis of a run is asked, and what it holds: plain records, a step each.

import type { KernelPlan } from "../kernels/plan.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import type { RealDType } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import type { KernelMovement } from "./kernel-movement.ts";
import type { Linearisation } from "./linearisation.ts";
import type { Alignment, KernelMeasures } from "./measure-kernel.ts";
import type { NullSpace } from "./null-space.ts";
import type { RankGap } from "./rank-gap.ts";
import type { Richness } from "./richness.ts";
import type { Sample } from "./sample.ts";
import type { KinksAlong } from "./switch-units.ts";

/** What can be measured, in the order in which it is told. */
export const measureNames = [
  "spectrum",
  "null-space",
  "alignment",
  "movement",
  "linearisation",
  "separability",
  "blocks",
  "rank-gap",
  "units",
] as const;
export type MeasureName = (typeof measureNames)[number];

export interface DiagnoseOptions {
  /** Before these steps, ascending. Default: the first, three between (evenly on a logarithmic axis, at stored checkpoints where they are near), the last. */
  readonly steps?: readonly number[];
  /** Default: the first 1,000 training examples. */
  readonly sample?: Sample;
  /** Where the linearisation is compared. Default: the first 200 test examples; the sample where there are none. */
  readonly queries?: Sample;
  /** Alignment of each layer's part of the kernel too. */
  readonly per?: "layer";
  /** Default: all that the data allow. */
  readonly measures?: readonly MeasureName[];
  /** Bytes for tiles of kernels at work. Default 1 GiB. */
  readonly memoryBudget?: number;
  /** Default: the fastest that is there. */
  readonly algebra?: LinearAlgebra;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface DiagnosisPlan {
  readonly steps: readonly number[];
  readonly sample: Sample;
  readonly queries: Sample;
  readonly measures: readonly MeasureName[];
  /** What was asked for, or is usual, and cannot be measured here; each with why. */
  readonly skipped: readonly { readonly measure: MeasureName; readonly reason: string }[];
  /** Tangent kernels of the sample, one a step, (N, N) or (G, N, N); undefined where no measure needs them. */
  readonly kernel: KernelPlan | undefined;
  /** Kernels in blocks for the null space: so many first examples of the sample, times outputs, are its rows. */
  readonly blocks: { readonly examples: number; readonly plan: KernelPlan } | undefined;
  /** So many first examples of the sample, and of the queries; undefined where it is not measured. */
  readonly rankGap: { readonly train: number; readonly queries: number } | undefined;
  /** Steps of training that are taken again to have the parameters. */
  readonly replays: number;
  readonly flops: { readonly kernels: number; readonly decompositions: number; readonly replays: number };
  /** Kernels that are held, vectors, tiles at work. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Of one layer's part of the kernel. */
export interface LayerAlignment extends Alignment {
  readonly name: string;
  /** Of the trace of the whole kernel. */
  readonly share: number | undefined;
}

export interface StepDiagnosis extends KernelMeasures {
  readonly step: number;
  /** Mean of the loss over the sample. */
  readonly loss: number;
  /** Share of the sample whose label is named; undefined for regression. */
  readonly accuracy: number | undefined;
  readonly layers?: readonly LayerAlignment[];
  /** Of the kernel in blocks on the first examples of the sample, and the residual dl/dy there. */
  readonly nullSpace?: NullSpace & { readonly examples: number };
  /** Against the first step of the run, at the queries. */
  readonly linearisation?: Linearisation;
  /** Of the first queries against the first examples of the sample, by the trace form. */
  readonly rankGap?: RankGap;
}

export interface Diagnosis {
  readonly plan: DiagnosisPlan;
  readonly dtype: RealDType;
  /** C. */
  readonly outputs: number;
  readonly steps: readonly StepDiagnosis[];
  readonly movement?: KernelMovement;
  /** From the first to the last step of the list; undefined where the model has no last layer whose inputs could move, or the first kernel is 0. */
  readonly richness?: Richness;
  /** The same measures of the inputs themselves: the kernel <x, x'> with a constant, what a linear model of the inputs has. */
  readonly inputs?: KernelMeasures;
  /** Which switching units are never or always active on the sample, and how many signs changed between the steps; without groups for a smooth model. */
  readonly kinks?: KinksAlong;
  /** The kernels before the first and the last step of the list, (N, N) each: for pictures. */
  readonly kernels: readonly { readonly step: number; readonly kernel: Matrix }[];
}
