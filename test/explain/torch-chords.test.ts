// Chords and displacements against PyTorch, where each example's momentum is carried forwards.

import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { explain } from "../../src/explain/explain.ts";
import { explainSuperposition } from "../../src/explain/explain-superposition.ts";
import { inputQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { engineOf } from "../helpers/tasks.ts";

const { description, real, arrays } = readFixture("chords");
const engine = await engineOf("float64");
const CLOSE = { atol: 1e-12, rtol: 1e-10 };

describe.each(description.variants)("$name over 12 steps", ({ name, optimizer, options }) => {
  const recorded = async () => {
    const model = mlp({ inputShape: [2], outputs: 1, hidden: [5], activation: "tanh" });
    const split = { x: real("x"), y: real("y") };
    const dataset: Dataset = {
      source: "torch",
      task: "regression",
      classes: [],
      inputShape: [2],
      train: split,
      test: split,
      sha256: "",
    };
    const params = real("start").data;
    const task = createTask({
      engine,
      model,
      trainable: model.parameters.entries.map((entry) => entry.name),
      params,
      loss: lossOf("mse"),
      optimizer: createOptimizer(optimizer, options),
      dataset,
    });
    const indices = Int32Array.from(arrays.batches.data as BigInt64Array, Number);
    const batches = Array.from({ length: 12 }, (_, s) => meanBatch(indices.slice(3 * s, 3 * s + 3)));
    const run = await trainInMemory(task, { params, batches });
    return { task, run, queries: inputQueries(task, real("queries"), { name: "queries" }) };
  };

  it("ends where PyTorch ends, and moves the weights by the same displacements", async () => {
    const { task, run } = await recorded();
    expect((await run.checkpoint(12)).params).toBeAllclose(real(`${name}.end`), CLOSE);
    const superposition = await superpose(task, run);
    expect(superposition.rows(0, 7)).toBeAllclose(real(`${name}.displacements`), CLOSE);
    expect(superposition.terms[0].values).toBeAllclose(real(`${name}.decay`), CLOSE);
  });

  it.each(description.chords)("has the same contributions along chords of %i", async (chord) => {
    const { task, run, queries } = await recorded();
    const explanation = await explain(task, run, { queries, chord, rule: "gauss4", shift: 0 });
    expect(explanation.contributions).toBeAllclose(real(`${name}.chord${chord}`), CLOSE);
    expect(explanation.terms[0].values).toBeAllclose(real(`${name}.chord${chord}.decay`), CLOSE);
    if (chord < 12) return;
    const stored = await explainSuperposition(task, run, await superpose(task, run), { queries, rule: "gauss4" });
    expect(stored.contributions).toBeAllclose(real(`${name}.chord12`), CLOSE);
  });
});
