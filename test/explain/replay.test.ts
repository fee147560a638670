import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import type { RealArray, RealDType } from "../../src/numeric/tensor.ts";
import type { Checkpoint, Run } from "../../src/run/types.ts";
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
  explain(task, run, { queries: datasetQueries(task, "test:0-1"), tolerance: EXACTNESS_TOLERANCE });

const arraysOf = ({
  output,
  prior,
  contributions,
  residual,
  residualByStep,
  closure,
  gross,
  net,
  terms,
}: Explanation) => ({
  ...{ output, prior, contributions, residual, residualByStep, closure, gross, net },
  terms: terms.map(({ name, values }) => [name, values]),
});

/** The same run with one stored checkpoint changed. */
function changed(run: Run, step: number, change: (stored: Checkpoint) => Checkpoint): Run {
  return {
    ...run,
    checkpoint: async (s) => {
      const stored = await run.checkpoint(s);
      return s === step ? change(stored) : stored;
    },
  };
}

const shifted = (values: RealArray, by: number): RealArray => values.map((w: number) => w + by) as RealArray;
const moved = (run: Run, step: number): Run =>
  changed(run, step, (stored) => ({ ...stored, params: shifted(stored.params, 1e-3) }));

const replayTerm = ({ terms }: Explanation): number =>
  Math.max(0, ...(terms.find(({ name }) => name === "replay")?.values ?? []).map(Math.abs));

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
  const remembering = [
    "sgd",
    "momentum dampening decay",
    "nesterov",
    "rmsprop momentum",
    "adam decay",
    "adamw amsgrad",
  ];

  it.each(remembering)("makes a replay term, and the sum still closes: parameters in the middle, %s", async (label) => {
    const { task, run } = await recorded({ optimizer: optimizerChoice(label) }, 7);
    const explanation = await explained(task, moved(run, 14));
    expect(replayTerm(explanation)).toBeGreaterThan(1e-4);
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
  });

  it.each([
    ["momentum", "momentum"],
    ["rmsprop momentum", "momentum"],
    ["adam", "firstMoment"],
  ])("makes a replay term, and the sum still closes: the state alone, %s", async (label, buffer) => {
    const { task, run } = await recorded({ optimizer: optimizerChoice(label) }, 7);
    const other = changed(run, 14, (stored) => ({
      ...stored,
      buffers: { ...stored.buffers, [buffer]: shifted(stored.buffers[buffer], 1e-3) },
    }));
    const explanation = await explained(task, other);
    expect(replayTerm(explanation)).toBeGreaterThan(1e-5);
    expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
  });

  it("has the jump of the output as its term when it is the last", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("sgd") }, 7);
    const [plain, jumped] = [await explained(task, run), await explained(task, moved(run, 30))];
    const jump = jumped.output.map((f, r) => f - plain.output[r]);
    expect(jumped.terms.map(({ name }) => name)).toEqual(["replay"]);
    expect(jumped.terms[0].values).toBeAllclose(jump, { atol: 1e-15 });
    expect(jumped.contributions).toBeAllclose(plain.contributions, { atol: 1e-12 });
  });

  it("is seen in the closure when no step is replayed: the record is then not of these steps", async () => {
    const { task, run } = await recorded({ optimizer: optimizerChoice("adam") }, 1);
    const { residual, closure } = verdictOf(await explained(task, moved(run, 14)), "float64");
    expect(residual.holds).toBe(true);
    expect(closure.relative).toBeGreaterThan(1e-5);
  });
});
