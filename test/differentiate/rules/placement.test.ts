// The factors of a convolution before a pool: few elements of its cotangents are not zero, and where they are is known.

import { describe, expect, it } from "vitest";
import { usesOf } from "../../../src/differentiate/per-example.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { add, reshape } from "../../../src/graph/ops.ts";
import type { Attributes, Value } from "../../../src/graph/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { engineOf } from "../../helpers/tasks.ts";

const [N, C] = [2, 3];

interface Case {
  readonly size: readonly number[];
  readonly pool: Attributes;
}

const CASES: readonly (readonly [string, Case])[] = [
  ["tiles", { size: [4, 6], pool: { kernel_shape: [2, 2], strides: [2, 2] } }],
  ["tiles of two by three with a rest", { size: [5, 8], pool: { kernel_shape: [2, 3], strides: [2, 3] } }],
  ["tiles along one axis of two", { size: [4, 3], pool: { kernel_shape: [1, 3], strides: [1, 3] } }],
  ["tiles of one axis", { size: [9], pool: { kernel_shape: [3], strides: [3] } }],
  ["tiles of three axes", { size: [2, 4, 2], pool: { kernel_shape: [2, 2, 2], strides: [2, 2, 2] } }],
];
const OVERLAPPING: Case = { size: [4, 4], pool: { kernel_shape: [2, 2], strides: [1, 1] } };

/** The uses of weight and bias of a convolution over one channel, its cotangent given behind the pool; `also` reads the same values. */
function uses(b: GraphBuilder, { size, pool }: Case, also?: (y: Value) => Value) {
  const x = b.input("x", "real", ["N", 1, ...size]);
  const w = b.input("w", "real", [C, 1, ...size.map(() => 1)]);
  const bias = b.input("bias", "real", [C]);
  const y = b.op("Conv", [x, w, bias], { kernel_shape: size.map(() => 1) });
  const pooled = b.op("MaxPool", [y], pool);
  const seeds = [{ value: pooled, cotangent: b.input("g", "real", pooled.shape) }];
  if (also) seeds.push({ value: also(y), cotangent: b.input("h", "real", y.shape) });
  const found = usesOf(b, { seeds, examples: [x], parameters: [w, bias] })!;
  const factorOf = (parameter: Value) => found.find((use) => use.parameter.name === parameter.name)!.factor;
  const factor = factorOf(w);
  if (factor.kind !== "outer") throw new Error("a convolution's weight must have an outer product");
  return { factor, bias: factorOf(bias), ends: found.every((use) => use.ends), pooled };
}

describe("a convolution whose output a MaxPool over disjoint windows alone reads", () => {
  it.each(CASES)("has as many elements in its factor as windows, where the winners are: %s", async (_, shape) => {
    const b = new GraphBuilder();
    const { factor, bias, ends, pooled } = uses(b, shape);
    expect(ends).toBe(true);
    const { values, at } = factor.sparse!;
    const outputs = { left: factor.left, values, at, sums: bias.kind === "dense" ? bias.value : factor.left };
    const random = randomFrom(1, "placement");
    const T = shape.size.reduce((product, size) => product * size, 1);
    const windows = pooled.shape.slice(2).reduce<number>((product, count) => product * (count as number), 1);
    // Few different numbers: ties, which the first of a window wins.
    const drawn = (length: number) => Float64Array.from({ length }, () => Math.floor(4 * random.uniform()) - 1);
    const x = drawn(N * T);
    const g = Float64Array.from({ length: N * C * windows }, () => random.normal());
    const results = await (await engineOf("float64")).compile(b.build(outputs)).run({
      x: reals([N, 1, ...shape.size], x),
      w: reals([C, 1, ...shape.size.map(() => 1)], [1, -2, 0.5]),
      bias: reals([C], [0, 1, 2]),
      g: reals([N, ...(pooled.shape.slice(1) as number[])], g),
    });
    const placed = new Float64Array(N * T * C);
    const sums = new Float64Array(N * C);
    results.at.data.forEach((position, k) => {
      const [n, c] = [Math.floor(k / windows / C), Math.floor(k / windows) % C];
      placed[(n * T + Number(position)) * C + c] += Number(results.values.data[k]);
      sums[n * C + c] += g[k];
    });
    expect(results.at.dtype).toBe("int32");
    expect(results.values.data).toEqual(g);
    expect(results.left).toBeAllclose(reals([N, T, C], placed), { atol: 0 });
    expect(placed.filter((value) => value !== 0)).toHaveLength(N * C * windows);
    expect(results.sums).toBeAllclose(reals([N, C], sums), { atol: 1e-12 });
  });

  it("has no such factor where windows overlap, or where something else reads the convolution too", () => {
    expect(uses(new GraphBuilder(), OVERLAPPING).factor.sparse).toBeUndefined();
    const b = new GraphBuilder();
    const shape = CASES[0][1];
    expect(uses(b, shape, (y) => add(b, y, 1)).factor.sparse).toBeUndefined();
  });

  it("does not end the way back where what it reads depends on parameters", () => {
    const b = new GraphBuilder();
    const [x, shift] = [b.input("x", "real", ["N", 1, 4, 4]), b.input("shift", "real", [1])];
    const w = b.input("w", "real", [C, 1, 1, 1]);
    const moved = add(b, x, shift);
    const y = b.op("MaxPool", [b.op("Conv", [moved, w], { kernel_shape: [1, 1] })], CASES[0][1].pool);
    const value = reshape(b, y, ["N", C * 4]);
    const seeds = [{ value, cotangent: b.input("g", "real", value.shape) }];
    const found = usesOf(b, { seeds, examples: [x], parameters: [w] })!;
    expect(found.map(({ ends }) => ends)).toEqual([true]);
    const both = usesOf(b, { seeds, examples: [x], parameters: [w, shift] });
    expect(both?.find(({ parameter }) => parameter.name === "w")?.ends ?? false).toBe(false);
  });
});
