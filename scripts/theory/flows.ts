// Rows of Guo, He and Morel without noise: flows and their theorems, kernels of two times, orders, spectra.

import { datasetQueries } from "../../src/explain/queries.ts";
import { secondOrder } from "../../src/explain/second-order.ts";
import type { Dynamics } from "../../src/flows/dynamics.ts";
import { flowFields } from "../../src/flows/field.ts";
import { gradientFlow } from "../../src/flows/gradient-flow.ts";
import { noiseFactor } from "../../src/flows/noise.ts";
import { kernelSpectrum } from "../../src/kernels/spectrum.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import type { RealArray, Tensor } from "../../src/numeric/tensor.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import type { Task } from "../../src/train/task.ts";
import { smallTask } from "../../test/helpers/tasks.ts";
import { apart, e, explained, GD, halvings, holding, largest, trained } from "./problem.ts";
import type { TheoryRow } from "./row.ts";

const T = 2;
const ALPHA_MIN = 0.1;
/** Cor. A.1 with eta_max = 1. */
const cosine = (t: number): number => ALPHA_MIN + ((1 - ALPHA_MIN) / 2) * (1 + Math.cos((Math.PI * t) / T));

const smooth = () => smallTask({ hidden: [6, 6], examples: 8, loss: "half-mse" });

/** The largest residual of a theorem's sum for M = 200, 400, 800 pieces, and its order. */
async function sumsToFlow(dynamics: Dynamics): Promise<string> {
  const { task, params } = await smooth();
  const fields = await flowFields(task, task.dataset.test.x);
  const errors: number[] = [];
  let change = 0;
  for (const pieces of [200, 400, 800]) {
    const { residual, output, prior } = await gradientFlow(fields, { params, time: T, pieces, dynamics });
    errors.push(largest(residual));
    change = largest(output.map((value, r) => value - prior[r]));
  }
  const order = halvings(errors)[1];
  const text = `${errors.map(e).join(", ")} of a change of ${change.toFixed(2)} at M = 200, 400, 800: order ${order.toFixed(2)}`;
  return holding(Math.abs(order - 2) < 0.1, text);
}

/** The end of gradient descent against that of the flow, as the steps halve. */
async function descentNearsFlow(): Promise<string> {
  const { task, params } = await smooth();
  const fields = await flowFields(task, task.dataset.test.x);
  const { output } = await gradientFlow(fields, { params, time: T, pieces: 200 });
  const errors: number[] = [];
  for (const steps of [64, 128, 256]) {
    const gd = { hidden: [6, 6], examples: 8, loss: "half-mse", optimizer: GD(T / steps), steps } as const;
    const { task: own, run } = await trained(gd);
    const values = await (await flowFields(own, task.dataset.test.x)).values(
      (await run.checkpoint(steps)).params as Float64Array,
    );
    errors.push(largest(values.map((value, r) => value - output[r])));
  }
  const order = halvings(errors)[1];
  return holding(
    Math.abs(order - 1) < 0.1,
    `|descent - flow| ${errors.map(e).join(", ")} at N = 64, 128, 256: order ${order.toFixed(2)}`,
  );
}

/** Momentum's flow against gradient flow as lambda doubles, over a time in which both still move. */
async function collapse(): Promise<string> {
  const { task, params } = await smooth();
  const fields = await flowFields(task, task.dataset.test.x);
  const { output } = await gradientFlow(fields, { params, time: T, pieces: 400 });
  const away: number[] = [];
  for (const lambda of [20, 40, 80]) {
    const options = { params, time: T, pieces: 400, dynamics: { kind: "momentum", lambda } as const };
    away.push(largest((await gradientFlow(fields, options)).output.map((value, r) => value - output[r])));
  }
  const order = halvings(away)[1];
  return holding(
    Math.abs(order - 1) < 0.1,
    `lambda = 20, 40, 80: |momentum - gradient flow| ${away.map(e).join(", ")}, as lambda^-${order.toFixed(2)}`,
  );
}

/** Whether the preconditioner is small where the gradients of minibatches vary: rank correlation over parameters. */
async function suppression(): Promise<string> {
  const { task, params } = await smooth();
  const fields = await flowFields(task, task.dataset.test.x);
  const dynamics = { kind: "rmsprop", rho: 2, epsilon: 0.1 } as const;
  const { state } = await gradientFlow(fields, { params, time: T, pieces: 100, dynamics });
  const factor = await noiseFactor(task, { params: state.params, batchSize: 2 });
  const variance = new Float64Array(fields.size);
  for (let k = 0; k < factor.length; k++) variance[k % variance.length] += factor[k] ** 2;
  // V of the diffusion rests at grad L^2 + diag Sigma.
  const gradients = await fields.gradients(state.params);
  const mean = variance.map((_, k) => gradients.reduce((s, g, at) => (at % variance.length === k ? s + g : s), 0) / 8);
  const scale = variance.map((v, k) => 1 / (Math.sqrt(v + mean[k] ** 2) + 0.1));
  const order = (values: Float64Array) => {
    const by = Array.from(values, (_, k) => k).sort((a, b) => values[a] - values[b]);
    const ranks = new Float64Array(values.length);
    by.forEach((k, rank) => {
      ranks[k] = rank;
    });
    return ranks;
  };
  const [a, b] = [order(scale), order(variance)];
  const n = a.length;
  const distance = a.reduce((total, rank, k) => total + (rank - b[k]) ** 2, 0);
  const ratio = Math.max(...scale) / Math.min(...scale);
  return `P^-1 against diag Sigma over ${n} parameters: rank correlation ${(1 - (6 * distance) / (n * (n * n - 1))).toFixed(2)}, largest over smallest ${ratio.toFixed(1)}`;
}

async function kernelsOfTwoTimes(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.3) });
  const [early, late] = [(await run.checkpoint(2)).params, (await run.checkpoint(18)).params];
  const { x } = task.dataset.train;
  const kernel = async (first: RealArray, second: RealArray, weights?: Float64Array) =>
    (await tangentKernel(task, first, x, x, { params2: second, ...(weights && { weights }) })).kernel;
  const [forth, back] = [await kernel(early, late), await kernel(late, early)];
  const n = x.shape[0];
  const turned = apart(
    Float64Array.from(forth.data as RealArray, (_, k) => Number(back.data[(k % n) * n + Math.floor(k / n)])),
    forth.data as RealArray,
  );
  const drift = apart((await kernel(early, early)).data as RealArray, (await kernel(late, late)).data as RealArray);
  const ones = new Float64Array(task.layout.size).fill(1);
  const plain = apart((await kernel(early, late, ones)).data as RealArray, forth.data as RealArray);
  const text = `K_{t,s}(x, x') = K_{s,t}(x', x) to ${e(turned)}; K^I = K to ${e(plain)}; K_t moved by ${e(drift)} in the run`;
  return holding(turned < 1e-12 && plain < 1e-12, text);
}

const OPTIMIZERS: readonly (readonly [string, string, OptimizerOptions, number])[] = [
  ["SGD", "gd", {}, 2],
  ["momentum", "momentum", { momentum: 0.9 }, 1],
  ["RMSprop", "rmsprop", { alpha: 0.9 }, 0.3],
  ["Adam", "adam", { betas: [0.9, 0.999] }, 0.3],
];

/** Sum over rows and steps of |residual of left|, at fixed time, betas and momentum, as the steps halve. */
async function leftSlopes(): Promise<string> {
  const parts: string[] = [];
  for (const [label, name, options, time] of OPTIMIZERS) {
    const errors: number[] = [];
    for (const steps of [512, 1024, 2048]) {
      const optimizer = { label, name, options: { ...options, lr: time / steps } };
      const { task, run } = await trained({ optimizer, batchSize: 24, steps });
      const { changes, linear } = await secondOrder(task, run, { queries: datasetQueries(task, "test:0-2") });
      errors.push(changes.reduce((total, change, k) => total + Math.abs(change - linear[k]), 0));
    }
    const slope = halvings(errors).at(-1) as number;
    parts.push(holding(Math.abs(slope - 1) < 0.1, `${label} ${slope.toFixed(2)}`));
  }
  return `left, N = 1024 to 2048: ${parts.join(", ")}; ${await higherOrders()}`;
}

async function higherOrders(): Promise<string> {
  const errors: Record<string, number[]> = { trapezoid: [], gauss2: [] };
  for (const steps of [16, 32, 64]) {
    const { task, run } = await trained({ optimizer: GD(2 / steps), steps });
    for (const rule of Object.keys(errors)) {
      const { residualByStep, scale } = await explained(task, run, rule, 3);
      errors[rule].push(residualByStep.reduce((total, value) => total + Math.abs(value), 0) / scale);
    }
  }
  const slopes = { trapezoid: halvings(errors.trapezoid)[1], gauss2: halvings(errors.gauss2)[1] };
  const text = `trapezoid ${slopes.trapezoid.toFixed(2)}, gauss2 ${slopes.gauss2.toFixed(2)} (SGD, N = 32 to 64)`;
  return holding(Math.abs(slopes.trapezoid - 2) < 0.2 && Math.abs(slopes.gauss2 - 4) < 0.2, text);
}

/** gauss2 on a smooth model and on one with kinks, and what locating the kinks leaves. */
async function smoothness(): Promise<string> {
  const parts: string[] = [];
  for (const model of ["tanh", "relu"] as const) {
    const errors: number[] = [];
    for (const steps of [16, 32, 64]) {
      const { task, run } = await trained({ model, optimizer: GD(2 / steps), steps });
      const { residualByStep, scale } = await explained(task, run, "gauss2", 3);
      errors.push(residualByStep.reduce((total, value) => total + Math.abs(value), 0) / scale);
    }
    const { task, run } = await trained({ model, optimizer: GD(0.1) });
    const { residual, scale } = await explained(task, run, "auto", 3);
    parts.push(`${model}: gauss2 ${errors.map(e).join(", ")} as steps halve, auto ${e(largest(residual) / scale)}`);
  }
  return parts.join("; ");
}

/** r^T K r for residuals r of one output, and n^2 |grad L|^2. */
async function identityOf(task: Task, params: Float64Array): Promise<number> {
  const { x, y } = task.dataset.train;
  const n = x.shape[0];
  const fields = await flowFields(task, x);
  const residuals = (await fields.values(params)).map((value, i) => value - Number(y.data[i]));
  const { kernel } = await tangentKernel(task, params, x);
  let form = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) form += residuals[i] * residuals[j] * Number(kernel.data[i * n + j]);
  const gradients = await fields.gradients(params);
  const mean = new Float64Array(fields.size);
  gradients.forEach((g, k) => {
    mean[k % mean.length] += g;
  });
  const square = mean.reduce((total, g) => total + g * g, 0);
  return Math.abs(form / square - 1);
}

async function stationary(): Promise<string> {
  let worst = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const { task, params } = await smallTask({ hidden: [5 + seed, 4], loss: "half-mse", seed });
    worst = Math.max(worst, await identityOf(task, params as Float64Array));
  }
  const { task, run } = await trained({ optimizer: GD(0.5), hidden: [3], steps: 6000 });
  const { params } = await run.checkpoint(6000);
  const { values, vectors } = await kernelSpectrum(task, params, task.dataset.train.x, { largest: 24, vectors: true });
  const { x, y } = task.dataset.train;
  const f = await (await flowFields(task, x)).values(params as Float64Array);
  const residuals = f.map((value, i) => value - Number(y.data[i]));
  const energies = energiesOf(vectors as Tensor<"float64">, residuals);
  const total = energies.reduce((sum, value) => sum + value, 0);
  const nulls = energies.reduce((sum, value, j) => (values[j] <= 1e-3 * values[0] ? sum + value : sum), 0);
  const gradient = run.scalars.at(-1)!.gradientNorm;
  const text = `|grad L|^2 = r'Kr/n^2 to ${e(worst)} on 5 random networks; after training (gradient ${e(gradient)}) ${((100 * nulls) / total).toFixed(1)} % of the residual lies in modes below 1e-3 of the largest`;
  return holding(worst < 1e-12, text);
}

/** (u_j . r)^2 of unit rows u_j. */
function energiesOf({ data, shape: [count, n] }: Tensor<"float64">, r: Float64Array): Float64Array {
  return Float64Array.from({ length: count }, (_, j) => {
    let product = 0;
    for (let i = 0; i < n; i++) product += data[j * n + i] * r[i];
    return product ** 2;
  });
}

/**
 * Residuals of 6 examples in the eigenvectors of K_0 against e^{-lambda_j t / n}: the largest deviation of the 3 largest modes, relative, while they
 * are above 10 % of where they began.
 */
async function modalDeviation(width: number): Promise<number> {
  const { task, params } = await smallTask({ hidden: [width], examples: 6, loss: "half-mse" });
  const { x, y } = task.dataset.train;
  const { values, vectors } = await kernelSpectrum(task, params, x, { largest: 3, vectors: true });
  const u = vectors as Tensor<"float64">;
  const time = (6 * Math.log(10)) / values[2];
  // Runge and Kutta's method is stable up to 2.7.
  const pieces = Math.max(100, Math.ceil((time * values[0]) / 6));
  const { outputs, times } = await gradientFlow(await flowFields(task, x), { params, time, pieces });
  const along = (k: number, j: number): number => {
    let total = 0;
    for (let i = 0; i < 6; i++) total += u.data[j * 6 + i] * (outputs[k * 6 + i] - Number(y.data[i]));
    return total;
  };
  let worst = 0;
  for (let j = 0; j < 3; j++)
    for (let k = 1; k < times.length; k++) {
      const expected = Math.exp((-values[j] * times[k]) / 6);
      if (expected > 0.1) worst = Math.max(worst, Math.abs(along(k, j) / along(0, j) / expected - 1));
    }
  return worst;
}

async function modalDecay(): Promise<string> {
  const [narrow, wide] = [await modalDeviation(8), await modalDeviation(2048)];
  const part = (value: number): string => `${(100 * value).toPrecision(2)} %`;
  const text = `3 modes against e^(-lambda_j t/n) down to a tenth: width 2048 within ${part(wide)}, width 8 within ${part(narrow)}`;
  return holding(wide < 0.05, text);
}

/** All subsets of 2 of 6: their mean, and their covariance against F^T F. */
async function unbiased(): Promise<string> {
  const { task, params } = await smallTask({ hidden: [3], examples: 6, loss: "half-mse" });
  const { size, gradients } = await flowFields(task, task.dataset.test.x);
  const rows = await gradients(params as Float64Array);
  const factor = await noiseFactor(task, { params, batchSize: 2 });
  const mean = Float64Array.from(
    { length: size },
    (_, k) => rows.reduce((s, g, at) => (at % size === k ? s + g : s), 0) / 6,
  );
  const [sum, variance] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < 6; i++)
    for (let j = i + 1; j < 6; j++)
      for (let k = 0; k < size; k++) {
        const g = (rows[i * size + k] + rows[j * size + k]) / 2;
        sum[k] += g / 15;
        variance[k] += (g - mean[k]) ** 2 / 15;
      }
  const diagonal = mean.map((_, k) => factor.reduce((s, v, at) => (at % size === k ? s + v * v : s), 0));
  const [bias, away] = [apart(sum, mean), apart(diagonal, variance)];
  return holding(
    bias < 1e-12 && away < 1e-12,
    `all 15 batches of 2 of 6: mean to ${e(bias)}, variances against those of F^T F to ${e(away)}`,
  );
}

const FLOW = "flows/gradient-flow.test.ts";

/** Deterministic halves of rows that diffusions complete. */
export const momentumFlow = async (): Promise<string> =>
  `flow: ${await sumsToFlow({ kind: "momentum", lambda: 5 })}; ${await collapse()}`;
export const rmspropFlow = async (): Promise<string> =>
  `flow: ${await sumsToFlow({ kind: "rmsprop", rho: 2, epsilon: 0.1 })}; ${await suppression()}`;
export const adamFlow = async (): Promise<string> =>
  `flow: ${await sumsToFlow({ kind: "adam", c1: 5, c2: 2, epsilon: 0.1 })}`;

export const rows: readonly TheoryRow[] = [
  {
    id: "004-01",
    statement: "expected and empirical risk, descent, flow (1)",
    by: "trainInMemory, gradientFlow",
    test: FLOW,
    measure: descentNearsFlow,
  },
  {
    id: "004-02",
    statement: "Definitions 2.1 (2), (3); Theorem 2.2 (4), quadratic loss (5)",
    by: "gradientFlow, tangentKernel, pathKernel",
    test: FLOW,
    measure: () => sumsToFlow({ kind: "gradient" }),
    holds: "for smooth models; with the factor 2 of a loss without the 1/2",
  },
  {
    id: "004-03",
    statement: "rates that change in time; Cor. A.1, cosine (30)",
    by: "gradientFlow (rate)",
    test: FLOW,
    measure: async () => `flow by a cosine rate: ${await sumsToFlow({ kind: "gradient", rate: cosine })}`,
  },
  {
    id: "004-05",
    statement: "minibatches: uniform subsets, unbiased (6), with covariance Sigma",
    by: "noiseFactor",
    test: "flows/noise.test.ts",
    measure: unbiased,
    quick: true,
  },
  {
    id: "004-06",
    statement: "Assumption 2.1: smooth (excludes ReLU and |.|)",
    by: "explain (gauss2, auto)",
    test: "explain/exactness.test.ts",
    measure: smoothness,
    holds: "orders need it, the sum does not: kinks are located and pieces joined",
  },
  {
    id: "004-08",
    statement: "Definition 3.2: kernel of two times K_{t,s}",
    by: "tangentKernel (params2), gradientFlow",
    test: "kernels/options.test.ts",
    measure: kernelsOfTwoTimes,
    quick: true,
  },
  {
    id: "004-09",
    statement: "Definition 3.3: weighted kernel K^M_{t,s}",
    by: "tangentKernel (weights), gradientFlow",
    test: "kernels/options.test.ts",
    measure: kernelsOfTwoTimes,
    holds: "for diagonal M, which preconditioners are",
  },
  {
    id: "004-14",
    statement: "remainders O(eta), weaker for Adam",
    by: "explain (rules), secondOrder",
    test: "explain/orders.test.ts",
    measure: leftSlopes,
    holds: "1 for all, Adam too: the weaker remainder is an artefact of the way over an SDE",
  },
  {
    id: "004-16",
    statement: "Theorem 3.8: the residual ends in the null space of the kernel operator",
    by: "kernelSpectrum, tangentKernel",
    test: "kernels/spectrum.test.ts",
    measure: stationary,
    holds: "exactly as |grad L|^2 = r'Kr/n^2; as a neighbourhood of the null space only with a gap in the spectrum",
  },
  {
    id: "004-17",
    statement: "Remark 3.9: lazy training decays mode by mode, e^{-lambda_j t/n}",
    by: "kernelSpectrum, gradientFlow",
    test: FLOW,
    measure: modalDecay,
    holds: "in the lazy regime",
  },
];
