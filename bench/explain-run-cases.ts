// Whole explanations of recorded runs: 100 queries of an MNIST perceptron over a thousand steps, and a tiny network.

import { explain } from "../src/explain/explain.ts";
import { datasetQueries } from "../src/explain/queries.ts";
import type { Explanation, Query } from "../src/explain/types.ts";
import { verdictOf } from "../src/explain/verdict.ts";
import { mlp } from "../src/models/mlp.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { planCheckpoints } from "../src/run/checkpoint-plan.ts";
import type { Run } from "../src/run/types.ts";
import { fullBatches, shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import type { Task } from "../src/train/task.ts";
import type { BenchCase, Least, Prepared } from "./case.ts";
import { explanationPasses, explanationPulls, mlpLayers } from "./flops.ts";
import { agree } from "./reference.ts";
import { type BenchTask, type BenchTaskOptions, benchTask, type Hooks, mnist } from "./tasks.ts";
import { TINY, tinyTask } from "./tiny.ts";

const RULE = "gauss2";
const NODES = 2;

/** Steps of the runs on which contributions are compared with those of forward mode. */
const FEW_STEPS = 10;

interface Explained {
  readonly task: Task;
  readonly run: Run;
  readonly queries: readonly Query[];
}

/** Residual that two nodes may leave, relative to the largest change of an output: kinks of ReLU cost 2e-2 of that over 5 steps, less over more. */
const RESIDUAL_LIMIT = 0.05;

/** Explains by two Gauss nodes a step; throws unless all adds up. */
async function explained({ task, run, queries }: Explained, pulls: "auto" | "forward" = "auto"): Promise<Explanation> {
  const explanation = await explain(task, run, { queries, rule: RULE, pulls });
  const { closure, residual } = verdictOf(explanation, task.engine.dtype);
  if (!closure.holds) throw new Error(`closure must be rounding, got ${closure.relative}`);
  if (!(residual.relative <= RESIDUAL_LIMIT))
    throw new Error(`the residual must be at most ${RESIDUAL_LIMIT} of the largest change, got ${residual.relative}`);
  return explanation;
}

async function checkAgainstForward(few: Explained): Promise<number> {
  const [{ contributions }, forward] = [await explained(few), await explained(few, "forward")];
  return agree("contributions", contributions, forward.contributions);
}

function noteOf(explanation: Explanation, { engine }: Task): string {
  const { closure, residual } = verdictOf(explanation, engine.dtype);
  return `closure ${closure.relative.toExponential(0)} of gross, residual ${residual.relative.toExponential(0)} of the largest change`;
}

const BATCH = 64;
/** All training images but 32, so that every batch is full. */
const EXAMPLES = 937 * BATCH;
const QUERIES = 100;
const MNIST_LAYERS = mlpLayers(784, 128, 10);

type Optimizer = NonNullable<BenchTaskOptions["optimizer"]>;

const hidden128: BenchTaskOptions["model"] = (shape) => mlp({ ...shape, hidden: [128], activation: "relu" });

/** A run with as many checkpoints as the command line keeps; steps between them are replayed. */
async function record({ task, params }: BenchTask, steps: number): Promise<Run> {
  const batches = [...shuffledBatches({ examples: EXAMPLES, batchSize: BATCH, steps }, randomFrom(0, "batches"))];
  const { layout, optimizer } = task;
  const counts = { parameterCount: layout.size, bufferCount: optimizer.buffers.length };
  const { every } = planCheckpoints({ steps, ...counts, dtype: "float32" });
  return trainInMemory(task, { params, batches, checkpointEvery: every });
}

const prepareMnist =
  (optimizer: Optimizer, steps: number) =>
  async (threads: number, hooks?: Hooks): Promise<Prepared> => {
    const dataset = await mnist(EXAMPLES);
    const made = await benchTask({ model: hidden128, dataset, threads, optimizer, hooks });
    const { task } = made;
    const [run, few] = [await record(made, steps), await record(made, Math.min(steps, FEW_STEPS))];
    const queries = datasetQueries(task, `test:0-${QUERIES - 1}`);
    let last: Explanation;
    return {
      work: async () => {
        last = await explained({ task, run, queries });
      },
      units: 1,
      once: true,
      check: () => checkAgainstForward({ task, run: few, queries: queries.slice(0, 2) }),
      note: () => noteOf(last, task),
      release: () => task.engine.release(),
    };
  };

/** Two counts: without the pulls, which plain SGD could do by inner products of factors, and with them. */
function leastOf(steps: number): Least[] {
  const size = { layers: MNIST_LAYERS, rows: QUERIES, batch: BATCH, steps, nodes: NODES };
  const passes = explanationPasses(size);
  return [
    { what: "forward and backward passes", flops: passes },
    { what: "passes, and pulls of unstructured vectors", flops: passes + explanationPulls(size) },
  ];
}

const ABOUT_MNIST = "explanation of 100 test images by two Gauss nodes a step, MNIST, 784-128-10 relu, batch 64";

function mnistCase(words: string, optimizer: Optimizer, steps: number): BenchCase {
  const about = `${ABOUT_MNIST}; ${steps} steps of ${words}, once`;
  return { about, prepare: prepareMnist(optimizer, steps), threads: [2], least: leastOf(steps) };
}

const TINY_STEPS = 100;

async function prepareTiny(threads: number, hooks?: Hooks): Promise<Prepared> {
  const { task, params } = await tinyTask(threads, hooks);
  const run = await trainInMemory(task, { params, batches: [...fullBatches(TINY, TINY_STEPS)] });
  const made = { task, run, queries: datasetQueries(task, `test:0-${TINY - 1}`) };
  return {
    work: () => explained(made),
    units: TINY_STEPS,
    check: () => checkAgainstForward(made),
    release: () => task.engine.release(),
  };
}

/** `steps` of the long runs: 1,000, or fewer to try them. */
export function explainRunCases({ steps }: { readonly steps: number }): Readonly<Record<string, BenchCase>> {
  return {
    explain_tiny: {
      about: `one step of an explanation of 8 queries by two Gauss nodes a step, ${TINY_STEPS} SGD steps of 2-16-16-1 tanh, batch 8`,
      prepare: prepareTiny,
    },
    explain_sgd_1000: mnistCase("SGD", { name: "sgd", options: { lr: 0.1 } }, steps),
    explain_momentum_1000: mnistCase(
      "SGD with momentum 0.9",
      { name: "sgd", options: { lr: 0.01, momentum: 0.9 } },
      steps,
    ),
    explain_adam_1000: mnistCase("Adam", { name: "adam", options: { lr: 1e-3 } }, steps),
  };
}
