import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { integers, reals, toReal, zeros } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask, type TaskOptions, targetsOf, trainableOf } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { sequenceTask } from "../helpers/sequence-task.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

/** Three examples, of so many classes or of targets so wide. */
function dataset(kind: { classes: number } | { width: number }): Dataset {
  const classification = "classes" in kind;
  const y = classification ? integers([3], [0, 1, 0]) : reals([3, kind.width], new Float64Array(3 * kind.width));
  const split = { x: reals([3, 2], [1, 2, 3, 4, 5, 6]), y };
  return {
    source: "three rows",
    task: classification ? "classification" : "regression",
    classes: classification ? Array.from({ length: kind.classes }, (_, c) => `c${c}`) : [],
    inputShape: [2],
    train: split,
    test: split,
    sha256: "",
  };
}

async function options(outputs: number, changed: Partial<TaskOptions> = {}): Promise<TaskOptions> {
  const model = mlp({ inputShape: [2], outputs, hidden: [3], activation: "tanh" });
  return {
    engine: await engineOf("float64"),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params: startOf(model, "float64", 1),
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr: 0.1 }),
    dataset: dataset({ classes: outputs }),
    ...changed,
  };
}

const made = async (outputs: number, loss: string, data: Dataset) =>
  createTask(await options(outputs, { loss: lossOf(loss), dataset: data }));

describe("createTask(options)", () => {
  it("puts together what is given, with C and the layout of what is trained", async () => {
    const given = await options(2);
    const task = createTask(given);
    expect(task).toMatchObject({ outputs: 2, loss: given.loss, dataset: given.dataset, frozen: {} });
    expect(task.layout).toEqual(given.model.parameters);
    expect(task.split.head).toBe(given.model.graph);
  });

  it("keeps the others as they are, in the engine's dtype, and lays the trained ones out in the order given", async () => {
    const given = await options(2, {
      engine: await engineOf("float32"),
      trainable: ["layers.1.bias", "layers.0.bias"],
    });
    const task = createTask(given);
    expect(task.layout.entries.map(({ name, offset }) => [name, offset])).toEqual([
      ["layers.1.bias", 0],
      ["layers.0.bias", 2],
    ]);
    expect(Object.keys(task.frozen)).toEqual(["layers.0.weight", "layers.1.weight"]);
    const first = reals([3, 2], given.params.subarray(0, 6));
    expect(task.frozen["layers.0.weight"]).toEqual(toReal(first, "float32"));
    // layers: 3 x 2, 3, 2 x 3, 2.
    const [own, other] = [given.params.slice(15, 17), given.params.slice(6, 9)];
    expect(trainableOf(task, given.params, "float32")).toEqual(Float32Array.of(...own, ...other));
  });

  it.each<[number, string, { classes: number } | { width: number }]>([
    [3, "cross-entropy", { classes: 3 }],
    [5, "cross-entropy", { classes: 3 }],
    [3, "mse", { classes: 3 }],
    [1, "binary-cross-entropy", { classes: 2 }],
    [1, "mse", { classes: 2 }],
    [4, "half-mse", { width: 4 }],
    [1, "binary-cross-entropy", { width: 1 }],
  ])("takes %i outputs under %s for %j", async (outputs, loss, kind) => {
    await expect(made(outputs, loss, dataset(kind))).resolves.toMatchObject({ outputs });
  });

  it.each<[number, string, { classes: number } | { width: number }, string]>([
    [2, "cross-entropy", { classes: 3 }, "the model must have an output for each of 3 classes, got 2"],
    [1, "cross-entropy", { classes: 2 }, "the model must have an output for each of 2 classes, got 1"],
    [1, "binary-cross-entropy", { classes: 3 }, "the model must have an output for each of 3 classes, got 1"],
    [2, "mse", { width: 3 }, "the model must have 3 outputs for the targets of three rows, got 2"],
    [2, "cross-entropy", { width: 2 }, "loss cross-entropy needs class labels, got a regression target in three rows"],
  ])("refuses %i outputs under %s for %j", async (outputs, loss, kind, message) => {
    expect(await errorOf(() => made(outputs, loss, dataset(kind)))).toBe(`InvalidDataError: ${message}`);
  });

  it("knows the axes of outputs with positions, and C, their product", async () => {
    const { task } = await sequenceTask({ length: 4, classes: 5 });
    expect(task).toMatchObject({ outputShape: [4, 5], outputs: 20 });
    const regression = await sequenceTask({ spec: "mlp", loss: "mse", length: 4 });
    expect(regression.task).toMatchObject({ outputShape: [4, 2], outputs: 8 });
  });

  it("refuses labels at positions that the outputs do not have, and targets of another shape", async () => {
    const { task } = await sequenceTask({ length: 4, classes: 5 });
    const flat = { x: task.dataset.train.x, y: integers([12], new Array(12).fill(0)) };
    const remade = (changed: Partial<TaskOptions>) =>
      createTask({ ...task, trainable: ["wte.weight"], params: startOf(task.model, "float64", 1), ...changed });
    expect(await errorOf(() => remade({ dataset: { ...task.dataset, train: flat } }))).toBe(
      "InvalidDataError: the model must have outputs (N, classes) for the labels of sequences, got (N, 4, 5)",
    );
    const model = mlp({ inputShape: [4], outputs: 5, hidden: [], activation: "tanh" });
    const other = { model, trainable: ["layers.0.bias"], params: startOf(model, "float64", 1) };
    expect(await errorOf(() => remade(other))).toBe(
      "InvalidDataError: the model must have outputs (N, 4, 5) for the labels of sequences, got (N, 5)",
    );
    const { task: regression } = await sequenceTask({ spec: "mlp", loss: "mse", length: 4 });
    expect(await errorOf(() => remade({ ...other, loss: lossOf("mse"), dataset: regression.dataset }))).toBe(
      "InvalidDataError: the model must have outputs (N, 4, 2) for the targets of sequences, got (N, 5)",
    );
  });

  it("refuses labels that are no class: silently they would have no loss", async () => {
    const labelled = (labels: number[]) => ({
      ...dataset({ classes: 2 }),
      train: { x: reals([3, 2], new Float64Array(6)), y: integers([3], labels) },
    });
    for (const [label, n] of [
      [2, 1],
      [-1, 2],
      [-100, 0],
    ]) {
      const labels = [0, 0, 0];
      labels[n] = label;
      expect(await errorOf(() => made(2, "cross-entropy", labelled(labels)))).toBe(
        `InvalidDataError: loss cross-entropy needs labels in 0..1, got ${label} for example ${n} of three rows`,
      );
    }
    const { task } = await sequenceTask({ length: 2, classes: 3 });
    const y = integers(
      [12, 2],
      Array.from({ length: 24 }, (_, k) => (k === 7 ? 3 : -100)),
    );
    const broken = { ...task.dataset, train: { ...task.dataset.train, y } };
    const options_ = { ...task, trainable: ["wte.weight"], params: startOf(task.model, "float64", 1), dataset: broken };
    expect(await errorOf(() => createTask(options_))).toBe(
      "InvalidDataError: loss cross-entropy needs labels in 0..2, or -100 where a position does not count, got 3 for example 3 of sequences",
    );
  });

  it("refuses ignored positions under a loss on numbers", async () => {
    expect(await errorOf(() => sequenceTask({ spec: "mlp", loss: "binary-cross-entropy", classes: 2 }))).toBe(
      "InvalidDataError: loss binary-cross-entropy needs labels in 0..1, got -100 for example 1 of sequences",
    );
  });

  it("refuses targets outside [0, 1] under a loss that reads outputs as probabilities", async () => {
    const data = dataset({ width: 1 });
    const train = { ...data.train, y: reals([3, 1], [0, 1, 1.5]) };
    expect(await errorOf(() => made(1, "binary-cross-entropy", { ...data, train }))).toBe(
      "InvalidDataError: loss binary-cross-entropy needs targets in [0, 1], got 1.5 for example 2 of three rows",
    );
  });

  it.each([["layers.9.bias"], ["layers.0.bias", "layers.0.bias"], ["toString"]])(
    "refuses to train %j %j",
    async (...trainable) => {
      const given = await options(2, { trainable: trainable.filter(Boolean) });
      expect(await errorOf(() => createTask(given))).toBe(
        `RangeError: createTask: trainable must name parameters of the model, each once, got ${trainable[0]}`,
      );
    },
  );

  it("refuses another number of parameters than the model's", async () => {
    const given = await options(2, { params: new Float64Array(5) });
    expect(await errorOf(() => createTask(given))).toBe("RangeError: createTask: params must hold 17 numbers, got 5");
  });
});

describe("targetsOf(task, split, rows)", () => {
  const labels = { x: reals([4, 1], [0, 0, 0, 0]), y: integers([4], [2, 0, 1, 2]) };

  it("are class indices where the loss reads these", async () => {
    const task = await made(3, "cross-entropy", dataset({ classes: 3 }));
    expect(targetsOf(task, labels, [3, 1, 1])).toEqual(integers([3], [2, 0, 0]));
  });

  it("are one-hot rows where it reads numbers, or 0 and 1 for a single output", async () => {
    const hot = await made(3, "mse", dataset({ classes: 3 }));
    expect(targetsOf(hot, labels, Int32Array.of(0, 2))).toEqual(reals([2, 3], [0, 0, 1, 0, 1, 0]));
    const single = await made(1, "binary-cross-entropy", dataset({ classes: 2 }));
    expect(targetsOf(single, labels, [1, 2])).toEqual(reals([2, 1], [0, 1]));
  });

  it("are shaped as the outputs where these have positions", async () => {
    const tokens = (await sequenceTask({ length: 2, classes: 3 })).task;
    const sequences = { x: tokens.dataset.train.x, y: integers([2, 2], [2, -100, 1, 0]) };
    expect(targetsOf(tokens, sequences, [1, 0])).toEqual(integers([2, 2], [1, 0, 2, -100]));
    const hot = { ...tokens, loss: lossOf("mse") };
    expect(targetsOf(hot, sequences, [1])).toEqual(reals([1, 2, 3], [0, 1, 0, 1, 0, 0]));
    const binary = (await sequenceTask({ spec: "mlp", loss: "binary-cross-entropy", classes: 2, ignored: false })).task;
    const bits = { x: tokens.dataset.train.x, y: integers([1, 4], [1, 0, 0, 1]) };
    expect(targetsOf(binary, bits, [0])).toEqual(reals([1, 4, 1], [1, 0, 0, 1]));
  });

  it("are rows of the data for regression, in the engine's dtype", async () => {
    const given = await options(2, { loss: lossOf("mse"), dataset: dataset({ width: 2 }) });
    const split = { x: labels.x, y: reals([3, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) };
    expect(targetsOf(createTask(given), split, [2, 0])).toEqual(reals([2, 2], [0.5, 0.6, 0.1, 0.2]));
    const float32 = createTask({ ...given, engine: await engineOf("float32") });
    expect(targetsOf(float32, split, [2])).toEqual(toReal(reals([1, 2], [0.5, 0.6]), "float32"));
    expect(targetsOf(float32, split, [])).toEqual(zeros("float32", [0, 2]));
  });
});
