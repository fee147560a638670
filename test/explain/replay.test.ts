import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import type { RealArray, RealDType } from "../../src/numeric/tensor.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { EXACTNESS_TOLERANCE } from "../helpers/exactness.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

/** 30 steps: checkpoints every 7 leave a shorter stretch at the end. */
async function recorded(options: SmallTaskOptions, checkpointEvery: number): Promise<{ task: Task; run: Run }> {
  const { task, params, batches } = await smallTask({ steps: 30, ...options });
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery }) };
}

const explained = (task: Task, run: Run): Promise<Explanation> =>
  explain(task, run, { queries: datasetQueries(task, "test:0-3"), tolerance: EXACTNESS_TOLERANCE });

const arraysOf = ({ output, prior, contributions, residual, residualByStep, closure, gross, net, terms }: Explanation) => ({
  ...{ output, prior, contributions, residual, residualByStep, closure, gross, net },
  terms: terms.map(({ name, values }) => [name, values]),
});

/** The same run with the parameters of one stored checkpoint moved. */
function moved(run: Run, step: number, by: number): Run {
  return {
    ...run,
    checkpoint: async (s) => {
      const stored = await run.checkpoint(s);
      return s === step ? { ...stored, params: stored.params.map((w: number) => w + by) as RealArray } : stored;
    },
  };
}

describe("a run with few checkpoints", () => {
  it.each([
    ["adamw", "float64", "relu"],
    ["momentum decay", "float32", "tanh"],
    ["rmsprop centered momentum decay", "float64", "cnn"],
  ] as const)("explains bit for bit like one with all of them: %s, %s, %s", async (label, dtype: RealDType, model) => {
    const options = { optimizer: optimizerChoice(label), dtype, model, loss: "cross-entropy" } as const;
    const few = await recorded(options, 7);
    const all = await recorded(options, 1);
    expect(few.run.checkpoints).toEqual([0, 7, 14, 21, 28, 30]);
    expect(all.run.checkpoints).toHaveLength(31);
    expect(arraysOf(await explained(few.task, few.run))).toEqual(arraysOf(await explained(all.task, all.run)));
  });

  it("has no replay term where the replay meets the record", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("adam") }, 7);
    expect((await explained(task, run)).terms).toEqual([]);
  });
});

describe("a stored checkpoint that the replay does not meet", () => {
  it.each([
    ["the last", 30],
    ["one in the middle", 14],
  ])("makes a replay term, and the sum still closes: %s", async (_which, step) => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("adam") }, 7);
    const explanation = await explained(task, moved(run, step, 1e-3));
    const term = explanation.terms.find(({ name }) => name === "replay");
    expect(Math.max(...(term?.values ?? []).map(Math.abs))).toBeGreaterThan(1e-4);
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
  });

  it("has the jump of the output as its term when it is the last", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("sgd") }, 7);
    const [plain, jumped] = [await explained(task, run), await explained(task, moved(run, 30, 1e-3))];
    const jump = jumped.output.map((f, r) => f - plain.output[r]);
    expect(jumped.terms.map(({ name }) => name)).toEqual(["replay"]);
    expect(jumped.terms[0].values).toBeAllclose(jump, { atol: 1e-15 });
    expect(jumped.contributions).toBeAllclose(plain.contributions, { atol: 1e-12 });
  });
});
