// Convex problems solved by other means, and by gradient descent with its expansion (001-32): ridge, logistic regression.

import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import { dotProduct, inputKernel } from "../../../src/kernels/input-kernels.ts";
import { evaluateMachine, identityLink, type KernelMachine, zeroPrior } from "../../../src/kernels/kernel-machine.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { openLinearAlgebra } from "../../../src/numeric/linear-algebra/load.ts";
import { reals, type Tensor } from "../../../src/numeric/tensor.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { modelTask, normals, relative } from "../model-task.ts";
import { minimise } from "./lbfgs.ts";
import { withOnes } from "./linear.ts";

const LAMBDA = 0.3;
const N = 10;
const STEPS = 160;
const dotOf = (a: readonly number[], b: ArrayLike<number>): number =>
  a.reduce((sum, value, k) => sum + value * b[k], 0);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

type Kind = "half-mse" | "binary-cross-entropy";

function problem(kind: Kind) {
  const [x, queries] = [normals([N, 2], "convex"), normals([4, 2], "convex queries")];
  const noise = normals([N, 1], "convex targets");
  const y = reals(
    [N, 1],
    noise.data.map((value, n) => {
      const signal = x.data[2 * n] - x.data[2 * n + 1] + 0.5 * value;
      return kind === "half-mse" ? signal : Number(signal > 0);
    }),
  );
  return { x, y, queries };
}

/** l'_i at the outputs of weights (w, b). */
const derivatives = (kind: Kind, features: readonly number[][], y: ArrayLike<number>, w: ArrayLike<number>): number[] =>
  features.map((row, n) => (kind === "half-mse" ? dotOf(row, w) : sigmoid(dotOf(row, w))) - y[n]);

/** Newton's method on the mean loss + LAMBDA/2 |w|^2; of a squared loss one step is the closed form. */
async function newton(kind: Kind, features: readonly number[][], y: ArrayLike<number>): Promise<number[]> {
  const algebra = await openLinearAlgebra({ member: "javascript" });
  let w = [0, 0, 0];
  for (let k = 0; k < 20; k++) {
    const pulls = derivatives(kind, features, y, w);
    const gradient = w.map(
      (value, i) => LAMBDA * value + features.reduce((sum, row, n) => sum + row[i] * pulls[n], 0) / N,
    );
    const curvature = features.map((row) => {
      const p = sigmoid(dotOf(row, w));
      return kind === "half-mse" ? 1 : p * (1 - p);
    });
    const hessian = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map(
        (j) => features.reduce((sum, row, n) => sum + curvature[n] * row[i] * row[j], 0) / N + (i === j ? LAMBDA : 0),
      ),
    );
    const move = algebra.solve(reals([3, 3], hessian), reals([3], gradient)).data;
    w = w.map((value, i) => value - move[i]);
  }
  return w;
}

function quasiNewton(kind: Kind, features: readonly number[][], y: ArrayLike<number>): number[] {
  const value = (w: readonly number[]): number => {
    const losses = features.map((row, n) => {
      const z = dotOf(row, w);
      return kind === "half-mse" ? (z - y[n]) ** 2 / 2 : Math.log1p(Math.exp(z)) - y[n] * z;
    });
    return losses.reduce((a, b) => a + b, 0) / N + (LAMBDA / 2) * dotOf(w, w);
  };
  const gradient = (w: readonly number[]): number[] => {
    const pulls = derivatives(kind, features, y, w);
    return w.map((own, i) => LAMBDA * own + features.reduce((sum, row, n) => sum + row[i] * pulls[n], 0) / N);
  };
  return minimise(value, gradient, [0, 0, 0]);
}

export interface ConvexAgreement {
  /** Of L-BFGS's weights and Newton's. */
  readonly solvers: number;
  /** Of prior + contributions + decay of gradient descent and the solution's outputs at the queries. */
  readonly expansion: number;
  /** Of the machine with kernel x . x' + 1 and a_i = -l'_i / (n lambda) at the solution, and the solution's outputs. */
  readonly machine: number;
}

/** Relative differences, each the largest over the queries. */
export async function convexAgreement(kind: Kind): Promise<ConvexAgreement> {
  const { x, y, queries } = problem(kind);
  const features = withOnes(x);
  const w = await newton(kind, features, y.data);
  const solution = withOnes(queries).map((row) => dotOf(row, w));
  const { task, params } = await modelTask({
    model: mlp({ inputShape: [2], outputs: 1, hidden: [], activation: "tanh" }),
    loss: lossOf(kind),
    x,
    y,
    queries,
    // The slowest mode shrinks by 1 - 0.6 * 0.3 a step: 160 steps leave 1e-14.
    optimizer: { name: "gd", options: { lr: 0.6, weightDecay: LAMBDA } },
  });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(N, STEPS)] });
  const rows = inputQueries(task, queries, { name: "queries" });
  const e = await explain(task, run, { queries: rows, rule: "left", readout: "output:0" });
  const expansion = e.prior.map((prior, r) => e.terms.reduce((sum, { values }) => sum + values[r], prior) + e.net[r]);
  const machine: KernelMachine = {
    name: "dual",
    outputs: 1,
    points: x,
    kernel: inputKernel(x, dotProduct(1)),
    coefficients: reals(
      [N, 1],
      derivatives(kind, features, y.data, w).map((pull) => -pull / (N * LAMBDA)),
    ),
    prior: zeroPrior(1),
    link: identityLink,
  };
  return {
    solvers: relative(quasiNewton(kind, features, y.data), w),
    expansion: relative(expansion, solution),
    machine: relative((await evaluateMachine(machine, queries)).value.data, solution),
  };
}

/** Contributions of a linear model under a squared loss from zero are linear in the targets (003-06): the relative difference. */
export async function linearInTargets(): Promise<number> {
  const { x, queries } = problem("half-mse");
  const [y, z] = [normals([N, 1], "targets y"), normals([N, 1], "targets z")];
  const model = mlp({ inputShape: [2], outputs: 1, hidden: [], activation: "tanh" });
  const of = async (targets: Tensor): Promise<Float64Array> => {
    const { task, params } = await modelTask({
      model,
      loss: lossOf("half-mse"),
      x,
      y: targets,
      queries,
      params: new Float64Array(3),
    });
    const run = await trainInMemory(task, { params, batches: [...fullBatches(N, 20)] });
    const rows = inputQueries(task, queries, { name: "queries" });
    return (await explain(task, run, { queries: rows, rule: "left", readout: "output:0" })).contributions;
  };
  const [ofY, ofZ] = [await of(y), await of(z)];
  const both = await of(
    reals(
      [N, 1],
      y.data.map((value, k) => 2 * value - z.data[k]),
    ),
  );
  return relative(
    both,
    ofY.map((value, k) => 2 * value - ofZ[k]),
  );
}
