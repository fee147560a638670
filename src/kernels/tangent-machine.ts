// Kernel machines over one tangent kernel: the weak learner of a step (Domingos 2020, section 5), and the linearised model.

import { UnsupportedError } from "../errors.ts";
import { type RealArray, reals, type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Batch, Run } from "../run/types.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import { identityLink, type KernelMachine, modelPrior, zeroPrior } from "./kernel-machine.ts";
import { outputPulls, pullsOfOutputs } from "./output-pulls.ts";
import { tangentKernel } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

/** K(x, x_i) = J(x; w) J(x_i; w)^T in blocks, of any queries against fixed points. */
export function tangentBlocks(model: KernelModel, params: RealArray, points: Tensor): KernelMachine["kernel"] {
  return async (queries) => (await tangentKernel(model, params, queries, points, { form: "blocks" })).kernel;
}

/** Kernels here pair points as they are evaluated; a gradient under dropout is of another function at each occurrence. */
function requireOneFunction(where: string, { training, split }: Task): void {
  if (training !== split)
    throw new UnsupportedError(`${where}: the model must be trained as it is evaluated, got one with dropout`, {
      hint: "explain and pathKernel take the masks of each occurrence",
    });
}

export interface TangentMachineOptions {
  /** eta: what the step is long. Default 1. */
  readonly stepSize?: number;
  /** `model`: f(x; w_s), so that the machine is the model after the step; `zero`: the step's own function alone. Default `model`. */
  readonly prior?: "model" | "zero";
}

/**
 * The tangent machine of one step of gradient descent: f_s + eta h_s, with the weak learner
 *
 *     h_s(x) = - sum_i K_s(x, x_i) c_{s,i} l'_{s,i}
 *
 * It is f(x; w_s - eta G_s) to first order in eta, and exactly where the model is linear in its parameters.
 *
 * Points: the occurrences of the batch, (B, ...). Coefficients: -eta c l', (B, C). Cost: a forward pass; evaluation: a kernel in blocks.
 * Errors: RangeError for a step size that is not finite; UnsupportedError for a model with dropout.
 *
 * @see Domingos 2020, section 5: gradient descent as boosting, with the path kernel's increments as weak learners
 */
export async function tangentMachine(
  task: Task,
  params: RealArray,
  batch: Batch,
  { stepSize = 1, prior = "model" }: TangentMachineOptions = {},
): Promise<KernelMachine> {
  if (!Number.isFinite(stepSize)) throw new RangeError(`tangentMachine: stepSize must be finite, got ${stepSize}`);
  requireOneFunction("tangentMachine", task);
  const points = takeRows(task.dataset.train.x, batch.indices);
  const pulls = await outputPulls(task)(params, batch);
  const coefficients = Float64Array.from(pulls, (pull) => -stepSize * pull);
  return {
    name: "tangent machine of a step",
    outputs: task.outputs,
    points,
    kernel: tangentBlocks(task, params, points),
    coefficients: reals([batch.indices.length, task.outputs], coefficients),
    prior: prior === "zero" ? zeroPrior(task.outputs) : modelPrior(task, params),
    link: identityLink,
  };
}

/**
 * The linearised model f_0 + J_0 (w - w_0), trained by a run's own batches and step sizes, as the kernel machine that it is:
 *
 *     f_lin(x) = f_0(x) + sum_i K_0(x, x_i) a_i,    a_i = - sum_s eta_s c_{s,i} l'(f_lin,s(x_i), y_i)
 *
 * It is trained in the space of functions: what a step does to the outputs of the training examples is a product with K_0. A network
 * comes the closer to it the lazier it is (`linearise` gives the same model as a graph, for any optimizer).
 *
 * Cost: one kernel of N x N blocks, and (N C) (B C) multiplications a step. Memory: that kernel.
 * Errors: UnsupportedError for an optimizer with state or weight decay and for regularisers, whose steps leave the span of the examples' gradients, for a
 * clip, whose factors are those of the network's gradients, and for a model with dropout.
 */
export async function linearisedMachine(task: Task, run: Run): Promise<KernelMachine> {
  const { optimizer, regularisers, outputs, dataset, layout } = task;
  if (optimizer.plain?.weightDecay !== 0)
    throw new UnsupportedError(
      `linearisedMachine: the optimizer must be plain gradient descent without weight decay, got ${optimizer.name}`,
      { hint: "linearise() gives the linearised model as a model, which any optimizer trains" },
    );
  const beyond = optimizer.clipping ? `a clip by ${optimizer.clipping.name}` : regularisers[0]?.name;
  if (beyond !== undefined)
    throw new UnsupportedError(
      `linearisedMachine: steps must be of the loss alone, without clip and regularisers, got ${beyond}`,
      { hint: "linearise() gives the linearised model as a model, which is trained with them" },
    );
  requireOneFunction("linearisedMachine", task);
  const { params } = await run.checkpoint(0);
  if (params.length !== layout.size)
    throw new RangeError(`linearisedMachine: the run must have ${layout.size} parameters, got ${params.length}`);
  const points = dataset.train.x;
  const kernel = (await tangentKernel(task, params, points, undefined, { form: "blocks" })).kernel.data as RealArray;
  const values = await predict(task, params, { x: points });
  const coefficients = new Float64Array(values.length);
  const pullsOf = pullsOfOutputs(task);
  const [examples, block] = [points.shape[0], outputs * outputs];
  for (const [step, batch] of run.batches.entries()) {
    const pulls = await pullsOf(takeRows(reals([examples, outputs], values), batch.indices), batch);
    const { stepSize } = run.scalars[step];
    batch.indices.forEach((i, n) => {
      for (let d = 0; d < outputs; d++) {
        const move = stepSize * pulls[n * outputs + d];
        coefficients[i * outputs + d] -= move;
        for (let m = 0; m < examples; m++)
          for (let c = 0; c < outputs; c++)
            values[m * outputs + c] -= kernel[(m * examples + i) * block + c * outputs + d] * move;
      }
    });
  }
  return {
    name: "linearised model",
    outputs,
    points,
    kernel: tangentBlocks(task, params, points),
    coefficients: reals([examples, outputs], coefficients),
    prior: modelPrior(task, params),
    link: identityLink,
  };
}
