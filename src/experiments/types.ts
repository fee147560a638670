// What an experiment is: a claim of a source, what would refute it, the computation for one seed, and what is concluded from all of them.

import type { Dataset, LoadOptions } from "../data/types.ts";
import type { Engine } from "../engine/engine.ts";
import type { Figure } from "../figures/figure.ts";
import type { Table } from "../figures/table.ts";
import type { RealDType } from "../numeric/tensor.ts";

export const sizeNames = ["quick", "full"] as const;
export type SizeName = (typeof sizeNames)[number];

/** What the claim says of one number, in advance: the number of each seed is measured, their mean must lie within the bounds. */
export interface Expectation {
  /** What the number is, in a few words: "K(x, x1) / K(x, x2)". */
  readonly measure: string;
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  /** Why these bounds and no others: fixed before the numbers were seen. */
  readonly reason: string;
  /** Without this one the claim does not hold, whatever the others do. */
  readonly central?: boolean;
}

/** A value that the experiment is run at. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
  /** `source`: as the source has it; `default`: ours where the source has none or the number is missing from its text. */
  readonly from: "source" | "default";
}

export interface ExperimentFigure {
  /** File name without its ending. */
  readonly name: string;
  /** What a reader sees, in a sentence or two. */
  readonly reads: string;
  readonly figure: Figure;
}

/** What all seeds together show; the verdict is not the experiment's to give. */
export interface Findings<Name extends string = string> {
  /** One number a seed for each expectation. */
  readonly values: Readonly<Record<Name, readonly number[]>>;
  readonly table: Table;
  readonly figures: readonly ExperimentFigure[];
}

/** Data that an experiment cannot do without. */
export interface DataNeed {
  /** As `loadDataset` knows it. */
  readonly name: string;
  /** How to get it. */
  readonly how: string;
}

/** What one measurement is given. */
export interface MeasureContext {
  readonly seed: number;
  /** One thread, so that the same seed gives the same bits; opened once for each dtype and released at the end. */
  readonly engine: (dtype: RealDType) => Promise<Engine>;
  /** A data set that is among the experiment's needs. */
  readonly data: (name: string, options?: Omit<LoadOptions, "directory">) => Promise<Dataset>;
  readonly signal: AbortSignal;
  /** How much of this seed is done, in [0, 1]. */
  readonly progress: (share: number) => void;
}

/** What every experiment says of itself, whatever it computes. */
export interface ExperimentFacts {
  /** SOURCE/NAME, as in domingos/fig-1. */
  readonly id: string;
  /** In a few words. */
  readonly title: string;
  /** Authors, year and the figure, equation or section. */
  readonly source: string;
  /** Rows of docs/theory.md that it belongs to; none where the claim is this library's own. */
  readonly rows: readonly string[];
  /** One sentence. */
  readonly claim: string;
  /** What would refute it, in one sentence. */
  readonly refutedBy: string;
  readonly expectations: Readonly<Record<string, Expectation>>;
  /** In what this differs from the source. */
  readonly differences: readonly string[];
  readonly needs?: readonly DataNeed[];
  /** How many seeds are run by default. */
  readonly seeds: Readonly<Record<SizeName, number>>;
}

/** An experiment at one size; what `measure` gives is plain data, and goes into the JSON as it is. */
export interface SizedExperiment {
  readonly parameters: readonly Parameter[];
  readonly measure: (context: MeasureContext) => Promise<unknown>;
  readonly conclude: (measures: readonly unknown[], seeds: readonly number[]) => Findings;
}

export interface Experiment extends ExperimentFacts {
  readonly at: (size: SizeName) => SizedExperiment;
}
