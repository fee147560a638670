import { describe, expect, it } from "vitest";
import { activations } from "../../src/models/layers.ts";
import { mlp } from "../../src/models/mlp.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const shapesOf = (model: Model) =>
  Object.fromEntries(model.parameters.entries.map(({ name, shape }) => [name, [...shape]]));

async function outputsOf(model: Model, params: Float64Array, x: Tensor): Promise<Tensor> {
  const engine = await engineOf("float64");
  return (await engine.compile(model.graph).run({ x, ...viewsOf(model.parameters, params) })).y;
}

/** y = W x + b with W (outputs, inputs), by hand. */
function layer(x: readonly number[], weight: ArrayLike<number>, bias: ArrayLike<number>): number[] {
  return Array.from(bias, (b, o) => x.reduce((sum, value, i) => sum + weight[o * x.length + i] * value, b));
}

describe("mlp(options)", () => {
  it("names and shapes its parameters as torch.nn.Linear layers, (out, in) and (out)", () => {
    const model = mlp({ inputShape: [4], outputs: 3, hidden: [6, 5], activation: "tanh" });
    expect(shapesOf(model)).toEqual({
      "layers.0.weight": [6, 4],
      "layers.0.bias": [6],
      "layers.1.weight": [5, 6],
      "layers.1.bias": [5],
      "layers.2.weight": [3, 5],
      "layers.2.bias": [3],
    });
    expect(model.parameters.size).toBe(6 * 5 + 5 * 7 + 3 * 6);
    expect(model.graph.inputs).toEqual(["x", ...model.parameters.entries.map(({ name }) => name)]);
    expect(model.graph.outputs).toEqual(["y"]);
  });

  it("flattens its input, and is linear without hidden layers", () => {
    const model = mlp({ inputShape: [2, 3, 2], outputs: 4, hidden: [], activation: "relu" });
    expect(shapesOf(model)).toEqual({ "layers.0.weight": [4, 12], "layers.0.bias": [4] });
    expect(model.graph.values.get("y")!.shape).toEqual(["N", 4]);
  });

  it("says in full what it is", () => {
    const spec = (hidden: number[]) => mlp({ inputShape: [2], outputs: 1, hidden, activation: "gelu" }).spec;
    expect([spec([8, 4]), spec([])]).toEqual(["mlp:8,4:gelu", "mlp"]);
  });

  it("computes the forward pass that one writes by hand", async () => {
    const model = mlp({ inputShape: [1, 3], outputs: 2, hidden: [4, 3], activation: "tanh" });
    const params = startOf(model, "float64", 3) as Float64Array;
    const w = viewsOf(model.parameters, params);
    const linear = (x: readonly number[], k: number) =>
      layer(x, w[`layers.${k}.weight`].data as Float64Array, w[`layers.${k}.bias`].data as Float64Array);
    const rows = [
      [0.3, -1.2, 2],
      [1, 0.5, -0.25],
    ];
    const wanted = rows.flatMap((row) => linear(linear(linear(row, 0).map(Math.tanh), 1).map(Math.tanh), 2));
    const y = await outputsOf(model, params, reals([2, 1, 3], rows.flat()));
    expect(y.shape).toEqual([2, 2]);
    expect(y.data).toBeAllclose(wanted, { rtol: 1e-14, atol: 1e-15 });
  });

  it.each(["swish", "constructor", ""])("refuses the activation %j, naming those there are", async (activation) => {
    expect(await errorOf(() => mlp({ inputShape: [2], outputs: 1, hidden: [3], activation }))).toBe(
      `RangeError: mlp: activation must be one of tanh, relu, sigmoid, softplus, elu, leakyrelu, gelu, silu, sin, linear, got ${activation}`,
    );
  });
});

// erf by its Maclaurin series, exact to rounding for |x| <= 2.
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe("activations", () => {
  const formulas: Record<string, (x: number) => number> = {
    tanh: Math.tanh,
    relu: (x) => Math.max(0, x),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    softplus: (x) => Math.log1p(Math.exp(x)),
    elu: (x) => (x > 0 ? x : Math.expm1(x)),
    leakyrelu: (x) => (x > 0 ? x : 0.01 * x),
    gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
    silu: (x) => x / (1 + Math.exp(-x)),
    sin: Math.sin,
    linear: (x) => x,
  };
  const x = reals([7], [-2, -1.25, -0.5, 0, 0.75, 1, 1.75]);

  it("have a formula here each", () => {
    expect(Object.keys(activations)).toEqual(Object.keys(formulas));
  });

  it.each(Object.keys(formulas))("%s is what PyTorch's is", async (name) => {
    const { y } = await evaluate({ x }, (b, inputs) => ({ y: activations[name](b, inputs.x) }));
    expect(y.data).toBeAllclose(Array.from(x.data, formulas[name]), { rtol: 2e-15, atol: 2e-16 });
  });
});

describe("initialise(params, random)", () => {
  it("draws weights and biases from U(-1 / sqrt(fan-in), 1 / sqrt(fan-in)), and fills the range", () => {
    const model = mlp({ inputShape: [100], outputs: 50, hidden: [400], activation: "relu" });
    const params = startOf(model, "float64", 1) as Float64Array;
    const bounds: Record<string, number> = { "layers.0": 1 / Math.sqrt(100), "layers.1": 1 / Math.sqrt(400) };
    for (const { name, offset, size } of model.parameters.entries) {
      const values = params.subarray(offset, offset + size);
      const bound = bounds[name.replace(/\.(weight|bias)$/, "")];
      const [low, high] = [Math.min(...values), Math.max(...values)];
      expect(low).toBeGreaterThanOrEqual(-bound);
      expect(high).toBeLessThanOrEqual(bound);
      // All of n uniform draws miss a tenth of the range at one end with probability 0.9^n = 5e-3 for 50.
      expect(low).toBeLessThan(-0.8 * bound);
      expect(high).toBeGreaterThan(0.8 * bound);
      const mean = values.reduce((sum, value) => sum + value, 0) / size;
      expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * size));
    }
  });

  it("depends on nothing but the random numbers, and draws one for each parameter", () => {
    const model = mlp({ inputShape: [3], outputs: 2, hidden: [4], activation: "relu" });
    const random = randomFrom(7, "initial parameters");
    const params = new Float64Array(model.parameters.size);
    model.initialise(params, () => random.uniform());
    expect(params).toEqual(startOf(model, "float64", 7));
    expect(random.position).toBe(model.parameters.size);
    expect(startOf(model, "float64", 8)).not.toEqual(params);
  });
});
