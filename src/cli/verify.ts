// `pathkernel verify`: does output = prior + contributions + terms + residual hold, and is the residual small?

import type { Command } from "commander";
import { datasetQueries } from "../explain/queries.ts";
import { type Verdict, verdictOf } from "../explain/verdict.ts";
import type { Task } from "../train/task.ts";
import { addExamples, type CommandDefinition, collect, type Invocation } from "./command.ts";
import { type ExplainedRow, explainedRow } from "./explained-row.ts";
import * as flags from "./flags.ts";
import { tiny } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { addRuleFlags, explainWithProgress, RULE_SHAPE, withRun } from "./run-session.ts";

const TOLERANCE = 1e-6;
/** Queries that are checked unless the user says which. */
const QUERIES = 20;

const SHAPE = { ...RULE_SHAPE, query: flags.list(";").optional() };

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--query <spec>", `examples of the data (default: the first ${QUERIES} of test)`, collect);
  addRuleFlags(command, String(TOLERANCE));
  addExamples(command, [
    "verify mnist.pkrun",
    "verify mnist.pkrun --query test:0-99 --tolerance 1e-4",
    "verify mnist.pkrun --rule left --json",
  ]);
}

function defaultQueries({ dataset }: Task): string {
  const part = dataset.test.x.shape[0] > 0 ? "test" : "train";
  return `${part}:0-${Math.min(QUERIES, dataset[part].x.shape[0]) - 1}`;
}

function summary(verdict: Verdict, { colors }: Output): string {
  const line = (name: string, { max, relative, limit, holds }: Verdict["residual"]): string => {
    const word = holds ? colors.green("holds") : colors.red("does not hold");
    return `${name.padEnd(9)} ${word}: max ${tiny(max)}, relative ${tiny(relative)}, allowed ${tiny(limit)}`;
  };
  return `${line("residual", verdict.residual)}\n${line("closure", verdict.closure)}`;
}

function rowText({ query, readout, residual, residualRelative, closure, closureRelative }: ExplainedRow): string {
  const numbers = [residual, residualRelative, closure, closureRelative].map((value) => tiny(value).padStart(9));
  return `${query.padEnd(12)} ${readout.padEnd(16)} ${numbers.join(" ")}`;
}

async function run(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const { query, rule = "auto", tolerance = TOLERANCE, threads } = flags.parseFlags(SHAPE, invocation.flags);
  return withRun(invocation, { threads }, async (opened, task): Promise<ExitCode> => {
    const queries = (query ?? [defaultQueries(task)]).flatMap((spec) => datasetQueries(task, spec));
    const explanation = await explainWithProgress(invocation, { run: opened, task }, { queries, rule, tolerance });
    const verdict = verdictOf(explanation, task.engine.dtype);
    const rows = explanation.rows.map((_, r) => explainedRow(task, explanation, { r }));
    output.print(
      ["query        readout           residual  relative   closure  relative", ...rows.map(rowText)].join("\n"),
    );
    output.print(summary(verdict, output));
    const { scale, cost } = explanation;
    const short = rows.map(
      ({
        query: id,
        readout,
        output: value,
        prior,
        residual,
        residualRelative,
        closure,
        closureRelative,
        gross,
        net,
      }) => {
        return {
          query: id,
          readout,
          output: value,
          prior,
          residual,
          residualRelative,
          closure,
          closureRelative,
          gross,
          net,
        };
      },
    );
    output.value("verify", { run: opened.path, ...verdict, rule, tolerance, scale, cost, rows: short });
    return verdict.passed ? 0 : 3;
  });
}

export const verifyCommand: CommandDefinition = { configure, run };
