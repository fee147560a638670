// The path kernel of a recorded run by plain gradient descent: tangent kernels summed along training (Domingos 2020), or integrated (Bell et al. 2023).

import { UnsupportedError } from "../errors.ts";
import { type RealArray, sizeOf, type Tensor, takeRows } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import { requireBatches } from "../run/recording.ts";
import type { Batch, Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type StretchOptions, stretchesBackwards } from "../train/trajectory.ts";
import { occurrenceKernel } from "./occurrence-kernel.ts";
import { outputPulls } from "./output-pulls.ts";
import { type StepNode, stepNodes } from "./step-nodes.ts";
import { type TangentKernelOptions, tangentKernel } from "./tangent-kernel.ts";

export interface PathKernelOptions
  extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile" | "signal" | "onProgress">,
    Pick<StretchOptions, "replayMemory"> {
  /** Coefficients (Q, C) of the queries' outputs: their sum takes the place of the axis c. */
  readonly readouts?: Tensor;
  /**
   * Quadrature of the query's Jacobian along each step, one with fixed nodes; default `left`. Then K_s(x, x_i) below is
   * sum_q omega_q J(x; w_s(t_q)) J(x_i; w_s)^T, which is symmetric for `left` alone.
   */
  readonly rule?: string;
  /** Conditioning from which on a coefficient is given, in (0, 1]. Default 0.1. */
  readonly tolerance?: number;
}

/** Entries (c, d) relate output c of a query to output d of a training example; with `readouts` there is no axis c. */
export interface PathKernel {
  /** K^p = sum_s eta_s c_{s,i} K_s(x, x_i): (Q, N, C, C) or (Q, N, C). Clipping by norm counts in eta_s, here and below. */
  readonly unweighted: Tensor<"float64">;
  /** K^lp = sum_s eta_s c_{s,i} K_s(x, x_i) l'_{s,i}, with dl/dy_d in entry (c, d). */
  readonly lossWeighted: Tensor<"float64">;
  /** -sum over d of `lossWeighted`: what `explain` gives by the same rule, (Q, N, C) or (Q, N). */
  readonly contributions: Tensor<"float64">;
  /** a = -lossWeighted / unweighted where well conditioned, else 0; |a| <= max_s |l'_{s,i}| / tolerance. */
  readonly coefficients: Tensor<"float64">;
  /** |K^p| / sum_s |eta_s c_{s,i} K_s|, in [0, 1]: 1 where the kernel keeps its sign, 0 where it cancels or is 0 throughout. */
  readonly conditioning: Tensor<"float64">;
  /** 1 where `conditioning` exceeds the tolerance. */
  readonly wellConditioned: Tensor<"uint8">;
}

/** A quotient at this conditioning is at most ten times as large as the derivatives that it averages. */
const DEFAULT_TOLERANCE = 0.1;

/** Sums over the steps so far; each (Q, N, entry). */
interface Sums {
  readonly unweighted: Float64Array;
  readonly lossWeighted: Float64Array;
  readonly gross: Float64Array;
}

/**
 * Sums the tangent kernel along the steps of a run, at the left end of each: f(x) after training is about
 * f(x) before + sum_i sum_d a_i K^p(x, x_i), up to the residual of the rule `left` and the weight decay.
 *
 * With another `rule` it is the exact path kernel, K(x, x_i) = sum_s eta_s c_{s,i} int_0^1 J(x; w_s(t)) dt J(x_i; w_s)^T along the line w_s(t) from w_s
 * to w_{s+1}, up to the residual of that rule: the query moves along the step, the example stays at its beginning, where its gradient was taken.
 *
 * Shapes: xs (Q, ...), N training examples. For train x train give the training examples as xs. Memory: three float64 arrays of
 * Q N C C numbers (Q N C with readouts). Cost: one kernel in blocks between the queries and each step's batch, at each
 * node of the rule.
 *
 * Where training is random, K_s pairs a query as it is evaluated with each occurrence as it was trained, by its own masks; these kernels are contracted
 * from Jacobians whatever the algorithm asked for.
 *
 * Errors: UnsupportedError for an optimizer with state, whose steps apply gradients of earlier ones; RangeError for options that do
 * not fit; rejects with the signal's reason when aborted.
 *
 * @see Domingos 2020, Theorem 1 and Remark 2, arXiv:2012.00152; Bell et al. 2023, An Exact Kernel Equivalence, arXiv:2308.00824
 */
export async function pathKernel(
  task: Task,
  run: Run,
  xs: Tensor,
  options: PathKernelOptions = {},
): Promise<PathKernel> {
  const { tolerance = DEFAULT_TOLERANCE, rule = "left", readouts, signal, onProgress, replayMemory, ...own } = options;
  const nodesOf = stepNodes("pathKernel", rule);
  requireFit(task, xs, { tolerance, readouts });
  requireBatches(run, "pathKernel");
  const [queries, examples] = [xs.shape[0], task.dataset.train.x.shape[0]];
  const entry = readouts ? [task.outputs] : [task.outputs, task.outputs];
  const size = queries * examples * sizeOf(entry);
  const sums: Sums = {
    unweighted: new Float64Array(size),
    lossWeighted: new Float64Array(size),
    gross: new Float64Array(size),
  };
  const pullsOf = outputPulls(task);
  const trained = task.training === task.split ? undefined : occurrenceKernel(task, xs, signal);
  const kernelOf = async (node: StepNode, params: RealArray, batch: Batch): Promise<Tensor> => {
    if (trained) return trained(node.params, batch, params);
    const examplesAt = node.params === params ? {} : { params2: params };
    const asked = { ...own, ...examplesAt, form: "blocks" as const, ...(signal && { signal }) };
    return (await tangentKernel(task, node.params, xs, takeRows(task.dataset.train.x, batch.indices), asked)).kernel;
  };
  let done = 0;
  for await (const { states } of stretchesBackwards(task, run, { signal, replayMemory })) {
    for (const [k, { step, params }] of states.slice(0, -1).entries()) {
      signal?.throwIfAborted();
      const batch = run.batches[step];
      const pulls = await pullsOf(params, batch);
      const { stepSize, gradientNorm } = run.scalars[step];
      const { share } = shareOf(task.optimizer, { gradientNorm, buffers: {} });
      const kernels: WeightedKernel[] = [];
      for (const node of nodesOf(params, states[k + 1].params))
        kernels.push({ weight: node.weight, kernel: await kernelOf(node, params, batch) });
      addStep(sums, { kernels, pulls, batch, stepSize: share * stepSize, examples, readouts });
      onProgress?.({ stage: "path kernel", done: ++done, total: run.batches.length });
    }
  }
  return finished(sums, { shape: [queries, examples, ...entry], tolerance });
}

function requireFit(
  { optimizer, outputs }: Task,
  { shape: [count] }: Tensor,
  { tolerance, readouts }: { tolerance: number; readouts: Tensor | undefined },
): void {
  if (!(tolerance > 0 && tolerance <= 1))
    throw new RangeError(`pathKernel: tolerance must lie in (0, 1], got ${tolerance}`);
  if (readouts && readouts.shape.join() !== `${count},${outputs}`)
    throw new RangeError(`pathKernel: readouts must have shape [${count},${outputs}], got [${readouts.shape}]`);
  if (optimizer.buffers.length === 0) return;
  throw new UnsupportedError(
    `a path kernel needs an optimizer without state (gd, sgd), got ${optimizer.name} with ${optimizer.buffers.join(", ")}: its steps apply gradients of earlier ones under a changing preconditioner, and a kernel of two times is not one function of two examples`,
    { hint: "explain gives the contributions of every optimizer" },
  );
}

interface WeightedKernel {
  readonly weight: number;
  /** Blocks (Q, B, C, C). */
  readonly kernel: Tensor;
}

interface Step {
  /** At the nodes of the rule; their weights sum to one. */
  readonly kernels: readonly WeightedKernel[];
  /** c_n dl_n/dy, (B, C). */
  readonly pulls: ArrayLike<number>;
  readonly batch: Batch;
  readonly stepSize: number;
  readonly examples: number;
  readonly readouts: Tensor | undefined;
}

/** Adds eta c K and eta K (c l') of one step to the sums of the batch's examples. */
function addStep(sums: Sums, { kernels, pulls, batch, stepSize, examples, readouts }: Step): void {
  const [queries, width, outputs] = kernels[0].kernel.shape;
  const rows = readouts ? 1 : outputs;
  const blocks = average(kernels);
  for (let q = 0; q < queries; q++) {
    for (let n = 0; n < width; n++) {
      const block = (q * width + n) * outputs * outputs;
      const to = (q * examples + batch.indices[n]) * rows * outputs;
      for (let k = 0; k < rows * outputs; k++) {
        const d = k % outputs;
        let value = readouts ? 0 : blocks[block + k];
        if (readouts)
          for (let c = 0; c < outputs; c++)
            value += Number(readouts.data[q * outputs + c]) * blocks[block + c * outputs + d];
        const counted = stepSize * batch.weights[n] * value;
        sums.unweighted[to + k] += counted;
        sums.gross[to + k] += Math.abs(counted);
        sums.lossWeighted[to + k] += stepSize * value * pulls[n * outputs + d];
      }
    }
  }
}

function average(kernels: readonly WeightedKernel[]): RealArray {
  const [{ weight, kernel }] = kernels;
  if (kernels.length === 1 && weight === 1) return kernel.data as RealArray;
  const total = new Float64Array(kernel.data.length);
  for (const { weight: omega, kernel: own } of kernels)
    for (let k = 0; k < total.length; k++) total[k] += omega * (own.data as RealArray)[k];
  return total;
}

function finished(
  { unweighted, lossWeighted, gross }: Sums,
  { shape, tolerance }: { shape: readonly number[]; tolerance: number },
): PathKernel {
  const outputs = shape[shape.length - 1];
  const contributions = new Float64Array(unweighted.length / outputs);
  const conditioning = unweighted.map((value, k) => (gross[k] > 0 ? Math.abs(value) / gross[k] : 0));
  const wellConditioned = Uint8Array.from(conditioning, (value) => (value > tolerance ? 1 : 0));
  lossWeighted.forEach((value, k) => {
    contributions[Math.floor(k / outputs)] -= value;
  });
  const coefficients = lossWeighted.map((value, k) => (wellConditioned[k] === 1 ? -value / unweighted[k] : 0));
  const real = (data: Float64Array, of = shape): Tensor<"float64"> => ({ dtype: "float64", shape: of, data });
  return {
    unweighted: real(unweighted),
    lossWeighted: real(lossWeighted),
    contributions: real(contributions, shape.slice(0, -1)),
    coefficients: real(coefficients),
    conditioning: real(conditioning),
    wellConditioned: { dtype: "uint8", shape, data: wellConditioned },
  };
}
