// What a diagnosis will take, before anything is computed: steps, kernels, decompositions, replays, memory, seconds.

import { flopsOf } from "../graph/cost.ts";
import { type KernelPlan, planKernel } from "../kernels/plan.ts";
import type { AlgebraName } from "../numeric/linear-algebra/types.ts";
import { sizeOf } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { bytesOfState, storedBefore } from "../train/trajectory.ts";
import { type DiagnoseOptions, type DiagnosisPlan, type MeasureName, measureNames } from "./diagnosis.ts";
import { ALGEBRA_GFLOPS, EIGENPAIRS, KERNEL_GFLOPS } from "./rates.ts";
import { firstSample, type Sample } from "./sample.ts";

export const DEFAULT_EXAMPLES = 1000;
const DEFAULT_QUERIES = 200;
const DEFAULT_BUDGET = 2 ** 30;
const TILE = 256;
/** Rows of the kernel in blocks that the null space is found of: its decomposition takes no longer than that of a sample of a thousand. */
const BLOCK_ROWS = 1000;
/** Of the rank gap, which needs spectra of its own: a few hundred rows take no time, and more examples than parameters are rare anyway. */
const GAP_EXAMPLES = 200;
const GAP_QUERIES = 100;
/** Steps between the first and the last. */
const BETWEEN = 3;

/** A step of training beyond its arithmetic. */
const SECONDS_PER_STEP = 1e-3;

/**
 * Seconds of what the host does, at a step and for the inputs, measured for 1,000 images of MNIST: a pair of examples in alignment, blocks and distances; a pair
 * and a class in seven ridges; once, a pair and a number of the inputs.
 */
const PER_PAIR = 2e-7;
const PER_PAIR_AND_CLASS = 3e-8;
const PER_PAIR_AND_INPUT = 1.6e-9;

/** The first step, some evenly between on a logarithmic axis (the stored checkpoint where one is within a factor of 1.5), the last. */
export function diagnosisSteps({ batches, checkpoints }: Pick<Run, "batches" | "checkpoints">): number[] {
  const last = batches.length;
  const between = Array.from({ length: BETWEEN }, (_, k) => Math.round(last ** ((k + 1) / (BETWEEN + 1))));
  const near = between.map((step) => {
    const apart = (stored: number): number => Math.abs(Math.log(stored / step));
    const stored = checkpoints.filter((own) => own > 0 && apart(own) <= Math.log(1.5));
    return stored.length === 0 ? step : stored.reduce((best, own) => (apart(own) < apart(best) ? own : best));
  });
  return [...new Set([0, ...near, last])].sort((a, b) => a - b);
}

function requireSteps(steps: readonly number[], last: number): void {
  if (steps.length === 0) throw new RangeError("planDiagnosis: steps must hold a step or more, got none");
  const bad = steps.find((step) => !Number.isSafeInteger(step) || step < 0 || step > last);
  if (bad !== undefined) throw new RangeError(`planDiagnosis: steps must lie in 0..${last}, got ${bad}`);
  const k = steps.findIndex((step, t) => t > 0 && !(step > steps[t - 1]));
  if (k > 0) throw new RangeError(`planDiagnosis: steps must ascend, got ${steps[k]} after ${steps[k - 1]}`);
}

/** Why a measure has no number here. */
function reasonsAgainst(
  task: Task,
  { labels, y }: Sample,
  steps: readonly number[],
): Partial<Record<MeasureName, string>> {
  const without = labels ? undefined : "needs a class for each example";
  const atPositions = task.dataset.task === "classification" && y.shape.length > 1;
  return {
    ...(without !== undefined && { separability: without, blocks: without }),
    ...(atPositions && { alignment: "needs a target for each example, not for each position" }),
    ...(steps.length === 1 && { movement: "needs two steps or more" }),
    ...(steps.every((step) => step === 0) && { linearisation: "needs a step after the first" }),
    ...(task.outputs > BLOCK_ROWS && { "null-space": `needs a kernel of ${task.outputs} rows an example` }),
  };
}

const KERNEL_MEASURES: readonly MeasureName[] = ["spectrum", "alignment", "movement", "separability", "blocks"];

/** Of a symmetric kernel of n examples, with what was chosen. */
function planOf(
  task: Task,
  n: number,
  form: "trace" | "blocks",
  { per, memoryBudget = DEFAULT_BUDGET }: DiagnoseOptions,
) {
  const options = { model: task, form, weighted: false, per: form === "trace" ? per : undefined };
  return planKernel(options, { n, m: n, symmetric: true }, { algorithm: "auto", tile: TILE, memoryBudget });
}

const flopsOfPlan = (plan: KernelPlan | undefined): number => plan?.flops[plan.algorithm] ?? 0;

/**
 * What `diagnose` would do with these options and what it would take. Seconds are an estimate by counted operations, for two cores.
 *
 * Errors: RangeError for steps that the run does not have, an empty sample, measures that are none, a budget that is too small.
 */
export function planDiagnosis(
  task: Task,
  run: Run,
  options: DiagnoseOptions & { readonly algebraName?: AlgebraName } = {},
): DiagnosisPlan {
  const { steps = diagnosisSteps(run), measures = measureNames, algebraName = "lapack" } = options;
  requireSteps(steps, run.batches.length);
  const unknown = measures.find((name) => !measureNames.includes(name));
  if (unknown) throw new RangeError(`planDiagnosis: measures must be of ${measureNames.join(", ")}, got ${unknown}`);
  const sample = options.sample ?? firstSample(task, "train", DEFAULT_EXAMPLES);
  const queries = options.queries ?? firstSample(task, "test", DEFAULT_QUERIES) ?? sample;
  if (!sample || !queries || sample.x.shape[0] === 0)
    throw new RangeError("planDiagnosis: sample must hold an example or more, got none");
  const against = reasonsAgainst(task, sample, steps);
  const skipped = measures.flatMap((measure) => {
    const reason = against[measure];
    return reason === undefined ? [] : [{ measure, reason }];
  });
  const measured = measureNames.filter((name) => measures.includes(name) && against[name] === undefined);
  const [n] = sample.x.shape;
  const kernel = KERNEL_MEASURES.some((name) => measured.includes(name))
    ? planOf(task, n, "trace", options)
    : undefined;
  const examples = Math.min(n, Math.floor(BLOCK_ROWS / task.outputs));
  const inBlocks = measured.includes("null-space");
  const blocks = inBlocks ? { examples, plan: planOf(task, examples, "blocks", options) } : undefined;
  const rankGap = measured.includes("rank-gap")
    ? { train: Math.min(n, GAP_EXAMPLES), queries: Math.min(queries.x.shape[0], GAP_QUERIES) }
    : undefined;
  return {
    steps,
    sample,
    queries,
    measures: measured,
    skipped,
    kernel,
    blocks,
    rankGap,
    ...costOf(task, run, { steps, measured, kernel, blocks, rankGap, n, algebraName }),
  };
}

function hostSeconds(
  { dataset }: Task,
  { n, separates, kernels }: { readonly n: number; readonly separates: boolean; readonly kernels: number },
): number {
  const classes = separates ? dataset.classes.length : 0;
  return (
    n * n * (kernels * (PER_PAIR + PER_PAIR_AND_CLASS * classes) + PER_PAIR_AND_INPUT * sizeOf(dataset.inputShape))
  );
}

interface Parts extends Pick<DiagnosisPlan, "steps" | "kernel" | "blocks" | "rankGap"> {
  readonly measured: readonly MeasureName[];
  readonly n: number;
  readonly algebraName: AlgebraName;
}

function costOf(
  task: Task,
  run: Run,
  { steps, measured, kernel, blocks, rankGap, n, algebraName }: Parts,
): Pick<DiagnosisPlan, "replays" | "flops" | "bytes" | "seconds"> {
  const replayed = steps.map((step) => [storedBefore(run, step), step] as const);
  // Signs of units are compared in a second pass.
  const passes = measured.includes("units") ? 2 : 1;
  const replays = passes * replayed.reduce((total, [from, to]) => total + to - from, 0);
  const forward = flopsOf(task.training.head, 1);
  const flopsOfReplays = replayed.reduce((total, [from, to]) => {
    for (let s = from; s < to; s++) total += 3 * forward * run.batches[s].indices.length;
    return total;
  }, 0);
  const gapRows = rankGap ? rankGap.train + rankGap.queries : 0;
  const gap = rankGap ? planOf(task, gapRows, "trace", {}) : undefined;
  // With vectors for separability, a third of that without; of the inputs too.
  const share = measured.includes("separability") ? 1 : measured.includes("spectrum") ? 1 / 3 : 0;
  const rows = blocks ? blocks.examples * task.outputs : 0;
  const flops = {
    kernels: steps.length * (flopsOfPlan(kernel) + flopsOfPlan(blocks?.plan) + flopsOfPlan(gap)),
    decompositions: EIGENPAIRS * (share * (steps.length + 1) * n ** 3 + steps.length * (rows ** 3 + 2 * gapRows ** 3)),
    replays: passes * flopsOfReplays,
  };
  const rate = 1e9 * KERNEL_GFLOPS[task.engine.dtype];
  const layers = kernel?.groups?.length ?? 1;
  const held = (measured.includes("movement") ? steps.length : 1) + 3;
  const working = (plan: KernelPlan | undefined): number =>
    plan ? plan.bytes.prepared + plan.bytes.running + plan.bytes.pairing : 0;
  return {
    replays,
    flops,
    bytes:
      8 * n * n * (held + layers) +
      16 * rows ** 2 +
      Math.max(working(kernel), working(blocks?.plan)) +
      2 * bytesOfState(task),
    seconds:
      (flops.kernels + flops.replays) / rate +
      flops.decompositions / (1e9 * ALGEBRA_GFLOPS[algebraName]) +
      SECONDS_PER_STEP * replays +
      (kernel ? hostSeconds(task, { n, separates: share === 1, kernels: steps.length + 1 }) : 0),
  };
}
