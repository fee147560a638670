// Vectors carried in the engine against the reference that carries them on the host, one step and one node at a time.

import { describe, expect, it } from "vitest";
import { type ExplainOptions, explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { embeddingTask } from "../helpers/embedding-task.ts";
import { optimizerChoice, optimizerChoices } from "../helpers/optimizer-choices.ts";
import { sequenceTask } from "../helpers/sequence-task.ts";
import { modelKinds, type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

async function both(made: SmallTask, options: Partial<ExplainOptions> = {}) {
  const run = await trainInMemory(made.task, made);
  const queries = datasetQueries(made.task, "test:0-2");
  const of = (pulls: "auto" | "factored") => explain(made.task, run, { queries, rule: "gauss2", ...options, pulls });
  return [await of("auto"), await of("factored")] as const;
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

function expectAlike(engine: Explanation, host: Explanation, rounding = 1e-12): void {
  const atol = rounding * largest(host.gross);
  expect(largest(host.contributions)).toBeGreaterThan(0);
  expect(engine.contributions).toBeAllclose(host.contributions, { atol, rtol: 0 });
  expect(engine.residualByStep).toBeAllclose(host.residualByStep, { atol, rtol: 0 });
  expect(engine.terms.map(({ name }) => name)).toEqual(host.terms.map(({ name }) => name));
  for (const [k, { values }] of engine.terms.entries())
    expect(values).toBeAllclose(host.terms[k].values, { atol, rtol: 0 });
}

const stateful = optimizerChoices.filter(({ name }) => name !== "gd" && name !== "sgd");

describe("vectors carried in the engine are those of the host", () => {
  it.each(stateful.map((optimizer, k) => [optimizer.label, modelKinds[k % 3], optimizer] as const))(
    "for %s, on a network of %s",
    async (_label, model, optimizer) => {
      const [engine, host] = await both(await smallTask({ optimizer, model, steps: 5, hidden: [8, 6] }));
      expectAlike(engine, host);
    },
  );

  // So many that several are taken at once, and that the unit of the carry is renewed.
  it.each(["nesterov decay", "adam decay"])("over many steps: %s", async (label) => {
    const made = await smallTask({ optimizer: optimizerChoice(label), steps: 333, hidden: [4], batchSize: 3 });
    expectAlike(...(await both(made, { rule: "left" })));
  });

  it.each<SmallTaskOptions>([{ dtype: "float32" }, { dtype: "float32", model: "cnn" }])(
    "in float32: %j",
    async (options) => {
      const [engine, host] = await both(await smallTask({ optimizer: optimizerChoice("adamw"), steps: 6, ...options }));
      expectAlike(engine, host, 1e-6);
    },
  );

  it.each(["momentum", "adam", "rmsprop momentum"])("where every row has nodes of its own: %s", async (label) => {
    const made = await smallTask({ optimizer: optimizerChoice(label), model: "relu", steps: 5, hidden: [48, 48] });
    const [engine, host] = await both(made, { rule: "auto", tolerance: 1e-8 });
    expect(engine.cost).toEqual(host.cost);
    expect(engine.cost.nodes).toBeGreaterThan(3 * 2 * 5);
    expectAlike(engine, host);
  });

  it.each(["adam decay", "rmsprop momentum decay", "rmsprop"])("of inputs that are mostly zero: %s", async (label) => {
    const made = await smallTask({ optimizer: optimizerChoice(label), model: "relu", steps: 6, hidden: [8, 6] });
    // A row that touches one input, one that touches none, one that touches the other.
    const { test } = made.task.dataset;
    const x = reals(
      test.x.shape,
      Array.from(test.x.data, (value, k) => (k === 0 || k === 5 ? Number(value) : 0)),
    );
    const task = { ...made.task, dataset: { ...made.task.dataset, test: { ...test, x } } };
    expectAlike(...(await both({ ...made, task })));
  });

  it("where a parameter has two uses, adam", async () => {
    expectAlike(...(await both(await tiedWeightsTask({ optimizer: optimizerChoice("adam"), steps: 6 }))));
  });

  it.each(["nesterov decay", "adam decay", "rmsprop"])("on embedded tokens: %s", async (label) => {
    const made = await embeddingTask({ optimizer: optimizerChoice(label), classes: 17, steps: 5 });
    expectAlike(...(await both(made)));
  });

  it.each(["nesterov decay", "adam decay"])("on a language model with tied embeddings: %s", async (label) => {
    const made = await sequenceTask({ optimizer: optimizerChoice(label), classes: 17, steps: 5 });
    expectAlike(...(await both(made)));
  });
});
