// What training again without some examples changes, beside what they contributed: as a table and as JSON.

import { type Counterfactual, counterfactual } from "../explain/counterfactual.ts";
import { datasetQueries } from "../explain/queries.ts";
import { verdictOf } from "../explain/verdict.ts";
import type { Run } from "../run/types.ts";
import type { RemainingWeights } from "../train/retrain.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import { decimalsFor, grouped, signed, tiny } from "./format.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { COUNTERFACTUAL_QUERIES } from "./rule-flags.ts";
import { firstQueries } from "./run-session.ts";

export interface CounterfactualRequest {
  readonly run: Run;
  readonly task: Task;
  readonly without: readonly number[];
  readonly weights?: RemainingWeights | undefined;
  readonly query?: readonly string[] | undefined;
  readonly readout?: string | undefined;
  readonly rule?: string | undefined;
  readonly tolerance?: number | undefined;
}

const COLUMNS = ["output", "without", "influence", "contribution"] as const;

function tableText({ explanation, outputWithout, influence, contribution }: Counterfactual): string {
  const { output, rows } = explanation;
  const numbers = [output, outputWithout, influence, contribution];
  const decimals = decimalsFor([...output, ...outputWithout]);
  // Single examples move little: both have the digits of the smaller.
  const fine = Math.max(decimals, Math.min(decimalsFor([...influence]), decimalsFor([...contribution])));
  const cells = rows.map(({ query, readout }, r) => [
    query,
    readout,
    ...numbers.map((values, k) => signed(values[r], k < 2 ? decimals : fine)),
  ]);
  const lines = [["query", "readout", ...COLUMNS], ...cells];
  const widths = lines[0].map((_, k) => Math.max(...lines.map((line) => line[k].length)));
  const padded = lines.map((line) =>
    line.map((cell, k) => (k < 2 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join("  "),
  );
  return padded.join("\n");
}

/** "2 examples left out of 18 of 938 steps' batches". */
function trainedText({ without, retrained, explanation: { steps } }: Counterfactual): string {
  const { occurrences, firstStep, skippedSteps, weights } = retrained;
  const examples = `${grouped(without.length)} example${without.length === 1 ? "" : "s"}`;
  if (firstStep === undefined) return `${examples} left out; none was in a batch of the ${grouped(steps)} steps`;
  const skipped = skippedSteps > 0 ? `, ${grouped(skippedSteps)} steps not made` : "";
  const counted = weights === "mean" ? "the rest of a batch averaged" : "the others counting what they did";
  return `${examples} left out ${grouped(occurrences)} times, first at step ${grouped(firstStep)}; ${counted}${skipped}`;
}

const MEANING = `influence    what training again without them changes in the output
contribution what their gradients did to it in this run; were all others to push as before, influence would be -contribution`;

function report(output: Output, { run, task }: CounterfactualRequest, result: Counterfactual): void {
  const { explanation, without, retrained, correlation, contributions } = result;
  const { residual, closure } = verdictOf(explanation, task.engine.dtype);
  output.print(tableText(result));
  output.print(MEANING);
  if (correlation !== undefined)
    output.print(
      `correlation  of influence with -contribution over ${explanation.rows.length} rows: ${correlation.toFixed(3)}`,
    );
  const jumps = explanation.terms.find(({ name }) => name === "replay")?.values;
  if (jumps !== undefined) {
    const most = tiny(Math.max(...jumps.map(Math.abs)));
    output.warn(
      `influence also has what our steps make otherwise than those of the record: up to ${most} (the term replay)`,
    );
  }
  output.note(`${trainedText(result)}; residual of the explanation ${tiny(residual.relative)}`);
  output.value("counterfactual", {
    run: run.path,
    without,
    ...retrained,
    steps: explanation.steps,
    rule: explanation.rule,
    tolerance: explanation.tolerance,
    residualRelative: residual.relative,
    closureRelative: closure.relative,
    correlation: correlation ?? null,
    rows: explanation.rows.map((row, r) => ({
      ...row,
      output: explanation.output[r],
      outputWithout: result.outputWithout[r],
      influence: result.influence[r],
      contribution: result.contribution[r],
      replay: jumps?.[r] ?? 0,
      contributions: contributions.subarray(r * without.length, (r + 1) * without.length),
    })),
  });
}

/** Trains without the examples, explains, and prints both numbers of every row. */
export async function tellCounterfactual(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  request: CounterfactualRequest,
): Promise<void> {
  const { run, task, without, weights, readout, rule, tolerance } = request;
  const examples = task.dataset.train.x.shape[0];
  const stray = without.find((index) => index >= examples);
  if (stray !== undefined)
    throw new UsageError(`--without must hold training examples 0..${examples - 1}, got ${stray}`);
  const specs = request.query ?? [firstQueries(task, COUNTERFACTUAL_QUERIES)];
  const queries = specs.flatMap((spec) => datasetQueries(task, spec));
  const progress = startProgress(output);
  try {
    const onProgress = (p: Parameters<typeof progress.report>[0]) => progress.report(p);
    const how = { queries, readout, rule, tolerance, signal, onProgress };
    const result = await counterfactual(task, run, { ...how, without, weights });
    progress.end();
    report(output, request, result);
  } finally {
    progress.end();
  }
}
