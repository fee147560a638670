// Runs of residual networks, transformers and language models are explained exactly: the pieces add up, and little is left.

import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { createModel } from "../../src/models/registry.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals, sizeOf } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask, type Task } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const CLASSES = 4;
const STEPS = 5;

/** Twelve training examples and three queries: normal numbers, or tokens below the number of classes, which files hold as reals. */
function datasetOf(inputShape: readonly number[], tokens: boolean): Dataset {
  const random = randomFrom(2, "architectures");
  const split = (count: number) => {
    const value = () => (tokens ? Math.floor(CLASSES * random.uniform()) : random.normal());
    const x = reals([count, ...inputShape], Float64Array.from({ length: count * sizeOf(inputShape) }, value));
    return {
      x,
      y: integers(
        [count],
        Array.from({ length: count }, (_, i) => i % CLASSES),
      ),
    };
  };
  const classes = Array.from({ length: CLASSES }, (_, c) => `${c}`);
  const [train, test] = [split(12), split(3)];
  return { source: "small", task: "classification", classes, inputShape, train, test, sha256: "" };
}

interface Case {
  readonly spec: string;
  readonly inputShape: readonly number[];
  readonly optimizer: string;
  readonly dtype: RealDType;
  readonly trainable?: RegExp;
}

async function taskOf({ spec, inputShape, optimizer, dtype, trainable = /./ }: Case) {
  const model = createModel(spec, { inputShape, outputs: CLASSES });
  const params = startOf(model, dtype, 1);
  const names = model.parameters.entries.map(({ name }) => name).filter((name) => trainable.test(name));
  const engine = await engineOf(dtype);
  const hyper = optimizer === "adam" ? { lr: 0.01 } : { lr: 0.1 };
  const task = createTask({
    engine,
    model,
    trainable: names,
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer(optimizer, hyper),
    dataset: datasetOf(inputShape, spec.startsWith("gpt")),
  });
  return { task, params };
}

const smooth = { inputShape: [4, 3], optimizer: "sgd", dtype: "float64" } as const;
const cases: readonly Case[] = [
  { ...smooth, spec: "transformer:4:1:2" },
  { ...smooth, spec: "attention:4:1:2", optimizer: "adam" },
  { ...smooth, spec: "gpt:4:1:2", inputShape: [5] },
  { ...smooth, spec: "gpt:4:1:2", inputShape: [5], optimizer: "adam" },
  { ...smooth, spec: "gpt:4:2:2", inputShape: [5], trainable: /^(h\.1|ln_f)/ },
  { ...smooth, spec: "gpt:4:1:2", inputShape: [5], dtype: "float32" },
  { ...smooth, spec: "resnet:3,4", inputShape: [1, 4, 4] },
];

describe("an explanation", () => {
  it.each(cases)("of $spec in $dtype, trained by $optimizer, parameters $trainable, holds", async (tested) => {
    const { task, params } = await taskOf(tested);
    const random = randomFrom(1, "batches");
    const run = await trainInMemory(task, {
      params,
      batches: [...shuffledBatches({ examples: 12, batchSize: 4, steps: STEPS }, random)],
    });
    const queries = datasetQueries(task, "test:0-2");
    // In float32 the outputs themselves are no closer to those of the quadrature.
    const tolerance = tested.dtype === "float64" ? 1e-8 : 1e-4;
    const explanation = await explain(task, run, { queries, rule: "auto", tolerance });
    expect(verdictOf(explanation, tested.dtype)).toMatchObject({
      passed: true,
      closure: { holds: true },
      residual: { holds: true },
    });
    expect(Math.min(...explanation.gross)).toBeGreaterThan(1e-5);
  });
});

describe("examples of a language model", () => {
  it("must be whole numbers", async () => {
    const { task, params } = await taskOf({ ...smooth, spec: "gpt:4:1:2", inputShape: [5] });
    const x = reals([12, 5], new Float64Array(60).fill(0.5));
    const broken: Task = { ...task, dataset: { ...task.dataset, train: { ...task.dataset.train, x } } };
    const batches = [...shuffledBatches({ examples: 12, batchSize: 4, steps: 1 }, randomFrom(1, "batches"))];
    expect(await errorOf(() => trainInMemory(broken, { params, batches }))).toBe(
      "InvalidDataError: the examples must be whole numbers, which the model reads as tokens, got fractions",
    );
  });
});
