import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { mul } from "../../src/graph/ops.ts";
import { reals } from "../../src/numeric/tensor.ts";
import type { Batch } from "../../src/run/types.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { gradientGraph } from "../../src/train/gradient-graph.ts";
import { examplesPerTile, Stepper } from "../../src/train/stepper.ts";
import { targetsOf, trainableOf } from "../../src/train/task.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function started(options: SmallTaskOptions = {}, tileBudget?: number) {
  const { task, params, batches } = await smallTask(options);
  const stepper = new Stepper(task, tileBudget);
  stepper.params.set(trainableOf(task, params, task.engine.dtype));
  return { task, stepper, batches };
}

const adam = optimizerChoice("adam decay");

describe("examplesPerTile(graph, budget)", () => {
  it("is the number of examples whose values fit the budget, at 8 bytes an element, at least one", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 10]);
    const graph = b.build({ y: mul(b, x, b.input("w", "real", [1000, 1, 10])) });
    // x has 10 elements an example, y 10000; w does not count.
    expect(examplesPerTile(graph, 8 * 10010 * 5)).toBe(5);
    expect(examplesPerTile(graph, 8 * 10010 * 6 - 1)).toBe(5);
    expect(examplesPerTile(graph, 10)).toBe(1);
  });

  it("does not depend on the batch where nothing does", () => {
    const b = new GraphBuilder();
    const graph = b.build({ y: mul(b, b.input("w", "real", [3]), 2) });
    expect(examplesPerTile(graph, 1000)).toBe(1000);
  });
});

describe("Stepper.evaluate(batch)", () => {
  it("gives the weighted sum of losses and the norm of its gradient", async () => {
    const { task, stepper } = await started({ loss: "cross-entropy" });
    const batch = { indices: Int32Array.of(3, 9, 3), weights: Float64Array.of(0.5, 2, 0.25) };
    const { loss, gradientNorm } = await stepper.evaluate(batch);
    const names = task.layout.entries.map(({ name }) => name);
    const program = task.engine.compile(gradientGraph(task.split.head, task.loss, names));
    const { params } = stepper.checkpoint();
    const views = Object.fromEntries(
      task.layout.entries.map(({ name, shape, offset, size }) => [
        name,
        reals(shape, params.subarray(offset, offset + size)),
      ]),
    );
    const { x } = task.dataset.train;
    const rows = [...batch.indices];
    const results = await program.run({
      ...views,
      x: reals(
        [3, 2],
        rows.flatMap((n) => [x.data[2 * n], x.data[2 * n + 1]]),
      ),
      target: targetsOf(task, task.dataset.train, rows),
      "example.weights": reals([3], batch.weights),
    });
    const losses = results.losses.data as Float64Array;
    expect(loss).toBeAllclose(0.5 * losses[0] + 2 * losses[1] + 0.25 * losses[2], { rtol: 1e-14 });
    const square = names.reduce(
      (sum, name) => sum + (results[`gradient.${name}`].data as Float64Array).reduce((s, g) => s + g * g, 0),
      0,
    );
    expect(gradientNorm).toBeAllclose(Math.sqrt(square), { rtol: 1e-14 });
  });

  it("changes nothing", async () => {
    const { stepper, batches } = await started({ optimizer: adam });
    const before = stepper.checkpoint();
    const first = await stepper.evaluate(batches[0]);
    expect(await stepper.evaluate(batches[0])).toEqual(first);
    expect(stepper.checkpoint()).toEqual(before);
  });

  it("adds a batch of several tiles up", async () => {
    const budget = 2 ** 20;
    const { task, stepper } = await started({ hidden: [2 ** 10], examples: 30, loss: "half-mse" }, budget);
    const tile = examplesPerTile(
      gradientGraph(
        task.split.head,
        task.loss,
        task.layout.entries.map(({ name }) => name),
      ),
      budget,
    );
    expect(tile).toBeLessThan(30);
    expect(tile).toBeGreaterThanOrEqual(15);
    const rows = Int32Array.from({ length: 30 }, (_, n) => n);
    const move = async (batch: Batch) => {
      const before = stepper.params.slice();
      const { loss } = await stepper.evaluate(batch);
      stepper.update(1);
      const moved = stepper.params.map((w: number, k: number) => w - before[k]);
      stepper.params.set(before);
      return { loss, moved };
    };
    const whole = await move(meanBatch(rows));
    const halves = [await move(meanBatch(rows.subarray(0, 15))), await move(meanBatch(rows.subarray(15)))];
    expect(whole.loss).toBeAllclose((halves[0].loss + halves[1].loss) / 2, { rtol: 1e-12 });
    const mean = halves[0].moved.map((m: number, k: number) => (m + halves[1].moved[k]) / 2);
    expect(whole.moved).toBeAllclose(mean, { rtol: 1e-9, atol: 1e-13 });
  });

  it("of no example is loss 0 and gradient 0", async () => {
    const { stepper, batches } = await started();
    await stepper.evaluate(batches[0]);
    expect(await stepper.evaluate(meanBatch(new Int32Array(0)))).toEqual({ loss: 0, gradientNorm: 0 });
    const before = stepper.checkpoint();
    stepper.update(0.1);
    expect(stepper.checkpoint().params).toEqual(before.params);
  });
});

describe("Stepper.update(stepSize)", () => {
  it("moves as the optimizer says, and counts", async () => {
    const { stepper, batches } = await started({ optimizer: { label: "", name: "sgd", options: { lr: 1 } } });
    const before = stepper.checkpoint();
    const { gradientNorm } = await stepper.evaluate(batches[0]);
    expect(stepper.update(0.125)).toBe(true);
    expect(stepper.step).toBe(1);
    const moved = Math.hypot(...stepper.params.map((w: number, k: number) => w - before.params[k]));
    expect(moved).toBeAllclose(0.125 * gradientNorm, { rtol: 1e-12 });
  });

  it("leaves everything as it was where a parameter would not be finite", async () => {
    const { stepper, batches } = await started({ optimizer: adam });
    await stepper.evaluate(batches[0]);
    stepper.update(0.01);
    const before = stepper.checkpoint();
    await stepper.evaluate(batches[1]);
    expect(stepper.update(Infinity)).toBe(false);
    expect(stepper.checkpoint()).toEqual(before);
    expect(stepper.update(0.01)).toBe(true);
    expect(stepper.step).toBe(2);
  });
});

describe("Stepper.checkpoint() and restore(checkpoint)", () => {
  it("take a copy, from which training goes on bit for bit", async () => {
    const { task, stepper, batches } = await started({ optimizer: optimizerChoice("rmsprop centered momentum decay") });
    const go = async (s: Stepper, from: number, to: number) => {
      for (const batch of batches.slice(from, to)) {
        await s.evaluate(batch);
        s.update(0.01);
      }
    };
    await go(stepper, 0, 3);
    const middle = stepper.checkpoint();
    const kept = structuredClone(middle);
    await go(stepper, 3, 7);
    expect(middle).toEqual(kept);
    const again = new Stepper(task);
    again.restore(middle);
    expect(again.step).toBe(3);
    await go(again, 3, 7);
    expect(again.checkpoint()).toEqual(stepper.checkpoint());
    expect(middle).toEqual(kept);
  });
});

describe("Stepper.advance(batch, stepSize)", () => {
  it.each(["sgd", "gd", "sgd decay"])(
    "takes a step of %s in the engine in float32 as the host does, to rounding",
    async (name) => {
      const decay = name === "sgd decay" ? { weightDecay: 0.1 } : {};
      const optimizer = { label: name, name: name.split(" ")[0], options: { lr: 0.05, ...decay } };
      const [engine, host] = [
        await started({ loss: "cross-entropy", dtype: "float32", optimizer }),
        await started({ loss: "cross-entropy", dtype: "float32", optimizer }),
      ];
      for (const batch of engine.batches) {
        const { fault, ...result } = await engine.stepper.advance(batch, 0.05);
        expect(fault).toBeUndefined();
        const byHost = await host.stepper.evaluate(batch);
        expect(host.stepper.update(0.05)).toBe(true);
        expect(result.loss).toBeCloseTo(byHost.loss, 5);
        expect(result.gradientNorm / byHost.gradientNorm).toBeCloseTo(1, 4);
      }
      expect(engine.stepper.step).toBe(engine.batches.length);
      expect(engine.stepper.params).toBeAllclose(host.stepper.params, { atol: 1e-6, rtol: 1e-5 });
    },
  );

  it.each([1e-12, 1e-24, 0])("tells the gradient's norm whatever the step size is: %s", async (stepSize) => {
    const { stepper, batches } = await started({ loss: "cross-entropy", dtype: "float32" });
    const { gradientNorm } = await stepper.evaluate(batches[0]);
    expect((await stepper.advance(batches[0], stepSize)).gradientNorm).toBe(gradientNorm);
  });

  it("leaves the state as it was where the step would leave the finite numbers, and says why", async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const { stepper, batches } = await started({ loss: "cross-entropy", dtype });
      const before = stepper.checkpoint();
      const { fault } = await stepper.advance(batches[0], Infinity);
      expect(fault).toMatch(/finite/);
      expect(stepper.checkpoint()).toEqual(before);
      expect((await stepper.advance(batches[0], 0.01)).fault).toBeUndefined();
      expect(stepper.step).toBe(1);
    }
  });

  it("gives the same bits again from the same state", async () => {
    const { stepper, batches } = await started({ loss: "cross-entropy", dtype: "float32" });
    await stepper.advance(batches[0], 0.1);
    const middle = stepper.checkpoint();
    await stepper.advance(batches[1], 0.1);
    const end = stepper.checkpoint();
    stepper.restore(middle);
    await stepper.advance(batches[1], 0.1);
    expect(stepper.checkpoint()).toEqual(end);
  });
});
