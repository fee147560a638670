// The head of a report: what was trained on what and how, and whether the sums hold.

import { type Check, verdictOf } from "../explain/verdict.ts";
import { countOf, formatCount, formatExact, formatNumber, formatShare } from "../figures/format.ts";
import { escapeText } from "../figures/svg.ts";
import { amount } from "../figures/table.ts";
import type { RunManifest } from "../run/types.ts";
import { fact, number, tag } from "./html.ts";
import type { ReportInput } from "./types.ts";

/** Schedules that say no more than the optimizer does. */
const UNTOLD = ["constant", "recorded"];

/** The run's facts as a list of terms. */
export function runFacts({ run, accuracy }: ReportInput): string {
  const { data, model, engine } = run;
  const text = (term: string, detail: string): string => fact(term, escapeText(detail));
  const epochs = (run.steps * run.batchSize) / data.trainExamples;
  const frozen = model.parameters.length - model.trainable.length;
  const facts = [
    text(
      "Data",
      `${data.source}: ${countOf(data.trainExamples, "training example")}, ${formatCount(data.testExamples)} for testing`,
    ),
    text(
      "Model",
      `${model.spec}${frozen > 0 ? `, ${frozen} of ${countOf(model.parameters.length, "parameter array")} frozen` : ""}`,
    ),
    text("Optimizer", optimizerOf(run)),
    ...(run.schedule === undefined || UNTOLD.includes(run.schedule.name)
      ? []
      : [text("Step sizes", resolvedText(run.schedule))]),
    text("Loss", [run.loss, ...(run.regularisers ?? []).map(resolvedText)].join(" + ")),
    text("Training", `${countOf(run.steps, "step")}, batches of ${run.batchSize} (${formatNumber(epochs)} epochs)`),
    ...(run.sampling?.exampleWeights ? [text("Example weights", run.sampling.exampleWeights.file)] : []),
    ...(run.random ? [text("Dropout while training", run.random.dropout.join(", "))] : []),
    text("Precision and seed", `${run.dtype}, seed ${run.seed}`),
    text("Engine", `${engine.name} ${engine.version}, ${countOf(engine.threads, "thread")}`),
  ];
  if (accuracy) {
    facts.push(text("Accuracy", `test ${formatShare(accuracy.test)}, training ${formatShare(accuracy.train)}`));
  }
  if (run.status === "complete" && run.stopGradientNorm !== undefined && run.steps < run.plannedSteps) {
    facts.push(text("Stopped", `where the next gradient has a norm of at most ${run.stopGradientNorm}`));
  }
  if (run.status !== "complete") {
    facts.push(text("Status", `${run.status}: ${run.steps} of ${run.plannedSteps} planned steps are recorded`));
  }
  return tag("dl", { class: "run" }, ...facts);
}

/** "adam: lr 0.001, betas ..., eps 1e-8": every option as it was resolved, in the order of the record. */
function optimizerOf({ optimizer, clipping }: RunManifest): string {
  return `${resolvedText(optimizer)}${clipping ? `; gradients clipped by ${resolvedText(clipping)}` : ""}`;
}

function resolvedText({ name, options }: RunManifest["optimizer"]): string {
  const list = Object.entries(options).map(([option, value]) => `${option} ${String(value)}`);
  return list.length === 0 ? name : `${name}: ${list.join(", ")}`;
}

/** Whether residual and closure are what they must be, over all rows. */
export function verdictFacts({ run, explanation }: ReportInput): string {
  const { residual, closure } = verdictOf(explanation, run.dtype);
  const badge = ({ holds }: Check, [yes, no]: readonly [string, string]): string =>
    tag("span", { class: `badge ${holds ? "good" : "bad"}` }, holds ? `✓ ${yes}` : `✗ ${no}`);
  const relative = ({ relative: value }: Check) => number(amount(value, formatNumber(value, { digits: 2 })));
  const limit = ({ limit: value }: Check) => formatExact(value);
  return tag(
    "dl",
    { class: "verdict" },
    fact(
      "Residual: what the quadrature leaves",
      `at most ${relative(residual)} of the scale ${tag("span", { class: "small" }, `(rule ${escapeText(explanation.rule)}, tolerance ${limit(residual)})`)} ${badge(residual, ["within tolerance", "above tolerance"])}`,
    ),
    fact(
      "Closure: whether the parts add up",
      `at most ${relative(closure)} of the parts ${tag("span", { class: "small" }, `(rounding of ${run.dtype}: ${limit(closure)})`)} ${badge(closure, ["rounding", "more than rounding"])}`,
    ),
  );
}
