// Pulls against dot products with per-example gradients that are multiplied out, or taken one example at a time.

import { describe, expect, it } from "vitest";
import type { Engine, Feeds, Program } from "../../src/engine/engine.ts";
import { Puller, type PullOptions } from "../../src/explain/pull.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { dot } from "../../src/numeric/sum.ts";
import { type RealArray, reals, toReal } from "../../src/numeric/tensor.ts";
import type { Batch } from "../../src/run/types.ts";
import { examplesOf } from "../../src/train/examples.ts";
import { gradientGraph } from "../../src/train/gradient-graph.ts";
import { type Task, targetsOf, trainableOf } from "../../src/train/task.ts";
import { perExampleGradients } from "../helpers/per-example-gradients.ts";
import { blocksFromRows } from "../helpers/row-blocks.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { engineOf, type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

const ROWS = 3;
const batch: Batch = { indices: Int32Array.of(4, 11, 4, 0), weights: Float64Array.of(0.25, 0.5, 0.125, 2) };

async function pulled(task: Task, params: Float64Array, method: PullOptions["method"], of = batch) {
  const random = randomFrom(4, "directions");
  const directions = Float64Array.from({ length: ROWS * task.layout.size }, () => random.normal());
  const pulls = new Float64Array(ROWS * of.indices.length).fill(Number.NaN);
  const puller = new Puller(task, ROWS, { method });
  const blocks = toReal(reals([directions.length], blocksFromRows(directions, task.layout, ROWS)), task.engine.dtype);
  await puller.pulls(blocks.data as RealArray, { params, batch: of }, (row, n, pull) => {
    expect(pulls[row * of.indices.length + n]).toBeNaN();
    pulls[row * of.indices.length + n] = pull;
  });
  return { directions, pulls };
}

async function flatOf(made: SmallTask): Promise<{ task: Task; params: Float64Array }> {
  return { task: made.task, params: trainableOf(made.task, made.params, "float64") as Float64Array };
}

function expected(task: Task, directions: Float64Array, gradients: Float64Array): Float64Array {
  const p = task.layout.size;
  const count = gradients.length / p;
  return Float64Array.from({ length: ROWS * count }, (_, k) =>
    dot(directions, gradients, Math.floor(k / count) * p, (k % count) * p, p),
  );
}

const cases: readonly SmallTaskOptions[] = [
  { model: "tanh", loss: "mse" },
  { model: "relu", loss: "cross-entropy" },
  { model: "cnn", loss: "binary-cross-entropy" },
  { model: "cnn", loss: "cross-entropy", trainable: ["layers.0.weight", "layers.1.bias"] },
];

describe("Puller.pulls(directions, place, receive)", () => {
  it.each(cases)("gives <u_r, g_n> of every row and occurrence, once: %j", async (options) => {
    const { task, params } = await flatOf(await smallTask(options));
    const gradients = await perExampleGradients(task)(params, batch);
    for (const method of ["auto", "factored", "forward"] as const) {
      const { directions, pulls } = await pulled(task, params, method);
      expect(pulls).toBeAllclose(expected(task, directions, gradients), { rtol: 1e-11, atol: 1e-12 });
    }
  });

  it("takes forward mode where no use has a factored form", async () => {
    const { task, params } = await flatOf(await squaredWeightsTask({ loss: "cross-entropy" }));
    const { directions, pulls } = await pulled(task, params, "auto");
    const { engine, layout, loss, split } = task;
    const names = layout.entries.map(({ name }) => name);
    const program = engine.compile(gradientGraph(split.head, loss, names));
    const gradients = new Float64Array(batch.indices.length * layout.size);
    for (const [n, example] of batch.indices.entries()) {
      const results = await program.run({
        ...viewsOf(layout, params),
        ...(await examplesOf(task, task.dataset.train).feeds([example])),
        target: targetsOf(task, task.dataset.train, [example]),
        "example.weights": reals([1], [batch.weights[n]]),
      });
      for (const { name, offset } of layout.entries)
        gradients.set(results[`gradient.${name}`].data as Float64Array, n * layout.size + offset);
    }
    expect(pulls).toBeAllclose(expected(task, directions, gradients), { rtol: 1e-12, atol: 1e-13 });
    expect((await pulled(task, params, "factored")).pulls).toEqual(pulls);
  });

  it("is linear in the directions, and nothing for an empty batch", async () => {
    const { task, params } = await flatOf(await smallTask());
    const puller = new Puller(task, 1);
    const direction = Float64Array.from({ length: task.layout.size }, (_, k) => Math.sin(k));
    const at = async (scale: number): Promise<number[]> => {
      const pulls: number[] = [];
      await puller.pulls(
        direction.map((u) => scale * u),
        { params, batch },
        (_row, n, pull) => {
          pulls[n] = pull;
        },
      );
      return pulls;
    };
    const once = await at(1);
    // A power of two scales without rounding.
    expect(await at(-4)).toEqual(once.map((pull) => -4 * pull));
    expect(await at(0)).toEqual(once.map(() => expect.closeTo(0, 300)));
    await puller.pulls(direction, { params, batch: { indices: new Int32Array(0), weights: new Float64Array(0) } }, () =>
      expect.unreachable(),
    );
  });

  it("cuts a large batch into tiles", async () => {
    const inner = await engineOf("float64");
    const sizes: number[] = [];
    const engine = Object.create(inner) as Engine;
    engine.compile = (graph): Program => {
      const run = (feeds: Feeds, into?: Feeds) => {
        sizes.push(feeds.x.shape[0]);
        return inner.compile(graph).run(feeds, into);
      };
      return { graph, run };
    };
    const { task, params } = await flatOf(await smallTask({ hidden: [2 ** 14], engine }));
    const count = 300;
    const wide: Batch = {
      indices: Int32Array.from({ length: count }, (_, k) => (7 * k) % 24),
      weights: new Float64Array(count).fill(1),
    };
    const { pulls } = await pulled(task, params, "auto", wide);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
    // The same example pulls the same, wherever it stands.
    for (let k = 0; k < ROWS * count; k++) {
      const first = count * Math.floor(k / count) + ((k % count) % 24);
      expect(Math.abs(pulls[k] - pulls[first])).toBeLessThanOrEqual(1e-10 * Math.abs(pulls[first]) + 1e-12);
    }
  });

  it("works in float32 on the directions rounded to it", async () => {
    const { task, params } = await smallTask({ dtype: "float32", loss: "cross-entropy" });
    const exact = await flatOf(await smallTask({ loss: "cross-entropy" }));
    const { pulls } = await pulled(task, trainableOf(task, params, "float32") as never, "auto");
    const wanted = await pulled(exact.task, exact.params, "auto");
    expect(pulls).toBeAllclose(wanted.pulls, { atol: 1e-4, rtol: 1e-4 });
  });
});
