// `pathkernel neighbors`: the training examples nearest to queries by several metrics, and whether the metrics agree.

import type { QueryNeighbours } from "../diagnose/neighbour-lists.ts";
import { type NeighbourMeans, type NeighboursOptions, neighbourMetrics, neighbours } from "../diagnose/neighbours.ts";
import { type NeighboursAtStep, neighboursAlong } from "../diagnose/neighbours-along.ts";
import { axesOf } from "../graph/outputs.ts";
import { earlySteps, pathMachineKernel } from "../kernels/path-machine-kernel.ts";
import { allocate, type RealArray, type Tensor } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { labelOf } from "./explained-row.ts";
import { UsageError } from "./failure.ts";
import { figureFlag, requireFigure, writeFigure } from "./figure-file.ts";
import * as flags from "./flags.ts";
import { grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { neighborsFigure } from "./neighbors-figure.ts";
import { classLabels, type NeighbourQuery, neighbourQueries } from "./neighbors-queries.ts";
import { type DescribedQuery, LEGEND, listsText, meansText, queriesText } from "./neighbors-text.ts";
import { predictedClasses } from "./predictions.ts";
import { startProgress } from "./progress.ts";
import { withRun } from "./run-session.ts";
import { stepsOf } from "./step-flags.ts";

const SHAPE = {
  query: flags.list(";").optional(),
  input: flags.text().optional(),
  other: flags.text().optional(),
  dataDir: flags.text().optional(),
  k: flags.count().optional(),
  metric: flags.nameList(neighbourMetrics),
  kernel: flags.nameFlag(["tangent", "path"] as const),
  at: flags.stepList().optional(),
  memory: flags.bytes().optional(),
  figure: figureFlag().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

/** Steps whose kernels are summed to the path kernel, most of them early; those between are interpolated. */
const PATH_NODES = 20;

type Flags = ReturnType<typeof checkedFlags>;

function checkedFlags(raw: Invocation["flags"]) {
  const checked = flags.parseFlags(SHAPE, raw);
  if (checked.query === undefined && checked.input === undefined)
    throw new UsageError("--query or --input must be given, as in --query test:7");
  if (checked.other !== undefined && checked.query === undefined)
    throw new UsageError("--other belongs to --query", "it says whose examples these are");
  if (checked.dataDir !== undefined && checked.other === undefined)
    throw new UsageError("--data-dir belongs to --other", "the run knows where its own data are");
  if (checked.at !== undefined && checked.kernel === "path")
    throw new UsageError("--at does not belong to --kernel path, which is of all steps");
  return { ...checked, metrics: checked.metric };
}

function joined(queries: readonly NeighbourQuery[], { engine: { dtype }, dataset: { inputShape } }: Task): Tensor {
  const size = queries[0].x.data.length;
  const data = allocate(dtype, queries.length * size) as RealArray;
  queries.forEach(({ x }, q) => {
    data.set(x.data as RealArray, q * size);
  });
  return { dtype, shape: [queries.length, ...inputShape], data };
}

/** The queries' neighbours before each step asked for; in the path kernel, before the last. */
async function found(
  { output, signal }: Invocation,
  { run, task, queries, checked }: Session,
): Promise<NeighboursAtStep[]> {
  const { k, metrics, memory, at = ["last"], kernel } = checked;
  const examples = classLabels(task.dataset, "train");
  const self = queries.some((query) => query.self >= 0) ? queries.map((query) => query.self) : undefined;
  const most = task.dataset.train.x.shape[0] - (self ? 1 : 0);
  if (most < 1) throw new UsageError("--query must not be the only training example, which has no neighbours");
  if (k !== undefined && k > most)
    throw new UsageError(`-k must be at most ${grouped(most)}, the ${self ? "other " : ""}training examples, got ${k}`);
  const progress = startProgress(output);
  const options: NeighboursOptions = {
    metrics,
    signal,
    onProgress: (p) => progress.report(p),
    ...(k && { k }),
    ...(self && { self }),
    ...(examples && { labels: { examples, queries: queries.map(({ classIndex }) => classIndex) } }),
  };
  const x = joined(queries, task);
  const memoryBudget = memory && { memoryBudget: memory };
  try {
    if (kernel === "tangent") {
      const steps = stepsOf(at, run);
      return await neighboursAlong(task, run, x, { ...options, steps, ...(memory && { kernelMemory: memory }) });
    }
    const steps = earlySteps(run.batches.length, PATH_NODES);
    const path = pathMachineKernel(task, run, task.dataset.train.x, { steps, ...memoryBudget });
    return [{ step: run.batches.length, neighbours: await neighbours(path, x, options) }];
  } finally {
    progress.end();
  }
}

interface Session {
  readonly run: Parameters<Parameters<typeof withRun>[2]>[0];
  readonly task: Task;
  readonly queries: readonly NeighbourQuery[];
  readonly checked: Flags;
}

/** What a program reads of one query's lists. */
function listsJson({ lists, pairs }: QueryNeighbours, task: Task) {
  const { classes } = task.dataset;
  return {
    lists: lists.map(({ majority, examples, ...list }) => ({
      ...list,
      majority: majority && { label: classes[majority.label], share: majority.share },
      examples,
      labels: Array.from(examples, (example) => labelOf(task, "train", example)),
    })),
    pairs,
  };
}

async function report(
  { output }: Invocation,
  { run, task, queries, checked }: Session,
  { along, described }: { readonly along: readonly NeighboursAtStep[]; readonly described: readonly DescribedQuery[] },
): Promise<void> {
  const last = along[along.length - 1];
  const { k, examples, kernel, metrics, queries: lists } = last.neighbours;
  const words = {
    labelOf: (example: number) => labelOf(task, "train", example),
    className: (index: number) => task.dataset.classes[index] ?? String(index),
  };
  const where =
    checked.kernel === "path"
      ? `over ${grouped(Math.min(PATH_NODES, run.batches.length))} of ${grouped(run.batches.length)} steps`
      : `before step ${grouped(last.step)} of ${grouped(run.batches.length)}`;
  output.print(`the ${grouped(k)} nearest of ${grouped(examples)} training examples, ${kernel} ${where}\n`);
  const steps = along.map(({ step, neighbours: { means } }) => ({ step, means: means as NeighbourMeans }));
  if (queries.length === 1) output.print(listsText(described[0], lists[0], words));
  else output.print(queriesText(described, lists, steps[steps.length - 1].means));
  if (along.length > 1) output.print(`\n${meansText(steps)}`);
  if (queries.length > 1 || along.length > 1) output.print(`\n${LEGEND}`);
  if (checked.figure !== undefined) await writeFigure(output, checked.figure, neighborsFigure(task, queries, along));
  output.value("neighbors", {
    run: run.path,
    kernel,
    k,
    metrics,
    examples,
    other: checked.other,
    steps: along.map(({ step, neighbours: own }) => ({
      step,
      means: own.means,
      queries: own.queries.map((query, q) => ({ ...described[q], query: described[q].id, ...listsJson(query, task) })),
    })),
  });
}

/** Prints the neighbours of what the flags name. */
export async function runNeighbors(invocation: Invocation): Promise<ExitCode> {
  const checked = checkedFlags(invocation.flags);
  if (checked.figure !== undefined) await requireFigure(checked.figure);
  await withRun(invocation, checked, async (run, task) => {
    const queries = await neighbourQueries(task, checked);
    const session = { run, task, queries, checked };
    const along = await found(invocation, session);
    const { positions } = axesOf(task.outputShape);
    const classes =
      positions === 1
        ? await predictedClasses(
            task,
            run,
            queries.map(({ id, x }) => ({ id, x, target: undefined })),
          )
        : undefined;
    const described = queries.map(({ id, label }, q) => ({
      id,
      label,
      predicted: classes && (task.dataset.classes[classes[q]] ?? String(classes[q])),
    }));
    await report(invocation, session, { along, described });
  });
  return 0;
}
