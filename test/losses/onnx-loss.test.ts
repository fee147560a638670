// Losses that users bring as .onnx files: PyTorch's, against ours; what does not fit is refused in words.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { isPathkernelError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { dropout } from "../../src/graph/dropout.ts";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import { fullLike, mul, reduceSum, sub } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { onnxLoss } from "../../src/losses/onnx-loss.ts";
import { lossOf } from "../../src/losses/registry.ts";
import type { Loss } from "../../src/losses/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";
import { engineOf, smallTask } from "../helpers/tasks.ts";

const exported = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
const random = randomFrom(4, "losses");
const normals = (count: number) => Float64Array.from({ length: count }, () => random.normal());
const [N, C] = [5, 3];
const y = reals([N, C], normals(N * C));

async function evaluated(loss: Loss, target: Tensor) {
  const build: Parameters<typeof evaluate>[1] = (b, inputs) => {
    const value = loss.value(b, inputs.y, inputs.target);
    const [derivative] = vjp(b, [{ value, cotangent: fullLike(b, value, 1) }], [inputs.y]);
    return { value, derivative: derivative! };
  };
  const { value, derivative } = await evaluate({ y, target }, build, { engine: await engineOf("float64") });
  return [...(value.data as Float64Array), ...(derivative.data as Float64Array)];
}

/** An .onnx file of a loss over outputs of two numbers. */
function fileOf(make: (b: GraphBuilder, y: Value, target: Value) => Value): Uint8Array {
  const b = new GraphBuilder();
  const [outputs, target] = [b.input("output", "real", ["N", 2]), b.input("target", "real", ["N", 2])];
  return writeOnnx(b.build({ loss: make(b, outputs, target) }), { real: "float32" });
}
const square = (b: GraphBuilder, outputs: Value, target: Value): Value => {
  const error = sub(b, outputs, target);
  return mul(b, error, error);
};

describe("onnxLoss(bytes, name)", () => {
  it.each([
    ["losses/mse.onnx", "mse", reals([N, C], normals(N * C))],
    ["losses/nll.onnx", "cross-entropy", integers([N], [2, 0, 1, 1, 2])],
  ] as const)("%s, as PyTorch exports it, is %s", async (file, name, target) => {
    const own = onnxLoss(exported(file), file);
    expect(own).toMatchObject({ target: lossOf(name).target });
    expect(own.name).toMatch(new RegExp(`^${file}#[0-9a-f]{8}$`));
    expect(onnxLoss(exported(file), own.name).name).toBe(own.name);
    expect(await evaluated(own, target)).toBeAllclose(await evaluated(lossOf(name), target), {
      rtol: 1e-13,
      atol: 1e-14,
    });
  });

  it("trains as the loss of ours does", async () => {
    const { task, params, batches } = await smallTask({ loss: "mse", steps: 6 });
    const own = { ...task, loss: onnxLoss(exported("losses/mse.onnx"), "mse.onnx") };
    const [a, b] = [await trainInMemory(task, { params, batches }), await trainInMemory(own, { params, batches })];
    expect((await b.checkpoint(6)).params).toBeAllclose((await a.checkpoint(6)).params, { rtol: 1e-13, atol: 1e-14 });
    expect(b.lossBytes).toEqual(exported("losses/mse.onnx"));
  });

  it.each<[string, (b: GraphBuilder, outputs: Value, target: Value) => Value, string]>([
    [
      "numbers for each output",
      square,
      "UnsupportedError: l.onnx: a loss must give one real number for each example, (N) or (N, 1), got real [N, 2]",
    ],
    [
      "one number for the batch",
      (b, outputs, target) => reduceSum(b, square(b, outputs, target), [0, 1]),
      "UnsupportedError: l.onnx: a loss must give one real number for each example, (N) or (N, 1), got real []",
    ],
  ])("refuses %s", async (_what, make, message) => {
    const loss = onnxLoss(fileOf(make), "l.onnx");
    const { task, params } = await smallTask({ loss: "mse", steps: 1 });
    const trainable = task.layout.entries.map((entry) => entry.name);
    expect(await errorOf(() => createTask({ ...task, trainable, params, loss }))).toContain(message);
  });

  it("refuses outputs that it is not for", async () => {
    const loss = onnxLoss(
      fileOf((b, outputs, target) => reduceSum(b, square(b, outputs, target), [1])),
      "l.onnx",
    );
    const { task, params } = await smallTask({ loss: "half-mse", steps: 1 });
    const trainable = task.layout.entries.map((entry) => entry.name);
    expect(await errorOf(() => createTask({ ...task, trainable, params, loss }))).toBe(
      "UnsupportedError: l.onnx: the loss is for outputs [N, 2], got [N, 1]",
    );
  });

  it("refuses a loss that draws masks, which no record would hold", async () => {
    const random = fileOf((b, outputs, target) => reduceSum(b, dropout(b, square(b, outputs, target), 1e-6), [1]));
    const { task, params } = await smallTask({ loss: "mse", steps: 1 });
    const trainable = task.layout.entries.map((entry) => entry.name);
    expect(await errorOf(() => createTask({ ...task, trainable, params, loss: onnxLoss(random, "l.onnx") }))).toBe(
      "UnsupportedError: l.onnx: a loss must not be random, got Dropout in training mode (export it in evaluation mode; a model may have dropout)",
    );
  });

  it("refuses a loss that mixes the examples of a batch, before anything is recorded", async () => {
    const mixing = fileOf((b, outputs, target) => {
      const error = square(b, outputs, target);
      return reduceSum(b, sub(b, error, b.op("ReduceMean", [error, b.ints([0])], { keepdims: 1 })), [1]);
    });
    const { task, params, batches } = await smallTask({ loss: "mse", steps: 1 });
    const run = trainInMemory({ ...task, loss: onnxLoss(mixing, "l.onnx") }, { params, batches });
    await expect(run).rejects.toThrow(
      /^l\.onnx#[0-9a-f]{8} must give each example a loss of its own, got one of example 0/,
    );
  });

  it("reads or refuses in words what is damaged", () => {
    const damage = randomFrom(3, "damage");
    const whole = exported("losses/nll.onnx");
    for (let k = 0; k < 300; k++) {
      const bytes = whole.slice(0, damage.uniform() < 0.2 ? Math.ceil(damage.uniform() * whole.length) : whole.length);
      bytes[Math.floor(damage.uniform() * bytes.length)] = Math.floor(256 * damage.uniform());
      try {
        const b = new GraphBuilder();
        onnxLoss(bytes, "l.onnx").value(b, b.input("y", "real", ["N", 3]), b.input("target", "int64", ["N"]));
      } catch (error) {
        if (!isPathkernelError(error)) throw error;
      }
    }
  });

  it("refuses models, and files of other things", async () => {
    expect(await errorOf(() => onnxLoss(exported("onnx/mlp-17.onnx"), "mlp.onnx"))).toContain(
      "UnsupportedError: mlp.onnx: a loss must have two inputs, the outputs and the targets, got ",
    );
    expect(await errorOf(() => onnxLoss(new TextEncoder().encode("PK"), "l.onnx"))).toContain(
      "InvalidModelError: l.onnx:",
    );
  });
});
