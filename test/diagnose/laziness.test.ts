// Chizat's kappa against closed forms of two-layer linear networks, second differences, and what scales of the output make of it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayDataset } from "../../src/data/array-dataset.ts";
import { measureLaziness } from "../../src/diagnose/laziness.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { type MlpOptions, mlp } from "../../src/models/mlp.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { predict } from "../../src/train/accuracy.ts";
import { seededTask } from "../../src/train/seeded-task.ts";
import { createTask } from "../../src/train/task.ts";

const engines: Engine[] = [];
beforeAll(async () => {
  for (const dtype of ["float64", "float32"] as const) engines.push(await openEngine({ dtype }));
});
afterAll(async () => {
  for (const engine of engines) await engine.release();
});

const xs = reals([3, 1], [0.5, -1, 2]);
const targets = reals([3, 1], [1, -1, 0.5]);
const pairs = reals([3, 2], [1, -1, 0.5, 0, 2, 1]);

const problem = (own: Partial<MlpOptions> = {}, engine = engines[0]) =>
  seededTask({
    engine,
    model: mlp({ inputShape: [1], outputs: 1, hidden: [4], activation: "linear", ...own }),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer("gd", { lr: 0.1 }),
    dataset: arrayDataset({ train: { x: xs, y: own.outputs === 2 ? pairs : targets } }),
    seed: 1,
  });

describe("measureLaziness", () => {
  it("of a two-layer linear network is in closed form", async () => {
    // f(x) = sum_j a_j (b_j x + c_j) + d, D^2 f[u, u](x) = 2 da (db x + dc): over unit vectors at most the largest singular value s of rows (x, 1), and
    // D f has rows (a x, a, b x + c, 1): K = |a|^2 (x x' + 1) + h h' + 1. Both 2 x 2 and 3 x 3 problems by their powers.
    const { task, params } = problem();
    const found = await measureLaziness(task, params, { xs, targets });
    const [b, c, a] = [params.slice(0, 4), params.slice(4, 8), params.slice(8, 12)];
    const x = [...xs.data];
    const h = x.map((value) => [...b].map((own, j) => own * value + c[j]));
    const dot = (p: ArrayLike<number>, q: ArrayLike<number>) =>
      Array.from(p).reduce((total, value, k) => total + value * q[k], 0);
    const kernel = x.map((p, i) => x.map((q, j) => dot(a, a) * (p * q + 1) + dot(h[i], h[j]) + 1));
    const largest = (matrix: readonly (readonly number[])[]): number => {
      let v = matrix.map((_, k) => 1 + 0.1 * k);
      let value = 0;
      for (let round = 0; round < 2000; round++) {
        const image = matrix.map((row) => dot(row, v));
        value = Math.hypot(...image);
        v = image.map((own) => own / value);
      }
      return value;
    };
    const gram = x.map((p) => x.map((q) => p * q + 1));
    const f = h.map((row) => dot(row, a) + params[12]);
    expect(found.distance).toBeCloseTo(Math.hypot(...f.map((value, n) => value - targets.data[n])), 12);
    expect(found.slope).toBeCloseTo(Math.sqrt(largest(kernel)), 10);
    expect(found.curvature).toBeCloseTo(Math.sqrt(largest(gram)), 6);
    expect(found.ratio).toBeCloseTo((found.distance * found.curvature) / found.slope ** 2, 12);
  });

  it("gives the direction that bends most: second differences along it are the curvature, along others less", async () => {
    const { task, params } = problem({ activation: "tanh", outputs: 2 });
    const { curvature, direction } = await measureLaziness(task, params, { xs, targets: pairs });
    const along = async (u: ArrayLike<number>): Promise<number> => {
      const [step, parts] = [1e-3, [] as Float64Array[]];
      for (const t of [-step, 0, step])
        parts.push(await predict(task, params.map((w, i) => w + t * u[i]) as RealArray, { x: xs }));
      return Math.hypot(...parts[0].map((low, k) => (low - 2 * parts[1][k] + parts[2][k]) / step ** 2));
    };
    expect(Math.hypot(...direction)).toBeCloseTo(1, 12);
    expect((await along(direction)) / curvature).toBeCloseTo(1, 4);
    const random = randomFrom(3, "directions");
    for (let k = 0; k < 30; k++) {
      const u = Array.from(direction, () => random.normal());
      expect(await along(u.map((value) => value / Math.hypot(...u)))).toBeLessThan(curvature);
    }
  });

  it("is 1/alpha times as large for alpha (f - f_0), in float32 too", async () => {
    const ratios: number[] = [];
    for (const alpha of [1, 10, -20]) {
      const { task, params } = problem({ activation: "tanh", alpha });
      ratios.push((await measureLaziness(task, params.slice(0, task.layout.size), { xs, targets })).ratio as number);
    }
    expect(ratios[1] / ratios[0]).toBeCloseTo(0.1, 8);
    expect(ratios[2] / ratios[0]).toBeCloseTo(0.05, 8);
    const { task, params } = problem({ activation: "tanh", alpha: 1 }, engines[1]);
    const single = await measureLaziness(task, params.slice(0, task.layout.size), { xs, targets });
    expect((single.ratio as number) / ratios[0]).toBeCloseTo(1, 3);
  });

  it("is 0 for a model that is linear in its parameters, and has no value where nothing depends on them", async () => {
    const { task, params } = problem({ hidden: [] });
    expect(await measureLaziness(task, params, { xs, targets })).toMatchObject({ curvature: 0, ratio: 0 });
    const { task: whole, params: start } = problem();
    // Inner weights alone are trained, behind output weights of 0.
    const { engine, model, loss, optimizer, dataset } = whole;
    const zeros = start.slice().fill(0) as RealArray;
    const trainable = ["layers.0.weight"];
    const dead = createTask({ engine, model, loss, optimizer, dataset, trainable, params: zeros });
    expect(await measureLaziness(dead, zeros.slice(0, 4) as RealArray, { xs, targets })).toMatchObject({
      slope: 0,
      ratio: undefined,
    });
  });

  it("refuses what does not fit", async () => {
    const { task, params } = problem();
    await expect(measureLaziness(task, params, { xs, targets, starts: 0 })).rejects.toThrow(
      new RangeError("measureLaziness: starts must be a whole number >= 1, got 0"),
    );
    await expect(measureLaziness(task, params, { xs, targets: reals([2, 1], [1, 2]) })).rejects.toThrow(
      new RangeError("measureLaziness: targets must have shape [3,1], got [2,1]"),
    );
    await expect(measureLaziness(task, params, { xs: reals([0, 1], []), targets })).rejects.toThrow(
      new RangeError("measureLaziness: xs must hold an example, got [0,1]"),
    );
    await expect(
      measureLaziness(task, params, { xs, targets, signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});
