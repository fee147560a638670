// The sentence that says what an explanation says, with its numbers: what was predicted, what pulled, what is left.

import { condense } from "../explain/summary.ts";
import { decimalsFor, formatNumber } from "../figures/format.ts";
import { labelledExamples } from "../figures/label-words.ts";
import type { QueryView } from "./query-view.ts";

/** Labels that the sentence names; the others are one clause. */
const NAMED = 2;

/**
 * "Predicted 8, wrongly: it is labelled 3. The margin of 8 over 3 is +1.93 logit margin. It started at -0.10 logit margin; 52
 * examples labelled 8 pulled +24.31 logit margin, 48 examples labelled 3 -22.01 logit margin, ...; unexplained 3e-7 logit margin."
 */
export function headerSentence(view: Pick<QueryView, "predicted" | "label" | "correct" | "words" | "ledger">): string {
  const { words, ledger } = view;
  const { strongest, others } = condense(ledger.pulls, NAMED);
  const parts = [ledger.output, ledger.prior, ...strongest.map(({ pull }) => pull)];
  const decimals = decimalsFor(parts, { digits: 3, total: ledger.output });
  const print = (value: number): string =>
    `${formatNumber(value, { signed: true, decimals, digits: 2 })} ${words.unit}`;
  const clauses = [...strongest, ...(others ? [others] : [])].map(
    (group) => `${labelledExamples(group)} pulled ${print(group.pull)}`,
  );
  const terms = ledger.terms.map(({ name, value }) => `${name} ${print(value)}`);
  const rest = ledger.residual + ledger.closure;
  const unexplained = `unexplained ${formatNumber(rest, { signed: true, decimals, digits: 1 })} ${words.unit}`;
  const capital = words.quantity[0].toUpperCase() + words.quantity.slice(1);
  return [
    `${predictionOf(view)}.`,
    `${capital} is ${print(ledger.output)}.`,
    `It started at ${print(ledger.prior)}; ${[clauses.join(", "), ...terms, unexplained].join("; ")}.`,
  ].join(" ");
}

function predictionOf({ predicted, label, correct }: Pick<QueryView, "predicted" | "label" | "correct">): string {
  if (label === undefined) return `Predicted ${predicted}`;
  if (correct === undefined) return `Predicted ${predicted}, the target is ${label}`;
  return correct ? `Predicted ${predicted}, as labelled` : `Predicted ${predicted}, wrongly: it is labelled ${label}`;
}
