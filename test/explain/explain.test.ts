// What an explanation promises of itself: its parts add up, it says what it is about, and it refuses what it cannot do.

import { describe, expect, it } from "vitest";
import { type ExplainOptions, explain, rowsPerSweep } from "../../src/explain/explain.ts";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { sum } from "../../src/numeric/sum.ts";
import { type RealArray, reals } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Progress } from "../../src/train/train.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function recorded(made: SmallTask) {
  const run = await trainInMemory(made.task, made);
  const explained = (spec: string, options: Partial<ExplainOptions> = {}) =>
    explain(made.task, run, { queries: datasetQueries(made.task, spec), ...options });
  return { ...made, run, explained };
}

const small = async (options: SmallTaskOptions = {}) => recorded(await smallTask({ steps: 10, ...options }));
const rowOf = (matrix: Float64Array, r: number, width: number) => matrix.subarray(r * width, (r + 1) * width);
const close = { rtol: 1e-12, atol: 1e-13 };

describe("explain(task, run, options)", () => {
  it("gives output and prior of the readout at the last parameters and at the first", async () => {
    const { task, params, run, explained } = await small({ loss: "mse" });
    const { output, prior, scale } = await explained("test:0-5");
    const last = await run.checkpoint(10);
    const of = async (w: RealArray) => (await predict(task, w, task.dataset.test)).filter((_, k) => k % 2 === 0);
    expect(output).toBeAllclose(await of(last.params), close);
    expect(prior).toBeAllclose(await of(params), close);
    expect(scale).toBe(Math.max(...output.map((value, r) => Math.abs(value - prior[r]))));
  });

  it.each(["adam decay", "adamw", "sgd", "nesterov decay"])("adds up, in all its parts: %s", async (label) => {
    const { explained } = await small({ optimizer: optimizerChoice(label), loss: "cross-entropy", model: "relu" });
    const explanation = await explained("test:0-2;train:5", { rule: "gauss2" });
    const { examples, steps, output, prior, contributions, terms, residual, residualByStep } = explanation;
    expect([examples, steps]).toEqual([24, 10]);
    const wanted = { "adam decay": ["coupled decay"], adamw: ["decoupled decay"], "nesterov decay": ["coupled decay"] };
    expect(terms.map(({ name }) => name)).toEqual(wanted[label as keyof typeof wanted] ?? []);
    for (let r = 0; r < 4; r++) {
      const row = rowOf(contributions, r, examples);
      expect(explanation.net[r]).toBe(sum(row));
      expect(explanation.gross[r]).toBe(sum(row.map(Math.abs)));
      expect(residual[r]).toBe(sum(rowOf(residualByStep, r, steps)));
      const rest = output[r] - prior[r] - explanation.net[r] - residual[r] - sum(terms.map(({ values }) => values[r]));
      expect(explanation.closure[r]).toBeAllclose(rest, { atol: 1e-14 });
    }
    expect(verdictOf({ ...explanation, tolerance: 1 }, "float64").closure.holds).toBe(true);
  });

  it("explains the prediction against its runner-up, or the first output, unless told otherwise", async () => {
    const classifier = await small({ loss: "cross-entropy" });
    const { rows } = await classifier.explained("test:2,0");
    expect(rows.map(({ query }) => query)).toEqual(["test:2", "test:0"]);
    for (const { readout } of rows) expect(readout).toMatch(/^margin:\d-\d$/);
    const regression = await small({ loss: "mse" });
    expect((await regression.explained("test:0")).rows).toEqual([{ query: "test:0", readout: "output:0" }]);
    const readouts = ["logit:1", "margin:0-2", "probability:2", "loss"];
    for (const readout of readouts)
      expect((await classifier.explained("train:1", { readout })).rows).toEqual([{ query: "train:1", readout }]);
  });

  it.each(["predicted", "probability:1", "loss", "margin:2-0"])("is exact for the readout %s", async (readout) => {
    const { explained } = await small({ loss: "cross-entropy", optimizer: optimizerChoice("momentum") });
    const explanation = await explained("test:0-3", { readout, tolerance: 1e-9 });
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
    expect(explanation.tolerance).toBe(1e-9);
    expect(explanation.rule).toBe("auto");
  });

  it("is exact where no use of a parameter has a factored form", async () => {
    const made = await squaredWeightsTask({ loss: "cross-entropy", optimizer: optimizerChoice("adam"), steps: 8 });
    const { explained } = await recorded(made);
    expect(verdictOf(await explained("test:0-3", { tolerance: 1e-9 }), "float64")).toMatchObject({ passed: true });
  });

  it("is linear in the readout where the classes are fixed", async () => {
    const { explained } = await small({ loss: "cross-entropy", optimizer: optimizerChoice("adam") });
    const of = (readout: string) => explained("test:1", { readout, rule: "gauss3" });
    const [first, second, margin] = [await of("logit:0"), await of("logit:2"), await of("margin:0-2")];
    const difference = first.contributions.map((value, i) => value - second.contributions[i]);
    expect(margin.contributions).toBeAllclose(difference, { rtol: 1e-10, atol: 1e-13 });
  });

  it("says the same of a query, whatever it is asked beside, but for rounding", async () => {
    const { explained } = await small({ loss: "cross-entropy", model: "cnn", optimizer: optimizerChoice("rmsprop") });
    const together = await explained("test:0-4", { rule: "gauss3" });
    const alone = await explained("test:3", { rule: "gauss3" });
    expect(rowOf(together.contributions, 3, 24)).toBeAllclose(alone.contributions, { rtol: 1e-10, atol: 1e-13 });
    expect(together.residual[3]).toBeAllclose(alone.residual[0], { atol: 1e-13 });
  });

  it("sweeps several times where the rows do not fit into memory together, with the same result", async () => {
    const { task, explained } = await small({ optimizer: optimizerChoice("adam") });
    const bytes = 24 * task.layout.size;
    expect([1, 2, 2.9, 5].map((rows) => rowsPerSweep(task, rows * bytes))).toEqual([1, 2, 2, 5]);
    expect(rowsPerSweep(task, 0)).toBe(1);
    const whole = await explained("test:0-4", { rule: "gauss2" });
    const parts = await explained("test:0-4", { rule: "gauss2", memoryBudget: 2 * bytes });
    expect(parts.contributions).toBeAllclose(whole.contributions, { rtol: 1e-11, atol: 1e-14 });
    expect(parts.residualByStep).toBeAllclose(whole.residualByStep, { atol: 1e-14 });
    expect(parts.rows).toEqual(whole.rows);
    expect(parts.cost).toEqual(whole.cost);
    expect(verdictOf({ ...parts, tolerance: 1 }, "float64").closure.holds).toBe(true);
  });

  it("counts what the quadrature took", async () => {
    const { explained } = await small({ model: "relu", steps: 20, optimizer: optimizerChoice("rmsprop") });
    const fixed = await explained("test:0-2", { rule: "gauss3" });
    expect(fixed.cost).toEqual({ probes: 0, nodes: 3 * 20 * 3, atNoiseFloor: 0, unresolved: 0 });
    const loose = await explained("test:0-2", { tolerance: 1e-2 });
    const tight = await explained("test:0-2", { tolerance: 1e-8 });
    expect(tight.cost.probes).toBeGreaterThan(loose.cost.probes);
    expect(Math.max(...tight.residual.map(Math.abs)) / tight.scale).toBeLessThanOrEqual(1e-8);
  });

  it("tells how far it is, up to all rows and steps, over several sweeps", async () => {
    const { task, explained } = await small();
    const seen: Progress[] = [];
    const memoryBudget = 2 * 24 * task.layout.size;
    await explained("test:0-2", { rule: "left", memoryBudget, onProgress: (p) => seen.push(p) });
    const done = seen.map((p) => p.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.every(({ total }) => total === 30)).toBe(true);
    expect(done.at(-1)).toBe(30);
  });

  it("stops when it is aborted, with the signal's reason", async () => {
    const { explained } = await small();
    await expect(explained("test:0", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    const stopper = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ done }: Progress) => done >= 3 && stopper.abort(reason);
    await expect(explained("test:0", { signal: stopper.signal, onProgress })).rejects.toBe(reason);
  });

  it("of a run without steps is its prior", async () => {
    const { task, params } = await smallTask();
    const run = await trainInMemory(task, { params, batches: [] });
    const explanation = await explain(task, run, { queries: datasetQueries(task, "test:0-1") });
    expect(explanation).toMatchObject({ steps: 0, terms: [], scale: 1 });
    expect(explanation.output).toEqual(explanation.prior);
    expect(explanation.contributions).toEqual(new Float64Array(48));
    expect([...explanation.closure, ...explanation.residual]).toEqual([0, 0, 0, 0]);
  });

  it("takes tolerances absolutely where the outputs have hardly moved", async () => {
    const { explained } = await small({ optimizer: { label: "", name: "sgd", options: { lr: 1e-12 } } });
    expect((await explained("test:0-3")).scale).toBe(1);
  });
});

describe("one step of gradient descent on a linear model", () => {
  it("gives example i the contribution -eta c_i <x, x_i> 2 (y_i - target_i) / C, and the bias's 1", async () => {
    const { task, params } = await smallTask({ hidden: [], outputs: 1, loss: "mse" });
    const batches = [{ indices: Int32Array.of(3, 8, 3), weights: Float64Array.of(0.5, 2, 0.25) }];
    const run = await trainInMemory(task, { params, batches });
    const queries = inputQueries(task, reals([2], [0.7, -1.1]), { name: "q" });
    const { contributions, residual } = await explain(task, run, { queries, rule: "left" });
    const { x, y } = task.dataset.train;
    const slopes = await predict(task, params, task.dataset.train);
    const pull = (i: number, c: number): number => {
      const kernel = 0.7 * x.data[2 * i] - 1.1 * x.data[2 * i + 1] + 1;
      return -task.optimizer.stepSize * c * kernel * 2 * (slopes[i] - Number(y.data[i]));
    };
    const wanted = new Float64Array(24);
    wanted[3] = pull(3, 0.75);
    wanted[8] = pull(8, 2);
    expect(contributions).toBeAllclose(wanted, { rtol: 1e-13, atol: 1e-16 });
    expect(residual[0]).toBeAllclose(0, { atol: 1e-15 });
  });
});

describe("what explain refuses", () => {
  it("a query whose output overflows, by name", async () => {
    const { task, run } = await small({ loss: "mse", model: "relu" });
    const checkpoint: typeof run.checkpoint = async (step) => {
      const stored = await run.checkpoint(step);
      return step === 0 ? stored : { ...stored, params: stored.params.map(() => 1e200) as RealArray };
    };
    const error = await errorOf(() =>
      explain(task, { ...run, checkpoint }, { queries: datasetQueries(task, "test:0") }),
    );
    expect(error).toMatch(/^InvalidDataError: output:0 of test:0 must be finite before and after training/);
  });

  it.each<[Partial<ExplainOptions>, RegExp]>([
    [{ queries: [] }, /^RangeError: explain: queries must not be empty$/],
    [{ tolerance: 0 }, /^RangeError: explain: tolerance must be positive, got 0$/],
    [{ tolerance: Number.NaN }, /^RangeError: explain: tolerance must be positive, got NaN$/],
    [{ rule: "gauss9" }, /^RangeError: rule must be one of auto, left, .*, got "gauss9"$/],
    [{ readout: "logit:7" }, /^RangeError: readout logit:7: the output must be an integer in 0\.\.2, got "7"$/],
  ])("%j", async (changed, message) => {
    const { explained } = await small({ loss: "cross-entropy" });
    expect(await errorOf(() => explained("test:0", changed))).toMatch(message);
  });

  it("the loss of a query that has no target", async () => {
    const { task, run } = await small();
    const queries = inputQueries(task, reals([2], [1, 2]), { name: "q" });
    expect(await errorOf(() => explain(task, run, { queries, readout: "loss" }))).toMatch(
      /query input:0 needs a target/,
    );
    const given = inputQueries(task, reals([2], [1, 2]), { name: "q", target: "0.5,1" });
    const explanation: Explanation = await explain(task, run, { queries: given, readout: "loss" });
    expect(explanation.rows).toEqual([{ query: "input:0", readout: "loss" }]);
  });
});
