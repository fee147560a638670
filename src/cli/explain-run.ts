// `pathkernel explain`: outputs of a run as prior + one contribution per training example + terms + residual.

import { z } from "zod";
import { type ExplainSuperpositionOptions, explainSuperposition } from "../explain/explain-superposition.ts";
import { type ExplanationPlan, planExplanation } from "../explain/plan.ts";
import { datasetQueries, inputQueries } from "../explain/queries.ts";
import { openSuperposition } from "../explain/superposition-store.node.ts";
import type { Explanation, Query } from "../explain/types.ts";
import { axesOf } from "../graph/outputs.ts";
import { readFileBytes, writeFileAtomic } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { readoutForms } from "../readouts/registry.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { type Division, groupedFigure, groupedRow, groupingFor, groupsText, requireFewRows } from "./explain-groups.ts";
import { explainKept } from "./explain-kept.ts";
import { allContributions, type ExplainedRow, explainedRow, labelOf } from "./explained-row.ts";
import { UsageError } from "./failure.ts";
import { figureFlag, requireFigure, writeFigure } from "./figure-file.ts";
import * as flags from "./flags.ts";
import { formatBytes, formatFlops, formatSeconds, grouped, table } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { ledgerText } from "./ledger.ts";
import { requireWritable } from "./output-path.ts";
import { pathText } from "./path-text.ts";
import { predictedClasses } from "./predictions.ts";
import { RULE_SHAPE, withRun } from "./run-session.ts";

const readoutNames = [...new Set(readoutForms.map((form) => form.split(":")[0]))];

const SHAPE = {
  ...RULE_SHAPE,
  query: flags.list(";").optional(),
  input: flags.text().optional(),
  chord: flags.count().optional(),
  shift: flags.nonNegative().optional(),
  superposition: z.union([z.literal(true), z.string()]).optional(),
  readout: flags.specFlag(readoutNames, `one of ${readoutForms.join(", ")}`).optional(),
  target: flags.text().optional(),
  all: flags.toggle().optional(),
  group: flags.text().optional(),
  figure: figureFlag().optional(),
  plan: flags.toggle().optional(),
  out: flags.text().optional(),
  resume: flags.toggle().optional(),
  force: flags.toggle().optional(),
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
  if (checked.superposition !== undefined && checked.chord !== undefined)
    throw new UsageError("--chord does not belong to --superposition, which is one chord over all steps");
  if (checked.superposition !== undefined && (checked.shift !== undefined || checked.plan))
    throw new UsageError(`--${checked.plan ? "plan" : "shift"} does not belong to --superposition`);
  if (checked.shift !== undefined && (checked.chord ?? 1) === 1)
    throw new UsageError("--shift belongs to --chord", "steps' own lines move nothing");
  const { out, resume, force, plan, superposition } = checked;
  if (out === undefined && (resume || force))
    throw new UsageError(`--${resume ? "resume" : "force"} belongs to --out`, "what is done is kept beside that file");
  if (resume && force) throw new UsageError("--resume goes on and --force starts again: one of them must be left out");
  if (out !== undefined && plan) throw new UsageError("--out does not belong to --plan, which explains nothing");
  if (resume && superposition !== undefined)
    throw new UsageError("--resume does not belong to --superposition, which is done in a moment");
  if (checked.figure !== undefined && checked.group === undefined)
    throw new UsageError("--figure belongs to --group", "it draws contributions by group");
  if (checked.figure !== undefined && plan) throw new UsageError("--figure does not belong to --plan");
  if (out !== undefined) requireWritable(out);
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
    ...(plan.chord === 1
      ? ([["nodes a row and step", plan.nodesPerLine.toFixed(1)]] as const)
      : ([
          ["chords", `${grouped(plan.lines)} of ${grouped(plan.chord)} steps`],
          ["nodes a row and chord", plan.nodesPerLine.toFixed(1)],
          ["measuring the shift", `${Number(plan.shiftCost.toPrecision(2))} of the rest`],
        ] as const)),
    ["runs of graphs", grouped(plan.programRuns)],
    ["arithmetic", formatFlops(plan.flops)],
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
  /** How contributions are divided further, and that division. */
  readonly division: Division | undefined;
  /** A file that the value is written to. */
  readonly out: string | undefined;
}

function report(
  { output }: Invocation,
  { run, task, explanation, predicted, all, division, out }: Explained,
): readonly ExplainedRow[] {
  const { rule, tolerance, scale, examples, steps, cost } = explanation;
  const { positions } = axesOf(task.outputShape);
  const namedOf = (r: number) => predicted?.subarray(r * positions, (r + 1) * positions);
  const rows = explanation.rows.map((_, r) => explainedRow(task, explanation, { r, predicted: namedOf(r) }));
  const { colors, width } = output;
  const dtype = task.engine.dtype;
  const divided = division && rows.map((_, r) => groupedRow(explanation, r, division.grouping));
  rows.forEach((row, r) => {
    if (r > 0) output.print("");
    output.print(ledgerText(row, { colors, width, rule, tolerance, dtype }));
    if (divided) output.print(groupsText(divided[r], division.how));
    if (all) output.print(allText(task, explanation, r));
  });
  const path = pathText(explanation, task.optimizer.memory?.factor ?? 0);
  if (path !== undefined) output.print(`\n${path}`);
  const everything = (r: number) =>
    all && {
      contributions: allContributions(explanation, r),
      residualByStep: explanation.residualByStep.subarray(r * steps, (r + 1) * steps),
    };
  const value = {
    run: run.path,
    rule,
    path: explanation.path,
    chord: explanation.chord,
    shift: explanation.shift,
    tolerance,
    scale,
    dtype,
    examples,
    steps,
    cost,
    rows: rows.map((row, r) => ({ ...row, ...divided?.[r], ...everything(r) })),
  };
  if (out !== undefined) {
    writeFileAtomic(
      out,
      Array.from(output.pieces("explain", value), (piece) => new TextEncoder().encode(piece)),
    );
    output.note(`written to ${out}`);
  }
  output.value("explain", value);
  return rows;
}

/** Explains from the superposition in the run's folder, or in another one. */
async function explainStored(
  { signal }: Invocation,
  { run, task }: { readonly run: Run; readonly task: Task },
  { folder, ...request }: ExplainSuperpositionOptions & { readonly folder: string | true },
): Promise<Explanation> {
  const stored = await openSuperposition(run, folder === true ? undefined : folder);
  try {
    return await explainSuperposition(task, run, stored, { ...request, signal });
  } finally {
    stored.close();
  }
}

/** Explains what the flags name. */
export async function runExplain(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  if (checked.figure !== undefined) await requireFigure(checked.figure);
  const { readout, rule, tolerance, chord, shift, superposition, plan: planOnly, all = false, group } = checked;
  await withRun(invocation, checked, async (opened, task) => {
    const queries = queriesOf(task, checked);
    // Before the work: a file that is wrong is told at once.
    if (checked.figure !== undefined) requireFewRows(queries.length);
    const division = group === undefined ? undefined : { how: group, grouping: groupingFor(task, group) };
    if (planOnly) {
      const plan = planExplanation(task, opened, {
        rows: queries.length,
        ...(rule && { rule }),
        ...(tolerance && { tolerance }),
        readout,
        chord,
        shift,
      });
      invocation.output.print(planText(plan));
      invocation.output.value("plan", { run: opened.path, ...plan });
      return;
    }
    const session = { run: opened, task };
    const request = { queries, readout, rule, tolerance };
    const { out, resume, force } = checked;
    const { explanation, done } =
      superposition === undefined
        ? await explainKept(invocation, session, { ...request, chord, shift, out, resume, force })
        : {
            explanation: await explainStored(invocation, session, { ...request, folder: superposition }),
            done: () => {},
          };
    const predicted = await predictedClasses(task, opened, queries);
    const rows = report(invocation, { run: opened, task, explanation, predicted, all, division, out });
    if (checked.figure !== undefined && division)
      await writeFigure(invocation.output, checked.figure, groupedFigure(explanation, rows, division));
    done();
  });
  return 0;
}
