// A rich training as a sequence of kernel machines, one for each step (000-04).

import { kernelRotation } from "../../../src/diagnose/richness.ts";
import { evaluateMachine } from "../../../src/kernels/kernel-machine.ts";
import { tangentKernel } from "../../../src/kernels/tangent-kernel.ts";
import { linearisedMachine, tangentMachine } from "../../../src/kernels/tangent-machine.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { modelTask, normals } from "../model-task.ts";

export interface EffectiveKernels {
  /** max |f_T - f_0 - sum of the steps' machines| over the largest change of an output. */
  readonly left: number;
  /** The same of the machine of K_0 alone, the linearised model by the same steps. */
  readonly one: number;
  /** 1 - cosine of K_0 and K_T at the queries. */
  readonly rotation: number;
}

export async function effectiveKernels(steps = 40, width = 256): Promise<EffectiveKernels> {
  const [x, y, queries] = [
    normals([8, 3], "kernels"),
    normals([8, 1], "kernel targets"),
    normals([6, 3], "kernel queries"),
  ];
  const model = mlp({
    inputShape: [3],
    outputs: 1,
    hidden: [width],
    activation: "tanh",
    parametrisation: "mup",
    baseWidth: 16,
  });
  const optimizer = { name: "gd", options: { lr: 0.1 } };
  const { task, params } = await modelTask({ model, loss: lossOf("half-mse"), x, y, queries, optimizer });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(8, steps)] });
  const at = async (step: number) => (await run.checkpoint(step)).params;
  const [start, end] = [
    await predict(task, await at(0), { x: queries }),
    await predict(task, await at(steps), { x: queries }),
  ];
  const sum = start.slice();
  for (const [step, batch] of run.batches.entries()) {
    const weak = await tangentMachine(task, await at(step), batch, {
      stepSize: run.scalars[step].stepSize,
      prior: "zero",
    });
    (await evaluateMachine(weak, queries)).value.data.forEach((value, q) => {
      sum[q] += value;
    });
  }
  const linear = (await evaluateMachine(await linearisedMachine(task, run), queries)).value.data;
  const scale = largest(end.map((value, q) => value - start[q]));
  const kernelAt = async (step: number) => (await tangentKernel(task, await at(step), queries)).kernel;
  return {
    left: largest(end.map((value, q) => value - sum[q])) / scale,
    one: largest(end.map((value, q) => value - linear[q])) / scale,
    rotation: kernelRotation(await kernelAt(0), await kernelAt(steps)),
  };
}
