// Rows of the theory's table on losses, step sizes and where training stops.

import { vjp } from "../../src/differentiate/reverse.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { fullLike } from "../../src/graph/ops.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { createSchedule } from "../../src/schedules/registry.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { smallTask } from "../../test/helpers/tasks.ts";
import type { TheoryRow } from "./row.ts";

/** dl/dy by the graph's derivative. */
async function derivativeOf(name: string, y: Tensor, target: Tensor): Promise<Float64Array> {
  const b = new GraphBuilder();
  const outputs = b.input("y", "real", ["N", ...y.shape.slice(1)]);
  const t = b.input("target", target.dtype === "int64" ? "int64" : "real", ["N", ...target.shape.slice(1)]);
  const value = lossOf(name).value(b, outputs, t);
  const [derivative] = vjp(b, [{ value, cotangent: fullLike(b, value, 1) }], [outputs]);
  const engine = await openEngine({ dtype: "float64" });
  const results = await engine.compile(b.build({ derivative: derivative! })).run({ y, target });
  await engine.release();
  return results.derivative.data as Float64Array;
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, k) => Math.max(most, Math.abs(value - b[k])), 0);

async function measureDerivatives(): Promise<string> {
  const p = reals([2, 2, 3], [0.2, 0.5, 0.3, 0.1, 0.6, 0.3, 0.25, 0.25, 0.5, 0.7, 0.2, 0.1]);
  const labels = integers([2, 2], [1, 2, 0, 0]);
  const joint = await derivativeOf("joint-nll", p, labels);
  const expected = Array.from(p.data, (value, k) =>
    k % 3 === Number(labels.data[Math.floor(k / 3)]) ? -1 / value : 0,
  );
  const [y, target] = [reals([3, 1], [0.5, -1, 2]), reals([3, 1], [1, 0.25, 2])];
  const squares = await derivativeOf("half-mse", y, target);
  const differences = Array.from(y.data, (value, k) => value - target.data[k]);
  return `largest error ${largest(squares, differences).toExponential(0)} (y - y*), ${largest(joint, expected).toExponential(0)} (-1/p_i)`;
}

async function measureNll(): Promise<string> {
  const { task, params, batches } = await smallTask({ loss: "nll", optimizer: { name: "gd", options: { lr: 0.2 } } });
  const run = await trainInMemory(task, { params, batches: batches.slice(0, 20) });
  const queries = datasetQueries(task, "test:0-3");
  const probabilities = await Promise.all(
    [0, 1, 2].map((k) => explain(task, run, { queries, readout: `output:${k}`, tolerance: 1e-10 })),
  );
  const [first] = probabilities;
  // Probabilities sum to 1 all along the path, so that what an example does to them sums to 0.
  const sums = Array.from(first.contributions, (_, k) =>
    probabilities.reduce((total, { contributions }) => total + contributions[k], 0),
  );
  const most = Math.max(...sums.map(Math.abs)) / Math.max(...first.gross);
  return `contributions to the three probabilities sum to 0 within ${most.toExponential(0)} of their gross`;
}

async function measureSearch(): Promise<string> {
  const { task, params, batches } = await smallTask({
    loss: "cross-entropy",
    optimizer: { name: "gd", options: { lr: 64 } },
    steps: 40,
  });
  const schedule = createSchedule("line-search", { stepSize: 64, steps: batches.length });
  const run = await trainInMemory(task, { params, batches, schedule });
  const losses = run.scalars.map(({ loss }) => loss);
  const lower = losses.slice(1).filter((loss, s) => loss < losses[s]).length;
  const sizes = run.scalars.map(({ stepSize }) => stepSize);
  return `${lower} of ${losses.length - 1} steps lower the loss, ${losses[0].toFixed(2)} to ${losses[losses.length - 1].toFixed(2)}; eta ${Math.min(...sizes)} to ${Math.max(...sizes)}`;
}

async function measureStop(): Promise<string> {
  // A linear model and half the mean square: convex, and gradient descent gets there.
  const limit = 1e-10;
  const { task, params, batches } = await smallTask({
    loss: "half-mse",
    hidden: [],
    optimizer: { name: "gd", options: { lr: 0.5 } },
    steps: 400,
  });
  const run = await trainInMemory(task, { params, batches, stopGradientNorm: limit });
  const last = run.scalars[run.scalars.length - 1].gradientNorm;
  return `stops after ${run.manifest.steps} of ${run.manifest.plannedSteps} steps at |∇L| <= ${limit} (${last.toExponential(1)} before the last)`;
}

async function measureCosine(): Promise<string> {
  const { task, params, batches } = await smallTask({ optimizer: { name: "sgd", options: { lr: 0.1 } }, steps: 30 });
  const schedule = createSchedule("cosine:warmup=5", { stepSize: 0.1, steps: 30 });
  const run = await trainInMemory(task, { params, batches, schedule });
  const worst = largest(
    run.scalars.map(({ stepSize }) => stepSize),
    batches.map((_, s) => schedule.stepSize(s)),
  );
  const queries = datasetQueries(task, "test:0-3");
  const { residual, closure, gross } = await explain(task, run, { queries, tolerance: 1e-10 });
  const share = (values: ArrayLike<number>): string =>
    Math.max(...Array.from(values, (value, r) => Math.abs(value) / gross[r])).toExponential(0);
  return `weights of the steps are eta_s within ${worst}; residual ${share(residual)}, closure ${share(closure)} of gross`;
}

export const rows: readonly TheoryRow[] = [
  {
    id: "000-07",
    statement: "gradient descent moves by -eta ∇L and stops where ∇L = 0",
    by: "trainInMemory({ stopGradientNorm }), train --stop-gradient-norm",
    test: "train/stop.test.ts",
    holds: "of the gradient of the step's batch: all examples for gd, a sample's for sgd",
    measure: measureStop,
    quick: true,
  },
  {
    id: "001-13",
    statement: "losses of Remark 3: L' = y - y* for least squares, -1/p_i for L = -Σ ln p_i",
    by: "lossOf",
    test: "losses/losses.test.ts",
    measure: measureDerivatives,
    quick: true,
  },
  {
    id: "001-14",
    statement: "the negative log-likelihood of an output that is a probability: L' = -1/p",
    by: 'lossOf("nll"), lossOf("joint-nll")',
    test: "explain/exactness.test.ts",
    holds: "p > 0: at p = 0 the loss is infinite and training ends as diverged",
    measure: measureNll,
  },
  {
    id: "001-29",
    statement: "the step size as a line search: every step of gradient descent lowers the loss",
    by: 'createSchedule("line-search"), train --schedule line-search',
    test: "train/line-search.test.ts",
    holds: "steps along -∇L (gd, sgd without momentum and weight decay), of the step's own batch",
    measure: measureSearch,
    quick: true,
  },
  {
    id: "004-03",
    statement: "a learning rate that changes with time weighs each step by its own eta_s; cosine annealing",
    by: "createSchedule, explain",
    test: "schedules/schedules.test.ts",
    measure: measureCosine,
  },
];
