// Rows of Guo, He and Morel with noise: weak order of the diffusions, and the kernel integrals of Theorems 3.4 to 3.7 in expectation.

import type { Dynamics } from "../../src/flows/dynamics.ts";
import { gradientFlow } from "../../src/flows/gradient-flow.ts";
import { pairStatistics, simulateDescent, simulateDiffusion } from "../../src/flows/simulate.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { adamFlow, momentumFlow, rmspropFlow } from "./flows.ts";
import { hostFields } from "./host-network.ts";
import { type LeastSquares, secondMoments } from "./linear-moments.ts";
import { e, halvings, holding } from "./problem.ts";
import type { TheoryRow } from "./row.ts";

const T = 2;

/** A tanh network 1-4-1 on 8 points of a sine, seen at 6 others. */
function network() {
  const xs = [-1.5, -1, -0.6, -0.1, 0.3, 0.8, 1.2, 1.6];
  const queries = [-1.3, -0.8, -0.3, 0.5, 1, 1.4];
  const fields = hostFields({ xs, ys: xs.map((x) => Math.sin(2 * x)), queries, hidden: 4 });
  const random = randomFrom(1, "start");
  return { fields, params: Float64Array.from({ length: fields.size }, () => random.normal()) };
}

interface Measured {
  readonly eta: number;
  readonly value: number;
  readonly error: number;
}

/** Slope of log |value| against log eta, weighted by the errors, with its standard error. */
function slopeWithError(points: readonly Measured[]): { slope: number; error: number } {
  const weights = points.map(({ value, error }) => (value / error) ** 2);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const x = points.map(({ eta }) => Math.log(eta));
  const y = points.map(({ value }) => Math.log(Math.abs(value)));
  const mean = (of: readonly number[]): number => of.reduce((sum, v, k) => sum + weights[k] * v, 0) / total;
  const [mx, my] = [mean(x), mean(y)];
  const spread = x.reduce((sum, v, k) => sum + weights[k] * (v - mx) ** 2, 0);
  const slope = x.reduce((sum, v, k) => sum + weights[k] * (v - mx) * (y[k] - my), 0) / spread;
  return { slope, error: 1 / Math.sqrt(spread) };
}

/**
 * E g(theta_k) - E g(Theta_{k eta}) at time T with g the outputs along the direction in which gradient descent at eta = 1/5 leaves its flow: a smooth
 * function that is fixed before any noise is drawn. Descent and diffusion meet the same noise.
 */
async function weakOrder(
  dynamics: Dynamics,
  runs: number,
): Promise<{ points: Measured[]; slope: number; error: number }> {
  const { fields, params } = network();
  const common = { params, batchSize: 4, seed: 7, dynamics, substeps: 4 };
  const whole = await simulateDescent(fields, { ...common, batchSize: 8, stepSize: 0.2, steps: T / 0.2, runs: 4 });
  const flow = await gradientFlow(fields, { params, time: T, pieces: 200, dynamics });
  const way = whole.mean.map((value, r) => value - flow.output[r]);
  const length = Math.sqrt(way.reduce((sum, value) => sum + value * value, 0));
  const points: Measured[] = [];
  for (const steps of [10, 20, 40]) {
    const given = { ...common, stepSize: T / steps, steps, runs };
    const descent = await simulateDescent(fields, given);
    const diffusion = await simulateDiffusion(fields, { ...given, kernels: false });
    const g = Float64Array.from({ length: runs }, (_, run) =>
      way.reduce((sum, value, r) => {
        const at = run * fields.rows + r;
        return sum + (value / length) * (descent.outputs[at] - diffusion.outputs[at]);
      }, 0),
    );
    const { mean, standardError } = pairStatistics(g, 1);
    points.push({ eta: T / steps, value: mean[0], error: standardError[0] });
  }
  return { points, ...slopeWithError(points) };
}

const listed = (points: readonly Measured[]): string =>
  points.map(({ value, error }) => `${e(value)} +- ${e(error)}`).join(", ");
const etas = (points: readonly Measured[]): string => points.map(({ eta }) => eta).join(", ");

/** Linear least squares, whose second moments are closed: no simulation, no error bars. */
function linearOrder(): string {
  const problem: LeastSquares = {
    rows: [
      [1, 0.5, 1],
      [0.3, -1, 1],
      [-0.7, 0.2, 1],
      [1.2, 1, 1],
    ],
    targets: [1, -0.5, 0.3, 2],
  };
  const errors = [20, 40, 80, 160].map((steps) => {
    const given = { start: [0.5, -1, 0.2], eta: T / steps, steps, batchSize: 1 };
    const { descent, diffusion } = secondMoments(problem, given);
    return Math.abs(descent[0][0] - diffusion[0][0]);
  });
  const slope = halvings(errors).at(-1) as number;
  const text = `linear least squares, E theta^2 in closed form: ${errors.map(e).join(", ")} as eta halves: slope ${slope.toFixed(2)}`;
  return holding(Math.abs(slope - 1) < 0.05, text);
}

async function weakOrderOfSgd(): Promise<string> {
  const { points, slope, error } = await weakOrder({ kind: "gradient" }, 3000);
  const text = `${linearOrder()}; tanh 1-4-1, b = 4 of 8, 3000 runs: ${listed(points)} at eta ${etas(points)}: slope ${slope.toFixed(2)} +- ${error.toFixed(2)}`;
  return holding(slope - 2 * error > 0.5 && slope + 2 * error < 2, text);
}

/** What is left of E f - f_0 - sum of E I_i, worst row, as eta halves; and the weak order of the equation. */
async function theorem(dynamics: Dynamics, runs = 400): Promise<string> {
  const { fields, params } = network();
  const left: Measured[] = [];
  let change = 0;
  for (const steps of [10, 20, 40]) {
    const given = { params, batchSize: 4, seed: 3, dynamics, substeps: 4, stepSize: T / steps, steps, runs };
    const { residual, residualError, mean, prior } = await simulateDiffusion(fields, given);
    const worst = residual.reduce((at, value, r) => (Math.abs(value) > Math.abs(residual[at]) ? r : at), 0);
    left.push({ eta: T / steps, value: residual[worst], error: residualError[worst] });
    change = Math.max(...mean.map((value, r) => Math.abs(value - prior[r])));
  }
  const { slope, error } = slopeWithError(left);
  const text = `E f - f_0 - sum of E I_i: ${listed(left)} of ${change.toFixed(2)} at eta ${etas(left)}: slope ${slope.toFixed(2)} +- ${error.toFixed(2)}`;
  return holding(slope > 0.5, text);
}

async function withWeakOrder(dynamics: Dynamics): Promise<string> {
  const { points, slope, error } = await weakOrder(dynamics, 600);
  return `descent against diffusion ${listed(points)} at eta ${etas(points)}: slope ${slope.toFixed(2)} +- ${error.toFixed(2)}; ${await theorem(dynamics)}`;
}

/** Momentum in its averaging form with lambda = 1/eta is SGD. */
async function sgdWithin(): Promise<string> {
  const { fields, params } = network();
  const given = { params, batchSize: 4, seed: 5, stepSize: 0.1, steps: 20, runs: 20 };
  const sgd = await simulateDescent(fields, given);
  const momentum = await simulateDescent(fields, { ...given, dynamics: { kind: "momentum", lambda: 10 } });
  const away = sgd.outputs.reduce((most, value, k) => Math.max(most, Math.abs(value - momentum.outputs[k])), 0);
  return holding(away < 1e-13, `runs at lambda = 1/eta against those of SGD: ${e(away)}`);
}

const TEST = "flows/simulate.test.ts";

export const rows: readonly TheoryRow[] = [
  {
    id: "004-07",
    statement: "Definition 3.1, Lemma 3.1: SDE (7) is a weak approximation of order 1 (8)",
    by: "simulateDescent, simulateDiffusion",
    test: TEST,
    measure: weakOrderOfSgd,
    holds: "for smooth models; pieces of a step of the simulator add an error of the same order",
  },
  {
    id: "004-10",
    statement: "Theorem 3.4, SGD (11)",
    by: "simulateDiffusion",
    test: TEST,
    measure: () => theorem({ kind: "gradient" }),
    holds: "up to eta/2 E int tr(Sigma Hess f) dt, which is the remainder",
  },
  {
    id: "004-11",
    statement: "Theorem 3.5, momentum (16); lambda to infinity is SGD",
    by: "gradientFlow, simulateDiffusion",
    test: TEST,
    measure: async () =>
      `${await momentumFlow()}; ${await sgdWithin()}; ${await withWeakOrder({ kind: "momentum", lambda: 2 })}`,
  },
  {
    id: "004-12",
    statement: "Theorem 3.6, RMSprop (20); the preconditioner suppresses noisy directions",
    by: "gradientFlow, simulateDiffusion",
    test: TEST,
    measure: async () => `${await rmspropFlow()}; ${await withWeakOrder({ kind: "rmsprop", rho: 2, epsilon: 0.5 })}`,
    holds: "from a running square at rest: from 0 its first steps are 1/sqrt(1 - beta) long, and no order is kept",
  },
  {
    id: "004-13",
    statement: "Theorem 3.7, Adam (24)",
    by: "gradientFlow, simulateDiffusion",
    test: TEST,
    measure: async () => `${await adamFlow()}; ${await withWeakOrder({ kind: "adam", c1: 2, c2: 2, epsilon: 0.5 })}`,
    holds: "with betas that tend to 1 as the step shrinks; at fixed betas there is no such limit, and row 004-14 holds",
  },
  {
    id: "004-19",
    statement: "updates of momentum, RMSprop and Adam, summed form (B.1), their SDEs (B.2, B.3)",
    by: "createOptimizer, simulateDescent, simulateDiffusion",
    test: "optimizers/torch.test.ts; flows/simulate.test.ts",
    measure: sgdWithin,
    quick: true,
  },
];
