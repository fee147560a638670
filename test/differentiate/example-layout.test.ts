import { describe, expect, it } from "vitest";
import { exampleLayout, examplesFirst } from "../../src/differentiate/example-layout.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { add, concat, fullLike, matmul, mul, reshape, slice, transpose, where } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { integers, type Tensor } from "../../src/numeric/tensor.ts";
import { evaluate } from "../helpers/evaluate.ts";

type B = GraphBuilder;

/** Numbers 100 n + position of example n within (N, ...shape). */
function marked(count: number, shape: readonly number[]): Tensor<"float64"> {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const data = Float64Array.from({ length: count * size }, (_, i) => 100 * Math.floor(i / size) + (i % size));
  return { dtype: "float64", shape: [count, ...shape], data };
}

/** Sequences (N, 4, 6) put down in another way. */
const ways: readonly (readonly [string, (b: B, x: Value) => Value])[] = [
  ["as it is", (_b, x) => x],
  ["in rows, example by example", (b, x) => reshape(b, x, ["4N", 6])],
  ["in rows, position by position", (b, x) => reshape(b, transpose(b, x, [1, 0, 2]), ["4N", 6])],
  ["with heads beside examples", (b, x) => reshape(b, transpose(b, x, [1, 0, 2]), [4, "2N", 3])],
  ["heads first", (b, x) => transpose(b, reshape(b, transpose(b, x, [1, 0, 2]), [4, "2N", 3]), [1, 0, 2])],
  ["examples in the middle", (b, x) => transpose(b, x, [1, 0, 2])],
  ["examples last", (b, x) => transpose(b, x, [2, 1, 0])],
  ["split again", (b, x) => reshape(b, reshape(b, transpose(b, x, [1, 0, 2]), ["4N", 6]), [2, "2N", 2, 3])],
  ["all in one", (b, x) => reshape(b, transpose(b, x, [1, 0, 2]), ["24N"])],
];

describe("exampleLayout(value)", () => {
  it.each(ways)("finds the examples of sequences: %s", async (_name, put) => {
    let owners: number[][] = [];
    const { y } = await evaluate({ x: marked(3, [4, 6]) }, (b, { x }) => {
      const value = put(b, x);
      return { y: examplesFirst(b, value, exampleLayout(b, value)!) };
    });
    owners = Array.from({ length: 3 }, (_, n) => [
      ...new Set(Array.from(y.data.subarray(24 * n, 24 * (n + 1)) as Float64Array, (v) => Math.floor(v / 100))),
    ]);
    expect(y.shape[0]).toBe(3);
    expect(owners).toEqual([[0], [1], [2]]);
  });

  it("follows rows through products and sums, and what is cut from them", () => {
    const b = new GraphBuilder();
    const rows = reshape(b, transpose(b, b.input("x", "real", ["N", 4, 6]), [1, 0, 2]), ["4N", 6]);
    const h = add(b, matmul(b, mul(b, rows, 2), b.input("w", "real", [6, 5])), b.input("bias", "real", [5]));
    const part = slice(b, b.op("Softmax", [h], { axis: 1 }), 1, { start: 1, end: 3 });
    expect(exampleLayout(b, part)).toEqual({ axis: 0, before: 4, after: 1 });
  });

  it("joins rows with zeros that were expanded beside them, or chooses between both", () => {
    const b = new GraphBuilder();
    const rows = reshape(b, transpose(b, b.input("x", "real", ["N", 4, 6]), [1, 0, 2]), [4, "2N", 3]);
    const heads = transpose(b, rows, [1, 0, 2]);
    const zeros = fullLike(b, slice(b, heads, 1, { start: 0, end: 1 }), 0);
    const joined = concat(b, [heads, zeros], 1);
    expect(exampleLayout(b, joined)).toEqual({ axis: 0, before: 1, after: 2 });
    expect(exampleLayout(b, where(b, b.op("Greater", [heads, b.scalar(0)]), fullLike(b, heads, 0), heads))).toEqual({
      axis: 0,
      before: 1,
      after: 2,
    });
    expect(exampleLayout(b, zeros)).toBeUndefined();
  });

  it("says nothing where two ways meet, where no node tells, or without a batch axis", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 4, 6]);
    const first = reshape(b, x, ["4N", 6]);
    const second = reshape(b, transpose(b, x, [1, 0, 2]), ["4N", 6]);
    expect(exampleLayout(b, add(b, first, second))).toBeUndefined();
    expect(exampleLayout(b, b.input("rows", "real", ["4N", 6]))).toBeUndefined();
    expect(exampleLayout(b, b.constant(integers([2], [1, 2])))).toBeUndefined();
    expect(exampleLayout(b, reshape(b, b.input("z", "real", ["3N", 2]), ["N", 6]))).toEqual({
      axis: 0,
      before: 1,
      after: 1,
    });
  });
});
