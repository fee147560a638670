// Explanations of models that were trained with dropout: examples by the masks of their occurrences, queries as they are evaluated.

import { describe, expect, it } from "vitest";
import { counterfactual } from "../../src/explain/counterfactual.ts";
import { explain } from "../../src/explain/explain.ts";
import { explainSuperposition } from "../../src/explain/explain-superposition.ts";
import { planExplanation } from "../../src/explain/plan.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { SuperpositionRecorder } from "../../src/explain/superpose-training.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { sliceRows, type Tensor } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { keyedBatches } from "../../src/train/keys.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { retrainWithout } from "../../src/train/retrain.ts";
import { stateAt } from "../../src/train/trajectory.ts";
import { explainSmall } from "../helpers/exactness.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

const RATIO = 0.3;
const small: SmallTaskOptions = {
  dropout: RATIO,
  steps: 6,
  examples: 12,
  batchSize: 5,
  queries: 3,
  loss: "cross-entropy",
};

async function recorded(label: string, options: SmallTaskOptions = {}, checkpointEvery = 1) {
  const made = await smallTask({ ...small, optimizer: optimizerChoice(label), ...options });
  const run = await trainInMemory(made.task, { ...made, checkpointEvery });
  return { ...made, run, queries: datasetQueries(made.task, "test:0-2") };
}

describe("a network trained with dropout", () => {
  it.each([
    ["gd", "auto", {}],
    ["sgd decay", "gauss4", {}],
    ["momentum", "auto", {}],
    ["momentum dampening decay", "gauss4", {}],
    ["rmsprop momentum", "auto", {}],
    ["adam", "gauss4", {}],
    ["adamw amsgrad", "auto", {}],
    ["sgd", "auto", { model: "cnn" }],
    ["adam", "auto", { model: "cnn" }],
  ] as const)("is explained exactly: %s, %s, %o", async (label, rule, options) => {
    const explanation = await explainSmall({ ...small, ...options, optimizer: optimizerChoice(label) }, { rule });
    const { residual, closure } = verdictOf(explanation, "float64");
    expect(residual.relative).toBeLessThanOrEqual(1e-10);
    expect(closure.holds).toBe(true);
    expect(Math.max(...explanation.gross)).toBeGreaterThan(0.01);
  });

  it.each(["sgd", "adam"])("closes to rounding in float32 too, with kinks: %s", async (label) => {
    const options = { ...small, dtype: "float32", model: "relu", optimizer: optimizerChoice(label) } as const;
    expect(verdictOf(await explainSmall(options, { tolerance: 1e-4 }), "float32").closure.holds).toBe(true);
  });

  it.each(["sgd", "momentum decay", "adamw"])(
    "gives what the forward reference and every method of pulls give: %s",
    async (label) => {
      const { task, run, queries } = await recorded(label, { dropout: 0.5 }, 5);
      const explained = (pulls: "auto" | "factored" | "forward") =>
        explain(task, run, { queries, rule: "gauss3", pulls });
      const { contributions, gross } = await explained("auto");
      const within = { atol: 1e-12 * Math.max(...gross), rtol: 0 };
      for (const pulls of ["factored", "forward"] as const)
        expect((await explained(pulls)).contributions).toBeAllclose(contributions, within);
      // The reference reads the state before every step.
      const states = { ...run, checkpoint: (step: number) => stateAt(task, run, step) };
      expect((await explainForward(task, states, { queries })).contributions).toBeAllclose(contributions, within);
    },
  );

  it.each(["sgd", "adam"])("does not close with masks other than those it was trained with: %s", async (label) => {
    const { task, run, queries } = await recorded(label);
    const other = {
      ...run,
      batches: [
        ...keyedBatches(
          run.batches.map(({ keys: _, ...batch }) => batch),
          99,
        ),
      ],
    };
    const { closure } = verdictOf(await explain(task, other, { queries, rule: "gauss3" }), "float64");
    expect(closure.relative).toBeGreaterThan(0.01);
  });

  it("is explained as it is evaluated, queries of the training set too", async () => {
    const { task, run } = await recorded("sgd");
    const { params } = await run.checkpoint(run.batches.length);
    const outputs = await predict(task, params, task.dataset.train);
    const { output } = await explain(task, run, {
      queries: datasetQueries(task, "train:0-3"),
      readout: "logit:1",
      rule: "gauss2",
    });
    expect(output).toBeAllclose(
      Float64Array.from([0, 1, 2, 3], (n) => outputs[3 * n + 1]),
      { atol: 1e-13 },
    );
  });

  it("gives an example nothing where all that it reaches was dropped", async () => {
    // One hidden unit: an occurrence whose mask drops it moves the output's bias alone, by the same derivative for every query.
    const { task, run, queries } = await recorded("sgd", {
      hidden: [1],
      dropout: 0.9,
      loss: "half-mse",
      steps: 1,
      batchSize: 12,
    });
    const { contributions } = await explain(task, run, { queries, rule: "gauss4" });
    const rows = [0, 1, 2].map((r) => contributions.subarray(r * 12, (r + 1) * 12));
    const alike = Array.from(
      { length: 12 },
      (_, i) => Math.abs(rows[0][i] - rows[1][i]) + Math.abs(rows[0][i] - rows[2][i]) < 1e-15,
    );
    const dropped = alike.filter(Boolean).length;
    expect([dropped > 6, dropped < 12]).toEqual([true, true]);
  });

  it("closes along chords and from superpositions, recorded while training or afterwards", async () => {
    for (const label of ["momentum decay", "adam"]) {
      const { task, params, batches, queries } = await smallTask({ ...small, optimizer: optimizerChoice(label) }).then(
        async (made) => ({ ...made, queries: datasetQueries(made.task, "test:0-2") }),
      );
      const recorder = new SuperpositionRecorder(task);
      const run = await trainInMemory(task, { params, batches, observe: (step) => recorder.observe(step) });
      const chords = await explain(task, run, { queries, chord: 4, tolerance: 1e-10, shift: 0 });
      expect(verdictOf(chords, "float64").closure.holds).toBe(true);
      const [during, after] = [await recorder.finish(run), await superpose(task, run)];
      expect(during.rows(0, 12)).toBeAllclose(after.rows(0, 12), { atol: 1e-13 });
      for (const superposition of [during, after]) {
        const explanation = await explainSuperposition(task, run, superposition, { queries, tolerance: 1e-10 });
        expect(verdictOf(explanation, "float64").closure.holds).toBe(true);
      }
    }
  });

  it("has a path kernel whose contributions are those of the rule left", async () => {
    const { task, run } = await recorded("sgd", { steps: 6 });
    const { contributions, gross } = await explain(task, run, {
      queries: datasetQueries(task, "test:0-2"),
      readout: "logit:2",
      rule: "left",
    });
    const kernel = await pathKernel(task, run, sliceRows(task.dataset.test.x as Tensor, 0, 3));
    const own = Float64Array.from(contributions, (_, k) => kernel.contributions.data[3 * k + 2]);
    expect(own).toBeAllclose(contributions, { atol: 1e-13 * Math.max(...gross), rtol: 0 });
  });

  it("is trained again without an example by the same masks of the others", async () => {
    const { task, run, queries } = await recorded("momentum");
    const { params } = await retrainWithout(task, run, { without: [3], weights: "kept" });
    const batches = run.batches.map(({ indices, weights, keys }) => {
      const left = [...indices.keys()].filter((n) => indices[n] !== 3);
      return {
        indices: Int32Array.from(left, (n) => indices[n]),
        weights: Float64Array.from(left, (n) => weights[n]),
        keys: BigInt64Array.from(left, (n) => (keys as BigInt64Array)[n]),
      };
    });
    const start = (await run.checkpoint(0)).params;
    const other = await trainInMemory(task, { params: start, batches });
    expect(params).toEqual((await other.checkpoint(run.batches.length)).params);
    const told = await counterfactual(task, run, { without: [3], queries });
    expect(told).toBeDefined();
  });

  it("has a plan", async () => {
    for (const label of ["sgd", "adam"]) {
      const { task, run } = await recorded(label, { steps: 2 });
      expect(planExplanation(task, run, { rows: 3 }).flops).toBeGreaterThan(0);
    }
  });
});
