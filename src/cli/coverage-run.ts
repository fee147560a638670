// `pathkernel coverage`: how much of queries' tangent features lies in the span of the training examples', and whether that tells data apart.

import { planCoverage } from "../diagnose/coverage-plan.ts";
import { type ScoredQueries, scoreQueries, separations } from "../diagnose/coverage-scores.ts";
import { rocCurve } from "../diagnose/roc.ts";
import { tangentSpanKernel } from "../diagnose/span-kernel.ts";
import { type TrainingSpan, trainingSpan } from "../diagnose/training-span.ts";
import { datasetQueries, inputQueries, namedExamples } from "../explain/queries.ts";
import type { Query } from "../explain/types.ts";
import { axesOf } from "../graph/outputs.ts";
import type { MachineKernelCall } from "../kernels/machine-kernel.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { quantile } from "../numeric/quantile.ts";
import { type RealArray, sliceRows, type Tensor, takeRows } from "../numeric/tensor.ts";
import { classesOf, predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import type { Invocation } from "./command.ts";
import { COVERAGE_QUERIES, COVERAGE_SHAPE, HELD_OUT, SPAN_EXAMPLES } from "./coverage-flags.ts";
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
import { classLabels } from "./neighbors-queries.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { firstQueries, LONG, withRun } from "./run-session.ts";
import { sourceFlag } from "./source-flag.ts";
import { stepOf } from "./step-flags.ts";

type Flags = ReturnType<typeof flags.parseFlags<typeof COVERAGE_SHAPE>>;

function checkedFlags(raw: Invocation["flags"]): Flags {
  const checked = flags.parseFlags(COVERAGE_SHAPE, raw);
  for (const name of ["count", "dataDir"] as const)
    if (checked.other === undefined && checked[name] !== undefined)
      throw new UsageError(`--${name === "count" ? "count" : "data-dir"} belongs to --other`);
  return checked;
}

/** Examples of --other, in the shape that the model reads. */
async function outsideOf(task: Task, { other, dataDir, count }: Flags, queries: number): Promise<Tensor | undefined> {
  if (other === undefined) return undefined;
  const { inputShape } = task.dataset;
  let x: Tensor;
  if (other.toLowerCase().endsWith(".npy")) {
    x = examplesOfQueries(inputQueries(task, decodeNpy(readFileBytes(other), other), { name: other }), inputShape);
  } else {
    const data = await sourceFlag("--other", other, { dataDir, inputShape });
    x = (data.test.x.shape[0] > 0 ? data.test : data.train).x;
  }
  return sliceRows(x, 0, Math.min(x.shape[0], count ?? queries));
}

/** Indices of the training examples that make the span, each once. */
function spanExamples({ dataset }: Task, of: string | undefined): readonly number[] {
  if (of === undefined)
    return Array.from({ length: Math.min(SPAN_EXAMPLES, dataset.train.x.shape[0]) }, (_, index) => index);
  const named = namedExamples({ dataset }, of);
  const strange = named.find(({ part }) => part !== "train");
  if (strange) throw new UsageError(`--of must name training examples, as in train:0-1999, got test:${strange.index}`);
  return [...new Set(named.map(({ index }) => index))];
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
    own,
    queries,
    outside,
  }: {
    readonly task: Task;
    readonly params: RealArray;
    /** Of the span. */
    readonly own: readonly number[];
    readonly queries: Tensor;
    readonly outside: Tensor | undefined;
  },
  { form, ridge, tolerance, memory }: Flags,
  call: MachineKernelCall,
): Promise<Measured> {
  const all = task.dataset.train.x;
  const train = takeRows(all, own);
  const classes = axesOf(task.outputShape).positions === 1 ? classLabels(task.dataset, "train") : undefined;
  const labels = classes && own.map((index) => classes[index]);
  const kernel = tangentSpanKernel(task, params, train, { form, ...(memory && { memoryBudget: memory }) });
  const span = await trainingSpan(kernel, {
    ...call,
    ...(ridge !== undefined && { ridge }),
    ...(tolerance !== undefined && { tolerance }),
    ...(labels && { labels }),
  });
  const score = (scored: Tensor): Promise<ScoredQueries> =>
    scoreQueries(task, params, span, { train, queries: scored }, { ...call, baselines: outside !== undefined });
  const inSpan = new Set(own);
  const rest = Array.from({ length: all.shape[0] }, (_, index) => index).filter((index) => !inSpan.has(index));
  const heldOut = rest.slice(0, HELD_OUT);
  const usual = heldOut.length > 0 ? (await span.coverage(takeRows(all, heldOut), call)).covered : undefined;
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
  { own, span }: { readonly own: Measured; readonly span: readonly number[] },
): Promise<CoveredQuery[]> {
  const { covered, energy, similarity, nearest, nearestClass } = own.inside.coverage;
  const { classes, inputShape } = task.dataset;
  const single = axesOf(task.outputShape).positions === 1 && task.dataset.task === "classification";
  const named = single
    ? classesOf(await predict(task, params, { x: examplesOfQueries(queries, inputShape) }), task)
    : undefined;
  const rows = queries.map(({ id }, q): CoveredQuery => {
    const [part, index] = id.split(":");
    const at = span[nearest[q]] ?? -1;
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

/** Training examples that are offered instead. */
const FEWER = [2000, 1000, 500, 200];

async function announce(
  task: Task,
  { form, tolerance, memory }: Flags,
  { count, queries }: { readonly count: number; readonly queries: number },
  output: Output,
): Promise<void> {
  const { name: algebraName } = await openLinearAlgebra();
  const budget = memory && { memoryBudget: memory };
  const planOf = (train: number) =>
    planCoverage(task, { train, queries, form, byTolerance: tolerance !== undefined, algebraName, ...budget });
  const { seconds, bytes } = planOf(count);
  if (seconds <= LONG) return;
  const less = FEWER.filter((fewer) => fewer < count).map((fewer) => [fewer, planOf(fewer).seconds] as const);
  const [fewer, fewerSeconds] = less.find(([, own]) => own <= LONG) ?? less.at(-1) ?? [];
  const offer = fewer === undefined ? "" : `; --of train:0-${fewer - 1} about ${formatSeconds(fewerSeconds as number)}`;
  output.note(`about ${formatSeconds(seconds)}, ${formatBytes(bytes)} of memory${offer}`);
}

/** Coverage of the queries that the flags name, and how well it tells --other from them. */
export async function runCoverage(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  const { output, signal } = invocation;
  if (checked.figure !== undefined) await requireFigure(checked.figure);
  await withRun(invocation, { data: checked.data, threads: checked.threads }, async (run, task) => {
    const name = checked.query?.join(";") ?? firstQueries(task, COVERAGE_QUERIES);
    const queries = datasetQueries(task, name);
    const span = spanExamples(task, checked.of);
    const xs = examplesOfQueries(queries, task.dataset.inputShape);
    const outside = await outsideOf(task, checked, queries.length);
    const step = stepOf(checked.at, run);
    const counts = { count: span.length, queries: queries.length + (outside?.shape[0] ?? 0) };
    await announce(task, checked, counts, output);
    const { params } = await stateAt(task, run, step);
    const progress = startProgress(output);
    let own: Measured;
    try {
      const call = { signal, onProgress: progress.report.bind(progress) };
      own = await measured({ task, params, own: span, queries: xs, outside }, checked, call);
    } finally {
      progress.end();
    }
    const { held } = own;
    const { coverage: _, ...facts } = own.span;
    const told = { run: run.path, step, form: checked.form, span: facts, heldOut: held };
    const { other } = checked;
    const rows = await listOf(task, params, queries, { own, span });
    const draw = async (): Promise<void> => {
      if (checked.figure !== undefined)
        await writeFigure(output, checked.figure, coveragePicture(own, { inside: name, outside: other }));
    };
    output.print(spanText(own.span, { step, held }));
    if (own.outside === undefined || other === undefined) {
      output.print(`\n${setsText([setOf(name, own.inside, held)])}\n\n${listText(rows, checked.top)}`);
      await draw();
      output.value("coverage", { ...told, inside: setOf(name, own.inside, held), queries: rows });
      return;
    }
    const sets = [setOf(name, own.inside, held), setOf(other, own.outside, held)];
    const found = separations(own.inside, own.outside);
    output.print(`\n${setsText(sets)}\n\n${separationText(found)}`);
    const curve = rocCurve({ inside: own.inside.coverage.covered, outside: own.outside.coverage.covered });
    await draw();
    output.value("coverage", {
      ...told,
      inside: { ...sets[0], scores: own.inside.scores },
      outside: { ...sets[1], scores: own.outside.scores },
      separations: found,
      roc: curve,
      queries: rows,
    });
  });
  return 0;
}
