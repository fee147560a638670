// A diagnosis of a run: measures of its tangent kernel at some steps, on some examples, as one plain record.

import { isPathkernelError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import { gramMatrix } from "../kernels/gram-matrix.ts";
import { tangentKernel } from "../kernels/tangent-kernel.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import { classesOf } from "../train/accuracy.ts";
import { hiddenFeatures } from "../train/hidden-features.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import type {
  DiagnoseOptions,
  Diagnosis,
  DiagnosisPlan,
  LayerAlignment,
  MeasureName,
  StepDiagnosis,
} from "./diagnosis.ts";
import { planDiagnosis } from "./diagnosis-plan.ts";
import { kernelMovement } from "./kernel-movement.ts";
import { measureLinearisation } from "./linearisation.ts";
import { type KernelMeasureName, kernelMeasureNames, measureKernel, targetAlignment } from "./measure-kernel.ts";
import { nullSpace } from "./null-space.ts";
import { sampleLosses } from "./output-pulls.ts";
import { type RankGap, rankGap } from "./rank-gap.ts";
import { featureMovement, type Richness, richnessGauge } from "./richness.ts";
import type { Sample } from "./sample.ts";
import { inputGram } from "./separability.ts";
import { kinksAlong } from "./switch-units.ts";

interface Layer {
  readonly name: string;
  readonly kernel: Matrix;
}

interface StepKernel {
  readonly whole: Matrix;
  readonly layers: readonly Layer[];
}

/** The trace kernel of a sample, and its layers' parts where they are wanted. */
async function kernelOf(task: Task, params: RealArray, x: Tensor, options: DiagnoseOptions): Promise<StepKernel> {
  const { per, memoryBudget, signal } = options;
  const shared = { form: "trace" as const, ...(memoryBudget && { memoryBudget }), ...(signal && { signal }) };
  if (!per) return { whole: await gramMatrix(task, params, x, shared), layers: [] };
  const { kernel, groups = [] } = await tangentKernel(task, params, x, undefined, { ...shared, per });
  const [n] = x.shape;
  const layers = groups.map((name, g) => {
    const own = (kernel.data as RealArray).subarray(g * n * n, (g + 1) * n * n);
    // Pairs of a tile with itself are symmetric to rounding only.
    return {
      name,
      kernel: reals(
        [n, n],
        Float64Array.from(own, (value, at) => (value + own[(at % n) * n + Math.floor(at / n)]) / 2),
      ),
    };
  });
  const whole = new Float64Array(n * n);
  for (const layer of layers) for (let at = 0; at < whole.length; at++) whole[at] += layer.kernel.data[at];
  return { whole: reals([n, n], whole), layers };
}

const traceOf = ({ shape: [n], data }: Matrix): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += data[i * (n + 1)];
  return total;
};

/** What alignment is measured with: labels, or the targets of a regression. */
const wantedOf = ({ labels, y }: Sample): { labels?: Int32Array; targets?: Tensor } =>
  labels ? { labels } : { targets: y as Tensor };

function accuracyOn(task: Task, outputs: Float64Array, { labels }: Sample): number | undefined {
  if (!labels) return undefined;
  const named = classesOf(outputs, task);
  return labels.reduce((right, label, i) => right + (named[i] === label ? 1 : 0), 0) / labels.length;
}

interface Context {
  readonly task: Task;
  readonly plan: DiagnosisPlan;
  readonly options: DiagnoseOptions;
  readonly algebra: LinearAlgebra;
  readonly losses: ReturnType<typeof sampleLosses>;
  /** w_0. */
  readonly start: RealArray;
}

const wantedMeasures = (measures: readonly MeasureName[]): readonly KernelMeasureName[] =>
  kernelMeasureNames.filter((name) => measures.includes(name));

async function nullSpaceAt({ task, plan, options, algebra, losses }: Context, params: RealArray) {
  const { examples } = plan.blocks as NonNullable<DiagnosisPlan["blocks"]>;
  const part: Sample = {
    ...plan.sample,
    x: sliceRows(plan.sample.x, 0, examples),
    y: sliceRows<Sample["y"]["dtype"]>(plan.sample.y, 0, examples) as Sample["y"],
  };
  const { memoryBudget, signal } = options;
  const own = { form: "blocks" as const, ...(memoryBudget && { memoryBudget }), ...(signal && { signal }) };
  const kernel = await gramMatrix(task, params, part.x, own);
  const { residual } = await losses(params, part);
  const modes = algebra.eigenpairs(kernel, { overwrite: true });
  return { examples, ...nullSpace(modes, reals([residual.data.length], residual.data), { dtype: task.engine.dtype }) };
}

/** Of the first queries against the first examples. */
async function rankGapAt({ task, plan, options: { signal }, algebra }: Context, params: RealArray): Promise<RankGap> {
  const { train, queries } = plan.rankGap as NonNullable<DiagnosisPlan["rankGap"]>;
  const parts = { train: sliceRows(plan.sample.x, 0, train), queries: sliceRows(plan.queries.x, 0, queries) };
  return rankGap(task, params, parts, { form: "trace", method: "gram", algebra, ...(signal && { signal }) });
}

async function diagnoseStep(
  context: Context,
  step: number,
  params: RealArray,
): Promise<{ found: StepDiagnosis; kernel: Matrix | undefined }> {
  const { task, plan, options, algebra, losses, start } = context;
  const { sample, queries, measures } = plan;
  const { dtype } = task.engine;
  const { outputs, loss } = await losses(params, sample);
  const kernel = plan.kernel && (await kernelOf(task, params, sample.x, options));
  options.signal?.throwIfAborted();
  const wanted = { ...wantedOf(sample), dtype };
  const own = kernel && measureKernel(kernel.whole, { ...wanted, algebra, measures: wantedMeasures(measures) });
  const trace = kernel ? traceOf(kernel.whole) : 0;
  const parts = measures.includes("alignment") ? kernel?.layers : undefined;
  const layers = parts?.map(({ name, kernel: part }): LayerAlignment => {
    const alignment = targetAlignment(part, wanted) as NonNullable<ReturnType<typeof targetAlignment>>;
    return { name, share: trace === 0 ? undefined : traceOf(part) / trace, ...alignment };
  });
  options.signal?.throwIfAborted();
  const found: StepDiagnosis = {
    step,
    loss,
    accuracy: accuracyOn(task, outputs, sample),
    ...own,
    ...(layers && layers.length > 0 && { layers }),
    ...(plan.blocks && { nullSpace: await nullSpaceAt(context, params) }),
    ...(measures.includes("linearisation") && {
      linearisation: await measureLinearisation(task, start, params, { xs: queries.x, signal: options.signal }),
    }),
    ...(plan.rankGap && { rankGap: await rankGapAt(context, params) }),
  };
  return { found, kernel: kernel?.whole };
}

/** The gauge from lazy to rich between two states; undefined where it has no number. */
async function richnessOf(
  { task, plan: { sample } }: Context,
  drift: number | undefined,
  [before, after]: readonly [RealArray, RealArray],
): Promise<Richness | undefined> {
  if (drift === undefined) return undefined;
  try {
    const features = [
      await hiddenFeatures(task, before, sample.x),
      await hiddenFeatures(task, after, sample.x),
    ] as const;
    const moved = featureMovement(...features);
    return Number.isFinite(moved) ? richnessGauge({ featureMovement: moved, kernelDrift: drift }) : undefined;
  } catch (thrown) {
    // A model without a last layer that reads features.
    if (isPathkernelError(thrown, "Unsupported")) return undefined;
    throw thrown;
  }
}

/**
 * Measures of the tangent kernel K(x, x'; w_s) = tr J J'^T of a run at some of its steps, on a sample, beside those of the inputs themselves.
 *
 * Every number is of the sample and these steps alone. Cost: `planDiagnosis` says it: a kernel and a decomposition a step.
 * Errors: those of `planDiagnosis`; InvalidRunError where the run cannot be replayed; rejects with the signal's reason when aborted.
 */
export async function diagnose(task: Task, run: Run, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { signal, onProgress } = options;
  const algebra = options.algebra ?? (await openLinearAlgebra());
  const plan = planDiagnosis(task, run, { ...options, algebraName: algebra.name });
  const { params: start } = await run.checkpoint(0);
  const context: Context = { task, plan, options, algebra, losses: sampleLosses(task), start };
  const [found, kernels]: [StepDiagnosis[], Matrix[]] = [[], []];
  const ends: { step: number; params: RealArray; kernel: Matrix | undefined }[] = [];
  for (const step of plan.steps) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "diagnosis", done: found.length, total: plan.steps.length, note: `step ${step}` });
    const { params } = await stateAt(task, run, step);
    const own = await diagnoseStep(context, step, params);
    found.push(own.found);
    if (step === plan.steps[0] || step === plan.steps.at(-1)) ends.push({ step, params, kernel: own.kernel });
    if (own.kernel && plan.measures.includes("movement")) kernels.push(own.kernel);
  }
  const ofInputs = plan.kernel ? wantedMeasures(plan.measures) : [];
  const { x } = plan.sample;
  // Token ids are names: their products say nothing.
  const inputs =
    ofInputs.length > 0 && valueIn(task.model.graph, "x").dtype !== "int64"
      ? measureKernel(inputGram(x), { ...wantedOf(plan.sample), algebra, measures: ofInputs })
      : undefined;
  const kinks = plan.measures.includes("units")
    ? await kinksAlong(task, run, x, { steps: plan.steps, ...(signal && { signal }) })
    : undefined;
  onProgress?.({ stage: "diagnosis", done: plan.steps.length, total: plan.steps.length });
  const movement = kernels.length > 0 ? kernelMovement(kernels, plan.steps) : undefined;
  const richness = movement && (await richnessOf(context, movement.drift.at(-1), [ends[0].params, ends[1].params]));
  return {
    plan,
    dtype: task.engine.dtype,
    outputs: task.outputs,
    steps: found,
    ...(movement && { movement }),
    ...(richness && { richness }),
    ...(inputs && { inputs }),
    ...(kinks && { kinks }),
    kernels: ends.flatMap(({ step, kernel }) => (kernel ? [{ step, kernel }] : [])),
  };
}
