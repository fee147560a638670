// Superpositions: w_S = w_0 + displacements + terms, the same by three ways, and explanations that are chords over the whole run.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { explainSuperposition, superpositionShift } from "../../src/explain/explain-superposition.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { difference } from "../../src/explain/shift.ts";
import { superpose, superposeInto } from "../../src/explain/superpose.ts";
import { SuperpositionRecorder } from "../../src/explain/superpose-training.ts";
import { inMemory, memorySink, type Superposition } from "../../src/explain/superposition.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { largest } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** Each way of carrying, scaling and decaying. */
const TRIED = [
  "sgd decay",
  "momentum dampening decay",
  "nesterov decay",
  "rmsprop decay",
  "rmsprop centered momentum decay",
  "adam decay",
  "adamw amsgrad",
];
const EXAMPLES = 10;
const small = (options: SmallTaskOptions): Promise<SmallTask> =>
  smallTask({ steps: 12, hidden: [5], examples: EXAMPLES, batchSize: 4, loss: "cross-entropy", ...options });

interface Booked {
  readonly task: Task;
  readonly run: Run;
  readonly trained: Superposition;
  readonly built: Superposition;
}

/** Booked while training, and built from the run afterwards. */
async function booked({ task, params, batches }: SmallTask, checkpointEvery = 1): Promise<Booked> {
  const recorder = new SuperpositionRecorder(task);
  const observe = recorder.observe.bind(recorder);
  const run = await trainInMemory(task, { params, batches, checkpointEvery, observe });
  return { task, run, trained: await recorder.finish(run), built: await superpose(task, run) };
}

const all = (superposition: Superposition) => superposition.rows(0, superposition.examples);
const termsSum = ({ terms, parameters }: Superposition) =>
  terms.reduce((total, { values }) => total.map((value, k) => value + values[k]), new Float64Array(parameters));

describe("superpose(task, run) and SuperpositionRecorder", () => {
  it.each(TRIED)(
    "agree with per-example momenta by the formulas of PyTorch, and with the weights, for %s",
    async (label) => {
      const { task, run, trained, built } = await booked(await small({ optimizer: optimizerChoice(label) }));
      const forward = await explainForward(task, run, { queries: datasetQueries(task, "test:0"), rule: "left" });
      const close = { atol: 1e-13 * largest(forward.displacements), rtol: 0 };
      for (const superposition of [trained, built]) {
        expect(all(superposition)).toBeAllclose(forward.displacements, close);
        expect(termsSum(superposition)).toBeAllclose(forward.regularisation, close);
        expect(superposition.closure).toBeLessThan(1e-12);
      }
      expect([trained.madeBy, built.madeBy]).toEqual(["training", "replay"]);
    },
  );

  // Plain gradient descent in float32 is a step of the engine's, all else the host's.
  it.each([
    ["adamw", "cnn"],
    ["sgd decay", "relu"],
  ] as const)("are exact to the rounding of float32 there: %s, %s", async (label, model) => {
    const made = await small({ optimizer: optimizerChoice(label), dtype: "float32", model });
    const { trained, built } = await booked(made, 5);
    for (const { closure, dtype } of [trained, built]) {
      expect(dtype).toBe("float32");
      expect(closure).toBeLessThan(1e-5);
    }
    expect(all(trained)).toBeAllclose(all(built), { atol: 1e-5 * largest(all(built)), rtol: 0 });
  });

  it("work where no use of a parameter has a factored form", async () => {
    const made = await squaredWeightsTask({ loss: "cross-entropy", optimizer: optimizerChoice("momentum"), steps: 6 });
    const { trained, built } = await booked(made);
    expect([trained.closure < 1e-13, built.closure < 1e-13]).toEqual([true, true]);
    expect(all(trained)).toBeAllclose(all(built), { atol: 1e-13 * largest(all(built)), rtol: 0 });
  });

  it("is the same to rounding in many passes, a few examples at a time", async () => {
    const { task, run, built } = await booked(await small({ optimizer: optimizerChoice("rmsprop momentum decay") }), 5);
    const { sink, displacements } = memorySink(task);
    // Room for three examples of ten: four passes.
    const rest = await superposeInto(task, run, sink, { memoryBudget: 3 * 8 * task.layout.size + 1 });
    // The engine's last bits depend on which examples are beside one another.
    expect(displacements).toBeAllclose(all(built), { atol: 1e-15 * largest(all(built)), rtol: 1e-14 });
    expect(rest.closure).toBeLessThan(1e-13);
    expect(rest.terms).toEqual(built.terms);
  });

  it("has the jump of a replay as a term", async () => {
    const { task, run } = await booked(await small({ optimizer: optimizerChoice("adam") }), 5);
    const jumped: Run = {
      ...run,
      checkpoint: async (s) => {
        const stored = await run.checkpoint(s);
        const shift = (values: ArrayLike<number>) => Float64Array.from(values, (w) => w + 1e-3);
        const buffers = { ...stored.buffers, firstMoment: shift(stored.buffers.firstMoment) };
        return s === 10 ? { ...stored, params: shift(stored.params), buffers } : stored;
      },
    };
    const { terms, closure } = await superpose(task, jumped);
    expect(terms.map(({ name }) => name)).toEqual(["replay"]);
    expect(closure).toBeLessThan(1e-12);
  });

  it("has nothing for an example that was in no batch", async () => {
    const made = await small({ optimizer: optimizerChoice("adamw") });
    const batches = made.batches.map(({ indices, weights }) => ({ indices: indices.map((i) => i % 9), weights }));
    const { trained, built } = await booked({ ...made, batches });
    for (const superposition of [trained, built]) {
      expect(largest(superposition.rows(9, 10))).toBe(0);
      expect(largest(superposition.rows(8, 9))).toBeGreaterThan(0);
    }
  });

  it("refuse what does not fit in the budget, and steps out of order", async () => {
    const { task, params, batches } = await small({ optimizer: optimizerChoice("momentum") });
    const run = await trainInMemory(task, { params, batches });
    const bytes = 2 * 8 * EXAMPLES * task.layout.size;
    const message = `RangeError: superposition: memoryBudget must be at least ${bytes} bytes for 10 examples and ${task.layout.size} parameters, got 1000`;
    expect(await errorOf(() => superpose(task, run, { memoryBudget: 1000 }))).toBe(message);
    expect(await errorOf(async () => new SuperpositionRecorder(task, { memoryBudget: 1000 }))).toBe(message);
    const recorder = new SuperpositionRecorder(task);
    expect(await errorOf(() => recorder.finish(run))).toBe(
      "RangeError: superposition: the run must have the 0 steps observed, got 12",
    );
    expect(await errorOf(() => recorder.observe({ step: 3 } as never))).toBe(
      "RangeError: superposition: step must be 0, got 3",
    );
  });
});

describe("explainSuperposition(task, run, superposition, options)", () => {
  it.each(["sgd decay", "nesterov decay", "adamw", "amsgrad decay"])(
    "is the chord over all steps: %s",
    async (label) => {
      const { task, run, built } = await booked(await small({ optimizer: optimizerChoice(label) }));
      const queries = datasetQueries(task, "test:0-2");
      const one = await explainSuperposition(task, run, built, { queries, rule: "gauss8" });
      const chord = await explain(task, run, { queries, rule: "gauss8", chord: 12, shift: 0 });
      const close = { atol: 1e-12 * largest(chord.gross), rtol: 0 };
      expect(one.contributions).toBeAllclose(chord.contributions, close);
      expect(one.residualByStep).toBeAllclose(chord.residualByStep, close);
      expect(one.terms.map(({ name }) => name)).toEqual(chord.terms.map(({ name }) => name));
      one.terms.forEach(({ values }, k) => {
        expect(values).toBeAllclose(chord.terms[k].values, close);
      });
      expect(one).toMatchObject({ path: "superposition", chord: 12, lineEnds: Int32Array.of(11), rule: "gauss8" });
      expect(verdictOf(one, "float64").closure.holds).toBe(true);
    },
  );

  it("meets a tolerance by itself, row by row and all together, on a piecewise network in float32", async () => {
    const { task, run, built } = await booked(
      await small({ optimizer: optimizerChoice("adam"), model: "relu", dtype: "float32" }),
    );
    const queries = datasetQueries(task, "test:0-2");
    const together = await explainSuperposition(task, run, built, { queries, tolerance: 1e-5 });
    expect(verdictOf(together, "float32")).toMatchObject({ passed: true });
    // One row at a time.
    const apart = await explainSuperposition(task, run, built, { queries, tolerance: 1e-5, memoryBudget: 1 });
    expect(apart.contributions).toBeAllclose(together.contributions, { atol: 1e-5 * largest(together.gross), rtol: 0 });
  });

  it("knows how far it is from the steps' own lines, where that is measured", async () => {
    const { task, run, built } = await booked(await small({ optimizer: optimizerChoice("momentum") }));
    const queries = datasetQueries(task, "test:0-1");
    const options = { queries, rule: "gauss4" };
    const shift = await superpositionShift(task, run, built, options);
    const [one, steps] = [await explainSuperposition(task, run, built, options), await explain(task, run, options)];
    expect(shift).toEqual({
      ...difference(one.contributions, steps.contributions),
      queries: ["test:0", "test:1"],
      chords: 1,
      ofChords: 1,
      cost: 12,
    });
    expect(one.shift).toBeUndefined();
    expect((await explainSuperposition(task, run, { ...built, shift }, options)).shift).toBe(shift);
  });

  it("refuses one of another size", async () => {
    const { task, run, built } = await booked(await small({ optimizer: optimizerChoice("sgd"), steps: 3 }));
    const queries = datasetQueries(task, "test:0");
    const other = inMemory({ ...built, steps: 4 }, all(built));
    expect(await errorOf(() => explainSuperposition(task, run, other, { queries }))).toMatch(
      /^RangeError: explain: a superposition of 10 examples, \d+ parameters and 3 steps in float64 must be given, got 10, \d+, 4 in float64$/,
    );
  });
});
