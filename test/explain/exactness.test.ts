import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { createSchedule, scheduleNames } from "../../src/schedules/registry.ts";
import { accumulatedBatches, weightedBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import {
  EXACTNESS_TOLERANCE,
  type ExactnessCase,
  explainSmall,
  failuresOf,
  measureExactness,
} from "../helpers/exactness.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";
import { optimizerChoice, optimizerChoices } from "../helpers/optimizer-choices.ts";
import { cosineStepSizes, trainScheduled } from "../helpers/scheduled-training.ts";
import { furtherLosses, modelKinds, smallTask, withOptimizer } from "../helpers/tasks.ts";

const losses = ["mse", "cross-entropy", "binary-cross-entropy"] as const;
const dtypes = ["float64", "float32"] as const;

/** Longer in `npm run test:matrix`, and in `npm run exactness` on everything together. */
const SIZE = FULL_MATRIX ? { steps: 20, queries: 4 } : { steps: 6, queries: 2 };

/** A part of `npm run exactness` in which every two values of different columns meet. */
const cases: readonly ExactnessCase[] = [
  ...optimizerChoices.flatMap((optimizer, i) =>
    losses.map((loss, l) => {
      const model = modelKinds[(l + i) % 3];
      return { optimizer, loss, model, dtype: dtypes[(Math.floor(i / 3) + l) % 2] };
    }),
  ),
  ...modelKinds.flatMap((model, m) =>
    dtypes.map((dtype, d) => ({ optimizer: optimizerChoices[3 * m + d], loss: "half-mse" as const, model, dtype })),
  ),
];

/** Distinct values of some columns together. */
function meetings(...columns: readonly (keyof ExactnessCase)[]): number {
  return new Set(cases.map((tested) => JSON.stringify(columns.map((column) => tested[column])))).size;
}

describe("the output is prior + contributions + terms + residual", () => {
  it("is tested for all pairs of variant, loss, model and dtype", () => {
    const variants = optimizerChoices.length;
    expect(variants).toBeGreaterThanOrEqual(20);
    expect(meetings("optimizer", "loss")).toBeGreaterThanOrEqual(3 * variants);
    expect(meetings("optimizer", "model")).toBe(3 * variants);
    expect(meetings("optimizer", "dtype")).toBe(2 * variants);
    expect(meetings("loss", "model", "dtype")).toBe(4 * 3 * 2);
  });

  it.each(cases.map((tested) => [tested.optimizer.label, tested.loss, tested.model, tested.dtype, tested] as const))(
    "%s, %s, %s, %s",
    async (_optimizer, _loss, _model, _dtype, tested) => {
      const measured = await measureExactness(tested, SIZE);
      expect(failuresOf(measured)).toEqual([]);
      expect(measured.unresolved).toBe(0);
    },
  );

  it.each(["momentum decay", "nesterov", "rmsprop momentum", "adam", "adamw"])(
    "%s with a step size of its own for every step",
    async (label) => {
      const { task, params, batches } = await smallTask({
        optimizer: optimizerChoice(label),
        loss: "cross-entropy",
        steps: 9,
      });
      const stepSizes = cosineStepSizes(task.optimizer.stepSize, batches.length);
      stepSizes[7] = 0; // what a line search takes that finds nothing lower
      const run = await trainScheduled(task, { params, batches, stepSizes });
      const explanation = await explain(task, run, {
        queries: datasetQueries(task, "test:0-1"),
        tolerance: EXACTNESS_TOLERANCE,
      });
      expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
    },
  );

  it.each(furtherLosses)("of the loss %s, and with it as the readout", async (loss) => {
    const { task, params, batches } = await smallTask({ optimizer: optimizerChoice("adamw"), loss, steps: 8 });
    const run = await trainInMemory(task, { params, batches });
    expect(run.manifest.loss).toBe(loss);
    for (const readout of [undefined, "loss"]) {
      const queries = datasetQueries(task, "test:0-1");
      const explanation = await explain(task, run, { queries, readout, tolerance: EXACTNESS_TOLERANCE });
      expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
      expect(Math.max(...explanation.gross)).toBeGreaterThan(0);
    }
  });

  it("of steps that are made of several batches, with weights of examples, until the gradient is small", async () => {
    const small = await smallTask({ optimizer: optimizerChoice("momentum"), loss: "huber:0.5", steps: 30 });
    const { task, params } = small;
    const exampleWeights = Float64Array.from({ length: 24 }, (_, i) => (i === 5 ? 0 : 0.5 + (i % 3)));
    const batches = [...weightedBatches(accumulatedBatches(small.batches, 2), exampleWeights)];
    const whole = await trainInMemory(task, { params, batches });
    const stopGradientNorm = whole.scalars[11].gradientNorm;
    const run = await trainInMemory(task, { params, batches, stopGradientNorm });
    expect(run.manifest.steps).toBeLessThan(12);
    const queries = datasetQueries(task, "test:0-2");
    const explanation = await explain(task, run, { queries, tolerance: EXACTNESS_TOLERANCE });
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
    const { contributions } = explanation;
    expect([0, 1, 2].map((row) => contributions[row * 24 + 5])).toEqual([0, 0, 0]);
    expect([0, 1, 2].every((row) => contributions[row * 24 + 6] !== 0)).toBe(true);
  });

  it.each(scheduleNames)("whatever made the step sizes: %s", async (name) => {
    const { task, params, batches } = await smallTask({ optimizer: optimizerChoice("sgd"), steps: 8 });
    const spec = { step: "step:3,0.5", exponential: "exponential:0.9", cosine: "cosine:warmup=3" }[name] ?? name;
    const schedule = createSchedule(spec, { stepSize: 0.1, steps: batches.length });
    const run = await trainInMemory(task, { params, batches, schedule });
    expect(run.manifest.schedule).toEqual({ name, options: schedule.options });
    if (!schedule.search)
      expect(run.scalars.map(({ stepSize }) => stepSize)).toEqual(batches.map((_, s) => schedule.stepSize(s)));
    const queries = datasetQueries(task, "test:0-1");
    const explanation = await explain(task, run, { queries, tolerance: EXACTNESS_TOLERANCE });
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
  });

  it.each(["margin", "margin:0-2", "logit:1", "predicted", "probability:2", "loss"])(
    "of the readout %s",
    async (readout) => {
      const { task, params, batches } = await smallTask({
        optimizer: optimizerChoice("adamw"),
        loss: "cross-entropy",
        model: "relu",
        steps: 8,
      });
      const run = await trainInMemory(task, { params, batches });
      const queries = datasetQueries(task, "test:0-1;train:3");
      const explanation = await explain(task, run, { queries, readout, tolerance: EXACTNESS_TOLERANCE });
      expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
    },
  );
});

describe("an explanation that is wrong is seen", () => {
  it("in the residual, when the left rule is held to 1e-10", async () => {
    const explanation = await explainSmall({ optimizer: optimizerChoice("sgd") }, { rule: "left" });
    const verdict = verdictOf(explanation, "float64");
    expect(verdict.passed).toBe(false);
    expect(verdict.residual.relative).toBeGreaterThan(1e-4);
    // The rule's error is all in the residual: what is left over is rounding.
    expect(verdict.closure.holds).toBe(true);
  });

  it.each([
    ["momentum", "momentum", { lr: 0.02, momentum: 0.89 }],
    ["adam", "adam", { lr: 0.01, betas: [0.89, 0.999] as const }],
    ["rmsprop momentum", "rmsprop", { lr: 0.002, momentum: 0.9, alpha: 0.99, eps: 1e-4 }],
    ["adamw", "adamw", { lr: 0.01, weightDecay: 0.11 }],
  ])("in the closure, when the pull-back is not that of the %s that trained", async (label, name, options) => {
    const { task, params, batches } = await smallTask({ optimizer: optimizerChoice(label), steps: 8 });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0-1");
    const explanation = await explain(withOptimizer(task, name, options), run, {
      queries,
      tolerance: EXACTNESS_TOLERANCE,
    });
    const verdict = verdictOf(explanation, "float64");
    expect(verdict.residual.holds).toBe(true);
    expect(verdict.closure.holds).toBe(false);
    expect(verdict.closure.relative).toBeGreaterThan(1e-5);
  });
});
