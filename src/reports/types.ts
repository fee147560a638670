// What a report is made of: a run, an explanation of some queries, and the queries themselves.

import type { Dataset } from "../data/types.ts";
import type { Explanation } from "../explain/types.ts";
import type { Tensor } from "../numeric/tensor.ts";
import type { RunManifest } from "../run/types.ts";

/** One explained input, with what the trained model makes of it. */
export interface ReportQuery {
  /** As in `explanation.rows`: "test:7". */
  readonly id: string;
  /** One example: (1, ...inputShape). */
  readonly x: Tensor;
  /** Class index, or the target of a regression; undefined when it is not known. */
  readonly label?: number | undefined;
  /** Class index, or the output of a regression. */
  readonly predicted: number;
  /** Of the predicted class, where the loss makes probabilities. */
  readonly probability?: number | undefined;
}

export interface ReportInput {
  readonly title: string;
  readonly run: RunManifest;
  /** Shares of examples that are classified as labelled, in 0..1. */
  readonly accuracy?: { readonly train: number; readonly test: number } | undefined;
  readonly dataset: Dataset;
  /** Outputs of the model (of a position); by default what ready-made models have for this data set and loss. */
  readonly outputs?: number | undefined;
  readonly explanation: Explanation;
  readonly queries: readonly ReportQuery[];
}
