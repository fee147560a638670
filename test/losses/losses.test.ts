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

describe("outputs with positions", () => {
  // Five rows of three outputs as one example of five positions, or as five examples of one.
  const shaped = (values: Tensor<"float64">, ...positions: number[]) => ({ ...values, shape: [...positions, C] });

  it.each(["mse", "half-mse", "binary-cross-entropy"])("%s is the mean over all of them", async (name) => {
    const flat = await evaluated(name, y, shares);
    const { value, derivative } = await evaluated(name, shaped(y, 1, N), shaped(shares, 1, N));
    expect(value).toBeAllclose([total(flat.value) / N], close);
    expect(derivative).toBeAllclose(
      flat.derivative.map((d) => d / N),
      close,
    );
  });

  it("cross-entropy is the mean over the positions of each example", async () => {
    const flat = await evaluated("cross-entropy", y, classes);
    const { value, derivative } = await evaluated("cross-entropy", shaped(y, 1, N), integers([1, N], labels));
    expect(value).toBeAllclose([total(flat.value) / N], close);
    expect(derivative).toBeAllclose(
      flat.derivative.map((d) => d / N),
      close,
    );
  });

  it("with several axes of positions, too: the last axis alone holds classes", async () => {
    const six = reals([1, 2, 3, 2], [0.1, 2, -1, 0, 1, 1, 3, -2, 0, 0.5, 2, 2]);
    const flat = await evaluated("cross-entropy", reals([6, 2], six.data), integers([6], [0, 1, 1, 0, 0, 1]));
    const { value } = await evaluated("cross-entropy", six, integers([1, 2, 3], [0, 1, 1, 0, 0, 1]));
    expect(value).toBeAllclose([total(flat.value) / 6], close);
  });

  it("cross-entropy leaves out positions of target -100, and is 0 with derivative 0 where it leaves out all", async () => {
    const both = reals([2, N, C], [...y.data, ...y.data]);
    const some = integers([2, N], [2, -100, 1, -100, 2, ...new Array(N).fill(-100)]);
    const { value, derivative } = await evaluated("cross-entropy", both, some);
    const flat = await evaluated("cross-entropy", y, classes);
    const counted = [0, 2, 4];
    expect(value).toBeAllclose([total(counted.map((n) => flat.value[n])) / 3, 0], close);
    expect(derivative).toBeAllclose(
      Array.from({ length: 2 * N * C }, (_, k) =>
        counted.includes(Math.floor(k / C)) && k < N * C ? flat.derivative[k] / 3 : 0,
      ),
      close,
    );
  });

  it("are turned into one distribution at each position", async () => {
    const { p } = await evaluate({ y: shaped(y, 1, N) }, (b, inputs) => ({
      p: lossOf("cross-entropy").probabilities!(b, inputs.y),
    }));
    expect(p.data).toBeAllclose(perRow((n) => n).flatMap(softmax), close);
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
