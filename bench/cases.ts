// All cases by name; those that the peers have come first and carry the names that they have there.

import type { BenchCase } from "./case.ts";
import { countOf } from "./command.ts";
import { explainCases } from "./explain-cases.ts";
import { explainRunCases } from "./explain-run-cases.ts";
import { gemm } from "./gemm.ts";
import { kernelCases } from "./kernel-cases.ts";
import { trainCases } from "./train-cases.ts";

/** Cases that torch_baseline.py has too, with the ratio ours / peer to stay within, where one is asked for. */
export const peerTargets: ReadonlyMap<string, number | undefined> = new Map([
  ["train_mlp", 0.8],
  ["train_cnn", 1],
  ["ntk_mlp", 1 / 400],
  ["ntk_mlp_best", 1],
  ["ntk_cnn", 1 / 5],
  ["explain_mlp", 1 / 20],
  ["train_tiny", undefined],
  ["explain_tiny", undefined],
]);

/** How large the long cases are. */
export interface CaseSizes {
  /** Steps of explain_sgd_1000 and its like. */
  readonly steps: number;
  /** Examples of cnn_gram_4000. */
  readonly examples: number;
}

/** What the names of the long cases say. */
export const FULL: CaseSizes = { steps: 1000, examples: 4000 };

/** Flags that make the long cases shorter, so that they can be tried. */
export const sizeFlags = { steps: { type: "string" }, examples: { type: "string" } } as const;

export function sizesOf(values: { steps?: string; examples?: string }, otherwise: CaseSizes = FULL): CaseSizes {
  return {
    steps: values.steps === undefined ? otherwise.steps : countOf(values.steps, "--steps"),
    examples: values.examples === undefined ? otherwise.examples : countOf(values.examples, "--examples"),
  };
}

export function benchCases(sizes: CaseSizes): Readonly<Record<string, BenchCase>> {
  return { ...trainCases, ...kernelCases(sizes), ...explainCases, ...explainRunCases(sizes), gemm };
}

/** The names given, or all that are known; RangeError for a name that is none. */
export function namesAmong(known: readonly string[], names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new RangeError(`case must be one of ${known.join(", ")}, got ${wrong}`);
  return names.length > 0 ? names : known;
}
