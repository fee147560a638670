// The features that the last layer reads, of models of several kinds.

import { describe, expect, it } from "vitest";
import { add } from "../../src/graph/ops.ts";
import { linear } from "../../src/models/layers.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { predict } from "../../src/train/accuracy.ts";
import { hiddenFeatures } from "../../src/train/hidden-features.ts";
import { familyTask, taskOf } from "../helpers/family-task.ts";
import { builtModel } from "../helpers/model-task.ts";

describe("hiddenFeatures(task, params, xs)", () => {
  it.each([
    ["mlp:7,5:tanh", [4], "layers.2", 5],
    ["mlp:5:relu:parametrisation=mup", [4], "layers.1", 5],
    ["cnn:3:4", [1, 6, 6], "classifier", 4],
    ["mlp::tanh", [4], "layers.0", 4],
  ] as const)("%s: y = m W h + b gives the outputs back", async (spec, inputShape, name, width) => {
    const { task, params } = await familyTask(spec, inputShape, "float64");
    const x = task.dataset.test.x;
    const h = await hiddenFeatures(task, params, x);
    expect(h.shape).toEqual([6, width]);
    const views = viewsOf(task.layout, params);
    const last = Object.keys(views)
      .filter((key) => key.endsWith(".weight"))
      .at(-1)!;
    if (!spec.startsWith("cnn")) expect(last).toBe(`${name}.weight`);
    const [w, b] = [views[last].data, views[last.replace("weight", "bias")].data];
    const scale = spec.includes("mup") ? Math.sqrt(64 / 5) : 1;
    const expected = Float64Array.from({ length: 18 }, (_, k) => {
      const [n, c] = [Math.floor(k / 3), k % 3];
      let value = b[c];
      for (let i = 0; i < width; i++) value += scale * w[c * width + i] * Number(h.data[n * width + i]);
      return value;
    });
    expect(await predict(task, params, { x })).toBeAllclose(expected, { rtol: 1e-12, atol: 1e-13 });
  });

  it("refuses a model whose outputs come two ways", async () => {
    const model = builtModel("two ways", [4], (b, x) =>
      add(b, linear(b, x, { name: "a", outputs: 3 }), linear(b, x, { name: "b", outputs: 3 })),
    );
    const { task, params } = await taskOf(model, [4], "float64");
    await expect(hiddenFeatures(task, params, task.dataset.test.x)).rejects.toMatchObject({ tag: "Unsupported" });
  });
});
