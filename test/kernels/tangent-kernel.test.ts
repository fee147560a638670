// Tangent kernels against closed forms, central differences and PyTorch; the forms against each other.

import { describe, expect, it } from "vitest";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { algorithmNames } from "../../src/kernels/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask } from "../../src/train/task.ts";
import { blocksOf, C, close, readoutsFor, smallKernel } from "../helpers/kernels.ts";
import { engineOf } from "../helpers/tasks.ts";
import { torchModel, torchModels } from "../helpers/torch-models.ts";

describe("the tangent kernel", () => {
  it("of a linear model is x . x' + 1 on the diagonal and 0 beside it", async () => {
    const { kernel, xs, xs2 } = await smallKernel({ hidden: [] });
    const [x, y] = [xs.data as RealArray, xs2.data as RealArray];
    const expected = Float64Array.from({ length: 5 * 3 * C * C }, (_, at) => {
      const [n, m, c, d] = [Math.floor(at / 27), Math.floor(at / 9) % 3, Math.floor(at / 3) % 3, at % 3];
      return c === d ? x[2 * n] * y[2 * m] + x[2 * n + 1] * y[2 * m + 1] + 1 : 0;
    });
    for (const algorithm of algorithmNames)
      expect(await kernel({ form: "blocks", algorithm }, xs, xs2)).toBeAllclose(expected, close(expected));
  });

  it.each(["tanh", "cnn"] as const)("of a small %s model is that of central differences", async (model) => {
    const { task, params, xs, kernel } = await smallKernel({ model });
    const program = task.engine.compile(task.split.head);
    const { size } = task.layout;
    const h = 1e-5;
    const jacobian = new Float64Array(5 * C * size);
    for (let k = 0; k < size; k++) {
      const at = async (step: number) => {
        const moved = params.map((value, q) => (q === k ? value + step : value));
        const { y } = await program.run({ ...task.frozen, ...viewsOf(task.layout, moved), x: xs });
        return y.data as RealArray;
      };
      const [up, down] = [await at(h), await at(-h)];
      for (let r = 0; r < 5 * C; r++) jacobian[r * size + k] = (up[r] - down[r]) / (2 * h);
    }
    const expected = blocksOf(jacobian, jacobian, { c: C, p: size });
    // Rounding of the differences is 1e-16 / h, their error h^2.
    for (const algorithm of algorithmNames)
      expect(await kernel({ form: "blocks", algorithm })).toBeAllclose(expected, close(expected, 1e-9));
  });

  it("of examples with themselves is its own mirror image to the last bit where they are one tile", async () => {
    for (const outputs of [3, 6]) {
      const { kernel } = await smallKernel({ loss: "mse", outputs, dtype: "float32" });
      const blocks = await kernel({ form: "blocks", algorithm: "factored" });
      const at = (n: number, m: number, c: number, d: number) => blocks[((n * 5 + m) * outputs + c) * outputs + d];
      const skew = Array.from(blocks, (value, k) => {
        const [n, m] = [Math.floor(k / (5 * outputs ** 2)), Math.floor(k / outputs ** 2) % 5];
        return value - at(m, n, k % outputs, Math.floor(k / outputs) % outputs);
      });
      expect(skew.every((value) => value === 0)).toBe(true);
    }
  });

  it("is not written over by that of other parameters", async () => {
    const { kernel, params } = await smallKernel();
    const first = await kernel({ form: "blocks" });
    const kept = first.slice();
    const moved = params.map((value) => value + 0.5);
    const second = await kernel({ form: "blocks", params2: moved });
    expect(first).toEqual(kept);
    expect(second).not.toEqual(kept);
  });

  it.each(torchModels)("agrees with PyTorch's Jacobians to 1e-10 for $name", async (description) => {
    const { array, x, y, model, loss, params, c, p } = torchModel(description);
    const split = { x, y: y as Tensor<"int64"> };
    const classes = y.dtype === "int64" ? Array.from({ length: c }, (_, k) => `${k}`) : [];
    const dataset = {
      source: "torch",
      task: classes.length > 0 ? ("classification" as const) : ("regression" as const),
      classes,
      inputShape: x.shape.slice(1),
      train: split,
      test: split,
      sha256: "",
    };
    const engine = await engineOf("float64");
    const trainable = model.parameters.entries.map(({ name }) => name);
    const optimizer = createOptimizer("gd", { lr: 0.1 });
    const task = createTask({ engine, model, trainable, params, loss, optimizer, dataset });
    const [own, query] = [array("jacobian").data, array("queryJacobian").data];
    const expected = blocksOf(query, own, { c, p });
    for (const algorithm of algorithmNames) {
      const { kernel } = await tangentKernel(task, params, array("queries"), x, { form: "blocks", algorithm });
      expect(kernel.data as RealArray).toBeAllclose(expected, close(expected, 1e-10));
    }
  });
});

describe("forms of one kernel", () => {
  it("are parts of its blocks", async () => {
    const given = await smallKernel();
    const { xs, xs2, kernel, task } = given;
    const blocks = await kernel({ form: "blocks" }, xs, xs2);
    const diagonal = Float64Array.from({ length: 15 * C }, (_, k) => blocks[Math.floor(k / C) * C * C + (k % C) * 4]);
    const trace = Float64Array.from(
      { length: 15 },
      (_, k) => diagonal[3 * k] + diagonal[3 * k + 1] + diagonal[3 * k + 2],
    );
    expect(task.outputs).toBe(C);
    expect(await kernel({ form: "diagonal" }, xs, xs2)).toBeAllclose(diagonal, close(diagonal));
    expect(await kernel({ form: "trace" }, xs, xs2)).toBeAllclose(trace, close(trace));
    const { readouts } = readoutsFor("readout", given);
    const [a, b] = (readouts as [Tensor, Tensor]).map(({ data }) => data as RealArray);
    const expected = Float64Array.from({ length: 15 }, (_, k) => {
      const [n, m] = [Math.floor(k / 3), k % 3];
      let total = 0;
      for (let c = 0; c < C; c++)
        for (let d = 0; d < C; d++) total += a[n * C + c] * blocks[k * 9 + c * C + d] * b[m * C + d];
      return total;
    });
    expect(await kernel({ form: "readout", readouts: readouts as [Tensor, Tensor] }, xs, xs2)).toBeAllclose(
      expected,
      close(expected),
    );
  });

  it("take readouts of each side where both sides are the same examples", async () => {
    const { xs, kernel } = await smallKernel();
    const unit = (c: number) =>
      reals(
        [5, C],
        Float64Array.from({ length: 5 * C }, (_, k) => (k % C === c ? 1 : 0)),
      );
    const blocks = await kernel({ form: "blocks" });
    const expected = Float64Array.from({ length: 25 }, (_, k) => blocks[k * 9 + 2 * C + 1]);
    expect(await kernel({ form: "readout", readouts: [unit(2), unit(1)] }, xs)).toBeAllclose(expected, close(expected));
  });
});

describe("a frozen part", () => {
  it("leaves h . h' + 1 for the last layer, whose features are computed once", async () => {
    const { task, kernel, xs } = await smallKernel({ trainable: ["layers.2.weight", "layers.2.bias"] });
    expect(task.split.features).toBeDefined();
    const trace = await kernel();
    const all = await smallKernel();
    const views = viewsOf(all.task.layout, all.params);
    const numbers = (name: string) => views[name].data as RealArray;
    const layer = (k: number, input: readonly number[]): number[] =>
      Array.from(numbers(`layers.${k}.bias`), (bias, row) =>
        Math.tanh(
          input.reduce((sum, value, q) => sum + numbers(`layers.${k}.weight`)[row * input.length + q] * value, bias),
        ),
      );
    const h = Array.from({ length: 5 }, (_, n) => layer(1, layer(0, [...(sliceRows(xs, n, n + 1).data as RealArray)])));
    const expected = Float64Array.from({ length: 25 }, (_, at) => {
      const [a, b] = [h[Math.floor(at / 5)], h[at % 5]];
      return C * a.reduce((total, value, k) => total + value * b[k], 1);
    });
    expect(trace).toBeAllclose(expected, close(expected));
  });
});
