// `pathkernel verify`: does output = prior + contributions + terms + residual hold, and is the residual small?

import { datasetQueries } from "../explain/queries.ts";
import type { Explanation } from "../explain/types.ts";
import { type Verdict, verdictOf } from "../explain/verdict.ts";
import type { Invocation } from "./command.ts";
import { type ExplainedRow, explainedRow } from "./explained-row.ts";
import * as flags from "./flags.ts";
import { tiny } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { linesText } from "./path-text.ts";
import { VERIFY_QUERIES } from "./rule-flags.ts";
import { explainWithProgress, firstQueries, RULE_SHAPE, withRun } from "./run-session.ts";

const TOLERANCE = 1e-6;
const SHAPE = { ...RULE_SHAPE, query: flags.list(";").optional(), chord: flags.count().optional() };

/** What --json says of each query. */
const REPORTED = [
  "query",
  "readout",
  "output",
  "prior",
  "residual",
  "residualRelative",
  "closure",
  "closureRelative",
  "gross",
  "net",
] as const satisfies readonly (keyof ExplainedRow)[];

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

/** Largest absolute value of the term `replay`, and relative to the scale; undefined where no path jumps. */
function replayOf({ terms, scale }: Explanation): { readonly max: number; readonly relative: number } | undefined {
  const values = terms.find(({ name }) => name === "replay")?.values;
  const max = values?.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return max === undefined ? undefined : { max, relative: max / scale };
}

/** Checks residual and closure. */
export async function runVerify(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const checked = flags.parseFlags(SHAPE, invocation.flags);
  const { query, rule = "auto", tolerance = TOLERANCE, chord, data, threads } = checked;
  return withRun(invocation, { data, threads }, async (opened, task): Promise<ExitCode> => {
    const queries = (query ?? [firstQueries(task, VERIFY_QUERIES)]).flatMap((spec) => datasetQueries(task, spec));
    // How far contributions move along chords does not concern the sum.
    const request = { queries, rule, tolerance, chord, shift: 0 };
    const explanation = await explainWithProgress(invocation, { run: opened, task }, request);
    const verdict = verdictOf(explanation, task.engine.dtype);
    const rows = explanation.rows.map((_, r) => explainedRow(task, explanation, { r }));
    output.print(
      ["query        readout           residual  relative   closure  relative", ...rows.map(rowText)].join("\n"),
    );
    output.print(summary(verdict, output));
    const lines = linesText(explanation);
    if (lines !== undefined) output.print(`path      ${lines}`);
    const replay = replayOf(explanation);
    if (replay)
      output.print(
        `replay    max ${tiny(replay.max)}, relative ${tiny(replay.relative)}: the term of jumps to recorded states`,
      );
    const { scale, cost } = explanation;
    const short = rows.map((row) => Object.fromEntries(REPORTED.map((key) => [key, row[key]])));
    output.value("verify", {
      run: opened.path,
      ...verdict,
      replay: replay ?? null,
      rule,
      tolerance,
      path: explanation.path,
      chord: explanation.chord,
      scale,
      cost,
      rows: short,
    });
    return verdict.passed ? 0 : 3;
  });
}
