// The path kernel against the contributions of the rule `left`, and what Domingos says of it.

import { describe, expect, it } from "vitest";
import { kernelAsymmetry } from "../../src/diagnose/asymmetry.ts";
import { explain } from "../../src/explain/explain.ts";
import { inputQueries } from "../../src/explain/queries.ts";
import { type PathKernelOptions, pathKernel } from "../../src/kernels/path-kernel.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { largest, smallestPivot } from "../helpers/kernels.ts";
import { optimizerChoice, optimizerChoices } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function recorded(options: SmallTaskOptions = {}, checkpointEvery = 1) {
  const { task, params, batches } = await smallTask({ hidden: [6], steps: 10, ...options });
  const run = await trainInMemory(task, { params, batches, checkpointEvery });
  const queries = task.dataset.test.x;
  const path = (own: PathKernelOptions = {}, xs = queries) => pathKernel(task, run, xs, own);
  return { task, params, run, queries, path };
}

const within = (expected: ArrayLike<number>, limit: number) => ({ atol: limit * largest(expected), rtol: 0 });

/** Moves far enough that the kernel of some pairs changes its sign on the way. */
const FAST = { ...optimizerChoice("gd"), options: { lr: 0.4 } };

const runs: readonly (readonly [string, SmallTaskOptions])[] = [
  ["full-batch descent, two outputs", { optimizer: optimizerChoice("gd") }],
  ["minibatches", { optimizer: optimizerChoice("sgd") }],
  ["minibatches with weight decay", { optimizer: optimizerChoice("sgd decay") }],
  ["cross-entropy of a convolutional network", { model: "cnn", loss: "cross-entropy" }],
  ["a ReLU network with one logit", { model: "relu", loss: "binary-cross-entropy" }],
  ["a frozen first layer", { trainable: ["layers.1.weight", "layers.1.bias"] }],
];

describe("the loss-weighted path kernel", () => {
  it.each(runs)("is what the rule left explains: %s", async (_, options) => {
    const { task, run, queries, path } = await recorded(options, 3);
    const { contributions, lossWeighted } = await path();
    const C = task.outputs;
    expect(lossWeighted.shape).toEqual([6, 24, C, C]);
    expect(contributions.shape).toEqual([6, 24, C]);
    for (let c = 0; c < C; c++) {
      const e = await explain(task, run, {
        queries: inputQueries(task, queries, { name: "test" }),
        readout: `output:${c}`,
        rule: "left",
      });
      const own = e.contributions.map((_, k) => contributions.data[k * C + c]);
      expect(largest(own)).toBeGreaterThan(1e-3);
      expect(own).toBeAllclose(e.contributions, within(e.contributions, 1e-12));
    }
  });

  it("with coefficients of the outputs is what the rule left explains of their sum", async () => {
    const { task, run, queries, path } = await recorded({ loss: "cross-entropy" });
    const rows = Float64Array.from({ length: 18 }, (_, k) => [0, -1, 1][k % 3]);
    const { contributions, unweighted } = await path({ readouts: reals([6, 3], rows) });
    const e = await explain(task, run, {
      queries: inputQueries(task, queries, { name: "test" }),
      readout: "margin:2-1",
      rule: "left",
    });
    expect(unweighted.shape).toEqual([6, 24, 3]);
    expect(contributions.shape).toEqual([6, 24]);
    expect(contributions).toBeAllclose(e.contributions, within(e.contributions, 1e-12));
  });

  it("agrees to rounding in float32", async () => {
    const double = (await (await recorded()).path()).contributions.data;
    const single = (await (await recorded({ dtype: "float32" })).path()).contributions.data;
    // Twenty steps of rounding at 6e-8, of terms that partly cancel.
    expect(single).toBeAllclose(double, within(double, 1e-4));
  });
});

describe("the coefficients", () => {
  it("times the unweighted kernel are the contributions wherever they are well conditioned", async () => {
    const tolerance = 0.2;
    const { path } = await recorded({ optimizer: FAST, steps: 100 });
    const { unweighted, lossWeighted, coefficients, conditioning, wellConditioned } = await path({ tolerance });
    let [given, kept] = [0, 0];
    conditioning.data.forEach((value, k) => {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1 + 1e-15);
      expect(wellConditioned.data[k]).toBe(value > tolerance ? 1 : 0);
      if (value <= tolerance) {
        given++;
        expect(coefficients.data[k]).toBe(0);
        return;
      }
      kept++;
      const product = coefficients.data[k] * unweighted.data[k];
      expect(Math.abs(product + lossWeighted.data[k])).toBeLessThanOrEqual(1e-15 * largest(lossWeighted.data));
    });
    // A tanh network's kernel does change its sign along the path: some entries have no coefficient.
    expect([given > 0, kept > given]).toEqual([true, true]);
  });

  it("are -l' after one step, whatever the kernel", async () => {
    const { task, params, path } = await recorded({ optimizer: optimizerChoice("gd"), steps: 1, loss: "half-mse" });
    const { coefficients, conditioning } = await path();
    const { y } = await task.engine.compile(task.split.head).run({
      ...viewsOf(task.model.parameters, params),
      x: task.dataset.train.x,
    });
    const targets = task.dataset.train.y.data;
    const expected = Float64Array.from(coefficients.data, (_, k) => Number(targets[k % 24]) - Number(y.data[k % 24]));
    expect(coefficients).toBeAllclose(expected, within(expected, 1e-12));
    expect(conditioning).toBeAllclose(new Float64Array(144).fill(1), { atol: 1e-15, rtol: 0 });
  });
});

describe("the unweighted path kernel", () => {
  it("of one step is eta c K at the start", async () => {
    const { task, run, queries, path } = await recorded({ optimizer: optimizerChoice("gd"), steps: 1 });
    const { params } = await run.checkpoint(0);
    const { kernel } = await tangentKernel(task, params, queries, task.dataset.train.x, {
      form: "blocks",
      algorithm: "jacobian-contraction",
    });
    const expected = (kernel.data as RealArray).map((value) => (0.1 / 24) * value);
    expect((await path()).unweighted).toBeAllclose(expected, within(expected, 1e-12));
  });

  it("is symmetric and positive semidefinite between training examples under full-batch descent", async () => {
    const { task, path } = await recorded({ optimizer: optimizerChoice("gd"), loss: "half-mse", examples: 9 });
    const { unweighted } = await path({}, task.dataset.train.x);
    const k = unweighted.data;
    const scale = largest(k);
    expect(k).toBeAllclose(
      k.map((_, at) => k[(at % 9) * 9 + Math.floor(at / 9)]),
      within(k, 1e-13),
    );
    expect(smallestPivot(k, 9, 1e-12 * scale)).toBeGreaterThan(0);
    expect(smallestPivot(k, 9, -0.9 * scale)).toBeLessThan(0);
  });
});

describe("refused with one line", () => {
  const stateful = optimizerChoices.filter(({ name }) => name !== "gd" && name !== "sgd");
  it.each(stateful.map(({ label }) => label))("%s", async (label) => {
    const { path, task } = await recorded({ optimizer: optimizerChoice(label), steps: 2 });
    await expect(path()).rejects.toMatchObject({
      tag: "Unsupported",
      message: `a path kernel needs an optimizer without state (gd, sgd), got ${task.optimizer.name} with ${task.optimizer.buffers.join(", ")}: its steps apply gradients of earlier ones under a changing preconditioner, and a kernel of two times is not one function of two examples`,
    });
  });

  it.each([
    ["tolerance must lie in (0, 1], got 0", { tolerance: 0 }],
    ["tolerance must lie in (0, 1], got 2", { tolerance: 2 }],
    ["readouts must have shape [6,2], got [5,2]", { readouts: reals([5, 2], new Float64Array(10)) }],
  ] as const)("%s", async (message, options) => {
    const { path } = await recorded({ steps: 1 });
    await expect(path(options)).rejects.toThrow(new RangeError(`pathKernel: ${message}`));
  });
});

describe("the exact path kernel", () => {
  const kinds: readonly (readonly [string, string, SmallTaskOptions])[] = [
    ["full-batch descent, trapezoid", "trapezoid", { optimizer: optimizerChoice("gd") }],
    ["minibatches with weight decay, gauss2", "gauss2", { optimizer: optimizerChoice("sgd decay") }],
    ["a convolutional network, midpoint", "midpoint", { model: "cnn", loss: "cross-entropy" }],
    ["dropout, midpoint", "midpoint", { dropout: 0.3, steps: 4 }],
  ];
  it.each(kinds)("contributes what `explain` gives by the same rule: %s", async (_, rule, options) => {
    const { task, run, queries, path } = await recorded({ steps: 8, ...options }, 3);
    const { contributions } = await path({ rule });
    const C = task.outputs;
    const e = await explain(task, run, {
      queries: inputQueries(task, queries, { name: "test" }),
      readout: "output:1",
      rule,
    });
    const own = e.contributions.map((_, k) => contributions.data[k * C + 1]);
    expect(own).toBeAllclose(e.contributions, within(e.contributions, 1e-11));
  });

  it("of the training examples is symmetric by the rule left alone, and only a little skew by another", async () => {
    const { task, path } = await recorded({ optimizer: FAST, loss: "half-mse", examples: 8 });
    const gram = async (rule: string) => {
      const { data } = (await path({ rule }, task.dataset.train.x)).unweighted;
      return kernelAsymmetry(reals([8, 8], data));
    };
    expect(await gram("left")).toBeLessThan(1e-14);
    for (const rule of ["right", "trapezoid", "gauss4"]) {
      const skew = await gram(rule);
      expect(skew).toBeGreaterThan(1e-6);
      expect(skew).toBeLessThan(0.2);
    }
  });

  it("needs a rule with fixed nodes", async () => {
    const { path } = await recorded({ steps: 1 });
    await expect(path({ rule: "auto" })).rejects.toThrow(/^pathKernel: rule must be one of left, .*gauss16, got auto$/);
  });
});

describe("progress and abort", () => {
  it("tells of every step, and stops with the signal's reason", async () => {
    const { path } = await recorded({ steps: 5 });
    const told: number[] = [];
    const controller = new AbortController();
    const stop = path({
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        told.push(done / total);
        if (done === 3) controller.abort(new Error("enough"));
      },
    });
    await expect(stop).rejects.toThrow("enough");
    expect(told).toEqual([0.2, 0.4, 0.6]);
  });
});
