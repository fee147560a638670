// An explanation that is broken off, and gone on with from what was kept, has the bits of one that never was.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ExplainOptions, explain } from "../../src/explain/explain.ts";
import { fingerprintOfExplanation, PartialExplanation } from "../../src/explain/partial-explanation.node.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { SavedSweep, SweepKeeper } from "../../src/explain/saved-sweep.ts";
import type { RealArray, Tensor } from "../../src/numeric/tensor.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import type { Progress } from "../../src/train/train.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const temporary = useTemporaryFolder();

async function recorded(options: SmallTaskOptions): Promise<{ task: Task; run: Run }> {
  const { task, params, batches } = await smallTask({ steps: 20, ...options });
  const run = await trainInMemory(task, { params, batches, checkpointEvery: 7 });
  // A jump at step 14, which the sweep books between two lines or in the middle of a chord.
  const shifted = (values: RealArray) => values.map((w: number) => w + 1e-3) as RealArray;
  const checkpoint: Run["checkpoint"] = async (step) => {
    const stored = await run.checkpoint(step);
    return step === 14 ? { ...stored, params: shifted(stored.params) } : stored;
  };
  return { task, run: { ...run, checkpoint } };
}

/** Keeps copies in memory, at every chance. */
class MemoryKeeper implements SweepKeeper {
  readonly sweeps = new Map<number, SavedSweep>();
  found = (sweep: number) => this.sweeps.get(sweep);
  isDue = () => true;
  keep(sweep: number, { step, arrays }: SavedSweep): void {
    const copies = Object.entries(arrays).map(([name, array]) => [
      name,
      { ...array, data: array.data.slice() } as Tensor,
    ]);
    this.sweeps.set(sweep, { step, arrays: Object.fromEntries(copies) });
  }
}

/** Explains in as many calls as it takes where each is broken off after `steps` steps; all calls, and the steps that they began at. */
async function inParts(task: Task, run: Run, options: ExplainOptions, steps: number) {
  const keeper = new MemoryKeeper();
  const begun: number[] = [];
  for (;;) {
    const stopper = new AbortController();
    let [count, first] = [0, -1];
    const onProgress = ({ done, note }: Progress): void => {
      if (note !== undefined) return; // a step that is replayed
      if (first < 0) first = done;
      if (++count === steps) stopper.abort(new Error("broken off"));
    };
    try {
      const explanation = await explain(task, run, { ...options, keeper, onProgress, signal: stopper.signal });
      return { explanation, begun };
    } catch (error) {
      expect((error as Error).message).toBe("broken off");
      begun.push(first);
    }
  }
}

describe("explain(task, run, { keeper })", () => {
  it.each<[string, SmallTaskOptions, Partial<ExplainOptions>]>([
    ["plain gradient descent", { optimizer: optimizerChoice("sgd") }, {}],
    ["carried in the engine", { optimizer: optimizerChoice("adamw"), dtype: "float32", model: "relu" }, {}],
    ["carried on the host", { optimizer: optimizerChoice("momentum decay") }, { pulls: "factored" }],
    ["a convolution", { optimizer: optimizerChoice("momentum"), model: "cnn", loss: "cross-entropy" }, {}],
    ["chords that lead over a jump", { optimizer: optimizerChoice("nesterov") }, { chord: 5, shift: 0 }],
    ["several sweeps", { optimizer: optimizerChoice("adam") }, { memoryBudget: 1 }],
    // Long enough for the engine to take several steps at once, which wait for each other meanwhile.
    ["steps that wait", { optimizer: optimizerChoice("adam"), dtype: "float32", steps: 330 }, { rule: "left" }],
  ])("goes on to the same bits: %s", async (_, taskOptions, explainOptions) => {
    const { task, run } = await recorded(taskOptions);
    const options = { queries: datasetQueries(task, "test:0-2"), tolerance: 1e-6, ...explainOptions };
    const whole = await explain(task, run, options);
    const { explanation, begun } = await inParts(task, run, options, Math.round(run.batches.length / 2.2));
    expect(begun.length).toBeGreaterThan(1);
    expect(explanation).toEqual(whole);
  });

  it("keeps nothing while steps wait for each other in the engine", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("adam"), dtype: "float32", steps: 330 });
    const keeper = new MemoryKeeper();
    const steps: number[] = [];
    const keep: SweepKeeper["keep"] = (_, { step }) => steps.push(step);
    await explain(task, run, { queries: datasetQueries(task, "test:0"), rule: "left", keeper: { ...keeper, keep } });
    expect(steps.length).toBeLessThan(330 / 4);
    expect(steps.length).toBeGreaterThan(330 / 16);
    expect(steps.at(-1)).toBe(0);
  });

  it("does not begin again what is done", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("momentum") });
    const queries = datasetQueries(task, "test:0-2");
    const { begun } = await inParts(task, run, { queries, pulls: "factored" }, 6);
    expect(begun).toEqual([3, 21, 39]); // after 1, 7 and 13 of 20 steps, times 3 rows
    const keeper = new MemoryKeeper();
    await explain(task, run, { queries, keeper });
    expect([...keeper.sweeps].map(([sweep, { step }]) => [sweep, step])).toEqual([[0, 0]]);
    const told: number[] = [];
    await explain(task, run, { queries, keeper, onProgress: ({ done, note }) => note ?? told.push(done) });
    expect(told).toEqual([]);
  });

  it("refuses what is of another explanation", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("momentum") });
    const keeper = new MemoryKeeper();
    await explain(task, run, { queries: datasetQueries(task, "test:0-2"), keeper });
    expect(await errorOf(() => explain(task, run, { queries: datasetQueries(task, "test:0-1"), keeper }))).toMatch(
      /^InvalidDataError: contributions.sums: a part of an explanation must have \d+ numbers, got float64 \[\d+\]$/,
    );
  });
});

describe("PartialExplanation", () => {
  it("keeps sweeps on disk, and gives them back to the same request alone", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("adam"), dtype: "float32" });
    const options = { queries: datasetQueries(task, "test:0-2"), tolerance: 1e-6 };
    const whole = await explain(task, run, options);
    const path = temporary.at("x.json");
    const fingerprint = await fingerprintOfExplanation(task, run, options);
    const first = new PartialExplanation(path, { fingerprint });
    const stopper = new AbortController();
    const keeper: SweepKeeper = {
      found: (k) => first.found(k),
      isDue: () => true,
      keep: (k, saved) => first.keep(k, saved),
    };
    const onProgress = ({ done }: { done: number }) => done >= 30 && stopper.abort(new Error("broken off"));
    await expect(explain(task, run, { ...options, keeper, onProgress, signal: stopper.signal })).rejects.toThrow(
      "broken off",
    );
    expect(readdirSync(`${path}.partial`).sort()).toEqual(["state.json", "sweep-0.safetensors"]);
    const other = { ...fingerprint, rule: "left", queries: "sha256 0" };
    const failures = [
      await errorOf(() => new PartialExplanation(path, { fingerprint }), temporary.at()),
      await errorOf(() => new PartialExplanation(path, { fingerprint: other, resume: true }), temporary.at()),
    ];
    const file = join(`${path}.partial`, "sweep-0.safetensors");
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
    const cut = new PartialExplanation(path, { fingerprint, resume: true });
    failures.push((await errorOf(() => cut.found(0), temporary.at())).replace(/\d+/g, "N"));
    writeFileSync(file, bytes);
    expect(failures).toMatchInlineSnapshot(`
      [
        "FileError: cannot write x.json: x.json.partial holds a part of an explanation (go on with --resume, or start again with --force)",
        "FileError: cannot resume x.json.partial: queries differ; rule was default, is left (ask for the same again, or start again with --force)",
        "FileError: cannot resume x.json.partial: x.json.partial/sweep-N.safetensors: the tensors must fill N bytes after the header, got N (truncated) (start again with --force)",
      ]
    `);
    const again = new PartialExplanation(path, { fingerprint, resume: true });
    expect(again.isResumed).toBe(true);
    expect(await explain(task, run, { ...options, keeper: again })).toEqual(whole);
    again.remove();
    expect(readdirSync(temporary.at())).toEqual([]);
  });

  it("starts anew where that is asked for, or where nothing was left", async () => {
    const path = temporary.at("x.json");
    mkdirSync(`${path}.partial`);
    writeFileSync(join(`${path}.partial`, "state.json"), "cut");
    expect(await errorOf(() => new PartialExplanation(path, { fingerprint: {} }), temporary.at())).toMatch(
      "FileError: cannot resume x.json.partial: x.json.partial/state.json must say what is done",
    );
    expect(new PartialExplanation(path, { fingerprint: {}, restart: true })).toMatchObject({
      isResumed: false,
      hasKept: false,
    });
  });
});
