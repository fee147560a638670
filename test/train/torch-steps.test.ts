import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { lossOf } from "../../src/losses/registry.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { withClipping } from "../../src/optimizers/clipping.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createRegulariser } from "../../src/regularisers/registry.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { readFixture, relativeError } from "../helpers/fixtures.ts";
import { engineOf } from "../helpers/tasks.ts";
import { torchDataset } from "../helpers/torch-dataset.ts";
import { torchSequential } from "../helpers/torch-models.ts";

const fixture = readFixture("steps");
const { variants, network } = fixture.description;
const { steps, batch: size, parameters } = network;
const start = fixture.real("start").data;
const indices = Array.from(fixture.arrays.batches.data as ArrayLike<number | bigint>, Number);
const batches = Array.from({ length: steps }, (_, s) =>
  meanBatch(Int32Array.from(indices.slice(s * size, (s + 1) * size))),
);
const split = { x: fixture.real("x"), y: fixture.arrays.y as Tensor<"int64"> };
const dataset = torchDataset(split);

async function follow({ optimizer, options, clipping, regularisers }: (typeof variants)[number]) {
  const task = createTask({
    engine: await engineOf("float64"),
    model: torchSequential(network, [3]),
    trainable: parameters.map(({ name }) => name),
    params: start,
    loss: lossOf(network.loss),
    optimizer: withClipping(createOptimizer(optimizer, options), clipping),
    regularisers: regularisers.map(createRegulariser),
    dataset,
  });
  return { task, run: await trainInMemory(task, { params: start, batches }) };
}

describe("clips and regularisers are PyTorch's: parameters after 50 steps to 1e-12, and every coordinate to 1e-10 of itself", () => {
  it("in as many variants as were written", () => expect(variants).toHaveLength(30));

  it.each(variants)("$name", async (variant) => {
    const { run } = await follow(variant);
    const { params } = await run.checkpoint(steps);
    const wanted = fixture.real(`${variant.name}.end`).data;
    expect(relativeError(params, wanted)).toBeLessThan(1e-12);
    expect(params).toBeAllclose(wanted, { rtol: 1e-10, atol: 1e-13 });
    expect(Math.max(...params.map((w, k) => Math.abs(w - start[k])))).toBeGreaterThan(0.01);
    const { norm } = variant.clipping;
    const longer = norm === undefined ? [] : run.scalars.filter(({ gradientNorm }) => gradientNorm > norm);
    if (norm !== undefined) expect([longer.length > 5, longer.length < steps]).toEqual([true, true]);
  });

  it.each(variants.filter((_, i) => i % 6 === 4))("$name is explained to 1e-10", async (variant) => {
    const { task, run } = await follow(variant);
    const queries = datasetQueries(task, "test:0-1");
    const explanation = await explain(task, run, { queries, rule: "gauss4", tolerance: 1e-10 });
    expect(verdictOf(explanation, "float64").passed).toBe(true);
  });
});
