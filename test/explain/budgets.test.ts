// One training recorded within several checkpoint budgets: the same states and the same explanation, bit for bit.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { bytesOf } from "../../src/numeric/bytes.ts";
import type { RealDType } from "../../src/numeric/tensor.ts";
import { checkpointBytes, planCheckpoints } from "../../src/run/checkpoint-plan.ts";
import type { Checkpoint, Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { replay } from "../../src/train/replay.ts";
import type { Task } from "../../src/train/task.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";
import { type OptimizerChoice, optimizerChoice, optimizerChoices } from "../helpers/optimizer-choices.ts";
import { type ModelKind, smallTask } from "../helpers/tasks.ts";

/** More than eight states, which are held whatever the budget, can reverse in one pass. */
const STEPS = FULL_MATRIX ? 20 : 9;
/** Kinks of twelve steps take seconds to locate; `replay.test.ts` does so for three of the cases. */
const RULE = FULL_MATRIX ? "auto" : "gauss2";

interface Case {
  readonly label: string;
  readonly optimizer: OptimizerChoice;
  readonly dtype: RealDType;
  readonly model: ModelKind;
}

const dtypes: readonly RealDType[] = ["float64", "float32"];
const models: readonly ModelKind[] = ["relu", "cnn"];
const caseOf = (optimizer: OptimizerChoice, dtype: RealDType, model: ModelKind): Case => ({
  label: `${optimizer.label}, ${dtype}, ${model}`,
  ...{ optimizer, dtype, model },
});

const everyCase = optimizerChoices.flatMap((optimizer) =>
  dtypes.flatMap((dtype) => models.map((model) => caseOf(optimizer, dtype, model))),
);
/** Every name once, both models in both dtypes. */
const some = ["gd", "sgd decay", "momentum decay", "nesterov", "rmsprop centered momentum decay", "amsgrad", "adamw"];
const someCases = some.map((label, k) => caseOf(optimizerChoice(label), dtypes[k % 2], models[(k >> 1) % 2]));

/** Room for so many checkpoint files; `all` of them, and `first and last`, which no budget forbids. */
const budgets: Readonly<Record<string, number>> = { "first and last": 0, three: 3, seven: 7, all: Infinity };

async function record({ optimizer, dtype, model }: Case) {
  const { task, params, batches } = await smallTask({ steps: STEPS, loss: "cross-entropy", optimizer, dtype, model });
  const { layout } = task;
  const size = { parameterCount: layout.size, bufferCount: task.optimizer.buffers.length, dtype };
  return {
    task,
    within: (files: number): Promise<Run> => {
      const { every } = planCheckpoints({ ...size, steps: STEPS, budgetBytes: files * checkpointBytes(size) });
      return trainInMemory(task, { params, batches, checkpointEvery: every });
    },
  };
}

async function statesOf(task: Task, run: Run): Promise<{ readonly states: Checkpoint[]; readonly exact: boolean }> {
  const states: Checkpoint[] = [];
  const { exact } = await replay(task, run, {
    onState: (state) => {
      states.push(state);
    },
  });
  return { states, exact };
}

/** Every number of an explanation as bytes. */
function bytesOfExplanation({ terms, cost, rows, ...explanation }: Explanation): Record<string, string> {
  const hex = (values: Float64Array): string => Buffer.from(bytesOf(values)).toString("hex");
  const arrays = Object.entries(explanation).filter(([, value]) => value instanceof Float64Array);
  return {
    ...Object.fromEntries(arrays.map(([name, value]) => [name, hex(value as Float64Array)])),
    ...Object.fromEntries(terms.map(({ name, values }) => [name, hex(values)])),
    rest: JSON.stringify({ cost, rows }),
  };
}

describe(`one training of ${STEPS} steps within several checkpoint budgets`, () => {
  it.each(FULL_MATRIX ? everyCase : someCases)("$label", async (tested) => {
    const { task, within } = await record(tested);
    const queries = datasetQueries(task, "test:0-1");
    const explained = async (run: Run, replayMemory?: number) =>
      bytesOfExplanation(await explain(task, run, { queries, rule: RULE, replayMemory }));
    const all = await within(Infinity);
    expect(all.checkpoints).toHaveLength(STEPS + 1);
    const explanation = await explained(all);
    expect(Object.keys(explanation).length).toBeGreaterThan(8);
    for (const [words, files] of Object.entries(budgets)) {
      const run = await within(files);
      if (files === 0) expect(run.checkpoints).toEqual([0, STEPS]);
      else if (files < STEPS) expect(run.checkpoints.length).toBeLessThanOrEqual(files);
      const { states, exact } = await statesOf(task, run);
      expect([words, exact, states.length]).toEqual([words, true, STEPS + 1]);
      for (const state of states) expect(state).toEqual(await all.checkpoint(state.step));
      if (files === 7 && !FULL_MATRIX) continue;
      // Between the first and the last no more than eight states at a time: some steps are replayed twice.
      if (files < STEPS)
        expect([words, await explained(run, files === 0 ? 1 : undefined)]).toEqual([words, explanation]);
    }
  });
});
