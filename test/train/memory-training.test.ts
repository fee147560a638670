import { describe, expect, it } from "vitest";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { accumulatedBatches, fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { SOFTWARE } from "../../src/version.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

describe("trainInMemory(task, options)", () => {
  it("gives the recorded run, with a checkpoint before every step", async () => {
    const { task, params, batches } = await smallTask({ steps: 5, optimizer: optimizerChoice("adam") });
    const run = await trainInMemory(task, { params, batches });
    expect(run.checkpoints).toEqual([0, 1, 2, 3, 4, 5]);
    expect(run.batches).toEqual(batches);
    expect(run.scalars).toHaveLength(5);
    expect((await run.checkpoint(0)).params).toEqual(params);
    expect((await run.checkpoint(5)).params).not.toEqual(params);
    expect(run.layout).toEqual(task.layout);
  });

  it("makes of the batches of each epoch, accumulated, the steps of gradient descent", async () => {
    const { task, params, batches } = await smallTask({ steps: 9, batchSize: 8 });
    const epochs = [...accumulatedBatches(batches, 3)];
    const [accumulated, whole] = [
      await trainInMemory(task, { params, batches: epochs }),
      await trainInMemory(task, { params, batches: [...fullBatches(24, 3)] }),
    ];
    const close = { rtol: 1e-13, atol: 1e-15 };
    expect((await accumulated.checkpoint(3)).params).toBeAllclose((await whole.checkpoint(3)).params, close);
  });

  it("says in its manifest what was trained on what", async () => {
    const trainable = ["layers.2.weight", "layers.2.bias"];
    const { task, params, batches } = await smallTask({ steps: 3, batchSize: 6, loss: "cross-entropy", trainable });
    const { manifest } = await trainInMemory(task, { params, batches, checkpointEvery: 2 });
    expect(manifest).toMatchObject({
      schema: "pathkernel.run/1",
      software: SOFTWARE,
      dtype: "float64",
      engine: task.engine.info,
      model: { spec: "mlp:16,12:tanh", parameters: task.model.parameters.entries.map(({ name }) => name), trainable },
      loss: "cross-entropy",
      optimizer: { name: "sgd", options: task.optimizer.options },
      data: { source: "small", task: "classification", classes: ["0", "1", "2"], trainExamples: 24, testExamples: 6 },
      batchSize: 6,
      plannedSteps: 3,
      steps: 3,
      status: "complete",
      checkpointEvery: 2,
    });
  });

  it("says of weights that are not a mean's that they are weights, which training without some examples leaves as they are", async () => {
    const { task, params, batches } = await smallTask({ steps: 2 });
    const reductionOf = async (factor: number) =>
      (
        await trainInMemory(task, {
          params,
          batches: batches.map(({ indices, weights }) => ({ indices, weights: weights.map((c) => c * factor) })),
        })
      ).manifest.reduction;
    expect([await reductionOf(1), await reductionOf(2)]).toEqual([undefined, "weighted"]);
  });

  it("holds the model file with w_0 of all parameters, frozen ones too", async () => {
    const { task, params, batches } = await smallTask({ steps: 2, trainable: ["layers.2.bias"] });
    const run = await trainInMemory(task, { params, batches });
    const model = modelFromOnnx(run.modelBytes, { name: "model.onnx" });
    const initial = new Float64Array(model.parameters.size);
    model.initialise(initial, () => 0);
    expect(initial).toEqual(params);
  });

  it("records fewer checkpoints where asked to, and the last always", async () => {
    const { task, params, batches } = await smallTask({ steps: 5 });
    const run = await trainInMemory(task, { params, batches, checkpointEvery: 3 });
    expect(run.checkpoints).toEqual([0, 3, 5]);
  });

  it("stops where its signal says so, and without batches at once", async () => {
    const { task, params, batches } = await smallTask({ steps: 5 });
    const interrupted = await trainInMemory(task, { params, batches, signal: AbortSignal.abort() });
    expect(interrupted.manifest).toMatchObject({ status: "interrupted", steps: 0 });
    const nothing = await trainInMemory(task, { params, batches: [] });
    expect(nothing.manifest).toMatchObject({ status: "complete", steps: 0, batchSize: 0 });
    expect((await nothing.checkpoint(0)).params).toEqual(params);
  });
});
