// Gradient descent with line search against functional gradient boosting on the tangent kernel, step by step (001-29, 001-30).

import { evaluateMachine } from "../../../src/kernels/kernel-machine.ts";
import { tangentMachine } from "../../../src/kernels/tangent-machine.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { linearise } from "../../../src/models/linearise.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { Stepper } from "../../../src/train/stepper.ts";
import { trainableOf } from "../../../src/train/task.ts";
import { largest } from "../kernels.ts";
import { modelTask, normals } from "../model-task.ts";
import { startOf } from "../tasks.ts";

export interface BoostingStep {
  /** Loss of the boosted function before the step. */
  readonly loss: number;
  /** Step sizes of the two line searches: in the space of functions, and along the gradient of the parameters. */
  readonly functional: number;
  readonly parametric: number;
  /** max |boosted function - model| over queries and training points after the step, relative to how far the model has moved since w_0. */
  readonly apart: number;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Where a function with one minimum in [0, top] has it: golden sections, to the square root of rounding. */
async function goldenSection(value: (t: number) => Promise<number>, top: number): Promise<number> {
  let [low, high] = [0, top];
  let [left, right] = [high - GOLDEN * high, GOLDEN * high];
  let [atLeft, atRight] = [await value(left), await value(right)];
  for (let k = 0; k < 45; k++) {
    if (atLeft < atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - GOLDEN * (high - low);
      atLeft = await value(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + GOLDEN * (high - low);
      atRight = await value(right);
    }
  }
  return (low + high) / 2;
}

/**
 * Boosting of Mason et al. (2000) and Friedman (2001): F_{s+1} = F_s + eta_s h_s, h_s the functional gradient in the space of K_s, eta_s where the
 * squared loss of F_s + eta h_s is least (closed form); beside it gradient descent whose eta_s is where the loss of w_s - eta G_s is least.
 * `linear`: the linearised network, whose kernel never changes; else K_s is that of the network at w_s, and the two part by second order.
 */
export async function boosting(kind: "linear" | "network", steps: number): Promise<BoostingStep[]> {
  const network = mlp({ inputShape: [2], outputs: 1, hidden: [12], activation: "tanh" });
  const start = startOf(network, "float64", 1);
  const model = kind === "linear" ? linearise(network, start) : network;
  const [x, y, queries] = [
    normals([8, 2], "boosting"),
    normals([8, 1], "boosting targets"),
    normals([3, 2], "boosting queries"),
  ];
  const given = { model, loss: lossOf("half-mse"), x, y, queries, params: start };
  const { task } = await modelTask(given);
  const [batch] = fullBatches(8, 1);
  const stepper = new Stepper(task);
  stepper.params.set(trainableOf(task, start, "float64"));
  const beginning = [...(await predict(task, start, { x })), ...(await predict(task, start, { x: queries }))];
  let boosted = Float64Array.from(beginning.slice(0, 8));
  let elsewhere = Float64Array.from(beginning.slice(8));
  const found: BoostingStep[] = [];
  // The network's own loss pulls on the machine's outputs: the functional gradient is taken at F_s, which a shifted target says.
  for (let s = 0; s < steps; s++) {
    const values = await predict(task, stepper.params, { x });
    const shifted = y.data.map((target, n) => target + values[n] - boosted[n]);
    const own = { ...task, dataset: { ...task.dataset, train: { x, y: { ...y, data: shifted } } } };
    const weak = await tangentMachine(own, stepper.params, batch, { prior: "zero" });
    const [h, ahead] = [(await evaluateMachine(weak, x)).value.data, (await evaluateMachine(weak, queries)).value.data];
    const left = boosted.map((value, n) => value - y.data[n]);
    const loss = left.reduce((sum, value) => sum + value * value, 0) / 16;
    const along = left.reduce((sum, value, n) => sum + value * h[n], 0);
    const functional = -along / h.reduce((sum, value) => sum + value * value, 0);
    const before = stepper.checkpoint();
    const parametric = await goldenSection(async (eta) => {
      stepper.restore(before);
      await stepper.advance(batch, eta);
      return (await stepper.evaluate(batch)).loss;
    }, 4 * functional);
    stepper.restore(before);
    await stepper.advance(batch, parametric);
    boosted = boosted.map((value, n) => value + functional * h[n]);
    elsewhere = elsewhere.map((value, q) => value + functional * ahead[q]);
    const now = [
      ...(await predict(task, stepper.params, { x })),
      ...(await predict(task, stepper.params, { x: queries })),
    ];
    const apart = [...boosted, ...elsewhere].map((value, k) => value - now[k]);
    const moved = now.map((value, k) => value - beginning[k]);
    found.push({ loss, functional, parametric, apart: largest(apart) / largest(moved) });
  }
  return found;
}
