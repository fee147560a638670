// Every loss against the closed forms of theory 1.0: values, derivatives with respect to the outputs, and extreme logits.

import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { fullLike } from "../../src/graph/ops.ts";
import { lossNames, lossOf } from "../../src/losses/registry.ts";
import type { Loss } from "../../src/losses/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";
import { readFixture } from "../helpers/fixtures.ts";
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

describe("every loss of PyTorch", () => {
  const { description, arrays, real: oracle } = readFixture("losses");

  it.each(description.cases.map((tested) => [tested.loss, tested.outputs, tested] as const))(
    "%s of %s has its values and derivatives",
    async (name, outputs, tested) => {
      const { value, derivative } = await evaluated(name, oracle(outputs), arrays[tested.targets]);
      expect(value).toBeAllclose(oracle(tested.value).data, close);
      expect(derivative).toBeAllclose(oracle(tested.derivative).data, close);
    },
  );

  it("is in the fixture, or in a closed form above", () => {
    const seen = description.cases.map(({ loss }) => loss.split(":")[0]);
    const above = ["mse", "half-mse", "binary-cross-entropy"];
    expect(lossNames.filter((name) => !seen.includes(name))).toEqual(above);
  });
});

describe("nll", () => {
  it("is -ln p with derivative -1/p at the target's class, and 0 at the others, be they 0 themselves", async () => {
    const { value, derivative } = await evaluated(
      "nll",
      reals([2, 3], [0.2, 0.8, 0, 0.5, 0.25, 0.25]),
      integers([2], [1, 0]),
    );
    expect(value).toBeAllclose([-Math.log(0.8), Math.LN2], close);
    expect(derivative).toEqual([0, -1 / 0.8, 0, -2, 0, 0]);
  });

  it("is infinite at p = 0", async () => {
    const { value } = await evaluated("nll", reals([1, 2], [0, 1]), integers([1], [0]));
    expect(value).toEqual([Infinity]);
  });

  it("reads outputs as probabilities that need no softmax", async () => {
    const shares = reals([1, 2], [0.25, 0.75]);
    const { p } = await evaluate({ y: shares }, (b, inputs) => ({
      p: lossOf("nll").probabilities!(b, b.op("Identity", [inputs.y])),
    }));
    expect(p.data).toEqual(Float64Array.of(0.25, 0.75));
  });
});

describe("hinge and perceptron", () => {
  it("are 0 with derivative 0 from the margin on, at the margin too", async () => {
    const [outputs, signs] = [reals([3, 1], [1, -2, 0.25]), reals([3, 1], [1, -1, 1])];
    const before = await evaluated("hinge", outputs, signs);
    expect([...before.value, ...before.derivative].map((number) => number + 0)).toEqual([0, 0, 0.75, 0, 0, -1]);
    const wrong = reals([3, 1], [0, 2, -0.25]);
    const { value, derivative } = await evaluated("perceptron", wrong, signs);
    expect([...value, ...derivative].map((number) => number + 0)).toEqual([0, 2, 0.25, 0, 1, -1]);
  });
});

describe("lossOf(name)", () => {
  it("knows each loss by a name that makes it again, with its option", () => {
    const resolved = lossNames.map((name) => lossOf(name).name);
    expect(resolved.map((name) => name.split(":")[0])).toEqual(lossNames);
    expect(resolved.map((name) => lossOf(name).name)).toEqual(resolved);
    expect(resolved.filter((name) => name.includes(":"))).toEqual(["huber:1", "multi-margin:1"]);
    expect(lossOf("cross-entropy:0").name).toBe("cross-entropy");
    expect(lossOf("cross-entropy:smoothing=0.1").name).toBe("cross-entropy:0.1");
    expect(lossOf("huber:1.5").name).toBe("huber:1.5");
  });

  it("says which take classes, which give probabilities, and which want other than any numbers", () => {
    const named = (holds: (loss: Loss) => boolean) => lossNames.filter((name) => holds(lossOf(name)));
    expect(named(({ target }) => target === "class")).toEqual(["cross-entropy", "nll", "joint-nll", "multi-margin"]);
    expect(named(({ probabilities }) => probabilities !== undefined)).toEqual([
      "cross-entropy",
      "binary-cross-entropy",
      "nll",
      "joint-nll",
    ]);
    expect(named(({ targets }) => targets !== undefined)).toEqual([
      "binary-cross-entropy",
      "poisson",
      "hinge",
      "perceptron",
    ]);
    expect(named(({ outputs }) => outputs !== undefined)).toEqual(["nll", "joint-nll"]);
  });

  it.each([
    ["MSE", `loss must be one of ${lossNames.join(", ")}, got "MSE"`],
    ["huber:0", "loss huber: delta must be a finite number > 0, got 0"],
    ["cross-entropy:1", "loss cross-entropy: smoothing must be a number in [0, 1), got 1"],
    ["mse:2", 'loss mse: options must be among none, got "2"'],
  ])("refuses %s", async (name, message) => {
    expect(await errorOf(() => lossOf(name))).toBe(`RangeError: ${message}`);
  });
});
