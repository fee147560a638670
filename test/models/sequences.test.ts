// What transformers and residual networks must hold whatever their parameters: shapes, starts, symmetries, causality, factors.

import { describe, expect, it } from "vitest";
import { materialise } from "../../src/differentiate/factored.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { GraphBuilder, valueIn } from "../../src/graph/builder.ts";
import type { Value } from "../../src/graph/types.ts";
import { createModel } from "../../src/models/registry.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import {
  integers,
  type RealArray,
  type RealDType,
  reals,
  sizeOf,
  type Tensor,
  takeRows,
  toReal,
} from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

/** w_0 with noise on everything, so that scales of 1 and biases of 0 hide nothing. */
function shaken(model: Model, dtype: RealDType): RealArray {
  const random = randomFrom(4, "noise");
  return startOf(model, dtype, 3).map((w) => w + 0.2 * random.normal()) as RealArray;
}

function numbers(shape: readonly number[]): Tensor<"float64"> {
  const random = randomFrom(5, "examples");
  return reals(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
}

async function outputsOf(model: Model, x: Tensor, dtype: RealDType = "float64"): Promise<Float64Array> {
  const engine = await engineOf(dtype);
  const input = x.dtype === "int64" ? x : toReal(x, dtype);
  const { y } = await engine.compile(model.graph).run({ x: input, ...viewsOf(model.parameters, shaken(model, dtype)) });
  return Float64Array.from(y.data as Float64Array);
}

const tokens = integers([3, 5], [0, 3, 3, 1, 6, 2, 2, 5, 4, 0, 6, 5, 1, 1, 3]);
const models: readonly (readonly [string, Model, Tensor])[] = [
  ["resnet:4,6:2", createModel("resnet:4,6:2", { inputShape: [2, 6, 6], outputs: 3 }), numbers([3, 2, 6, 6])],
  ["transformer:8:2:2", createModel("transformer:8:2:2", { inputShape: [5, 3], outputs: 3 }), numbers([3, 5, 3])],
  ["transformer:8:1:2", createModel("transformer:8:1:2", { inputShape: [1, 4, 4], outputs: 3 }), numbers([3, 1, 4, 4])],
  ["attention:8:1:2", createModel("attention:8:1:2", { inputShape: [5, 3], outputs: 3 }), numbers([3, 5, 3])],
  ["gpt:8:2:2", createModel("gpt:8:2:2", { inputShape: [5], outputs: 7 }), tokens],
  ["gpt:8:2:2 at every token", createModel("gpt:8:2:2", { inputShape: [5], outputs: 7, positions: [5] }), tokens],
];

/** The gradient of <u, y> with respect to all parameters, side by side: of each example by factors, or of the whole batch. */
async function gradients(model: Model, x: Tensor, options: { u: Tensor; dtype: RealDType; apart: boolean }) {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of model.graph.inputs) {
    inputs[name] = b.input(name, valueIn(model.graph, name).dtype, valueIn(model.graph, name).shape);
  }
  const value = b.inline(model.graph, inputs).get("y") as Value;
  const seeds = [{ value, cotangent: b.input("u", "real", value.shape) }];
  const names = model.parameters.entries.map(({ name }) => name);
  const parameters = names.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds, examples: [inputs.x], parameters });
  expect(uses, "every use of a parameter has a factored form").toBeDefined();
  const found = options.apart ? parameters.map((p) => materialise(b, uses!, p)) : vjp(b, seeds, parameters);
  const program = (await engineOf(options.dtype)).compile(
    b.build(Object.fromEntries(names.map((name, i) => [`g:${name}`, found[i] as Value]))),
  );
  const { dtype, u } = options;
  const input = x.dtype === "int64" ? x : toReal(x, dtype);
  const views = viewsOf(model.parameters, shaken(model, dtype));
  const results = await program.run({ x: input, u: toReal(u, dtype), ...views });
  return names.map((name) => results[`g:${name}`].data as RealArray);
}

describe.each(models)("%s", (_name, model, x) => {
  it.each(["float64", "float32"] as const)("gives by factors what each example gives alone, in %s", async (dtype) => {
    const u = numbers([3, ...(model.graph.values.get("y")!.shape.slice(1) as number[])]);
    const together = await gradients(model, x, { u, dtype, apart: true });
    for (let n = 0; n < 3; n++) {
      const alone = await gradients(model, takeRows(x, [n]), { u: takeRows(u, [n]), dtype, apart: false });
      alone.forEach((gradient, i) => {
        const row = together[i].subarray(n * gradient.length, (n + 1) * gradient.length);
        expect(row, model.parameters.entries[i].name).toBeAllclose(
          gradient,
          dtype === "float64" ? { atol: 1e-13, rtol: 1e-11 } : { atol: 1e-4, rtol: 1e-4 },
        );
      });
    }
  });

  it("starts norms at 1 and 0, and every other parameter near zero", () => {
    const views = viewsOf(model.parameters, startOf(model, "float64", 1));
    for (const [name, { data }] of Object.entries(views)) {
      if (/(bn\d|downsample\.1|norm\d?|ln_.)\.(weight|bias)$/.test(name)) {
        expect(new Set(data as RealArray), name).toEqual(new Set([name.endsWith("weight") ? 1 : 0]));
        continue;
      }
      expect(Math.max(...Array.from(data as RealArray, Math.abs)), name).toBeLessThan(1);
      expect(new Set(data as RealArray).size, name).toBe(data.length);
    }
  });
});

/** Elements of each sequence in another order. */
function permuted(x: Tensor, order: readonly number[]): Tensor {
  const [count, length, width] = x.shape;
  const data = Array.from({ length: count * length * width }, (_, i) => {
    const [n, t, k] = [Math.floor(i / (length * width)), Math.floor(i / width) % length, i % width];
    return x.data[(n * length + order[t]) * width + k] as number;
  });
  return reals(x.shape, data);
}

describe("sequences", () => {
  const order = [3, 0, 4, 1, 2];

  it("without positions give the same outputs in any order of their elements", async () => {
    const [, model, x] = models[3];
    expect(await outputsOf(model, permuted(x, order))).toBeAllclose(await outputsOf(model, x), { atol: 1e-12 });
  });

  it("with positions do not", async () => {
    const [, model, x] = models[1];
    const [there, here] = [await outputsOf(model, permuted(x, order)), await outputsOf(model, x)];
    expect(Math.max(...there.map((y, i) => Math.abs(y - here[i])))).toBeGreaterThan(1e-3);
  });

  it("are cut into patches of whole sides, tokens are lists", async () => {
    const shape = { inputShape: [1, 5, 4], outputs: 2 };
    expect(await errorOf(() => createModel("transformer", shape))).toBe(
      "RangeError: transformer: images must be whole patches of 2 pixels, got 5x4",
    );
    expect(await errorOf(() => createModel("transformer", { inputShape: [5], outputs: 2 }))).toBe(
      "RangeError: transformer: examples must be sequences (length, width) or images (channels, height, width), got shape [5]",
    );
  });
});

describe("gpt with outputs at every token", () => {
  const [, last] = models[4];
  const [, every] = models[5];

  it("has the parameters of gpt at the last token, and its outputs there", async () => {
    expect(every.parameters).toEqual(last.parameters);
    const [all, ends] = [await outputsOf(every, tokens), await outputsOf(last, tokens)];
    const final = [0, 1, 2].flatMap((n) => Array.from(all.subarray((n * 5 + 4) * 7, (n * 5 + 5) * 7)));
    expect(final).toBeAllclose(ends, { rtol: 1e-12, atol: 1e-14 });
  });

  it("sees no token that comes later", async () => {
    const changed = integers([3, 5], [0, 3, 3, 2, 1, 2, 2, 5, 0, 6, 6, 5, 1, 5, 5]);
    const [there, here] = [await outputsOf(every, changed), await outputsOf(every, tokens)];
    const gap = (from: number, to: number): number =>
      Math.max(
        ...[0, 1, 2].flatMap((n) =>
          Array.from(there.subarray((n * 5 + from) * 7, (n * 5 + to) * 7), (y, i) =>
            Math.abs(y - here[(n * 5 + from) * 7 + i]),
          ),
        ),
      );
    expect(gap(0, 3)).toBe(0);
    expect(gap(3, 4)).toBeGreaterThan(1e-3);
  });

  it("is refused for targets at other places", async () => {
    expect(await errorOf(() => createModel("gpt", { inputShape: [5], outputs: 7, positions: [4] }))).toBe(
      "RangeError: gpt: targets must be one for each example or for each of 5 tokens, got [4]",
    );
  });
});

describe("other models with positions", () => {
  it("give the outputs of all positions by their last layer, row by row", async () => {
    const shape = { inputShape: [3], outputs: 2 };
    const [flat, grouped] = [createModel("mlp:4:tanh", { ...shape, outputs: 8 }), { ...shape, positions: [2, 2] }];
    const model = createModel("mlp:4:tanh", grouped);
    expect(model.graph.values.get("y")!.shape).toEqual(["N", 2, 2, 2]);
    expect(model.parameters).toEqual(flat.parameters);
    const x = numbers([3, 3]);
    expect(await outputsOf(model, x)).toEqual(await outputsOf(flat, x));
  });
});

describe("resnet", () => {
  it("names and shapes its parameters as torchvision does", () => {
    const model = createModel("resnet:4,6", { inputShape: [1, 4, 4], outputs: 2 });
    expect(model.parameters.entries.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      "conv1.weight 4,1,3,3",
      "bn1.weight 4",
      "bn1.bias 4",
      ...["conv1.weight 4,4,3,3", "bn1.weight 4", "bn1.bias 4"].map((line) => `layer1.0.${line}`),
      ...["conv2.weight 4,4,3,3", "bn2.weight 4", "bn2.bias 4"].map((line) => `layer1.0.${line}`),
      ...["conv1.weight 6,4,3,3", "bn1.weight 6", "bn1.bias 6"].map((line) => `layer2.0.${line}`),
      ...["conv2.weight 6,6,3,3", "bn2.weight 6", "bn2.bias 6"].map((line) => `layer2.0.${line}`),
      ...["0.weight 6,4,1,1", "1.weight 6", "1.bias 6"].map((line) => `layer2.0.downsample.${line}`),
      "fc.weight 2,6",
      "fc.bias 2",
    ]);
  });

  it("refuses images that cannot be halved so often", async () => {
    expect(await errorOf(() => createModel("resnet:2,2,2", { inputShape: [1, 3, 8], outputs: 2 }))).toBe(
      "RangeError: resnet: images must have at least 4 pixels a side for 3 stages, got 3x8",
    );
    expect(await errorOf(() => createModel("resnet", { inputShape: [8, 8], outputs: 2 }))).toBe(
      "RangeError: resnet: examples must be images (channels, height, width), got shape [8,8]",
    );
  });
});
