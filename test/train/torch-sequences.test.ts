// A language model with logits at every position, as PyTorch exported it and as `gpt` builds it: losses with ignored positions, gradients
// of each example, training, kernels and contributions against PyTorch's numbers in float64.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { gpt } from "../../src/models/transformer.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import type { RealArray, Tensor } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { createTask } from "../../src/train/task.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { perExampleGradients } from "../helpers/per-example-gradients.ts";
import { engineOf } from "../helpers/tasks.ts";

const { description, arrays, real } = readFixture("sequences");
const [N, T, V] = real("output").shape;
const CLOSE = { atol: 1e-12, rtol: 1e-10 };
const ALL = meanBatch(Int32Array.from({ length: N }, (_, n) => n));

const file = new URL("../../fixtures/onnx/gpt-17.onnx", import.meta.url);
const exported = modelFromOnnx(readFileSync(file), { name: "gpt-17.onnx" });
const built = gpt({ inputShape: [T], positions: [T], outputs: V, width: 4, depth: 1, heads: 2, hidden: 8 });

/** PyTorch's name of one of ours. */
const torchName = (name: string): string =>
  name.replace("h.0.", "block.").replace("mlp.c_fc", "mlp.0").replace("mlp.c_proj", "mlp.2");

/** Vectors (rows, p) in the fixture's order as ours; PyTorch's position table has a row more than ours, which nothing reads. */
function oursOf({ parameters }: Model, key: string): Float64Array {
  const source = real(key).data;
  const size = description.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const result = new Float64Array((source.length / size) * parameters.size);
  let offset = 0;
  for (const { name, shape } of description.parameters) {
    const width = shape.reduce((a, b) => a * b, 1);
    const entry = parameters.entries.find((own) => torchName(own.name) === name);
    if (!entry) throw new RangeError(`the model must have the parameter ${name}`);
    for (let row = 0; row < source.length / size; row++) {
      const own = source.subarray(row * size + offset, row * size + offset + entry.size);
      result.set(own, row * parameters.size + entry.offset);
    }
    offset += width;
  }
  return result;
}

async function taskOf(model: Model, optimizer: string, lr: number) {
  const params = oursOf(model, "params");
  const x = {
    dtype: "float64",
    shape: [N, T],
    data: Float64Array.from(arrays.x.data as BigInt64Array, Number),
  } as const;
  const split = { x, y: arrays.y as Tensor<"int64"> };
  const task = createTask({
    engine: await engineOf("float64"),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer(optimizer, { lr }),
    dataset: {
      source: "fixture",
      task: "classification",
      classes: Array.from({ length: V }, (_, k) => `${k}`),
      inputShape: [T],
      train: split,
      test: split,
      sha256: "",
    },
  });
  return { task, params };
}

describe.each([
  ["exported by PyTorch", exported],
  ["that gpt builds", built],
] as const)("a language model %s", (_, model) => {
  it("has PyTorch's outputs at every position", async () => {
    const program = (await engineOf("float64")).compile(model.graph);
    const { y } = await program.run({ x: arrays.x, ...viewsOf(model.parameters, oursOf(model, "params")) });
    expect(y.shape).toEqual([N, T, V]);
    expect(y as Tensor<"float64">).toBeAllclose(real("output"), CLOSE);
  });

  it("has PyTorch's losses, 0 where no position counts, and its gradient of each example", async () => {
    const { task, params } = await taskOf(model, "sgd", 0.1);
    const gradients = await perExampleGradients(task)(params, { ...ALL, weights: new Float64Array(N).fill(1) });
    expect(gradients).toBeAllclose(oursOf(model, "lossGradient"), CLOSE);
    const stepper = new Stepper(task);
    stepper.params.set(params);
    for (let n = 0; n < N; n++) {
      const { loss } = await stepper.evaluate(meanBatch(Int32Array.of(n)));
      expect(loss).toBeAllclose(real("loss").data[n], CLOSE);
    }
    expect(real("loss").data[2]).toBe(0);
  });

  it("is trained by Adam as PyTorch trains it", async () => {
    const { lr, steps } = description.adam;
    const { task, params } = await taskOf(model, "adam", lr);
    const run = await trainInMemory(task, { params, batches: Array.from({ length: steps }, () => ALL) });
    // Adam divides by the root of a square: differences of 1e-16 in a gradient near 0 grow.
    expect((await run.checkpoint(steps)).params).toBeAllclose(oursOf(model, "trained"), { atol: 1e-9, rtol: 1e-8 });
  });

  it.each(["vector-products", "jacobian-contraction"] as const)(
    "has PyTorch's kernel, block by block over all outputs: %s",
    async (algorithm) => {
      const { task, params } = await taskOf(model, "sgd", 0.1);
      const { kernel } = await tangentKernel(task, params, arrays.x, undefined, { form: "blocks", algorithm });
      expect(kernel.shape).toEqual([N, N, T * V, T * V]);
      expect(kernel.data as RealArray).toBeAllclose(real("kernel").data, { atol: 1e-11, rtol: 1e-10 });
    },
  );

  it("explains one plain step by PyTorch's kernel times the derivatives of its losses", async () => {
    const [lr, position, k] = [0.1, 3, 5];
    const { task, params } = await taskOf(model, "sgd", lr);
    const run = await trainInMemory(task, { params, batches: [ALL] });
    const queries = datasetQueries(task, "train:0-2");
    const { contributions } = await explain(task, run, { queries, readout: `logit:${position}/${k}`, rule: "left" });
    const [c, pulls, kernel] = [position * V + k, real("lossDerivative").data, real("kernel").data];
    const C = T * V;
    const expected = Float64Array.from({ length: N * N }, (__, qn) => {
      const block = kernel.subarray((qn * C + c) * C, (qn * C + c + 1) * C);
      const own = pulls.subarray((qn % N) * C, ((qn % N) + 1) * C);
      return (-lr / N) * block.reduce((sum, value, d) => sum + value * own[d], 0);
    });
    expect(contributions).toBeAllclose(expected, CLOSE);
  });
});
