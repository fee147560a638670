// All cases by name; those that the peers have come first and carry the names that they have there.

import type { BenchCase } from "./case.ts";
import { explainCases } from "./explain-cases.ts";
import { trainCases } from "./train-cases.ts";

/** Cases of torch_baseline.py that pathkernel has too. */
export const peerCases: readonly string[] = ["train_mlp", "train_cnn", "explain_mlp"];

export const cases: Readonly<Record<string, BenchCase>> = { ...trainCases, ...explainCases };

/** The cases that a command names, or all; RangeError for a name that is none. */
export function casesNamed(names: readonly string[], known: readonly string[] = Object.keys(cases)): readonly string[] {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new RangeError(`case must be one of ${known.join(", ")}, got ${wrong}`);
  return names.length > 0 ? names : known;
}
