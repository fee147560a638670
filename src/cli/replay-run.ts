// `pathkernel replay`: takes recorded steps again and says what that proved.

import { readoutForms } from "../readouts/registry.ts";
import type { Run } from "../run/types.ts";
import { differenceText } from "../train/engine-differences.ts";
import { replayHere } from "../train/replay.node.ts";
import type { CheckpointCheck, ReplayReport } from "../train/replay.ts";
import { remainingWeights } from "../train/retrain.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatSeconds, grouped, table, tiny } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { warnBeforeReplay, warnOfDifferences } from "./replay-warning.ts";
import { tellCounterfactual } from "./replay-without.ts";
import { RULE_SHAPE, withRun } from "./run-session.ts";

const readoutNames = [...new Set(readoutForms.map((form) => form.split(":")[0]))];

const SHAPE = {
  ...RULE_SHAPE,
  from: flags.index().optional(),
  to: flags.index().optional(),
  without: flags.indexList().optional(),
  query: flags.list(";").optional(),
  readout: flags.specFlag(readoutNames, `one of ${readoutForms.join(", ")}`).optional(),
  weights: flags.nameFlag(remainingWeights).optional(),
};

type ReplayFlags = ReturnType<typeof checkedFlags>;

function checkedFlags(raw: Invocation["flags"]) {
  const checked = flags.parseFlags(SHAPE, raw);
  for (const key of ["query", "readout", "rule", "tolerance", "weights"] as const) {
    if (checked[key] !== undefined && checked.without === undefined)
      throw new UsageError(`--${key} belongs to --without`, "a replay by itself explains nothing");
  }
  return checked;
}

const steps = (count: number): string => `${grouped(count)} step${count === 1 ? "" : "s"}`;

function checkpointsText(checks: readonly CheckpointCheck[], { colors }: Output): string {
  if (checks.length === 0) return "none on the way";
  const missed = checks.filter(({ equal }) => !equal);
  const hashed = checks.filter(({ by }) => by === "hash").length;
  const by = hashed > 0 ? `, ${grouped(hashed)} by their hashes alone` : "";
  const met = `${grouped(checks.length - missed.length)} of ${grouped(checks.length)} met bit for bit${by}`;
  if (missed.length === 0) return colors.green(met);
  const { step, largest } = missed[0];
  const apart = largest === undefined ? "" : ` by up to ${tiny(largest)}`;
  return colors.red(`${met}; the first that is not, before step ${grouped(step)}, differs${apart}`);
}

function scalarsText({ compared, equal, firstDifferent }: ReplayReport["scalars"], { colors }: Output): string {
  if (compared === 0) return "none on the way";
  const same = `loss and gradient norm of ${grouped(equal)} of ${steps(compared)} bit for bit`;
  if (firstDifferent === undefined) return colors.green(same);
  return colors.red(`${same}; the first that differ are of step ${grouped(firstDifferent)}`);
}

/** What was proved, and what only the numbers of the steps say. */
function verdictText({ exact, replayed, to, checkpoints, start }: ReplayReport, { colors }: Output): string {
  if (replayed === 0) return "nothing to replay: the state is stored, and its hash holds";
  if (!exact) return colors.red("the replay is not the training; explanations carry what it jumps as the term replay");
  const proved = checkpoints.at(-1)?.step ?? start;
  const rest = to > proved ? `; the last ${steps(to - proved)} by loss and gradient norm alone` : "";
  return colors.green(`the replay is the training, bit for bit${rest}`);
}

function report(output: Output, { run, report: told, seconds }: Told): void {
  const { from, to, start, replayed, differences, checkpoints, scalars, exact } = told;
  const lead = start < from ? ` (from the checkpoint before step ${grouped(start)})` : "";
  output.print(
    table([
      ["replayed", `steps ${grouped(from)} to ${grouped(to)}${lead}: ${steps(replayed)} in ${formatSeconds(seconds)}`],
      ["here", differences.length === 0 ? "as recorded" : differences.map(differenceText).join("; ")],
      ["checkpoints", checkpointsText(checkpoints, output)],
      ["numbers", scalarsText(scalars, output)],
      ["verdict", verdictText(told, output)],
    ]),
  );
  const facts = { run: run.path, from, to, start, replayed, seconds, exact, differences };
  output.value("replay", { ...facts, checkpoints, scalars });
}

interface Told {
  readonly run: Run;
  readonly report: ReplayReport;
  readonly seconds: number;
}

/** Step numbers that the run has; UsageError for others. */
function rangeOf({ from = 0, to }: Pick<ReplayFlags, "from" | "to">, { batches }: Run): { from: number; to: number } {
  const range = { from, to: to ?? batches.length };
  for (const [name, step] of Object.entries(range)) {
    if (step > batches.length) throw new UsageError(`--${name} must lie in 0..${batches.length}, got ${step}`);
  }
  if (range.from > range.to) throw new UsageError(`--from must not lie behind --to, got ${from} and ${range.to}`);
  return range;
}

async function prove(invocation: Invocation, run: Run, { task, ...asked }: { task: Task } & ReplayFlags) {
  const { output, signal } = invocation;
  const range = rangeOf(asked, run);
  const progress = startProgress(output);
  const started = performance.now();
  try {
    const told = await replayHere(task, run, {
      ...range,
      onDifferences: (differences) => warnOfDifferences(output, differences),
      signal,
      onProgress: (p) => progress.report(p),
    });
    progress.end();
    report(output, { run, report: told, seconds: (performance.now() - started) / 1000 });
    return told.exact;
  } finally {
    progress.end();
  }
}

/** Replays and proves, or trains without what --without names. */
export async function runReplay(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  return withRun(invocation, checked, async (run, task): Promise<ExitCode> => {
    if (checked.without === undefined) return (await prove(invocation, run, { task, ...checked })) ? 0 : 3;
    warnBeforeReplay(invocation.output, run, task);
    await tellCounterfactual(invocation, { run, task, ...checked, without: checked.without });
    return 0;
  });
}
