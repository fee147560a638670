// `pathkernel compare`: a run's network beside machines over its kernels and over the inputs, as a table.

import { comparisonFigure } from "../figures/comparison.ts";
import {
  type CompareOptions,
  comparedMachines,
  compareMachines,
  type MachineComparison,
  type MachineResult,
} from "../machines/compare.ts";
import { planComparison } from "../machines/compare-plan.ts";
import { comparedSolvers } from "../machines/compared-solvers.ts";
import { ridgeChoices } from "../machines/ridge-curves.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import { figureFlag, requireFigure, writeFigure } from "./figure-file.ts";
import * as flags from "./flags.ts";
import { columns, formatBytes, formatFlops, formatSeconds, grouped, percent, percentInterval } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { withRun } from "./run-session.ts";
import { stepsOf } from "./step-flags.ts";

const COMPARE_SHAPE = {
  machines: flags.nameList(comparedMachines),
  solvers: flags.nameList(comparedSolvers),
  train: flags.count(),
  test: flags.count(),
  at: flags.stepList().optional(),
  pathKernels: flags.count(),
  ridge: flags.numberOrName("be a number >= 0", (value) => value >= 0, ridgeChoices),
  cost: flags.positive(),
  gamma: flags.positive().optional(),
  k: flags.count(),
  seed: flags.index(),
  memory: flags.bytes().optional(),
  figure: figureFlag().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

function optionsOf(
  {
    at,
    gamma,
    memory,
    figure: _,
    data: __,
    threads: ___,
    ...given
  }: ReturnType<typeof flags.parseFlags<typeof COMPARE_SHAPE>>,
  run: Run,
): CompareOptions {
  return {
    ...given,
    ...(at && { at: stepsOf(at, run) }),
    ...(gamma !== undefined && { gamma }),
    ...(memory && { memoryBudget: memory }),
  };
}

async function compared(
  { output, signal }: Invocation,
  { task, run }: { readonly task: Task; readonly run: Run },
  options: CompareOptions,
): Promise<MachineComparison> {
  const { kernels, bytes, flops } = planComparison(task, run, options);
  if (kernels > 0) output.note(`${kernels} kernels, ${formatFlops(flops)}; ${formatBytes(bytes)} of memory`);
  const progress = startProgress(output);
  try {
    return await compareMachines(task, run, { ...options, signal, onProgress: (p) => progress.report(p) });
  } finally {
    progress.end();
  }
}

type Cells = readonly string[];

function rowOf(result: MachineResult, kind: MachineComparison["kind"]): Cells {
  const { name, error, interval, trainError, agreement, correlation, seconds, kernelSeconds = 0, detail = "" } = result;
  const number = (value: number | undefined): string =>
    value === undefined ? "" : kind === "classification" ? percent(value, 2) : value.toPrecision(4);
  const range = interval ? percentInterval(...interval) : "";
  const like =
    name === "network"
      ? ["", ""]
      : [agreement === undefined ? "" : percent(agreement, 2), correlation?.toFixed(3) ?? ""];
  const time = seconds === undefined ? "" : formatSeconds(kernelSeconds + seconds);
  return [name, number(error), range, number(trainError), ...like, time, result.failure ?? detail];
}

function printTable({ output, result }: { readonly output: Output; readonly result: MachineComparison }): void {
  const { kind, train, trainAll, test, results } = result;
  const error = kind === "classification" ? "test error" : "test rmse";
  const head: Cells = ["machine", error, "95 %", "train", "agrees", "corr", "time", ""];
  const rows = [head, ...results.map((own) => rowOf(own, kind))];
  const there = head.map((_, at) => rows.slice(1).some((row) => row[at] !== ""));
  const kept = rows.map((row) => row.filter((_, at) => there[at]));
  // What is said of a machine, last, is words.
  for (const line of columns(kept, there[head.length - 1] ? [kept[0].length - 1] : [])) output.print(line);
  const those = train < trainAll ? `, of which machines over kernels and neighbours had ${grouped(train)}` : "";
  output.note(
    `${grouped(test)} test and ${grouped(trainAll)} training examples${those}; agrees and corr: with the network`,
  );
}

/** Compares, and prints one row a machine. */
export async function runCompare(invocation: Invocation): Promise<ExitCode> {
  const checked = flags.parseFlags(COMPARE_SHAPE, invocation.flags);
  const { output } = invocation;
  const { figure, data, threads } = checked;
  if (figure !== undefined) await requireFigure(figure);
  await withRun(invocation, { data, threads }, async (run, task) => {
    const most = Math.min(checked.train, task.dataset.train.x.shape[0]);
    if (checked.k > most)
      throw new UsageError(`-k must be at most ${grouped(most)}, the training examples of --train, got ${checked.k}`);
    const options = optionsOf(checked, run);
    const result = await compared(invocation, { task, run }, options);
    printTable({ output, result });
    if (figure !== undefined) await writeFigure(output, figure, comparisonFigure(result));
    output.value("compare", { run: run.path, ...options, ...result });
  });
  return 0;
}
