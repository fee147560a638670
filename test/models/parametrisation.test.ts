// Parametrisations of widths: the same function at the start, and step sizes of layers as they say.

import { describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/registry.ts";
import { type MlpOptions, mlp } from "../../src/models/mlp.ts";
import { layerScales, type Parametrisation } from "../../src/models/parametrisation.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { modelTask, normals } from "../helpers/model-task.ts";

const [x, y] = [normals([5, 3], "parametrisation"), normals([5, 2], "parametrisation targets")];
const BASE = 4;
const WIDTHS = [16, 9];

function subject(own: Partial<MlpOptions>, params?: RealArray) {
  const model = mlp({ inputShape: [3], outputs: 2, hidden: WIDTHS, activation: "tanh", baseWidth: BASE, ...own });
  return modelTask({
    model,
    loss: lossOf("mse"),
    x,
    y,
    optimizer: { name: "gd", options: { lr: 0.1 } },
    ...(params && { params }),
  });
}

/** The factors by the table of docs/theory.md: input, hidden, output; weight and bias. */
const FACTORS: Readonly<Record<Parametrisation, readonly (readonly [number, number])[]>> = {
  standard: [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  // sqrt(4 / 16), sqrt(4 / 9).
  ntk: [
    [1, 1],
    [1 / 2, 1],
    [2 / 3, 1],
  ],
  // sqrt(16 / 4); bias sqrt(9 / 4); sqrt(4 / 9).
  mup: [
    [2, 2],
    [1, 3 / 2],
    [2 / 3, 1],
  ],
};

const names = Object.keys(FACTORS) as Parametrisation[];

/** The flat parameters, each times its factor to some power. */
async function effective(parametrisation: Parametrisation, params: RealArray, power: number): Promise<Float64Array> {
  const { task } = await subject({});
  return Float64Array.from(params, (w, at) => {
    const { name } = task.layout.entries.find(({ offset, size }) => at >= offset && at < offset + size)!;
    const [, layer, part] = name.split(".");
    return w * FACTORS[parametrisation][Number(layer)][part === "weight" ? 0 : 1] ** power;
  });
}

describe("mlp with a parametrisation", () => {
  it("begins as the same function by ntk, and with an output smaller by sqrt(base / width) by mup", async () => {
    const [standard, ntk, mup] = await Promise.all(names.map((parametrisation) => subject({ parametrisation })));
    const f = await predict(standard.task, standard.params, { x });
    expect(await predict(ntk.task, ntk.params, { x })).toBeAllclose(f, { rtol: 1e-13, atol: 1e-14 });
    const bias = viewsOf(mup.task.layout, mup.params)["layers.2.bias"].data;
    const smaller = f.map((value, k) => (value - bias[k % 2]) * (2 / 3) + bias[k % 2]);
    expect(await predict(mup.task, mup.params, { x })).toBeAllclose(smaller, { rtol: 1e-13, atol: 1e-14 });
  });

  it.each(names)("takes steps of factor^2 as long in each layer: %s", async (parametrisation) => {
    const { task, params } = await subject({ parametrisation });
    const [run] = [await trainInMemory(task, { params, batches: [...fullBatches(5, 1)] })];
    const start = await effective(parametrisation, params, 1);
    const moved = await effective(parametrisation, (await run.checkpoint(1)).params, 1);
    // The standard network at the effective weights, whose steps are then scaled.
    const plain = await subject({}, start);
    const of = (
      await (await trainInMemory(plain.task, { params: start, batches: [...fullBatches(5, 1)] })).checkpoint(1)
    ).params;
    const scaled = await effective(
      parametrisation,
      Float64Array.from(of, (w, k) => w - start[k]),
      2,
    );
    expect(moved.map((w, k) => w - start[k])).toBeAllclose(scaled, { rtol: 1e-11, atol: 1e-15 });
  });

  it("is the standard one at the base width, and without hidden layers", () => {
    for (const role of ["input", "hidden", "output"] as const)
      for (const parametrisation of names)
        expect(layerScales(parametrisation, role, { fanIn: 7, fanOut: 7, baseWidth: 7 })).toEqual({
          weight: 1,
          bias: 1,
          start: { weight: 1, bias: 1 },
        });
    expect(layerScales("mup", "only", { fanIn: 7, fanOut: 9, baseWidth: 1 }).weight).toBe(1);
  });

  it.each([
    ["mlp: parametrisation must be one of standard, ntk, mup, got muP", { parametrisation: "muP" as "mup" }],
    ["mlp: the base width must be a finite number > 0, got 0", { baseWidth: 0 }],
  ] as const)("refuses: %s", (message, own) => {
    expect(() => mlp({ inputShape: [3], outputs: 2, hidden: [4], activation: "tanh", ...own })).toThrow(
      new RangeError(message),
    );
  });
});
