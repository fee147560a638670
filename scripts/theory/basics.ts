// Rows of the theorem itself: kernels, the identity and its proof, contributions, superpositions.

import { explain } from "../../src/explain/explain.ts";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { type RealArray, reals } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { trainableOf } from "../../src/train/task.ts";
import { embeddingTask } from "../../test/helpers/embedding-task.ts";
import { optimizerChoices } from "../../test/helpers/optimizer-choices.ts";
import type { SmallTask } from "../../test/helpers/tasks.ts";
import { apart, e, explained, GD, halvings, holding, largest, trained } from "./problem.ts";
import type { TheoryRow } from "./row.ts";

async function kernelsAgree(): Promise<string> {
  const { task, params } = await trained({ loss: "mse" });
  const w = trainableOf(task, params, "float64");
  const kernel = async (algorithm: "factored" | "jacobian-contraction") =>
    (await tangentKernel(task, w, task.dataset.train.x, undefined, { form: "blocks", algorithm })).kernel
      .data as RealArray;
  const away = apart(await kernel("factored"), await kernel("jacobian-contraction"));
  return holding(away < 1e-12, `factored against J J' of all Jacobians: ${e(away)}`);
}

/** K^p against the sum of the tangent kernels of the steps, each times eta_s c. */
async function pathIsSum(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.1) });
  const { train, test } = task.dataset;
  const { unweighted } = await pathKernel(task, run, test.x);
  const sum = new Float64Array(unweighted.data.length);
  for (const { step, stepSize } of run.scalars) {
    const { params } = await run.checkpoint(step);
    const { data } = (await tangentKernel(task, params, test.x, train.x)).kernel;
    for (let k = 0; k < sum.length; k++) sum[k] += (stepSize / train.x.shape[0]) * Number(data[k]);
  }
  const away = apart(unweighted.data, sum);
  return holding(away < 1e-12, `against the kernels of the steps: ${e(away)}`);
}

/** max over queries of |residual of the rule left| / scale at a fixed time of 2, for steps that halve. */
async function theoremInTheLimit(): Promise<string> {
  const errors: number[] = [];
  for (const steps of [64, 128, 256]) {
    const { task, run } = await trained({ optimizer: GD(2 / steps), steps });
    const { residual, scale } = await explained(task, run, "left");
    errors.push(largest(residual) / scale);
  }
  const slopes = halvings(errors);
  const text = `residual ${errors.map(e).join(", ")} of the change at N = 64, 128, 256: slope ${slopes.at(-1)?.toFixed(2)}`;
  return holding(Math.abs((slopes.at(-1) as number) - 1) < 0.1, text);
}

/** Each line of the proof on one step: update, chain rule, additivity, rearrangement. */
async function proofLines(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.01), steps: 1 });
  const stepper = new Stepper(task);
  const [before, after] = [await run.checkpoint(0), await run.checkpoint(1)];
  stepper.restore(before);
  await stepper.evaluate(run.batches[0]);
  const gradient = (stepper as unknown as { gradient: Float64Array }).gradient;
  const update = apart(
    after.params.map((w, k) => (w - before.params[k]) / -0.01),
    gradient,
  );
  const { contributions, residual, output, prior } = await explained(task, run, "left");
  const { contributions: kernels } = await pathKernel(task, run, task.dataset.test.x);
  const rearranged = apart(contributions, kernels.data);
  const change = output.map((value, r) => value - prior[r]);
  const chain = largest(residual) / largest(change);
  const text = `update ${e(update)}, chain rule ${e(chain)} of the change (falls as eta), rearranged ${e(rearranged)}`;
  return holding(update < 1e-10 && rearranged < 1e-12 && chain < 0.02, text);
}

async function pathGramIsPositive(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.2) });
  const { unweighted } = await pathKernel(task, run, task.dataset.train.x);
  const n = task.dataset.train.x.shape[0];
  const gram = reals([n, n], unweighted.data as Float64Array);
  const asymmetry = largest(gram.data.map((value, k) => value - gram.data[(k % n) * n + Math.floor(k / n)]));
  const values = (await openLinearAlgebra({})).eigenvalues(gram);
  const least = values[n - 1] / values[0];
  const text = `least over largest eigenvalue ${e(least)}, asymmetry ${e(asymmetry / largest(gram.data))}`;
  return holding(least > -1e-12, text);
}

const closures = async (tasks: readonly (readonly [string, SmallTask, string])[]): Promise<string> => {
  const parts: string[] = [];
  for (const [name, small, query] of tasks) {
    const run = await trainInMemory(small.task, small);
    const explanation = await explain(small.task, run, { queries: datasetQueries(small.task, query) });
    const { closure, passed } = verdictOf(explanation, "float64");
    parts.push(holding(passed, `${name} ${e(closure.relative)}`));
  }
  return `closure: ${parts.join(", ")}`;
};

async function anyData(): Promise<string> {
  const images = await trained({ model: "cnn", loss: "cross-entropy", steps: 4 });
  return closures([
    ["token sequences", await embeddingTask({ steps: 4 }), "test:0"],
    ["images", images, "test:0"],
    ["vectors", await trained({ steps: 4 }), "test:0"],
  ]);
}

/** Blocks: each output's contributions are rows of the matrix-valued kernel times the derivatives of the loss. */
async function matrixValued(): Promise<string> {
  const { task, run } = await trained({ loss: "cross-entropy", optimizer: GD(0.2), steps: 10 });
  const { contributions, unweighted } = await pathKernel(task, run, task.dataset.test.x);
  const queries = inputQueries(task, task.dataset.test.x, { name: "test" });
  const away: number[] = [];
  for (const c of [0, 1, 2]) {
    const { contributions: one } = await explain(task, run, { queries, readout: `output:${c}`, rule: "left" });
    away.push(
      apart(
        one.map((_, k) => contributions.data[3 * k + c]),
        one,
      ),
    );
  }
  const text = `3 x 3 blocks (${unweighted.shape.join(" x ")}) against explain, each output: ${e(Math.max(...away))}`;
  return holding(Math.max(...away) < 1e-12, text);
}

/** How much a_i depends on the query: its spread over queries relative to its size, training points among the queries. */
async function coefficientsDepend(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.3), steps: 60 });
  const n = task.dataset.train.x.shape[0];
  const { coefficients, wellConditioned } = await pathKernel(task, run, task.dataset.train.x);
  const spreads: number[] = [];
  let flagged = 0;
  for (let i = 0; i < n; i++) {
    const own = Array.from({ length: n }, (_, q) => q * n + i).filter((k) => wellConditioned.data[k] === 1);
    flagged += n - own.length;
    const values = own.map((k) => coefficients.data[k]);
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    spreads.push(Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length));
  }
  const spread = spreads.reduce((total, value) => total + value, 0) / n;
  const size = largest(coefficients.data);
  const text = `a_i varies over queries by ${e(spread / size)} of the largest (mean standard deviation); ${flagged} of ${n * n} flagged`;
  return holding(spread > 0, text);
}

async function lossWeighted(): Promise<string> {
  const { task, run } = await trained();
  const { contributions, lossWeighted: weighted } = await pathKernel(task, run, task.dataset.test.x);
  const { contributions: left } = await explained(task, run, "left");
  const away = Math.max(
    apart(contributions.data, left),
    apart(
      weighted.data.map((value) => -value),
      left,
    ),
  );
  return holding(away < 1e-12, `-K^lp against explain by left: ${e(away)}`);
}

async function everyOptimizer(): Promise<string> {
  let [residual, closure] = [0, 0];
  for (const optimizer of optimizerChoices) {
    const { task, run } = await trained({ optimizer, steps: 12 });
    const verdict = verdictOf(await explained(task, run, "auto", 2), "float64");
    residual = Math.max(residual, verdict.residual.relative);
    closure = Math.max(closure, verdict.closure.relative);
  }
  const text = `${optimizerChoices.length} variants: residual ${e(residual)} of the change, closure ${e(closure)}`;
  return holding(residual < 1e-10 && closure < 1e-12, text);
}

async function weightsAreSuperposed(): Promise<string> {
  const away: number[] = [];
  for (const label of ["sgd", "adamw"]) {
    const optimizer = optimizerChoices.find((choice) => choice.label === label);
    const { task, run } = await trained({ ...(optimizer && { optimizer }), steps: 30 });
    const superposition = await superpose(task, run);
    const [first, last] = [await run.checkpoint(0), await run.checkpoint(30)];
    const total = Float64Array.from(first.params);
    const rows = superposition.rows(0, superposition.examples);
    for (let k = 0; k < rows.length; k++) total[k % total.length] += rows[k];
    for (const { values } of superposition.terms) for (let k = 0; k < total.length; k++) total[k] += values[k];
    away.push(apart(total, last.params));
  }
  const text = `|w_S - (w_0 + displacements + terms)| / max |w_S|: ${e(away[0])} (SGD), ${e(away[1])} (AdamW)`;
  return holding(Math.max(...away) < 1e-13, text);
}

/** The residual, step by step, of steps that are too long for the hyperplane. */
async function timeline(): Promise<string> {
  const { task, run } = await trained({ optimizer: GD(0.4), steps: 40 });
  const { residual, residualByStep, scale, steps } = await explained(task, run, "left", 1);
  const sum = residualByStep.reduce((total, value) => total + value, 0);
  const peak = residualByStep.reduce((at, value, s) => (Math.abs(value) > Math.abs(residualByStep[at]) ? s : at), 0);
  const text = `${steps} steps sum to the residual within ${e(Math.abs(sum - residual[0]) / scale)}; the largest is step ${peak}, ${e(Math.abs(residualByStep[peak]) / scale)} of the change`;
  return holding(Math.abs(sum - residual[0]) < 1e-12 * scale, text);
}

/** A chord of the whole path against its steps: what a cheaper match costs. */
async function chordsTrade(): Promise<string> {
  const { task, run } = await trained({ steps: 60 });
  const queries = datasetQueries(task, "test:0-5");
  const steps = await explain(task, run, { queries });
  const parts: string[] = [];
  for (const chord of [5, 20]) {
    const { contributions, cost } = await explain(task, run, { queries, chord, shift: 0 });
    parts.push(
      `k = ${chord}: ${(steps.cost.nodes / cost.nodes).toFixed(1)} times fewer gradients, contributions moved by ${e(apart(contributions, steps.contributions))}`,
    );
  }
  return parts.join("; ");
}

const KERNEL = "kernels/tangent-kernel.test.ts, kernels/algorithms.test.ts";
const PATH = "kernels/path-kernel.test.ts";
const limit =
  "in the limit of small steps of plain gradient descent; a finite step leaves the residual, which is measured";

export const rows: readonly TheoryRow[] = [
  {
    id: "000-08",
    statement: "tangent kernel K(x, x') = J(x) J(x')^T",
    by: "tangentKernel",
    test: KERNEL,
    measure: kernelsAgree,
    quick: true,
  },
  {
    id: "000-09",
    statement: "path kernel K^p = integral of K along training",
    by: "pathKernel",
    test: PATH,
    measure: pathIsSum,
    quick: true,
    holds: "as a sum over steps of plain descent; momentum and Adam need a kernel of two times, which is not symmetric",
  },
  {
    id: "000-10",
    statement: "f_T(x) = sum_i a_i K^p(x, x_i) + b",
    by: "explain (rule left), pathKernel",
    test: "explain/orders.test.ts",
    measure: theoremInTheLimit,
    holds: limit,
  },
  {
    id: "000-11",
    statement: "proof: update, chain rule, exchange of sums",
    by: "explain, pathKernel",
    test: "explain/forward.test.ts",
    measure: proofLines,
    quick: true,
    holds: "the source's sums over parameters run to d, where they must run over examples",
  },
  {
    id: "001-02",
    statement: "gradient descent w_{s+1} = w_s - eta grad L(w_s)",
    by: "trainInMemory, createOptimizer",
    test: "optimizers/torch.test.ts",
    measure: proofLines,
  },
  {
    id: "001-03",
    statement: "tangent kernel (Definition 1)",
    by: "tangentKernel",
    test: KERNEL,
    measure: kernelsAgree,
  },
  {
    id: "001-04",
    statement: "path kernel (Definition 2)",
    by: "pathKernel",
    test: PATH,
    measure: pathIsSum,
  },
  {
    id: "001-05",
    statement: "Theorem 1: a_i = -average of l' weighted by the tangent kernel, b = f(x; w_0)",
    by: "pathKernel, explain",
    test: PATH,
    measure: theoremInTheLimit,
    holds: limit,
  },
  {
    id: "001-06",
    statement: "each line of the proof",
    by: "explain, pathKernel",
    test: "explain/forward.test.ts",
    measure: proofLines,
  },
  {
    id: "001-08",
    statement: "sums of positive definite kernels are positive definite: so is K^p",
    by: "pathKernel, openLinearAlgebra",
    test: PATH,
    measure: pathGramIsPositive,
    quick: true,
    holds: "for the rule left and full batches; averaged Jacobians of finite steps make it asymmetric",
  },
  {
    id: "001-09",
    statement: "examples may be arbitrary structures",
    by: "createTask, explain",
    test: "explain/architectures.test.ts, explain/sequences.test.ts, explain/special-structures.test.ts",
    measure: anyData,
  },
  {
    id: "001-10",
    statement: "vector outputs: a matrix-valued kernel",
    by: "pathKernel, tangentKernel (form blocks)",
    test: PATH,
    measure: matrixValued,
    quick: true,
  },
  {
    id: "001-11",
    statement: "Remark 1: a_i and b depend on x; training points are queries all along",
    by: "pathKernel, explainAlong",
    test: `${PATH}, explain/explain-along.test.ts`,
    measure: coefficientsDepend,
    quick: true,
    holds: "a_i are ill conditioned where K_s changes its sign: flagged, not given",
  },
  {
    id: "001-12",
    statement: "Remark 2: loss-weighted path kernel, a_i = -1",
    by: "pathKernel, explain",
    test: PATH,
    measure: lossWeighted,
    quick: true,
  },
  {
    id: "001-15",
    statement: "Remark 5: minibatches by an indicator; variants of descent",
    by: "explain",
    test: "explain/exactness.test.ts, explain/forward.test.ts",
    measure: everyOptimizer,
    holds:
      "for every first-order optimizer here, by the two-time kernel of (2); membership belongs to the step at which a gradient arose",
  },
  {
    id: "001-20",
    statement: "weights are a superposition of the training examples (Fig. 2)",
    by: "superpose, explainSuperposition",
    test: "explain/superposition.test.ts",
    measure: weightsAreSuperposed,
    quick: true,
    holds: "as an equality for w_S; contributions along the one chord differ from those along the steps by `shift`",
  },
  {
    id: "001-34",
    statement: "accuracy against the cost of storing and matching",
    by: "explain (chord), superpose",
    test: "explain/chords.test.ts; docs/chords.md",
    measure: chordsTrade,
  },
  {
    id: "002-01",
    statement: "(1), continuous: f_T = f_0 - integral of sum of l' K",
    by: "explain (rule left), gradientFlow",
    test: "explain/orders.test.ts",
    measure: theoremInTheLimit,
    holds: limit,
  },
  {
    id: "002-02",
    statement: "(2)-(8), discrete, alpha_n at each step; corrected in Errata",
    by: "explain (rule left)",
    test: "explain/rules.test.ts",
    measure: lossWeighted,
    holds: "with f(x; w_0) kept in (8), and the remainder, which is the residual",
  },
  {
    id: "002-05",
    statement: "the hyperplane assumption, step by step",
    by: "explain (residualByStep)",
    test: "explain/segment.test.ts",
    measure: timeline,
    quick: true,
  },
  {
    id: "003-02",
    statement: "definitions: kernel machine, tangent and path kernel",
    by: "tangentKernel, pathKernel",
    test: PATH,
    measure: pathIsSum,
  },
  {
    id: "003-03",
    statement: "proof",
    by: "explain, pathKernel",
    test: "explain/forward.test.ts",
    measure: proofLines,
    holds: "with the sign of Errata",
  },
];
