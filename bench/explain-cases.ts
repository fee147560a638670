// Explanation cases: contributions at one checkpoint beside the peers, and whole explanations of a recorded MNIST run.

import { directPuller } from "../src/explain/direct.ts";
import { explain } from "../src/explain/explain.ts";
import { readoutGraphs } from "../src/explain/graphs.ts";
import { datasetQueries } from "../src/explain/queries.ts";
import { rowsOf } from "../src/explain/rows.ts";
import { RowEvaluator } from "../src/explain/segment.ts";
import { verdictOf } from "../src/explain/verdict.ts";
import { mlp } from "../src/models/mlp.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { dot } from "../src/numeric/sum.ts";
import { readoutOf } from "../src/readouts/registry.ts";
import type { Run } from "../src/run/types.ts";
import { meanBatch, shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import type { Task } from "../src/train/task.ts";
import { rowsFromBlocks } from "../test/helpers/row-blocks.ts";
import type { BenchCase, Prepared } from "./case.ts";
import { agree, centralDifference, randomDirection, referenceOf } from "./reference.ts";
import {
  type BenchTask,
  type BenchTaskOptions,
  benchTask,
  CLASSES,
  type Hooks,
  mnist,
  randomDataset,
} from "./tasks.ts";

const BATCH = 64;
const QUERIES = 100;
/** Rows whose contributions are compared one by one. */
const CHECKED = [0, 49, 99];

const hidden128: BenchTaskOptions["model"] = (shape) => mlp({ ...shape, hidden: [128], activation: "relu" });
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

interface LeftContributions {
  readonly work: () => Promise<void>;
  /** (R, p), for the check: `work` never forms it. */
  readonly jacobian: () => Promise<Float64Array>;
  /** (R, N): <J_r, g_n>, filled by `work`. */
  readonly pulls: Float64Array;
  /** Class that is explained, for each row. */
  readonly classes: readonly number[];
}

/** What a sweep does at one checkpoint: the factors of a batch's gradients, and their pairs with those of all queries. */
async function leftContributions({ task, params }: BenchTask): Promise<LeftContributions> {
  const readout = readoutOf("predicted", { outputShape: [CLASSES], loss: task.loss });
  const { labels, feeds } = await rowsOf(task, datasetQueries(task, `test:0-${QUERIES - 1}`), { readout, params });
  const { split, loss, layout } = task;
  const options = { ...split, readout, targetType: loss.target, layout };
  const rows = new RowEvaluator(task, readoutGraphs(options), { count: QUERIES, feeds });
  rows.enter(params, params);
  const puller = directPuller(task, options);
  if (!puller) throw new Error("the network of explain_mlp must have direct pulls");
  const all = range(QUERIES);
  const node = { t: 0, rows: all, weights: all.map(() => 1) };
  const pulls = new Float64Array(QUERIES * BATCH);
  const batch = meanBatch(Int32Array.from(range(BATCH)));
  const work = async (): Promise<void> => {
    // The batch is examples 0 to 63 in their order.
    const line = puller.line(rows, [node], (row, example, pull) => {
      pulls[row * BATCH + example] = pull;
    });
    await line.step({ params, batch, stepSize: 1, share: 1, regularisers: [] });
    await line.end();
  };
  const jacobian = async (): Promise<Float64Array> => {
    const blocks = new Float32Array(QUERIES * layout.size);
    await rows.addJacobian(node, blocks, true);
    return rowsFromBlocks(blocks, layout, QUERIES);
  };
  return { work, jacobian, pulls, classes: labels.map((label) => Number(label.readout.split(":")[1])) };
}

/** Jacobians by differences of outputs along a random direction, contributions by differences of losses along some Jacobians. */
async function checkLeft({ task, params }: BenchTask, left: LeftContributions): Promise<number> {
  await left.work();
  const jacobian = await left.jacobian();
  const reference = await referenceOf(task, params);
  const { train, test } = task.dataset;
  const size = params.length;
  const along = randomDirection(size, 0);
  const outputs = await centralDifference((w) => reference.outputs(w, test), { at: params, along, h: 1e-8 });
  const slopes = left.classes.map((c, r) => outputs[r * CLASSES + c]);
  let worst = agree(
    "the Jacobians",
    left.classes.map((_, r) => dot(jacobian, along, r * size, 0, size)),
    slopes,
  );
  for (const r of CHECKED) {
    const u = jacobian.subarray(r * size, (r + 1) * size);
    const gains = await centralDifference((w) => reference.losses(w, train), { at: params, along: u, h: 1e-8 });
    const expected = gains.map((gain) => gain / BATCH);
    worst = Math.max(
      worst,
      agree(`the contributions to row ${r}`, left.pulls.subarray(r * BATCH, (r + 1) * BATCH), expected),
    );
  }
  await reference.release();
  return worst;
}

async function prepareLeft(threads: number, hooks?: Hooks): Promise<Prepared> {
  const dataset = randomDataset([784], { train: BATCH, test: QUERIES });
  const made = await benchTask({ model: hidden128, dataset, threads, hooks });
  const left = await leftContributions(made);
  const { engine } = made.task;
  return { work: left.work, units: 1, check: () => checkLeft(made, left), release: () => engine.release() };
}

const STEPS = 20;
const MNIST_QUERIES = "test:0-9";
const OPTIMIZER = { name: "adam", options: { lr: 1e-3 } };

async function recordMnist(threads: number, hooks?: Hooks): Promise<{ task: Task; run: Run }> {
  const { task, params } = await benchTask({
    model: hidden128,
    dataset: await mnist(),
    threads,
    optimizer: OPTIMIZER,
    hooks,
  });
  const examples = task.dataset.train.x.shape[0];
  const batches = [...shuffledBatches({ examples, batchSize: BATCH, steps: STEPS }, randomFrom(0, "batches"))];
  return { task, run: await trainInMemory(task, { params, batches }) };
}

/** The explanation must close within its tolerance, and its contributions be those of forward mode, row by row. */
async function checkMnist(task: Task, run: Run, rule: string): Promise<number> {
  const options = { queries: datasetQueries(task, "test:0-1"), rule };
  const explanation = await explain(task, run, options);
  const { closure, residual } = verdictOf(explanation, task.engine.dtype);
  if (!closure.holds) throw new Error(`closure must be rounding, got ${closure.relative}`);
  if (rule === "auto" && !residual.holds)
    throw new Error(`the residual must hold its tolerance, got ${residual.relative}`);
  const forward = await explain(task, run, { ...options, pulls: "forward" });
  return agree("contributions", explanation.contributions, forward.contributions);
}

const prepareMnist =
  (rule: string) =>
  async (threads: number, hooks?: Hooks): Promise<Prepared> => {
    const { task, run } = await recordMnist(threads, hooks);
    const queries = datasetQueries(task, MNIST_QUERIES);
    const work = () => explain(task, run, { queries, rule, tolerance: 1e-4 });
    const check = () => checkMnist(task, run, rule);
    return { work, units: queries.length * STEPS, most: 5, check, release: () => task.engine.release() };
  };

const mnistAbout = `one query and step of 10 test images explained over ${STEPS} Adam steps of MNIST, 784-128-10 relu, batch 64`;

export const explainCases: Readonly<Record<string, BenchCase>> = {
  explain_mlp: {
    about:
      "left-endpoint contributions of a batch of 64 to 100 queries (predicted logit) at one checkpoint, 784-128-10 relu",
    prepare: prepareLeft,
  },
  explain_mnist_left: { about: `${mnistAbout}; rule left`, prepare: prepareMnist("left") },
  explain_mnist_auto: { about: `${mnistAbout}; rule auto, tolerance 1e-4`, prepare: prepareMnist("auto") },
};
