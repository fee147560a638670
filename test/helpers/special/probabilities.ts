// A Bayesian network trained on its likelihood (001-31), and gradient descent as boosting (001-29, 001-30).

import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { add, matmul, mul, neg, reduceSum, reshape, slice, sub } from "../../../src/graph/ops.ts";
import type { Value } from "../../../src/graph/types.ts";
import type { Loss } from "../../../src/losses/types.ts";
import type { Model } from "../../../src/models/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { builtModel, modelTask } from "../model-task.ts";

/** P(a) P(b | a) P(c | a, b) over three bits, a table of logits for each: y (N, 1) is the probability of the assignment. */
function bayesianNetwork(): Model {
  return builtModel("Bayesian network", [3], (b, x) => {
    const bit = (k: number): Value => slice(b, x, 1, { start: k, end: k + 1 });
    /** [1 - v, v] of a bit; of two, the four products. */
    const states = (v: Value): Value => b.op("Concat", [sub(b, 1, v), v], { axis: 1 });
    const [a, second, third] = [bit(0), bit(1), bit(2)];
    const pairs = (u: Value, v: Value): Value =>
      reshape(b, mul(b, b.op("Unsqueeze", [u, b.ints([2])]), b.op("Unsqueeze", [v, b.ints([1])])), ["N", 4]);
    const chance = (value: Value, table: Value, parents: Value | undefined): Value => {
      const logit = parents ? matmul(b, parents, table) : add(b, mul(b, value, 0), table);
      const p = b.op("Sigmoid", [logit]);
      return add(b, mul(b, value, p), mul(b, sub(b, 1, value), sub(b, 1, p)));
    };
    const table = (name: string, rows: number): Value => b.input(name, "real", [rows, 1]);
    const ofA = chance(a, b.input("a", "real", [1]), undefined);
    const ofB = chance(second, table("b", 2), states(a));
    const ofC = chance(third, table("c", 4), pairs(states(a), states(second)));
    return mul(b, mul(b, ofA, ofB), ofC);
  });
}

/** -log p of a probability: l' = -1 / p (Domingos 2020, Remark 3). */
const likelihood: Loss = {
  name: "likelihood",
  target: "real",
  value: (b: GraphBuilder, y, target) => reduceSum(b, mul(b, neg(b, b.op("Log", [y])), target), [1]),
};

export interface DensityAgreement {
  /** |sum over all 8 assignments of P(x)| - 1 after training. */
  readonly mass: number;
  /** max over examples of |sum_x contribution_i(x)|, relative to the largest contribution. */
  readonly contributions: number;
  /** The same of the residuals, relative to the largest change of a probability. */
  readonly residual: number;
  /** Least contribution of an assignment's own occurrences to its probability: positive, as a density estimate's. */
  readonly own: number;
}

/** Contributions to all eight probabilities by `rule`, 10 examples, 20 steps of descent. */
export async function bayesianDensity(rule: string): Promise<DensityAgreement> {
  const random = randomFrom(1, "assignments");
  const n = 10;
  const x = reals(
    [n, 3],
    Array.from({ length: n }, () => {
      const a = Number(random.uniform() < 0.6);
      return [a, Number(random.uniform() < (a ? 0.8 : 0.3)), Number(random.uniform() < 0.5)];
    }).flat(),
  );
  const space = reals([8, 3], Array.from({ length: 8 }, (_, k) => [k >> 2, (k >> 1) & 1, k & 1]).flat());
  const optimizer = { name: "gd", options: { lr: 0.5 } };
  const y = reals([n, 1], new Float64Array(n).fill(1));
  const { task, params } = await modelTask({
    model: bayesianNetwork(),
    loss: likelihood,
    x,
    y,
    queries: space,
    optimizer,
  });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(n, 20)] });
  const rows = inputQueries(task, space, { name: "space" });
  const e = await explain(task, run, { queries: rows, rule, readout: "output:0", tolerance: 1e-10 });
  const total = (values: ArrayLike<number>, at: (k: number) => number): number =>
    Array.from({ length: 8 }, (_, k) => values[at(k)]).reduce((a, b) => a + b, 0);
  let own = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const k = 4 * x.data[3 * i] + 2 * x.data[3 * i + 1] + x.data[3 * i + 2];
    own = Math.min(own, e.contributions[k * n + i]);
  }
  const sums = Array.from({ length: n }, (_, i) => total(e.contributions, (k) => k * n + i));
  return {
    mass: total(e.output, (k) => k) - 1,
    contributions: largest(sums) / largest(e.contributions),
    residual: Math.abs(total(e.residual, (k) => k)) / e.scale,
    own,
  };
}
