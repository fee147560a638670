// How a label, or a range of targets, is named in figures and in sentences.

import type { LabelPull } from "../explain/summary.ts";
import { countOf, typeset } from "./format.ts";

/** "8", "−1.2 to 0.7", "6 other labels". */
export function labelName({ label, kind }: LabelPull): string {
  return kind === "range" ? typeset(label) : label;
}

/** "labelled 8"; others as `labelName`. */
export function labelledName(pull: LabelPull): string {
  return pull.kind === "class" ? `labelled ${pull.label}` : labelName(pull);
}

/** "52 examples labelled 8", "31 examples with targets 0.1 to 0.7", "1,150 examples with 6 other labels", "60 examples". */
export function labelledExamples(pull: LabelPull): string {
  const examples = countOf(pull.count, "example");
  if (pull.kind === "all") return examples;
  if (pull.kind === "class") return `${examples} ${labelledName(pull)}`;
  return `${examples} with ${pull.kind === "range" ? "targets " : ""}${labelName(pull)}`;
}
