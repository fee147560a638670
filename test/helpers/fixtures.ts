// Reads the oracle fixtures that scripts/fixtures.py writes; their shapes are documented there.

import { readFileSync } from "node:fs";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { type Tensor, tensor } from "../../src/numeric/tensor.ts";

export type FixtureName =
  | "optimizers"
  | "models"
  | "operators"
  | "neighbours"
  | "sequences"
  | "chords"
  | "steps"
  | "schedules"
  | "losses"
  | "dropout"
  | "diagnose"
  | "pictures"
  | "images"
  | "roc"
  | "sklearn";

/** One input of an operator case as the JSON file has it. */
export type CaseInput =
  | { readonly array: string }
  | { readonly int64: readonly number[]; readonly shape: readonly number[] }
  | { readonly bool: readonly number[]; readonly shape: readonly number[] }
  | null;

export interface OperatorCase {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly inputs: readonly CaseInput[];
  readonly outputs: readonly string[];
  readonly cotangents: readonly string[];
  readonly gradients: readonly (string | null)[];
}

export interface OptimizerVariant {
  readonly name: string;
  readonly optimizer: string;
  readonly options: Readonly<Record<string, number | boolean | [number, number]>>;
  readonly scheduled: boolean;
}

interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface OptimizersDescription {
  readonly variants: readonly OptimizerVariant[];
  readonly stream: { readonly steps: number; readonly recorded: readonly number[] };
  readonly network: {
    readonly layers: readonly string[];
    readonly parameters: readonly ParameterShape[];
    readonly steps: number;
    readonly batch: number;
    readonly loss: string;
  };
}

export interface StepsDescription extends Pick<OptimizersDescription, "network"> {
  readonly variants: readonly (Omit<OptimizerVariant, "scheduled"> & {
    readonly clipping: { readonly norm?: number; readonly value?: number };
    readonly regularisers: readonly string[];
  })[];
}

export interface ModelDescription {
  readonly name: string;
  readonly layers: readonly string[];
  readonly parameters: readonly ParameterShape[];
  readonly loss: string;
  readonly examples: number;
  readonly queries: number;
  readonly outputs: number;
  readonly stepSize: number;
}

export interface SequencesDescription {
  readonly parameters: readonly ParameterShape[];
  readonly adam: { readonly lr: number; readonly steps: number };
}

export interface ChordsDescription {
  readonly variants: readonly Omit<OptimizerVariant, "scheduled">[];
  readonly chords: readonly number[];
  readonly parameters: readonly ParameterShape[];
}

export interface SchedulesDescription {
  readonly variants: readonly { readonly spec: string; readonly stepSizes: string }[];
  readonly stepSize: number;
  readonly steps: number;
}

export interface LossCase {
  readonly loss: string;
  readonly outputs: string;
  readonly targets: string;
  readonly value: string;
  readonly derivative: string;
}

export interface DropoutDescription extends Omit<ChordsDescription, "chords"> {
  readonly ratios: readonly number[];
}

export interface DiagnoseDescription {
  readonly spectrum: Readonly<
    Record<"effectiveRank" | "participationRatio" | "stableRank" | "rank", number> & { values: readonly number[] }
  >;
  readonly nullSpace: Readonly<Record<"share" | "quadratic", number>>;
  readonly cka: Readonly<Record<"labels" | "later", Readonly<Record<"centred" | "uncentred" | "debiased", number>>>>;
  readonly alignment: number;
  readonly separability: Readonly<Record<"ridge" | "accuracy" | "margin", number>>;
  readonly calinskiHarabasz: number;
  readonly blocks: Readonly<Record<"within" | "between", number>>;
}

export interface NeighboursDescription
  extends Readonly<Record<"k" | "gini" | "effectiveContributors" | "participationRatio" | "inertia", number>> {
  readonly spearman: Readonly<Record<"tied" | "loose", number>>;
  readonly kendall: Readonly<Record<"tied" | "loose", number>>;
}

export interface RocDescription {
  readonly cases: readonly {
    readonly name: string;
    readonly auroc: number;
    readonly variance: number;
    readonly fpr95: number;
  }[];
}

export interface SklearnDescription {
  readonly gamma: number;
  readonly ridge: number;
  readonly epsilon: number;
  readonly components: number;
  readonly costs: readonly number[];
  readonly missed: readonly {
    readonly kernel: "rbf" | "tangent";
    readonly cost: number;
    readonly svc: number;
    readonly ovo: number;
    readonly svr: number;
  }[];
}

export interface Descriptions {
  readonly pictures: { readonly ks: readonly number[]; readonly trustworthiness: readonly number[] };
  readonly images: {
    readonly cases: readonly { readonly key: string; readonly name: string; readonly amount: number }[];
  };
  readonly roc: RocDescription;
  readonly diagnose: DiagnoseDescription;
  readonly neighbours: NeighboursDescription;
  readonly sklearn: SklearnDescription;
  readonly dropout: DropoutDescription;
  readonly schedules: SchedulesDescription;
  readonly losses: { readonly cases: readonly LossCase[] };
  readonly chords: ChordsDescription;
  readonly sequences: SequencesDescription;
  readonly optimizers: OptimizersDescription;
  readonly steps: StepsDescription;
  readonly models: { readonly models: readonly ModelDescription[] };
  readonly operators: { readonly cases: readonly OperatorCase[] };
}

export interface Fixture<N extends FixtureName> {
  readonly description: Descriptions[N];
  readonly arrays: Readonly<Record<string, Tensor>>;
  /** A float64 array by key; throws where there is none. */
  real(key: string): Tensor<"float64">;
}

/** Reads fixtures/NAME.json and fixtures/NAME.npz. */
export function readFixture<N extends FixtureName>(name: N): Fixture<N> {
  const path = (extension: string) => new URL(`../../fixtures/${name}.${extension}`, import.meta.url);
  const description = JSON.parse(readFileSync(path("json"), "utf8")) as Descriptions[N];
  const arrays = decodeNpz(readFileSync(path("npz")), `${name}.npz`);
  const real = (key: string): Tensor<"float64"> => {
    const found = arrays[key];
    if (found?.dtype !== "float64")
      throw new RangeError(`readFixture: ${name} must have float64 ${key}, got ${found?.dtype}`);
    return found as Tensor<"float64">;
  };
  return { description, arrays, real };
}

/** The tensor of one input of an operator case; undefined for an absent optional input. */
export function inputOf(fixture: Fixture<"operators">, input: CaseInput): Tensor | undefined {
  if (input === null) return undefined;
  if ("array" in input) return fixture.real(input.array);
  if ("int64" in input) return tensor("int64", input.shape, BigInt64Array.from(input.int64, BigInt));
  return tensor("bool", input.shape, Uint8Array.from(input.bool));
}

/** The largest |actual - expected| relative to the largest |expected| (absolute where that is below 1). */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  let scale = 1;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    // A NaN must never pass for agreement.
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return worst / scale;
}
