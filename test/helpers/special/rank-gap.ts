// The network of one input of Guo, He and Morel, section 5.4 (Figs. 7 and 8): thresholds inside the training range, or one outside.

import type { Dataset, Split } from "../../../src/data/types.ts";
import { type RankGap, type RankGapOptions, rankGap } from "../../../src/diagnose/rank-gap.ts";
import { type KinksAlong, kinksAlong } from "../../../src/diagnose/switch-units.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { createOptimizer } from "../../../src/optimizers/registry.ts";
import type { Run } from "../../../src/run/types.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { createTask, type Task } from "../../../src/train/task.ts";
import { stateAt } from "../../../src/train/trajectory.ts";
import { engineOf } from "../tasks.ts";

/** Hidden units m. */
export const UNITS = 8;
export const STEPS = [0, 100, 200, 500, 1000] as const;
/** Where the unit outside switches on: beyond the training range [-1, 1], within that of the queries, [-1, 2]. */
const BEYOND = 1.5;

export type Setting = "inside" | "outside";

/** Points of one grid, so that what is asked of the training range was trained on. */
function splitOf(count: number): Split {
  const x = Float64Array.from({ length: count }, (_, n) => -1 + n / 30);
  return { x: reals([count, 1], x), y: reals([count, 1], x.map(Math.abs)) };
}

/**
 * f(x) = sum_j a_j relu(x + b_j): the weights of the inputs are one and stay, there is no bias of the output, a and b are trained on 61
 * points of |x| in [-1, 1] by gradient descent, and queries are 91 points of [-1, 2], those among them. Thresholds -b_j from -1 to 0.75; `outside` moves
 * the last to 1.5.
 */
export function oneInput(setting: Setting): Promise<{ readonly task: Task; readonly run: Run }> {
  const known = trained.get(setting) ?? trainOneInput(setting);
  trained.set(setting, known);
  return known;
}

const trained = new Map<Setting, ReturnType<typeof trainOneInput>>();

async function trainOneInput(setting: Setting): Promise<{ readonly task: Task; readonly run: Run }> {
  const model = mlp({ inputShape: [1], outputs: 1, hidden: [UNITS], activation: "relu" });
  const [train, test] = [splitOf(61), splitOf(91)];
  const dataset: Dataset = {
    source: "|x|",
    task: "regression",
    classes: [],
    inputShape: [1],
    train,
    test,
    sha256: "",
  };
  const thresholds = Array.from({ length: UNITS }, (_, j) => -1 + j / 4);
  if (setting === "outside") thresholds[UNITS - 1] = BEYOND;
  const ones = Array(UNITS).fill(1);
  const slopes = ones.map((_, j) => (j % 2 === 0 ? 0.5 : -0.5));
  const params = Float64Array.of(...ones, ...thresholds.map((threshold) => -threshold), ...slopes, 0);
  const task = createTask({
    engine: await engineOf("float64"),
    model,
    trainable: ["layers.0.bias", "layers.1.weight"],
    params,
    loss: lossOf("mse"),
    optimizer: createOptimizer("gd", { lr: 0.05 }),
    dataset,
  });
  const steps = STEPS[STEPS.length - 1];
  const run = await trainInMemory(task, {
    params,
    batches: [...fullBatches(train.x.shape[0], steps)],
    checkpointEvery: 100,
  });
  return { task, run };
}

export interface GapStep extends RankGap {
  readonly step: number;
  /** Mean squared error on the queries. */
  readonly testLoss: number;
  /** b of the last unit. */
  readonly lastBias: number;
}

/** Ranks, loss and the last bias at the recorded steps. */
export async function gapsAlong(
  { task, run }: { readonly task: Task; readonly run: Run },
  options: RankGapOptions = {},
): Promise<GapStep[]> {
  const { train, test } = task.dataset;
  const found: GapStep[] = [];
  for (const step of STEPS) {
    const { params } = await stateAt(task, run, step);
    const gap = await rankGap(task, params, { train: train.x, queries: test.x }, options);
    const outputs = await predict(task, params, test);
    const errors = outputs.map((value, n) => (value - Number(test.y.data[n])) ** 2);
    found.push({
      ...gap,
      step,
      testLoss: errors.reduce((sum, value) => sum + value, 0) / errors.length,
      lastBias: params[UNITS - 1],
    });
  }
  return found;
}

/** Activity of the units on the training inputs, or on the queries. */
export function kinksOf(
  { task, run }: { readonly task: Task; readonly run: Run },
  part: "train" | "test",
): Promise<KinksAlong> {
  return kinksAlong(task, run, task.dataset[part].x, { steps: STEPS });
}
