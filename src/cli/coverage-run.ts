// `pathkernel coverage`: how much of queries' tangent features lies in the span of the training examples', and whether that tells data apart.

import { planCoverage } from "../diagnose/coverage-plan.ts";
import { type ScoredQueries, scoreQueries, separations } from "../diagnose/coverage-scores.ts";
import { rocCurve } from "../diagnose/roc.ts";
import { tangentSpanKernel } from "../diagnose/span-kernel.ts";
import { type TrainingSpan, trainingSpan } from "../diagnose/training-span.ts";
import { datasetQueries, inputQueries } from "../explain/queries.ts";
import type { Query } from "../explain/types.ts";
import { axesOf } from "../graph/outputs.ts";
import type { MachineKernelCall } from "../kernels/machine-kernel.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { quantile } from "../numeric/quantile.ts";
import { type RealArray, sliceRows, type Tensor } from "../numeric/tensor.ts";
import { classesOf, predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import type { Invocation } from "./command.ts";
import { COVERAGE_QUERIES, COVERAGE_SHAPE, HELD_OUT } from "./coverage-flags.ts";
import { coveragePicture } from "./coverage-picture.ts";
import {
  type CoveredQuery,
  type CoveredSet,
  type HeldOut,
  listText,
  separationText,
  setsText,
  spanText,
} from "./coverage-text.ts";
import { labelOf } from "./explained-row.ts";
import { UsageError } from "./failure.ts";
import { requireFigure, writeFigure } from "./figure-file.ts";
import * as flags from "./flags.ts";
import { formatBytes, formatSeconds } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { examplesOfQueries } from "./kernel-run.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { firstQueries, withRun } from "./run-session.ts";
import { sourceFlag } from "./source-flag.ts";
import { stepOf } from "./step-flags.ts";

type Flags = ReturnType<typeof flags.parseFlags<typeof COVERAGE_SHAPE>>;

function checkedFlags(raw: Invocation["flags"]): Flags {
  const checked = flags.parseFlags(COVERAGE_SHAPE, raw);
  for (const name of ["count", "dataDir"] as const)
    if (checked.out === undefined && checked[name] !== undefined)
      throw new UsageError(`--${name === "count" ? "count" : "data-dir"} belongs to --out`);
  return checked;
}

/** Examples of --out, in the shape that the model reads. */
async function outsideOf(task: Task, { out, dataDir, count }: Flags, queries: number): Promise<Tensor | undefined> {
  if (out === undefined) return undefined;
  const { inputShape } = task.dataset;
  let x: Tensor;
  if (out.toLowerCase().endsWith(".npy")) {
    x = examplesOfQueries(inputQueries(task, decodeNpy(readFileBytes(out), out), { name: out }), inputShape);
  } else {
    const data = await sourceFlag("--out", out, { dataDir, inputShape });
    x = (data.test.x.shape[0] > 0 ? data.test : data.train).x;
  }
  return sliceRows(x, 0, Math.min(x.shape[0], count ?? queries));
}

/** Labels of training examples, where each has one class. */
function labelsOf({ dataset, outputShape }: Task, count: number): BigInt64Array | undefined {
  if (dataset.task !== "classification" || axesOf(outputShape).positions !== 1) return undefined;
  return (dataset.train.y.data as BigInt64Array).subarray(0, count);
}

interface Measured {
  readonly span: TrainingSpan;
  readonly inside: ScoredQueries;
  readonly outside: ScoredQueries | undefined;
  readonly held: HeldOut | undefined;
  /** Coverage of the held-out training examples. */
  readonly usual: Float64Array | undefined;
}

async function measured(
  {
    task,
    params,
    queries,
    outside,
  }: {
    readonly task: Task;
    readonly params: RealArray;
    readonly queries: Tensor;
    readonly outside: Tensor | undefined;
  },
  { train: wanted, form, ridge, tolerance }: Flags,
  call: MachineKernelCall,
): Promise<Measured> {
  const all = task.dataset.train.x;
  const count = Math.min(wanted, all.shape[0]);
  const train = sliceRows(all, 0, count);
  const labels = labelsOf(task, count);
  const span = await trainingSpan(tangentSpanKernel(task, params, train, { form }), {
    ...call,
    ...(ridge !== undefined && { ridge }),
    ...(tolerance !== undefined && { tolerance }),
    ...(labels && { labels }),
  });
  const score = (own: Tensor): Promise<ScoredQueries> =>
    scoreQueries(task, params, span, { train, queries: own }, { ...call, baselines: outside !== undefined });
  const rest = sliceRows(all, count, Math.min(all.shape[0], count + HELD_OUT));
  const usual = rest.shape[0] > 0 ? (await span.coverage(rest, call)).covered : undefined;
  return {
    span,
    inside: await score(queries),
    outside: outside && (await score(outside)),
    usual,
    held: usual && { examples: usual.length, fivePercent: quantile(usual, 0.05) },
  };
}

function setOf(name: string, { coverage: { covered } }: ScoredQueries, held: HeldOut | undefined): CoveredSet {
  const below = held && covered.filter((share) => share < held.fivePercent).length / covered.length;
  return { name, queries: covered.length, median: quantile(covered, 0.5), fivePercent: quantile(covered, 0.05), below };
}

/** Queries from the least covered on. */
async function listOf(
  task: Task,
  params: RealArray,
  queries: readonly Query[],
  own: Measured,
): Promise<CoveredQuery[]> {
  const { covered, energy, similarity, nearest, nearestClass } = own.inside.coverage;
  const { classes, inputShape } = task.dataset;
  const single = axesOf(task.outputShape).positions === 1 && task.dataset.task === "classification";
  const named = single
    ? classesOf(await predict(task, params, { x: examplesOfQueries(queries, inputShape) }), task)
    : undefined;
  const rows = queries.map(({ id }, q): CoveredQuery => {
    const [part, index] = id.split(":");
    const at = nearest[q];
    const mean = nearestClass?.[q] ?? -1;
    return {
      query: id,
      covered: covered[q],
      energyOutside: (1 - covered[q]) * energy[q],
      similarity: similarity[q],
      nearest: at < 0 ? undefined : `train:${at}`,
      nearestLabel: at < 0 || !single ? undefined : labelOf(task, "train", at),
      nearestClass: mean < 0 ? undefined : classes[mean],
      predicted: named && classes[named[q]],
      label: single ? labelOf(task, part as "train" | "test", Number(index)) : undefined,
    };
  });
  return rows.sort((a, b) => a.covered - b.covered);
}

/** Work that is estimated to take longer (s) says so first. */
const LONG = 10;
/** Training examples that are offered instead. */
const FEWER = [2000, 1000, 500, 200];

async function announce(task: Task, { train, form, tolerance }: Flags, queries: number, output: Output): Promise<void> {
  const { name: algebraName } = await openLinearAlgebra();
  const available = task.dataset.train.x.shape[0];
  const planOf = (count: number) =>
    planCoverage(task, { train: count, queries, form, byTolerance: tolerance !== undefined, algebraName });
  const count = Math.min(train, available);
  const { seconds, bytes } = planOf(count);
  if (seconds <= LONG) return;
  const less = FEWER.filter((fewer) => fewer < count).map((fewer) => [fewer, planOf(fewer).seconds] as const);
  const [fewer, fewerSeconds] = less.find(([, own]) => own <= LONG) ?? less.at(-1) ?? [];
  const offer = fewer === undefined ? "" : `; --train ${fewer} about ${formatSeconds(fewerSeconds as number)}`;
  output.note(`about ${formatSeconds(seconds)}, ${formatBytes(bytes)} of memory${offer}`);
}

/** Coverage of the queries that the flags name, and how well it tells --out from them. */
export async function runCoverage(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  const { output, signal } = invocation;
  if (checked.figure !== undefined) await requireFigure(checked.figure);
  await withRun(invocation, { data: checked.data, threads: checked.threads }, async (run, task) => {
    const queries = datasetQueries(task, checked.in ?? firstQueries(task, COVERAGE_QUERIES));
    const xs = examplesOfQueries(queries, task.dataset.inputShape);
    const outside = await outsideOf(task, checked, queries.length);
    const step = stepOf(checked.step, run);
    await announce(task, checked, queries.length + (outside?.shape[0] ?? 0), output);
    const { params } = await stateAt(task, run, step);
    const progress = startProgress(output);
    let own: Measured;
    try {
      const call = { signal, onProgress: progress.report.bind(progress) };
      own = await measured({ task, params, queries: xs, outside }, checked, call);
    } finally {
      progress.end();
    }
    const { span, held } = own;
    const { coverage: _, ...facts } = span;
    const told = { run: run.path, step, form: checked.form, span: facts, heldOut: held };
    const [name, other] = [checked.in ?? firstQueries(task, COVERAGE_QUERIES), checked.out];
    const rows = await listOf(task, params, queries, own);
    const draw = async (): Promise<void> => {
      if (checked.figure !== undefined)
        await writeFigure(output, checked.figure, coveragePicture(own, { inside: name, outside: other }));
    };
    output.print(spanText(span, { step, held }));
    if (own.outside === undefined || other === undefined) {
      output.print(`\n${setsText([setOf(name, own.inside, held)])}\n\n${listText(rows, checked.top)}`);
      await draw();
      output.value("coverage", { ...told, in: setOf(name, own.inside, held), queries: rows });
      return;
    }
    const sets = [setOf(name, own.inside, held), setOf(other, own.outside, held)];
    const found = separations(own.inside, own.outside);
    output.print(`\n${setsText(sets)}\n\n${separationText(found)}`);
    const curve = rocCurve({ inside: own.inside.coverage.covered, outside: own.outside.coverage.covered });
    await draw();
    output.value("coverage", {
      ...told,
      in: { ...sets[0], scores: own.inside.scores },
      out: { ...sets[1], scores: own.outside.scores },
      separations: found,
      roc: curve,
      queries: rows,
    });
  });
  return 0;
}
