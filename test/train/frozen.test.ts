import { describe, expect, it } from "vitest";
import type { Engine, Feeds, Program } from "../../src/engine/engine.ts";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import type { Graph } from "../../src/graph/types.ts";
import { trainableNames } from "../../src/models/trainable.ts";
import { examplesOf } from "../../src/train/examples.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { trainableOf } from "../../src/train/task.ts";
import { EXACTNESS_TOLERANCE } from "../helpers/exactness.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { engineOf, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** A task with some parameters frozen, beside the same one with all of them trained. */
async function partly(options: SmallTaskOptions, patterns: readonly string[]) {
  const whole = await smallTask(options);
  const trainable = trainableNames(whole.task.model.parameters, patterns);
  return { whole, part: await smallTask({ ...options, trainable }), trainable };
}

/** An engine that counts the examples (rows of x) that each graph has been run on. */
async function countingEngine(): Promise<{ engine: Engine; rowsOf: (graph: Graph) => number }> {
  const inner = await engineOf("float64");
  const rows = new Map<Graph, number>();
  const engine = Object.create(inner) as Engine;
  engine.compile = (graph): Program => {
    const program = inner.compile(graph);
    const run = (feeds: Feeds, into?: Feeds) => {
      rows.set(graph, (rows.get(graph) ?? 0) + (feeds.x?.shape[0] ?? 0));
      return program.run(feeds, into);
    };
    return { graph, run };
  };
  return { engine, rowsOf: (graph) => rows.get(graph) ?? 0 };
}

const cases: readonly [SmallTaskOptions["model"], string, readonly string[]][] = [
  ["tanh", "adam", ["layers.2.*"]],
  ["relu", "momentum decay", ["layers.1.*"]],
  ["relu", "adamw", ["layers.0.bias", "layers.2.weight"]],
  ["cnn", "rmsprop momentum", ["layers.*"]],
  ["cnn", "nesterov", ["convolutions.0.bias", "layers.1.*"]],
];

describe("training a part of the parameters", () => {
  it.each(cases)(
    "is training all of them with the others put back by hand: %s, %s, %j",
    async (model, label, patterns) => {
      const options = { model, optimizer: optimizerChoice(label), loss: "cross-entropy", steps: 20 } as const;
      const { whole, part, trainable } = await partly(options, patterns);
      const [all, some] = [new Stepper(whole.task), new Stepper(part.task)];
      all.params.set(whole.params);
      some.params.set(trainableOf(part.task, part.params, "float64"));
      const frozen = whole.task.layout.entries.filter(({ name }) => !trainable.includes(name));
      for (const batch of part.batches) {
        const [a, b] = [await all.evaluate(batch), await some.evaluate(batch)];
        expect(b.loss).toBeAllclose(a.loss, { rtol: 1e-12 });
        all.update(whole.task.optimizer.stepSize);
        some.update(part.task.optimizer.stepSize);
        for (const { offset, size } of frozen) all.params.set(whole.params.subarray(offset, offset + size), offset);
      }
      const wanted = trainableOf(part.task, all.params, "float64");
      expect(some.params).toBeAllclose(wanted, { rtol: 1e-12, atol: 1e-12 });
      expect(some.params).not.toBeAllclose(trainableOf(part.task, part.params, "float64"), { atol: 1e-3 });
    },
  );

  it.each(cases)("is explained exactly: %s, %s, %j", async (model, label, patterns) => {
    const { part } = await partly(
      { model, optimizer: optimizerChoice(label), loss: "cross-entropy", steps: 20 },
      patterns,
    );
    const run = await trainInMemory(part.task, part);
    const queries = datasetQueries(part.task, "test:0-3");
    const explanation = await explain(part.task, run, { queries, tolerance: EXACTNESS_TOLERANCE });
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
  });

  it("runs the frozen part once for each example, in training and in explaining", async () => {
    const { engine, rowsOf } = await countingEngine();
    const { part } = await partly({ model: "cnn", loss: "cross-entropy", steps: 12, engine }, ["layers.*"]);
    const { features } = part.task.split;
    if (!features) throw new Error("the convolution must be frozen");
    const run = await trainInMemory(part.task, part);
    const occurrences = part.batches.reduce((total, { indices }) => total + indices.length, 0);
    expect(occurrences).toBe(4 * 24);
    expect(rowsOf(features)).toBe(24);
    await explain(part.task, run, { queries: datasetQueries(part.task, "test:0-3") });
    // The sweep reads what training left; only the 4 queries are new.
    expect(rowsOf(features)).toBe(24 + 4);
  });

  it("runs the frozen part each time where its outputs do not fit the budget, with the same results", async () => {
    const { engine, rowsOf } = await countingEngine();
    const { part } = await partly({ model: "cnn", engine }, ["layers.*"]);
    const rows = [3, 1, 3];
    const kept = await examplesOf(part.task, part.task.dataset.train).feeds(rows);
    const counted = rowsOf(part.task.split.features as Graph);
    const again = examplesOf(part.task, part.task.dataset.train, 100);
    expect(await again.feeds(rows)).toEqual(kept);
    await again.feeds(rows);
    expect(rowsOf(part.task.split.features as Graph)).toBe(counted + 6);
  });
});
