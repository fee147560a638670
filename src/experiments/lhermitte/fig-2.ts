// Lhermitte, Fig. 2: one iteration of gradient descent that jumps out of a local minimum over a hump of the loss.

import { explain } from "../../explain/explain.ts";
import { inputQueries } from "../../explain/queries.ts";
import { lines } from "../../figures/lines.ts";
import { startAcross } from "../../flows/start-across.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { matmul } from "../../graph/ops.ts";
import { lossOf } from "../../losses/registry.ts";
import { modelFromBuilder } from "../../models/from-graph.ts";
import { randomFrom } from "../../numeric/random.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { fullBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { createTask, type Task } from "../../train/task.ts";
import { column, regression, spaced } from "../arrays.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { residualShare } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";

interface Size {
  /** To the local minimum. */
  readonly search: number;
  /** After the jump. */
  readonly steps: number;
}

interface Measure {
  readonly minimum: number;
  readonly start: number;
  /** After the jump. */
  readonly landing: number;
  readonly rate: number;
  /** Residuals relative to the change: of the jump alone and of the training. */
  readonly jump: number;
  readonly left: number;
  readonly averaged: number;
  /** Of the first seed: the loss along the weight. */
  readonly loss?: readonly number[];
}

const POINTS = [0.3, 0.8, 1.1, 1.7, 2.2, 2.9];
const WEIGHTS = spaced(0.5, 6, 221);
/** Where the search for a local minimum begins; the solution is at 2. */
const FROM = 4.6;

/** y = sin(w x) on points of sin(2 x). */
async function sineTask({ engine, seed }: MeasureContext): Promise<Task> {
  const b = new GraphBuilder();
  const y = b.op("Sin", [matmul(b, b.input("x", "real", ["N", 1]), b.input("w", "real", [1, 1]))]);
  const random = randomFrom(seed, "points");
  const xs = POINTS.map((x) => x + 0.05 * random.normal());
  return createTask({
    engine: await engine("float64"),
    model: modelFromBuilder("sine of one weight", b, y),
    trainable: ["w"],
    params: Float64Array.of(FROM),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer("gd", { lr: 0.02 }),
    dataset: regression(
      column(xs),
      xs.map((x) => Math.sin(2 * x)),
    ),
  });
}

const descend = (task: Task, from: number, steps: number, signal: AbortSignal) =>
  trainInMemory(task, { params: Float64Array.of(from), batches: [...fullBatches(POINTS.length, steps)], signal });

async function measure({ search, steps }: Size, context: MeasureContext): Promise<Measure> {
  const { signal, seed } = context;
  const task = await sineTask(context);
  const minimum = (await (await descend(task, FROM, search, signal)).checkpoint(search)).params[0];
  // Over the hump on the side of the solution.
  const { params, stepSize } = await startAcross(task, {
    minimum: Float64Array.of(minimum),
    distance: 0.4,
    beyond: 2.2,
  });
  const own = { ...task, optimizer: createOptimizer("gd", { lr: stepSize }) };
  const jump = await descend(own, params[0], 1, signal);
  const landing = (await jump.checkpoint(1)).params[0];
  // What follows is an ordinary training from where the jump ended.
  const first = [...fullBatches(POINTS.length, steps)];
  const run = await trainInMemory(own, {
    params,
    batches: first,
    schedule: (step) => (step === 0 ? stepSize : 0.02),
    signal,
  });
  const queries = inputQueries(task, column(POINTS), { name: "points" });
  const share = async (of: typeof run, rule: string): Promise<number> =>
    residualShare(await explain(own, of, { queries, rule, tolerance: 1e-10, signal }));
  const { x, y } = task.dataset.train;
  const lossAt = (w: number): number =>
    Array.from(x.data, (value, n) => (Math.sin(w * Number(value)) - Number(y.data[n])) ** 2 / 2).reduce(
      (a, b) => a + b,
    ) / POINTS.length;
  return {
    minimum,
    start: params[0],
    landing,
    rate: stepSize,
    jump: await share(jump, "left"),
    left: await share(run, "left"),
    averaged: await share(run, "auto"),
    ...(seed === 1 && { loss: WEIGHTS.map(lossAt) }),
  };
}

export const jumpOverHump = defineExperiment<Size, Measure, "jump" | "training" | "averaged">({
  id: "lhermitte/fig-2",
  title: "One step from a local minimum over a hump",
  source:
    "Lhermitte, Discrete Proof that Every Model Learned by Gradient Descent Is Approximately a Kernel Machine, Fig. 2",
  rows: ["002-07", "002-10"],
  claim:
    "Where one iteration jumps from a local minimum over a hump of the loss, its hyperplane is no approximation, and the kernel machine breaks down.",
  refutedBy: "A jump whose remainder is a small part of the change of the outputs.",
  expectations: {
    jump: {
      measure: "remainder of the jump by its hyperplane, relative to its change",
      least: 0.5,
      reason: "breaking down is missing at least half of what happened",
      central: true,
    },
    training: {
      measure: "remainder of the whole training with the jump by its hyperplanes, relative to its change",
      least: 0.1,
      reason: "one step must be felt in the sum; a tenth of the change is what a figure of predictions shows",
    },
    averaged: {
      measure: "residual of that training where Jacobians are averaged along each step",
      most: 1e-8,
      reason: "a hundred times the tolerance asked for: the sum over steps then holds across the hump too",
    },
  },
  differences: [
    "The source draws a loss of one weight without a formula; ours is that of y = sin(w x) fitted to sin(2 x) at six points.",
    "Start and rate are searched for so that the first step runs through the local minimum and ends 2.2 behind it.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: { quick: { search: 400, steps: 30 }, full: { search: 4000, steps: 400 } },
  parameters: ({ search, steps }) => [
    { name: "model", value: "sin(w x), one weight", from: "default" },
    { name: "examples", value: `${POINTS.length} near ${POINTS.join(", ")}`, from: "default" },
    { name: "search of the local minimum", value: `${search} steps at 0.02 from w = ${FROM}`, from: "default" },
    { name: "training", value: `the jump, then ${steps - 1} steps at 0.02`, from: "default" },
  ],
  measure,
  conclude: (measures, _size, seeds) => {
    const [{ loss = [], start, landing, minimum }] = measures;
    const lossNear = (w: number): number =>
      loss[WEIGHTS.reduce((best, own, k) => (Math.abs(own - w) < Math.abs(WEIGHTS[best] - w) ? k : best), 0)];
    return {
      values: {
        jump: measures.map(({ jump }) => jump),
        training: measures.map(({ left }) => left),
        averaged: measures.map(({ averaged }) => averaged),
      },
      table: {
        columns: [
          "seed",
          "local minimum w*",
          "start",
          "after the jump",
          "rate",
          "jump, left",
          "training, left",
          "training, auto",
        ],
        rows: measures.map((own, k) => [
          `${seeds[k]}`,
          ...[own.minimum, own.start, own.landing, own.rate, own.jump, own.left, own.averaged].map((value) =>
            cell(value, 4),
          ),
        ]),
      },
      figures: [
        {
          name: "jump",
          reads:
            "The first step leaves the local minimum at the right through its bottom and ends beyond the hump, in another valley: no straight line says what happened between.",
          figure: lines({
            title: "The loss along the weight, and the jump",
            caption: `Seed 1: from w = ${start.toFixed(2)} through the local minimum at ${minimum.toFixed(2)} to ${landing.toFixed(2)} in one step of gradient descent.`,
            x: { label: "weight w" },
            y: { label: "loss", zero: true },
            series: [
              { name: "loss", x: WEIGHTS, y: loss },
              { name: "the first step", x: [start, landing], y: [start, landing].map(lossNear) },
            ],
            guides: [{ axis: "x", value: minimum, label: "local minimum" }],
          }),
        },
      ],
    };
  },
});
