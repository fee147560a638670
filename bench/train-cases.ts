// Training cases: one step of SGD as the library takes it, gradient norm and finiteness included. The rows of the batch lie one after another and
// are not copied, as the peer's are there already.

import { cnn } from "../src/models/cnn.ts";
import { mlp } from "../src/models/mlp.ts";
import { sliceRows } from "../src/numeric/tensor.ts";
import { meanBatch } from "../src/train/batches.ts";
import { Stepper } from "../src/train/stepper.ts";
import type { BenchCase, Prepared } from "./case.ts";
import { checkGradient } from "./reference.ts";
import { type BenchTask, type BenchTaskOptions, benchTask, type Hooks, mnist, randomDataset } from "./tasks.ts";
import { TINY, tinyTask } from "./tiny.ts";

const STEP_SIZE = 1e-3;

/** One step on the first `size` training examples, over and over. */
export function stepOf({ task, params }: BenchTask, size: number): { stepper: Stepper; step: () => Promise<void> } {
  const stepper = new Stepper(task);
  stepper.params.set(params);
  const batch = meanBatch(Int32Array.from({ length: size }, (_, i) => i));
  const step = async (): Promise<void> => {
    const { fault } = await stepper.advance(batch, STEP_SIZE);
    if (fault) throw new Error(`a benchmarked step must stay finite: ${fault}`);
  };
  return { stepper, step };
}

/** A step of size 1 on all of a small dataset moves by minus the gradient, which is compared with central differences. */
async function checkStep({ task, params }: BenchTask): Promise<number> {
  const stepper = new Stepper(task);
  stepper.params.set(params);
  await stepper.advance(meanBatch(Int32Array.from({ length: task.dataset.train.x.shape[0] }, (_, i) => i)), 1);
  return checkGradient(
    task,
    params,
    Float64Array.from(params, (w, k) => w - stepper.params[k]),
  );
}

type TrainCase = (threads: number) => Promise<{ options: BenchTaskOptions; batch: number }>;

const trainMlp: TrainCase = async (threads) => ({
  options: {
    model: (shape) => mlp({ ...shape, hidden: [512, 512], activation: "tanh" }),
    dataset: randomDataset([784], { train: 128 }),
    threads,
  },
  batch: 128,
});

const trainCnn: TrainCase = async (threads) => ({
  options: {
    model: (shape) => cnn({ ...shape, channels: [16, 32, 64], hidden: 128 }),
    dataset: randomDataset([1, 28, 28], { train: 64 }),
    threads,
  },
  batch: 64,
});

const trainMnistMlp: TrainCase = async (threads) => {
  const { train, ...rest } = await mnist();
  const model: BenchTaskOptions["model"] = (shape) => mlp({ ...shape, hidden: [128], activation: "relu" });
  return { options: { model, dataset: { train, ...rest }, threads }, batch: 64 };
};

const prepared =
  (make: TrainCase) =>
  async (threads: number, hooks?: Hooks): Promise<Prepared> => {
    const { options, batch } = await make(threads);
    const made = await benchTask({ ...options, hooks });
    const { step } = stepOf(made, batch);
    return {
      work: step,
      units: 1,
      check: () => checkStep(headOf(made, batch)),
      release: () => made.task.engine.release(),
    };
  };

/** The same task on its first examples alone. */
function headOf({ task, params }: BenchTask, count: number): BenchTask {
  const { x, y } = task.dataset.train;
  const rows = { x: sliceRows(x, 0, count), y: sliceRows(y as typeof x, 0, count) };
  return { task: { ...task, dataset: { ...task.dataset, train: rows } }, params };
}

/** Steps that are timed together: one is too short for the clock. */
const TINY_STEPS = 100;

async function prepareTiny(threads: number, hooks?: Hooks): Promise<Prepared> {
  const made = await tinyTask(threads, hooks);
  const { step } = stepOf(made, TINY);
  const work = async (): Promise<void> => {
    for (let s = 0; s < TINY_STEPS; s++) await step();
  };
  return { work, units: TINY_STEPS, check: () => checkStep(made), release: () => made.task.engine.release() };
}

export const trainCases: Readonly<Record<string, BenchCase>> = {
  train_mlp: { about: "one SGD step, 784-512-512-10 tanh, batch 128, cross-entropy", prepare: prepared(trainMlp) },
  train_cnn: {
    about: "one SGD step, convolutions 16/32/64 3x3 + relu + maxpool 2, linear 128, 10; batch 64 of 28x28",
    prepare: prepared(trainCnn),
  },
  train_tiny: { about: "one SGD step, 2-16-16-1 tanh, batch 8, mean squared error", prepare: prepareTiny },
  train_mnist_mlp: { about: "one SGD step on MNIST, 784-128-10 relu, batch 64", prepare: prepared(trainMnistMlp) },
};
