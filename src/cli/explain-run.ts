// `pathkernel explain`: outputs of a run as prior + one contribution per training example + terms + residual.

import { type ExplanationPlan, planExplanation } from "../explain/plan.ts";
import { datasetQueries, inputQueries } from "../explain/queries.ts";
import type { Explanation, Query } from "../explain/types.ts";
import { axesOf } from "../graph/outputs.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { readoutForms } from "../readouts/registry.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { allContributions, explainedRow, labelOf } from "./explained-row.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatBytes, formatSeconds, grouped, table } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { ledgerText } from "./ledger.ts";
import { predictedClasses } from "./predictions.ts";
import { explainWithProgress, RULE_SHAPE, withRun } from "./run-session.ts";

const readoutNames = [...new Set(readoutForms.map((form) => form.split(":")[0]))];

const SHAPE = {
  ...RULE_SHAPE,
  query: flags.list(";").optional(),
  input: flags.text().optional(),
  readout: flags.specFlag(readoutNames, `one of ${readoutForms.join(", ")}`).optional(),
  target: flags.text().optional(),
  all: flags.toggle().optional(),
  plan: flags.toggle().optional(),
};

type Flags = ReturnType<typeof checkedFlags>;

function checkedFlags(raw: Invocation["flags"]) {
  const checked = flags.parseFlags(SHAPE, raw);
  if (checked.query === undefined && checked.input === undefined) {
    throw new UsageError("--query or --input must be given, as in --query test:7");
  }
  if (checked.target !== undefined && checked.input === undefined) {
    throw new UsageError("--target belongs to --input", "queries from the data have their own labels");
  }
  return checked;
}

function queriesOf(task: Task, { query = [], input, target }: Flags): Query[] {
  const own =
    input === undefined ? [] : inputQueries(task, decodeNpy(readFileBytes(input), input), { name: input, target });
  return [...query.flatMap((spec) => datasetQueries(task, spec)), ...own];
}

function planText(plan: ExplanationPlan): string {
  const rows = table([
    ["rows", grouped(plan.rows)],
    ["steps", grouped(plan.steps)],
    ["sweeps", grouped(plan.sweeps)],
    ["nodes a row and step", plan.nodesPerStep.toFixed(1)],
    ["runs of graphs", grouped(plan.programRuns)],
    ["arithmetic", `${(plan.flops / 1e9).toPrecision(3)} GFLOP`],
    ["memory", formatBytes(plan.bytes)],
    ["time", `about ${formatSeconds(plan.seconds)}`],
  ]);
  return [rows, "assuming", ...plan.assumptions.map((line) => `  ${line}`)].join("\n");
}

/** Every contribution of a row as lines of index, label and number. */
function allText(task: Task, explanation: Explanation, r: number): string {
  const lines = Array.from(
    allContributions(explanation, r),
    (value, i) => `${i}\t${labelOf(task, "train", i)}\t${value}`,
  );
  return ["example\tlabel\tcontribution", ...lines].join("\n");
}

interface Explained {
  readonly run: Run;
  readonly task: Task;
  readonly explanation: Explanation;
  /** Classes that the trained model names at each position of each query, for classifiers. */
  readonly predicted: Int32Array | undefined;
  readonly all: boolean;
}

function report({ output }: Invocation, { run, task, explanation, predicted, all }: Explained): void {
  const { rule, tolerance, scale, examples, steps, cost } = explanation;
  const { positions } = axesOf(task.outputShape);
  const namedOf = (r: number) => predicted?.subarray(r * positions, (r + 1) * positions);
  const rows = explanation.rows.map((_, r) => explainedRow(task, explanation, { r, predicted: namedOf(r) }));
  const { colors, width } = output;
  const dtype = task.engine.dtype;
  rows.forEach((row, r) => {
    if (r > 0) output.print("");
    output.print(ledgerText(row, { colors, width, rule, tolerance, dtype }));
    if (all) output.print(allText(task, explanation, r));
  });
  const everything = (r: number) =>
    all && {
      contributions: allContributions(explanation, r),
      residualByStep: explanation.residualByStep.subarray(r * steps, (r + 1) * steps),
    };
  output.value("explain", {
    run: run.path,
    rule,
    tolerance,
    scale,
    dtype,
    examples,
    steps,
    cost,
    rows: rows.map((row, r) => ({ ...row, ...everything(r) })),
  });
}

/** Explains what the flags name. */
export async function runExplain(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  const { readout, rule, tolerance, plan: planOnly, all = false } = checked;
  await withRun(invocation, checked, async (opened, task) => {
    const queries = queriesOf(task, checked);
    if (planOnly) {
      const plan = planExplanation(task, opened, {
        rows: queries.length,
        ...(rule && { rule }),
        ...(tolerance && { tolerance }),
        readout,
      });
      invocation.output.print(planText(plan));
      invocation.output.value("plan", { run: opened.path, ...plan });
      return;
    }
    const explanation = await explainWithProgress(
      invocation,
      { run: opened, task },
      { queries, readout, rule, tolerance },
    );
    const predicted = await predictedClasses(task, opened, queries);
    report(invocation, { run: opened, task, explanation, predicted, all });
  });
  return 0;
}
