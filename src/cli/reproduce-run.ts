// `pathkernel reproduce`: runs experiments, writes what came of each as soon as it is there, prints claims with their verdicts.

import { join } from "node:path";
import { loadDataset } from "../data/registry.ts";
import type { LoadOptions } from "../data/types.ts";
import { experimentIds, experimentOf } from "../experiments/registry.ts";
import { headline } from "../experiments/report-data.ts";
import { type ExperimentResult, runExperiment } from "../experiments/run.ts";
import { checkText } from "../experiments/verdict.ts";
import { pathExists } from "../numeric/files.node.ts";
import type { Invocation } from "./command.ts";
import { suggestion, UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatSeconds, grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { startProgress } from "./progress.ts";
import { makeFolder, requireNoResult, writeResult, writeSummary } from "./reproduce-files.ts";

const SHAPE = {
  all: flags.toggle().optional(),
  full: flags.toggle().optional(),
  seeds: flags.count().optional(),
  out: flags.text().optional(),
  force: flags.toggle().optional(),
  dataDir: flags.text().optional(),
};

function idsOf([id]: readonly string[], all: boolean | undefined): readonly string[] {
  if (all && id !== undefined) throw new UsageError(`either an experiment or --all must be given, got ${id} and --all`);
  if (all) return experimentIds;
  if (id === undefined)
    throw new UsageError("an experiment or --all must be given", "pathkernel experiments lists what there is");
  if (!experimentIds.includes(id)) {
    const near = suggestion(id, experimentIds) ?? "pathkernel experiments lists what there is";
    throw new UsageError(`an experiment of that id must exist, got "${id}"`, near);
  }
  return [id];
}

/** Data sets by name: below a folder of the user's where it has one of that name, else where they are found without. */
function loaderOf(folder: string | undefined) {
  return (name: string, options: LoadOptions) => {
    const own = folder === undefined ? undefined : join(folder, name);
    return loadDataset(name, { ...options, ...(own !== undefined && pathExists(own) && { directory: own }) });
  };
}

function printResult({ output }: Invocation, result: ExperimentResult, folder: string): void {
  const { experiment, verdict, reason, checks, seconds, interrupted, seeds } = result;
  const { bold } = output.colors;
  const partly = interrupted
    ? ` (interrupted after ${seeds.length === 1 ? "one seed" : `${grouped(seeds.length)} seeds`})`
    : "";
  output.print(`${bold(experiment.id)}  ${verdict}${partly}, ${formatSeconds(seconds)}`);
  output.print(`  ${experiment.claim}`);
  if (verdict === "not run") output.print(`  ${reason}`);
  for (const check of checks) output.print(`  ${check.outcome.padEnd(9)}  ${checkText(check)}`);
  output.print(`  ${join(folder, "report.html")}`);
}

const plainResult = ({ experiment, size, seeds, verdict, reason, checks, seconds, interrupted }: ExperimentResult) => ({
  id: experiment.id,
  size,
  seeds,
  verdict,
  reason,
  checks,
  seconds,
  interrupted,
});

/** Runs one experiment or all; an interruption keeps what is done. */
export async function runReproduce(invocation: Invocation): Promise<ExitCode> {
  const { args, output, signal } = invocation;
  const checked = flags.parseFlags(SHAPE, invocation.flags);
  const { all, full, seeds, out = "reproduced", dataDir } = checked;
  const ids = idsOf(args, all);
  // Without a folder of the user's choice, an earlier result may be replaced.
  if (!(checked.force ?? checked.out === undefined)) requireNoResult(out);
  makeFolder(out);
  const results: ExperimentResult[] = [];
  const progress = startProgress(output);
  const options = { size: full ? ("full" as const) : ("quick" as const), seeds, signal, keepPartial: true };
  try {
    for (const [k, id] of ids.entries()) {
      const stage = ids.length > 1 ? `${k + 1} of ${ids.length}: ${id}` : id;
      const result = await runExperiment(experimentOf(id), {
        ...options,
        load: async (name, own) => loaderOf(dataDir)(name, own),
        onProgress: (p) => progress.report({ ...p, stage }),
      });
      progress.end();
      results.push(result);
      const folder = all ? join(out, id) : out;
      writeResult(folder, result);
      printResult(invocation, result, folder);
      if (all) writeSummary(out, results);
      if (result.interrupted) break;
    }
  } finally {
    progress.end();
  }
  if (all) output.print(summaryText(results, join(out, "summary.html")));
  output.value("reproduce", { out, experiments: results.map(plainResult) });
  if (signal.aborted) return 130;
  return results.some(({ verdict }) => verdict === "does not hold") ? 3 : 0;
}

function summaryText(results: readonly ExperimentResult[], path: string): string {
  const width = Math.max(...results.map(({ experiment }) => experiment.id.length));
  const seconds = results.reduce((total, own) => total + own.seconds, 0);
  const lines = results.map(
    (result) =>
      `${result.experiment.id.padEnd(width)}  ${result.verdict.padEnd(13)}  ${result.verdict === "not run" ? result.reason : headline(result)}`,
  );
  return ["", ...lines, "", `${results.length} experiments in ${formatSeconds(seconds)}: ${path}`].join("\n");
}
