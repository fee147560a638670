// Derivatives where they are a convention: at kinks, ties and zeros, and beside infinities.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Attributes } from "../../src/graph/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float64", threads: 1 });
});
afterAll(() => engine.release());

interface Asked {
  readonly attributes?: Attributes;
  /** Further inputs that are constants. */
  readonly constants?: readonly Tensor[];
}

/** The gradient of the sum of all outputs with respect to each of several vectors. */
async function gradients(op: string, vectors: readonly (readonly number[])[], asked: Asked = {}): Promise<number[][]> {
  const b = new GraphBuilder();
  const inputs = vectors.map((vector, i) => b.input(`x${i}`, "real", [vector.length]));
  const y = b.op(op, [...inputs, ...(asked.constants ?? []).map((c) => b.constant(c))], asked.attributes ?? {});
  const ones = b.constant(
    reals(y.shape as number[], new Float64Array(y.shape[0] === undefined ? 1 : Number(y.shape[0])).fill(1)),
  );
  const found = vjp(b, [{ value: y, cotangent: ones }], inputs);
  const program = engine.compile(b.build(Object.fromEntries(found.map((value, i) => [`g${i}`, value!]))));
  const run = await program.run(
    Object.fromEntries(vectors.map((vector, i) => [`x${i}`, reals([vector.length], vector)])),
  );
  return found.map((_, i) => Array.from(run[`g${i}`].data as Float64Array, (v) => v + 0));
}

const gradient = async (op: string, x: readonly number[], asked: Asked = {}): Promise<number[]> =>
  (await gradients(op, [x], asked))[0];

describe("at a kink", () => {
  it("Relu, Abs and ReduceL1 have slope 0, LeakyRelu and Elu that of the negative side", async () => {
    expect(await gradient("Relu", [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(await gradient("Abs", [-1, 0, 1])).toEqual([-1, 0, 1]);
    expect(await gradient("ReduceL1", [-1, 0, 1], { attributes: { keepdims: 0 } })).toEqual([-1, 0, 1]);
    expect(await gradient("LeakyRelu", [0], { attributes: { alpha: 0.25 } })).toEqual([0.25]);
    expect(await gradient("Elu", [0], { attributes: { alpha: 0.25 } })).toEqual([0.25]);
  });

  it("Clip lets through at both limits, as PyTorch's clamp", async () => {
    const constants = [reals([], [-1]), reals([], [1])];
    expect(await gradient("Clip", [-1.5, -1, 0, 1, 1.5], { constants })).toEqual([0, 1, 1, 1, 0]);
  });

  it("ReduceL2 of zeros has gradient 0, as PyTorch's norm", async () => {
    expect(await gradient("ReduceL2", [0, 0], { attributes: { keepdims: 0 } })).toEqual([0, 0]);
  });
});

describe("at a tie", () => {
  it("the first of several inputs of Max and Min has all", async () => {
    for (const op of ["Max", "Min"]) expect(await gradients(op, [[1], [1], [1]])).toEqual([[1], [0], [0]]);
  });

  it("the first extreme element of ReduceMax and ReduceMin has all (PyTorch's amax would share)", async () => {
    const attributes = { keepdims: 0 };
    expect(await gradient("ReduceMax", [1, 3, 3, 2], { attributes })).toEqual([0, 1, 0, 0]);
    expect(await gradient("ReduceMin", [2, 1, 3, 1], { attributes })).toEqual([0, 1, 0, 0]);
  });
});

describe("beside infinities, masks select and never multiply", () => {
  it("Elu, Softplus, Sigmoid and Tanh have finite slopes at +-1000", async () => {
    expect(await gradient("Elu", [1000, -1000])).toEqual([1, 0]);
    expect(await gradient("Softplus", [1000, -1000])).toEqual([1, 0]);
    expect(await gradient("Sigmoid", [1000, -1000])).toEqual([0, 0]);
    expect(await gradient("Tanh", [1000, -1000])).toEqual([0, 0]);
  });

  it("ReduceLogSumExp and Softmax ignore elements masked by minus infinity", async () => {
    const masked = [0, Number.NEGATIVE_INFINITY, 0];
    expect(await gradient("ReduceLogSumExp", masked, { attributes: { keepdims: 0 } })).toEqual([0.5, 0, 0.5]);
    expect(await gradient("Softmax", masked)).toEqual([0, 0, 0]);
  });

  it("Pow has slope 0 for exponent 0, and no derivative in the exponent of a base that is not positive", async () => {
    expect(
      await gradients("Pow", [
        [0, 0, 2],
        [0, 2, 0],
      ]),
    ).toEqual([
      [0, 0, 0],
      [0, 0, Math.log(2)],
    ]);
  });
});
