import { describe, expect, it } from "vitest";
import type { Engine, Feeds, Program } from "../../src/engine/engine.ts";
import { reals, takeRows, toReal } from "../../src/numeric/tensor.ts";
import { examplesOf } from "../../src/train/examples.ts";
import { engineOf, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** A task whose first layers are frozen. */
const frozen = async (options: SmallTaskOptions = {}) =>
  (await smallTask({ trainable: ["layers.2.weight", "layers.2.bias"], ...options })).task;

/** An engine that notes how many examples each run of a frozen part takes. */
async function notingEngine(dtype: "float32" | "float64"): Promise<{ engine: Engine; runs: number[] }> {
  const inner = await engineOf(dtype);
  const runs: number[] = [];
  const engine = Object.create(inner) as Engine;
  engine.compile = (graph): Program => {
    const run = (feeds: Feeds, into?: Feeds) => {
      runs.push(feeds.x.shape[0]);
      return inner.compile(graph).run(feeds, into);
    };
    return { graph, run };
  };
  return { engine, runs };
}

describe("examplesOf(task, split)", () => {
  it("feeds rows of x in the order asked for, in the run's dtype, where nothing is frozen", async () => {
    const { task } = await smallTask({ dtype: "float32" });
    const { train } = task.dataset;
    const source = examplesOf(task, train);
    expect(source.count).toBe(24);
    expect(await source.feeds(Int32Array.of(3, 0, 3))).toEqual({ x: toReal(takeRows(train.x, [3, 0, 3]), "float32") });
  });

  it("feeds what the frozen part gives for these rows", async () => {
    const task = await frozen();
    const { train } = task.dataset;
    const { features, exampleInputs } = task.split;
    const whole = await task.engine.compile(features!).run({ ...task.frozen, x: train.x });
    const feeds = await examplesOf(task, train).feeds([5, 2]);
    expect(Object.keys(feeds)).toEqual(exampleInputs);
    for (const name of exampleInputs) expect(feeds[name]).toEqual(takeRows(whole[`feature:${name}`], [5, 2]));
  });

  it("is one source for each task and array", async () => {
    const [task, other] = [await frozen(), await frozen()];
    const { train, test } = task.dataset;
    expect(examplesOf(task, train)).toBe(examplesOf(task, { x: train.x }));
    expect(examplesOf(task, test)).not.toBe(examplesOf(task, train));
    expect(examplesOf(other, train)).not.toBe(examplesOf(task, train));
    expect(examplesOf(task, train, 1000)).not.toBe(examplesOf(task, train));
  });

  it("computes examples in tiles of 64, each once, whatever is asked for", async () => {
    const { engine, runs } = await notingEngine("float64");
    const task = await frozen({ examples: 150, engine });
    const source = examplesOf(task, task.dataset.train);
    await source.feeds([70]);
    await source.feeds([149, 127, 64]);
    expect(runs).toEqual([64, 22]);
    await source.feeds([0, 70, 149]);
    await source.feeds(Int32Array.from({ length: 150 }, (_, k) => k));
    expect(runs).toEqual([64, 22, 64]);
  });

  it("gives the same bits in whatever order examples are asked for", async () => {
    // In float32 a row alone and the same row among others differ in their last bits.
    const options = { dtype: "float32", examples: 90, hidden: [64, 48] } as const;
    const [task, other] = [await frozen(options), await frozen(options)];
    const all = await examplesOf(task, task.dataset.train).feeds(Array.from({ length: 90 }, (_, k) => k));
    const source = examplesOf(other, other.dataset.train);
    for (const k of [89, 3, 64]) {
      const feeds = await source.feeds([k]);
      for (const name of Object.keys(feeds)) expect(feeds[name]).toEqual(takeRows(all[name], [k]));
    }
  });

  it("computes them each time where they do not fit the budget", async () => {
    const { engine, runs } = await notingEngine("float64");
    const task = await frozen({ engine });
    const source = examplesOf(task, task.dataset.train, 0);
    expect(await source.feeds([1, 2])).toEqual(await source.feeds([1, 2]));
    expect(runs).toEqual([2, 2]);
  });

  it("has no examples in an empty split", async () => {
    const task = await frozen();
    const source = examplesOf(task, { x: reals([0, 2], []) });
    expect(source.count).toBe(0);
    const feeds = await source.feeds([]);
    for (const name of task.split.exampleInputs) expect(feeds[name].shape[0]).toBe(0);
  });
});
