// The plan against graphs that are counted by hand and against what an explanation then really runs.

import { describe, expect, it } from "vitest";
import type { Engine, Feeds, Program } from "../../src/engine/engine.ts";
import { explain } from "../../src/explain/explain.ts";
import { planExplanation } from "../../src/explain/plan.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { flopsOf } from "../../src/graph/cost.ts";
import type { Batch, Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { checkpointSteps } from "../helpers/checkpoint-steps.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { engineOf, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** A task on which nothing can be run, and a run of it that is no more than its batches. */
async function idle(
  options: SmallTaskOptions & { checkpointEvery?: number } = {},
): Promise<{ task: Task; run: Run; batches: readonly Batch[] }> {
  const { task, batches } = await smallTask(options);
  const compile = () => expect.unreachable("a plan must not run anything");
  const engine = { dtype: task.engine.dtype, info: task.engine.info, compile } as unknown as Engine;
  const { checkpointEvery = 1 } = options;
  const manifest = { batchSize: 8 } as Run["manifest"];
  const checkpoint = () => expect.unreachable("a plan must not read checkpoints");
  const checkpoints = checkpointSteps(batches.length, checkpointEvery);
  const run = { manifest, batches, checkpoints, checkpoint } as unknown as Run;
  return { task: { ...task, engine }, run, batches };
}

const smooth = { rows: 1, rule: "gauss2" };

describe("planExplanation(task, run, options)", () => {
  it("runs nothing, and says the same each time", async () => {
    const { task, run } = await idle({ model: "cnn", loss: "cross-entropy" });
    const options = { rows: 5, tolerance: 1e-6, readout: "loss" };
    const plan = planExplanation(task, run, options);
    expect(plan).toMatchObject({ rows: 5, steps: 40, sweeps: 1 });
    expect(planExplanation(task, run, options)).toEqual(plan);
    for (const value of [plan.flops, plan.bytes, plan.seconds, plan.programRuns]) expect(value).toBeGreaterThan(0);
  });

  it("costs twice as much for twice the steps", async () => {
    const [short, long] = [await idle({ steps: 40 }), await idle({ steps: 80 })];
    const [a, b] = [planExplanation(short.task, short.run, smooth), planExplanation(long.task, long.run, smooth)];
    expect([b.steps, b.flops, b.programRuns]).toEqual([80, 2 * a.flops, 2 * a.programRuns]);
    expect(b.seconds).toBeAllclose(2 * a.seconds, { rtol: 1e-12 });
  });

  it("costs at most in proportion to the rows, and pulls are shared by them", async () => {
    const { task, run } = await idle({ hidden: [64, 64], optimizer: optimizerChoice("momentum") });
    const plan = (rows: number) => planExplanation(task, run, { ...smooth, rows });
    const [one, ten, hundred] = [plan(1), plan(10), plan(100)];
    expect(ten.flops).toBeGreaterThan(2 * one.flops);
    expect(ten.flops).toBeLessThan(10 * one.flops);
    // Each further row costs the same.
    expect((hundred.flops - ten.flops) / 90).toBeAllclose((ten.flops - one.flops) / 9, { rtol: 1e-12 });
    expect([ten.programRuns, hundred.programRuns]).toEqual([one.programRuns, one.programRuns]);
    expect(hundred.bytes).toBeGreaterThan(5 * ten.bytes);
  });

  it("sweeps several times where the rows do not fit into memory together", async () => {
    const { task, run } = await idle({ hidden: [1000, 100], optimizer: optimizerChoice("momentum") });
    // 24 bytes (float64) for each of 103,302 parameters: 433 rows in 1 GiB.
    const [one, two] = [433, 434].map((rows) => planExplanation(task, run, { ...smooth, rows }));
    expect([one.sweeps, two.sweeps]).toEqual([1, 2]);
    expect([two.programRuns, two.flops]).toEqual([2 * one.programRuns, 2 * one.flops]);
    // What is carried stays as it was; only the results grow, by a row.
    expect(two.bytes - one.bytes).toBe((24 + 40) * 16);
  });

  it("carries nothing for plain gradient descent: all rows go together, and only results take memory", async () => {
    const { task, run } = await idle({ hidden: [1000, 100] });
    const [one, many] = [1, 5000].map((rows) => planExplanation(task, run, { ...smooth, rows }));
    expect(many.sweeps).toBe(1);
    expect(many.bytes - one.bytes).toBe(4999 * (24 + 40) * 16);
    const carried = await idle({ hidden: [1000, 100], optimizer: optimizerChoice("momentum") });
    expect(planExplanation(carried.task, carried.run, { ...smooth, rows: 5000 }).flops).toBeGreaterThan(many.flops);
  });

  it("counts the nodes of a fixed rule", async () => {
    const { task, run } = await idle();
    const nodes = (rule: string) => planExplanation(task, run, { rows: 1, rule });
    expect(["left", "trapezoid", "simpson", "gauss4"].map((rule) => nodes(rule).nodesPerLine)).toEqual([1, 2, 3, 4]);
    expect(nodes("gauss4").probesPerLine).toBe(0);
    // One more node is one more Jacobian.
    const step = nodes("gauss3").flops - nodes("gauss2").flops;
    expect(nodes("gauss4").flops - nodes("gauss3").flops).toBe(step);
    expect(nodes("gauss2").flops).toBeGreaterThan(2 * step);
  });

  it("takes more nodes for a tighter tolerance, and more where there are kinks, and says that it guesses these", async () => {
    for (const model of ["tanh", "relu", "cnn"] as const) {
      const { task, run } = await idle({ model });
      const at = (tolerance: number) => planExplanation(task, run, { rows: 1, tolerance });
      expect(at(1e-10).nodesPerLine).toBeGreaterThan(at(1e-4).nodesPerLine);
      expect(at(1e-10).seconds).toBeGreaterThan(at(1e-4).seconds);
      expect(at(1e-4).probesPerLine).toBeGreaterThan(0);
      expect(at(1e-4).assumptions.some((line) => line.includes("switches"))).toBe(model !== "tanh");
      expect(planExplanation(task, run, { rows: 1, rule: "left" }).assumptions).toHaveLength(2);
    }
    const [flat, kinked] = [await idle({ model: "tanh" }), await idle({ model: "relu" })];
    const nodesOf = ({ task, run }: typeof flat) => planExplanation(task, run, { rows: 1 }).nodesPerLine;
    expect(nodesOf(kinked)).toBeGreaterThan(nodesOf(flat));
  });

  it("adds the steps that must be replayed where checkpoints are apart", async () => {
    const [all, few] = [await idle(), await idle({ checkpointEvery: 10 })];
    const [a, b] = [planExplanation(all.task, all.run, smooth), planExplanation(few.task, few.run, smooth)];
    expect(b.programRuns - a.programRuns).toBe(40);
    // A gradient of a batch of 8: about three forward passes, never less than two.
    const forward = flopsOf(all.task.split.head, 8);
    expect(b.flops - a.flops).toBeGreaterThan(40 * 2 * forward);
    expect(b.flops - a.flops).toBeLessThan(40 * 5 * forward);
    expect(b.bytes).toBeGreaterThan(a.bytes);
  });

  it("costs less along chords: fewer lines, as many pulls, and a second replay where chords reach into stretches before", async () => {
    const { task, run } = await idle({ optimizer: optimizerChoice("momentum") });
    const plan = (chord: number, shift = 0) => planExplanation(task, run, { rows: 50, rule: "gauss4", chord, shift });
    const [one, ten] = [plan(1), plan(10)];
    expect([one.lines, ten.lines, ten.chord, plan(100).chord]).toEqual([40, 4, 10, 40]);
    expect(ten.flops).toBeLessThan(one.flops / 2);
    // What is still of the rows, values, nodes; the factors and the pulls of each step.
    expect(ten.programRuns).toBe(4 * (1 + 1 + 4) + 2 * 40);
    // A row along 40 steps, of 50 along 4 chords.
    expect(plan(10, 0.25)).toMatchObject({ shiftCost: 0.2, flops: 1.2 * ten.flops });
    expect(ten.shiftCost).toBe(0);
    const few = await idle({ optimizer: optimizerChoice("momentum"), checkpointEvery: 10 });
    const runs = (chord: number) =>
      planExplanation(few.task, few.run, { rows: 50, rule: "gauss4", chord, shift: 0 }).programRuns -
      plan(chord).programRuns;
    // Chords of 7 that begin at 7, 14 and 28 reach past a checkpoint: their beginnings are replayed.
    expect([runs(1), runs(5), runs(10), runs(20), runs(7)]).toEqual([40, 40, 40, 40, 40 + 7 + 4 + 8]);
    const direct = await idle();
    const nodes = (chord: number) =>
      planExplanation(direct.task, direct.run, { rows: 50, rule: "gauss4", chord, shift: 0 });
    expect(nodes(10).flops).toBeLessThan(nodes(1).flops);
  });

  it("counts float64 twice the bytes, and slower", async () => {
    const [single, double] = [await idle({ dtype: "float32" }), await idle({ dtype: "float64" })];
    const [a, b] = [planExplanation(single.task, single.run, smooth), planExplanation(double.task, double.run, smooth)];
    expect(b.flops).toBe(a.flops);
    expect(b.seconds).toBeGreaterThan(a.seconds);
    expect(b.bytes).toBeGreaterThan(a.bytes);
    expect([a.assumptions[0], b.assumptions[0]]).toEqual([
      expect.stringContaining("float32"),
      expect.stringContaining("float64"),
    ]);
  });

  it("counts only what is trained", async () => {
    const [all, part] = [await idle(), await idle({ trainable: ["layers.2.weight", "layers.2.bias"] })];
    const [a, b] = [planExplanation(all.task, all.run, smooth), planExplanation(part.task, part.run, smooth)];
    expect(b.flops).toBeLessThan(a.flops / 3);
    expect(b.bytes).toBeLessThan(a.bytes);
  });

  it.each([
    ["left", 1, "sgd"],
    ["gauss3", 1, "sgd"],
    ["gauss3", 5, "sgd"],
    ["gauss3", 1, "momentum"],
    ["left", 1, "adam"],
  ])("foresees the FLOPs and the runs of an explanation by %s, chords of %i, of %s", async (rule, chord, label) => {
    const inner = await engineOf("float64");
    const counted = { flops: 0, runs: 0 };
    const engine = Object.create(inner) as Engine;
    engine.compile = (graph): Program => {
      const run = (feeds: Feeds, into?: Feeds) => {
        const sample = feeds["readout.row"] ?? feeds.target ?? feeds.x ?? feeds["0.moved.0.0"];
        counted.flops += flopsOf(graph, sample.shape[0]);
        counted.runs++;
        return inner.compile(graph).run(feeds, into);
      };
      return { graph, run };
    };
    const { task, params, batches } = await smallTask({
      engine,
      loss: "cross-entropy",
      hidden: [32, 16],
      optimizer: optimizerChoice(label),
    });
    const run = await trainInMemory(task, { params, batches });
    counted.flops = 0;
    counted.runs = 0;
    await explain(task, run, { queries: datasetQueries(task, "test:0-3"), rule, chord, shift: 0 });
    const plan = planExplanation(task, run, { rows: 4, rule, chord, shift: 0 });
    // Outputs, values at both ends, what is still of the rows: up to five more runs.
    expect(counted.runs - plan.programRuns).toBeGreaterThanOrEqual(0);
    expect(counted.runs - plan.programRuns).toBeLessThanOrEqual(5);
    expect(counted.flops / plan.flops).toBeGreaterThan(0.97);
    expect(counted.flops / plan.flops).toBeLessThan(1.03);
  });
});

describe("what planExplanation refuses", () => {
  it.each<[Partial<Parameters<typeof planExplanation>[2]>, RegExp]>([
    [{ rows: 0 }, /^RangeError: planExplanation: rows must be a positive integer, got 0$/],
    [{ rows: 1.5 }, /^RangeError: planExplanation: rows must be a positive integer, got 1\.5$/],
    [{ tolerance: 0 }, /^RangeError: planExplanation: tolerance must be positive, got 0$/],
    [{ tolerance: Number.NaN }, /^RangeError: planExplanation: tolerance must be positive, got NaN$/],
    [{ chord: 0 }, /^RangeError: planExplanation: chord must be a positive integer, got 0$/],
    [{ rule: "gauss9" }, /^RangeError: rule must be one of .*, got "gauss9"$/],
    [{ readout: "logit:2" }, /^RangeError: readout logit:2: the output must be an integer in 0\.\.1, got "2"$/],
  ])("%j", async (changed, message) => {
    const { task, run } = await idle();
    expect(await errorOf(() => planExplanation(task, run, { rows: 1, ...changed }))).toMatch(message);
  });
});
