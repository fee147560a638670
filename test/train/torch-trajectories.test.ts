import { describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/registry.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { createTask } from "../../src/train/task.ts";
import { type OptimizerVariant, readFixture } from "../helpers/fixtures.ts";
import { engineOf } from "../helpers/tasks.ts";
import { torchDataset } from "../helpers/torch-dataset.ts";
import { torchSequential } from "../helpers/torch-models.ts";

const fixture = readFixture("optimizers");
const { variants, network } = fixture.description;
const { steps, batch, parameters } = network;
const schedule = fixture.real("schedule").data;
const batches = fixture.arrays["network.batches"].data;
const start = fixture.real("network.start").data;
const split = { x: fixture.real("network.x"), y: fixture.arrays["network.y"] as Tensor<"int64"> };
const dataset = torchDataset(split);

/** Parameters after step 5 and after the last, trained with the recorded batches. */
async function follow({
  optimizer,
  options,
  scheduled,
}: OptimizerVariant): Promise<Record<"step5" | "end", Float64Array>> {
  const model = torchSequential(network, [3]);
  expect(model.parameters.entries.map(({ name, shape }) => ({ name, shape }))).toEqual(parameters);
  const task = createTask({
    engine: await engineOf("float64"),
    model,
    trainable: parameters.map(({ name }) => name),
    params: start,
    loss: lossOf(network.loss),
    optimizer: createOptimizer(optimizer, options),
    dataset,
  });
  const stepper = new Stepper(task);
  stepper.params.set(start);
  let step5 = new Float64Array(start.length);
  for (let s = 0; s < steps; s++) {
    const indices = Array.from(batches.subarray(s * batch, (s + 1) * batch) as ArrayLike<number | bigint>, Number);
    await stepper.evaluate(meanBatch(Int32Array.from(indices)));
    expect(stepper.update(task.optimizer.stepSize * (scheduled ? schedule[s] : 1))).toBe(true);
    if (s === 4) step5 = Float64Array.from(stepper.params);
  }
  return { step5, end: Float64Array.from(stepper.params) };
}

describe("training follows torch.optim through 50 steps of a small network, parameters to 1e-12", () => {
  it.each(variants)("$name", async (variant) => {
    const { step5, end } = await follow(variant);
    expect(step5).toBeAllclose(fixture.real(`network.${variant.name}.step5`), { atol: 1e-12 });
    expect(end).toBeAllclose(fixture.real(`network.${variant.name}.end`), { atol: 1e-12 });
    expect(Math.max(...end.map((w, k) => Math.abs(w - start[k])))).toBeGreaterThan(0.01);
  });
});
