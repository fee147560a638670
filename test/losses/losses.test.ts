// Every loss against the closed forms of theory 1.0: values, derivatives with respect to the outputs, and extreme logits.

import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { fullLike } from "../../src/graph/ops.ts";
import { lossNames, lossOf } from "../../src/losses/registry.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";
import { engineOf } from "../helpers/tasks.ts";

interface Evaluated {
  /** l_n. */
  readonly value: readonly number[];
  /** dl_n / dy_nc. */
  readonly derivative: readonly number[];
}

async function evaluated(name: string, y: Tensor, target: Tensor, dtype: RealDType = "float64"): Promise<Evaluated> {
  const loss = lossOf(name);
  const build: Parameters<typeof evaluate>[1] = (b, inputs) => {
    const value = loss.value(b, inputs.y, inputs.target);
    const [derivative] = vjp(b, [{ value, cotangent: fullLike(b, value, 1) }], [inputs.y]);
    return { value, derivative: derivative! };
  };
  const { value, derivative } = await evaluate({ y, target }, build, { engine: await engineOf(dtype) });
  expect(value.shape).toEqual([y.shape[0]]);
  expect(derivative.shape).toEqual(y.shape);
  return { value: Array.from(value.data, Number), derivative: Array.from(derivative.data, Number) };
}

const [N, C] = [5, 3];
const random = randomFrom(1, "losses");
const normals = (count: number) => Float64Array.from({ length: count }, () => 2 * random.normal());
const y = reals([N, C], normals(N * C));
const real = reals([N, C], normals(N * C));
const shares = reals(
  [N, C],
  Float64Array.from({ length: N * C }, () => random.uniform()),
);
const labels = [2, 0, 1, 1, 2];
const classes = integers([N], labels);

const rowOf = (values: ArrayLike<number>, n: number): number[] =>
  Array.from({ length: C }, (_, c) => values[n * C + c]);
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const perRow = (of: (n: number) => number): number[] => Array.from({ length: N }, (_, n) => of(n));
const perOutput = (of: (k: number) => number): number[] => Array.from({ length: N * C }, (_, k) => of(k));
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softmax = (n: number): number[] => {
  const powers = rowOf(y.data, n).map(Math.exp);
  return powers.map((power) => power / total(powers));
};
const close = { rtol: 1e-13, atol: 1e-14 };

describe("mse and half-mse", () => {
  const squares = perRow((n) => total(rowOf(y.data, n).map((v, c) => (v - real.data[n * C + c]) ** 2)));

  it("mse is the mean of the squares over outputs, with derivative 2 (y - target) / C", async () => {
    const { value, derivative } = await evaluated("mse", y, real);
    expect(value).toBeAllclose(
      squares.map((square) => square / C),
      close,
    );
    expect(derivative).toBeAllclose(
      perOutput((k) => (2 * (y.data[k] - real.data[k])) / C),
      close,
    );
  });

  it("half-mse is half of it: one output has value (y - target)^2 / 2 and derivative y - target", async () => {
    const { value, derivative } = await evaluated("half-mse", reals([2, 1], [3, -1]), reals([2, 1], [1, 0.5]));
    expect(value).toBeAllclose([2, 1.125], close);
    expect(derivative).toBeAllclose([2, -1.5], close);
    expect((await evaluated("half-mse", y, real)).value).toBeAllclose(
      squares.map((square) => square / (2 * C)),
      close,
    );
  });
});

describe("cross-entropy", () => {
  it("is -log softmax of the target's class, with derivative softmax - onehot", async () => {
    const { value, derivative } = await evaluated("cross-entropy", y, classes);
    expect(value).toBeAllclose(
      perRow((n) => -Math.log(softmax(n)[labels[n]])),
      close,
    );
    expect(derivative).toBeAllclose(
      perOutput((k) => softmax(Math.floor(k / C))[k % C] - (labels[Math.floor(k / C)] === k % C ? 1 : 0)),
      close,
    );
  });

  it.each<RealDType>(["float32", "float64"])("stays finite for logits of +-1000 in %s", async (dtype) => {
    const logits = reals([3, 2], [1000, -1000, 1000, -1000, -1000, -1000]);
    const { value, derivative } = await evaluated("cross-entropy", logits, integers([3], [0, 1, 0]), dtype);
    expect(value).toBeAllclose([0, 2000, Math.LN2], { dtype });
    expect(derivative).toBeAllclose([0, 0, 1, -1, -0.5, 0.5], { dtype });
  });

  it("reads outputs as logits of one distribution: probabilities are the softmax", async () => {
    const { p } = await evaluate({ y }, (b, inputs) => ({ p: lossOf("cross-entropy").probabilities!(b, inputs.y) }));
    expect(p.data).toBeAllclose(perRow((n) => n).flatMap(softmax), close);
  });
});

describe("binary-cross-entropy", () => {
  it("is the mean over outputs of -t log s - (1 - t) log(1 - s), with derivative (s - t) / C, s = sigmoid(y)", async () => {
    const { value, derivative } = await evaluated("binary-cross-entropy", y, shares);
    const entropy = (k: number): number => {
      const [s, t] = [sigmoid(y.data[k]), shares.data[k]];
      return -t * Math.log(s) - (1 - t) * Math.log(1 - s);
    };
    expect(value).toBeAllclose(
      perRow((n) => total([0, 1, 2].map((c) => entropy(n * C + c))) / C),
      { rtol: 1e-12 },
    );
    expect(derivative).toBeAllclose(
      perOutput((k) => (sigmoid(y.data[k]) - shares.data[k]) / C),
      close,
    );
  });

  it.each<RealDType>(["float32", "float64"])("stays finite for logits of +-1000 in %s", async (dtype) => {
    const logits = reals([4, 1], [1000, 1000, -1000, -1000]);
    const { value, derivative } = await evaluated(
      "binary-cross-entropy",
      logits,
      reals([4, 1], [1, 0, 1, 0.25]),
      dtype,
    );
    expect(value).toBeAllclose([0, 1000, 1000, 250], { dtype });
    expect(derivative).toBeAllclose([0, 1, -1, -0.25], { dtype });
  });

  it("reads each output as a logit of its own: probabilities are sigmoids", async () => {
    const { p } = await evaluate({ y }, (b, inputs) => ({
      p: lossOf("binary-cross-entropy").probabilities!(b, inputs.y),
    }));
    expect(p.data).toBeAllclose(
      perOutput((k) => sigmoid(y.data[k])),
      close,
    );
  });
});

describe("lossOf(name)", () => {
  it("knows each loss by its own name; classes or real targets; probabilities where outputs are logits", () => {
    expect(lossNames).toEqual(["mse", "half-mse", "cross-entropy", "binary-cross-entropy"]);
    expect(lossNames.map((name) => lossOf(name).name)).toEqual(lossNames);
    expect(lossNames.map((name) => lossOf(name).target)).toEqual(["real", "real", "class", "real"]);
    expect(lossNames.map((name) => lossOf(name).probabilities !== undefined)).toEqual([false, false, true, true]);
  });

  it("refuses any other, naming those", async () => {
    expect(await errorOf(() => lossOf("MSE"))).toBe(
      'RangeError: loss must be one of mse, half-mse, cross-entropy, binary-cross-entropy, got "MSE"',
    );
  });
});
