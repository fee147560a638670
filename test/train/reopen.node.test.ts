import { describe, expect, it } from "vitest";
import { InvalidDataError, InvalidRunError } from "../../src/errors.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import type { Run } from "../../src/run/types.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";
import { stateAt } from "../../src/train/trajectory.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

const x = reals([6, 2], [0.1, 1, 0.2, -1, 0.3, 1, -0.1, -1, -0.2, 1, -0.3, -1]);
const table = (labels: readonly number[]) => {
  const y = integers([6], labels);
  return folder.write("d.npz", encodeNpz({ x_train: x, y_train: y, x_test: x, y_test: y }));
};

const LABELS = [0, 1, 0, 1, 0, 1];

/** A recorded run of 7 steps, every third of which has a checkpoint. */
async function recorded(changed: Partial<TrainingRequest> = {}) {
  const request: TrainingRequest = {
    data: table(LABELS),
    model: "mlp:5:gelu",
    loss: "cross-entropy",
    optimizer: "adamw",
    optimizerOptions: { lr: 0.01, weightDecay: 0.1, amsgrad: true },
    batchSize: 4,
    steps: 7,
    seed: 1,
    dtype: "float32",
    threads: 1,
    checkpointBudget: 4 * 4096,
    out: folder.at("a.pkrun"),
    ...changed,
  };
  const { task } = await runTraining(request);
  await task.engine.release();
  return { task, run: await openRun(folder.at("a.pkrun")) };
}

const changed = (run: Run, part: Partial<Run["manifest"]>): Run => ({
  ...run,
  manifest: { ...run.manifest, ...part },
});

describe("reopenTask(run)", () => {
  it.each<Partial<TrainingRequest>>([{}, { trainable: ["*.bias"], dtype: "float64" }])(
    "is the task that was trained: data, model, loss, optimizer, an engine like it (%j)",
    async (options) => {
      const { task, run } = await recorded(options);
      const again = await reopenTask(run);
      expect(again).toMatchObject({
        layout: task.layout,
        frozen: task.frozen,
        loss: task.loss,
        dataset: task.dataset,
        outputs: task.outputs,
        optimizer: { name: "adamw", options: task.optimizer.options },
      });
      expect(again.engine.info).toEqual(task.engine.info);
      expect(again.engine.dtype).toBe(task.engine.dtype);
      expect(again.model.spec).toBe("mlp:5:gelu");
      expect(again.model.parameters).toEqual(task.model.parameters);
      await again.engine.release();
    },
  );

  it("replays the run bit for bit", async () => {
    const { run } = await recorded();
    expect(run.checkpoints).toEqual([0, 3, 6, 7]);
    const task = await reopenTask(run);
    const at = async (stored: number[], step: number) => stateAt(task, { ...run, checkpoints: stored }, step);
    // Without the checkpoint at 6, step 6 is replayed from 3.
    expect(await at([0, 3, 7], 6)).toEqual(await run.checkpoint(6));
    expect(await at([0, 7], 3)).toEqual(await run.checkpoint(3));
    await task.engine.release();
  });

  it("takes another number of threads where asked to", async () => {
    const { run } = await recorded();
    const task = await reopenTask(run, { threads: 2 });
    expect(task.engine.info.threads).toBe(2);
    await task.engine.release();
  });
});

describe("what reopenTask refuses", () => {
  it("data that have changed since", async () => {
    const { run } = await recorded();
    const path = table([1, 1, 0, 1, 0, 1]);
    const error: unknown = await reopenTask(run).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidDataError);
    const { message, hint } = error as InvalidDataError;
    expect(
      message.startsWith(`${path} must be the data of the run (sha256 ${run.manifest.data.sha256.slice(0, 12)}`),
    ).toBe(true);
    expect(message).toMatch(/\.\.\.\), got [0-9a-f]{12}\.\.\.$/);
    expect(hint).toBe("explain it where the data are as they were");
    table(LABELS);
    const task = await reopenTask(run);
    await task.engine.release();
  });

  it("a manifest that asks for what there is not, as a fault of the run", async () => {
    const { run } = await recorded();
    const { engine, optimizer, model } = run.manifest;
    const refusals = [];
    for (const manifest of [
      { optimizer: { ...optimizer, name: "magic" } },
      { optimizer: { ...optimizer, options: { ...optimizer.options, beta1: 1e6 } } },
      { loss: "none" },
      { clipping: { name: "angle", options: { maximum: 1 } } },
      { clipping: { name: "value", options: { maximum: -1 } } },
      { regularisers: [{ name: "l2", options: {} }] },
      { engine: { ...engine, threads: 2 ** 31 } },
      { model: { ...model, parameters: ["nowhere"] } },
      { model: { ...model, trainable: ["nowhere"] } },
    ]) {
      const error: unknown = await reopenTask(changed(run, manifest)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidRunError);
      refusals.push((error as Error).message.replace(/^.*manifest\.json: /, "").replace(/, got.*$/, ""));
    }
    expect(refusals).toMatchInlineSnapshot(`
      [
        "createOptimizer: name must be one of gd, sgd, momentum, nesterov, rmsprop, adam, adamw",
        "createOptimizer: beta1 of adamw must be in [0, 1)",
        "loss must be one of mse, half-mse, cross-entropy, binary-cross-entropy, nll, joint-nll, huber, poisson, hinge, multi-margin, perceptron",
        "clipping: name must be norm or value",
        "withClipping: value must be a finite number > 0",
        "regulariser: lambda of l2 must be a finite number > 0",
        "openEngine: threads must be an integer from 1 to 1024",
        "readOnnx: parameters must match an initializer",
        "createTask: trainable must name parameters of the model, each once",
      ]
    `);
  });

  it("a run whose model lacks a parameter", async () => {
    const { run } = await recorded();
    const { model } = run.manifest;
    const parameters = [...model.parameters, "layers.9.weight"];
    await expect(reopenTask(changed(run, { model: { ...model, parameters } }))).rejects.toThrow(
      new InvalidRunError(`${run.path}/model.onnx must have the parameter layers.9.weight that the manifest names`),
    );
  });
});
