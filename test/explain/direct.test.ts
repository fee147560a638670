// Direct pulls against vectors multiplied out and contracted by forward mode: the same explanation, for every family of models.

import { describe, expect, it } from "vitest";
import { directPuller } from "../../src/explain/direct.ts";
import { explain } from "../../src/explain/explain.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { familyTask } from "../helpers/family-task.ts";
import { largest } from "../helpers/kernels.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, smallTask } from "../helpers/tasks.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

const classes = { loss: "cross-entropy", hidden: [7, 5] } as const;

const models: Readonly<Record<string, () => Promise<SmallTask>>> = {
  "a ReLU network": () => smallTask({ ...classes, model: "relu" }),
  "a convolutional network": () => smallTask({ ...classes, model: "cnn" }),
  "a network of which some layers are trained": () =>
    smallTask({ ...classes, trainable: ["layers.0.bias", "layers.1.weight"] }),
  "a network that uses a matrix twice": () => tiedWeightsTask(classes),
  "a residual network": () => familyTask("resnet:3,4:1", [2, 4, 4], "float64"),
  "a transformer": () => familyTask("transformer:4:1:2", [3, 4], "float64"),
  "a transformer that is wide beside its length": () => familyTask("transformer:32:1:2", [2, 3], "float64"),
  "a language model with tied embeddings": () => familyTask("gpt:4:1:2", [4], "float64"),
};

const withSgd = ({ task, params }: SmallTask, options: OptimizerOptions = {}) => ({
  task: { ...task, optimizer: createOptimizer("sgd", { lr: 0.05, ...options }) } as Task,
  params,
});

async function explainedBy(pulls: "auto" | "factored" | "forward", made: SmallTask, options: OptimizerOptions) {
  const { task, params } = withSgd(made, options);
  const examples = task.dataset.train.x.shape[0];
  const batches = [...shuffledBatches({ examples, batchSize: 4, steps: 4 }, randomFrom(5, "batches"))];
  const run = await trainInMemory(task, { params, batches });
  return explain(task, run, { queries: datasetQueries(task, "test:0-2"), rule: "gauss2", pulls });
}

describe("direct pulls", () => {
  it.each(Object.keys(models))("book what carried vectors book, to rounding, on %s", async (name) => {
    const made = await models[name]();
    const options = { weightDecay: 0.1 };
    const [direct, carried] = [await explainedBy("auto", made, options), await explainedBy("forward", made, options)];
    const close = { atol: 1e-12 * Math.max(largest(direct.gross), largest(direct.output)), rtol: 0 };
    expect(largest(carried.contributions)).toBeGreaterThan(0);
    expect(direct.contributions).toBeAllclose(carried.contributions, close);
    expect(direct.residualByStep).toBeAllclose(carried.residualByStep, close);
    expect(direct.terms.map((term) => term.name)).toEqual(["coupled decay"]);
    expect(direct.terms[0].values).toBeAllclose(carried.terms[0].values, close);
    expect(largest(direct.closure)).toBeLessThan(close.atol);
  });

  it("are there for plain gradient descent alone, and where every use of a parameter has a factored form", async () => {
    const readoutOf = (task: Task) => ({
      head: task.split.head,
      exampleInputs: task.split.exampleInputs,
      readout: taskReadout(task, "logit:0"),
      targetType: task.loss.target,
      layout: task.layout,
    });
    const { task } = withSgd(await smallTask(classes));
    expect(directPuller(task, readoutOf(task))).toBeDefined();
    for (const [name, options] of [
      ["sgd", { momentum: 0.9 }],
      ["rmsprop", {}],
      ["adam", {}],
    ] as const) {
      const other = { ...task, optimizer: createOptimizer(name, { lr: 0.01, ...options }) };
      expect(directPuller(other, readoutOf(other))).toBeUndefined();
    }
    const { task: squared } = withSgd(await squaredWeightsTask(classes));
    expect(directPuller(squared, readoutOf(squared))).toBeUndefined();
  });
});
