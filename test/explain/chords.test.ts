// Explanations along chords: exact sums for every optimizer, the contributions of a forward reference, and what they share with steps.

import { describe, expect, it } from "vitest";
import { type DirectPuller, directPuller } from "../../src/explain/direct.ts";
import { type ExplainOptions, explain } from "../../src/explain/explain.ts";
import { prepareRows } from "../../src/explain/prepare.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { ruleOf } from "../../src/explain/rules.ts";
import { RowEvaluator } from "../../src/explain/segment.ts";
import { sweep } from "../../src/explain/sweep.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { largest } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** Each way of carrying, scaling and decaying. */
const TRIED = [
  "gd",
  "sgd decay",
  "momentum dampening decay",
  "nesterov decay",
  "rmsprop decay",
  "rmsprop centered momentum decay",
  "adam decay",
  "adamw amsgrad",
];

interface Recorded {
  readonly task: Task;
  readonly run: Run;
  readonly explained: (options?: Partial<ExplainOptions>) => Promise<Explanation>;
}

async function recorded(options: SmallTaskOptions = {}, checkpointEvery = 1): Promise<Recorded> {
  const { task, params, batches } = await smallTask({ steps: 14, hidden: [6], examples: 12, batchSize: 4, ...options });
  const run = await trainInMemory(task, { params, batches, checkpointEvery });
  const queries = datasetQueries(task, "test:0-1");
  return {
    task,
    run,
    explained: (more = {}) => explain(task, run, { queries, rule: "gauss4", chord: 4, shift: 0, ...more }),
  };
}

const parts = ({ contributions, residualByStep, terms, output }: Explanation) => ({
  contributions,
  residualByStep,
  terms: terms.map(({ name, values }) => [name, [...values]]),
  output,
});

describe("explain(task, run, { chord })", () => {
  it.each(TRIED)("adds up, and books what a forward reference books, for %s", async (label) => {
    const { task, run, explained } = await recorded({ optimizer: optimizerChoice(label) });
    const chords = await explained({ rule: "auto", tolerance: 1e-9 });
    expect(verdictOf(chords, "float64")).toMatchObject({ passed: true });
    expect(chords).toMatchObject({
      path: "chords",
      chord: 4,
      lineEnds: Int32Array.of(3, 7, 11, 13),
      shift: undefined,
    });
    const fixed = await explained();
    const forward = await explainForward(task, run, {
      queries: datasetQueries(task, "test:0-1"),
      rule: "gauss4",
      chord: 4,
    });
    const close = { atol: 1e-12 * largest(forward.gross), rtol: 0 };
    expect(fixed.contributions).toBeAllclose(forward.contributions, close);
    const decay = fixed.output.map((_, r) => fixed.terms.reduce((total, term) => total + term.values[r], 0));
    expect(forward.decay).toBeAllclose(decay, close);
  });

  it("puts the residual of a chord at its last step", async () => {
    const { explained } = await recorded({ optimizer: optimizerChoice("momentum") });
    const { residualByStep, steps, residual } = await explained({ rule: "left" });
    for (let s = 0; s < steps; s++) expect(residualByStep[s] !== 0).toBe([3, 7, 11, 13].includes(s));
    expect(residual[0]).toBeAllclose(
      residualByStep.slice(0, steps).reduce((a, b) => a + b),
      { rtol: 1e-12 },
    );
  });

  it.each([
    ["adamw", "relu", 4],
    ["sgd decay", "tanh", 5],
    ["rmsprop momentum", "cnn", 3],
  ] as const)("gives the same bits whatever is stored: %s, %s, chords of %i", async (label, model, chord) => {
    const options = { optimizer: optimizerChoice(label), model, loss: "cross-entropy" } as const;
    const [few, all] = [await recorded(options, 7), await recorded(options, 1)];
    expect(parts(await few.explained({ chord }))).toEqual(parts(await all.explained({ chord })));
  });

  it.each(["sgd decay", "nesterov decay", "adamw"])("keeps a jump of the replay as a term: %s", async (label) => {
    const { task, run } = await recorded({ optimizer: optimizerChoice(label) }, 5);
    const jumped: Run = {
      ...run,
      checkpoint: async (s) => {
        const stored = await run.checkpoint(s);
        const shifted = stored.params.map((w: number) => w + 1e-2) as Float64Array;
        return s === 5 ? { ...stored, params: shifted } : stored;
      },
    };
    const queries = datasetQueries(task, "test:0-1");
    const explanation = await explain(task, jumped, { queries, rule: "gauss4", chord: 14, shift: 0, tolerance: 1e-4 });
    expect(largest(explanation.terms.find(({ name }) => name === "replay")?.values ?? [])).toBeGreaterThan(1e-3);
    expect(explanation.lineEnds).toEqual(Int32Array.of(13));
    expect(verdictOf(explanation, "float64").closure.holds).toBe(true);
    // At the end of a chord it is the jump of the output itself, as along steps.
    const [short, steps] = [5, 1].map((chord) => explain(task, jumped, { queries, rule: "gauss4", chord, shift: 0 }));
    expect(verdictOf(await short, "float64").closure.holds).toBe(true);
    const termOf = async (e: Promise<Explanation>) => (await e).terms.find(({ name }) => name === "replay")!.values;
    if (label === "sgd decay") expect(await termOf(short)).toBeAllclose(await termOf(steps), { rtol: 1e-9 });
  });

  it.each(["sgd", "adam"])("leads over the jumps of another program's loop, one at every step: %s", async (label) => {
    const { task, run } = await recorded({ optimizer: optimizerChoice(label) });
    const recording = {} as NonNullable<Run["manifest"]["recording"]>;
    const other: Run = {
      ...run,
      manifest: { ...run.manifest, recording },
      checkpoint: async (s) => {
        const stored = await run.checkpoint(s);
        return {
          ...stored,
          params: stored.params.map((w: number, k: number) => w + 1e-3 * Math.sin(s + k)) as Float64Array,
        };
      },
    };
    const queries = datasetQueries(task, "test:0-1");
    const [chords, steps] = [
      await explain(task, other, { queries, rule: "gauss4", chord: 7, shift: 0 }),
      await explain(task, other, { queries, rule: "gauss4" }),
    ];
    expect(chords.lineEnds).toEqual(Int32Array.of(6, 13));
    expect(verdictOf(chords, "float64").closure.holds).toBe(true);
    // Small steps: the shares of the jumps differ by as little as contributions do.
    expect(chords.terms[0].name).toBe("replay");
    expect(chords.terms[0].values).toBeAllclose(steps.terms[0].values, { rtol: 0.3, atol: 1e-3 });
  });

  it("is the explanation along steps for chords of one, and moves nothing where the model is linear in its parameters", async () => {
    const { explained } = await recorded({ optimizer: optimizerChoice("momentum decay") });
    const [one, none] = [await explained({ chord: 1 }), await explained({ chord: undefined })];
    expect(one).toEqual(none);
    expect(one).toMatchObject({ path: "steps", chord: 1 });
    const linear = await recorded({ optimizer: optimizerChoice("momentum decay"), hidden: [] });
    const [steps, chord] = [await linear.explained({ chord: 1 }), await linear.explained({ chord: 14 })];
    expect(chord.contributions).toBeAllclose(steps.contributions, { atol: 1e-13 * largest(steps.gross), rtol: 0 });
  });

  it("books direct pulls as carried vectors are booked, however many examples meet the rows at once", async () => {
    const made = { optimizer: optimizerChoice("sgd decay"), model: "cnn", loss: "cross-entropy" } as const;
    const { task, run, explained } = await recorded(made);
    const [direct, carried] = [await explained({ chord: 5 }), await explained({ chord: 5, pulls: "forward" })];
    const close = { atol: 1e-12 * largest(carried.gross), rtol: 0 };
    expect(direct.contributions).toBeAllclose(carried.contributions, close);
    expect(direct.residualByStep).toBeAllclose(carried.residualByStep, close);
    expect(direct.terms[0].values).toBeAllclose(carried.terms[0].values, close);
    const { rows, graphs, readoutOptions } = await prepareRows(task, run, {
      queries: datasetQueries(task, "test:0-1"),
      readout: undefined,
      rule: "gauss4",
      tolerance: 1e-4,
    });
    const puller = directPuller(task, readoutOptions) as DirectPuller;
    expect(puller.capacity).toBeGreaterThan(20);
    // Five examples: a batch of four, and not one more.
    Object.defineProperty(puller, "capacity", { value: 5 });
    const evaluator = new RowEvaluator(task, graphs, { count: 2, feeds: rows.feeds });
    const few = await sweep(
      { task, run, rows: evaluator, count: 2, readout: readoutOptions, puller },
      { rule: ruleOf("gauss4"), tolerance: 1, chord: 5 },
    );
    expect(few.contributions).toBeAllclose(direct.contributions, close);
    expect(few.residualByStep).toBeAllclose(direct.residualByStep, close);
    expect(few.terms["coupled decay"]).toBeAllclose(direct.terms[0].values, close);
  });

  it.each([0, 1.5, -3, Number.NaN])("refuses chords of %s steps", async (chord) => {
    const { explained } = await recorded({ steps: 2 });
    expect(await errorOf(() => explained({ chord }))).toBe(
      `RangeError: explain: chord must be a positive integer, got ${chord}`,
    );
    expect(await errorOf(() => explained({ shift: -1 }))).toBe(
      "RangeError: explain: shift must be a number >= 0, got -1",
    );
  });
});
