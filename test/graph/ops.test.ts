// The shorthands on a builder: what they leave out, and that what they emit computes what they say.

import { describe, expect, it } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Dim } from "../../src/graph/dim.ts";
import * as ops from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { evaluate } from "../helpers/evaluate.ts";

const start = (...shape: Dim[]) => {
  const b = new GraphBuilder();
  return { b, x: b.input("x", "real", shape) };
};

/** x (2, 3) = 1 ... 6, batch first. */
const x = reals([2, 3], [1, 2, 3, 4, 5, 6]);
const apply = async (build: (b: GraphBuilder, x: Value) => Value) =>
  (await evaluate({ x }, (b, inputs) => ({ y: build(b, inputs.x) }))).y;

describe("arithmetic with numbers on either side", () => {
  it.each<[string, (b: GraphBuilder, x: Value) => Value, (v: number) => number]>([
    ["add", (b, v) => ops.add(b, 1, v), (v) => 1 + v],
    ["sub", (b, v) => ops.sub(b, 1, v), (v) => 1 - v],
    ["mul", (b, v) => ops.mul(b, v, 3), (v) => v * 3],
    ["div", (b, v) => ops.div(b, 12, v), (v) => 12 / v],
    ["neg", (b, v) => ops.neg(b, v), (v) => -v],
    ["where of greater", (b, v) => ops.where(b, ops.greater(b, v, 3), v, -1), (v) => (v > 3 ? v : -1)],
  ])("%s", async (_name, build, wanted) => {
    expect([...(await apply(build)).data]).toEqual([...x.data].map(wanted));
  });

  it("addAll adds what there is; nothing when there is nothing", async () => {
    const { b, x: value } = start("N");
    expect(ops.addAll(b, [])).toBeUndefined();
    expect(ops.addAll(b, [undefined, undefined])).toBeUndefined();
    expect(ops.addAll(b, [undefined, value])).toBe(value);
    const tripled = await apply((builder, v) => ops.addAll(builder, [v, undefined, v, v])!);
    expect([...tripled.data]).toEqual([3, 6, 9, 12, 15, 18]);
  });
});

describe("shorthands that add no node where nothing is to be done", () => {
  it.each<[string, (b: GraphBuilder, x: Value) => Value]>([
    ["cast to the dtype it has", (b, v) => ops.cast(b, v, "real")],
    ["transpose in place", (b, v) => ops.transpose(b, v, [0, 1])],
    ["reshape to its own shape", (b, v) => ops.reshape(b, v, ["N", 3])],
    ["reduceSum over no axis", (b, v) => ops.reduceSum(b, v, [])],
    ["unsqueeze nothing", (b, v) => ops.unsqueeze(b, v, [])],
    ["squeeze nothing", (b, v) => ops.squeeze(b, v, [])],
    ["concat of one", (b, v) => ops.concat(b, [v], 0)],
    ["pad by zeros", (b, v) => ops.pad(b, v, [0, 0], [0, 0])],
    ["expandLike itself", (b, v) => ops.expandLike(b, v, v)],
    ["unbroadcast to its own shape", (b, v) => ops.unbroadcast(b, v, ["N", 3])],
  ])("%s", (_name, build) => {
    const { b, x: value } = start("N", 3);
    expect(build(b, value)).toBe(value);
    expect(b.nodes).toEqual([]);
  });
});

describe("shapes", () => {
  it("swapLast swaps the last two axes", () => {
    const { b, x: value } = start("N", 2, 3);
    expect(ops.swapLast(b, value).shape).toEqual(["N", 3, 2]);
  });

  it("reshape takes the batch axis once, and refuses it twice", () => {
    const { b, x: value } = start("N", 6);
    expect(ops.reshape(b, value, ["2N", 3]).shape).toEqual(["2N", 3]);
    expect(() => ops.reshape(b, value, ["N", "N"])).toThrow(
      new UnsupportedError("reshape: the batch axis must occur once, got [N, N]"),
    );
  });

  it("shapeOf is a constant where the shape is fixed", () => {
    const fixed = start(2, 3);
    expect(fixed.b.constantOf(ops.shapeOf(fixed.b, fixed.x))).toBeDefined();
    const open = start("N", 3);
    expect(open.b.constantOf(ops.shapeOf(open.b, open.x))).toBeUndefined();
  });

  it("fullLike and expandLike follow the batch size when the graph runs", async () => {
    expect(await apply((b, v) => ops.fullLike(b, v, 2.5))).toEqual(reals([2, 3], new Float64Array(6).fill(2.5)));
    expect(await apply((b, v) => ops.expandLike(b, ops.reduceSum(b, v, [1], true), v))).toEqual(
      reals([2, 3], [6, 6, 6, 15, 15, 15]),
    );
  });
});

describe("parts of a value", () => {
  it("slice takes a range along one axis, to the end, and backwards", async () => {
    expect([...(await apply((b, v) => ops.slice(b, v, 1, { start: 1, end: 2 }))).data]).toEqual([2, 5]);
    expect([...(await apply((b, v) => ops.slice(b, v, 1, { start: 1, end: Infinity }))).data]).toEqual([2, 3, 5, 6]);
    const reversed = await apply((b, v) => ops.slice(b, v, 1, { start: -1, end: -Infinity, step: -1 }));
    expect([...reversed.data]).toEqual([3, 2, 1, 6, 5, 4]);
  });

  it("pad puts zeros around, and crops where amounts are negative", async () => {
    expect(await apply((b, v) => ops.pad(b, v, [0, 1], [0, -1]))).toEqual(reals([2, 3], [0, 1, 2, 0, 4, 5]));
  });

  it("reduceSum keeps its axes where asked to", async () => {
    expect(await apply((b, v) => ops.reduceSum(b, v, [1]))).toEqual(reals([2], [6, 15]));
    expect(await apply((b, v) => ops.reduceSum(b, v, [1], true))).toEqual(reals([2, 1], [6, 15]));
  });
});

describe("unbroadcast(x, shape)", () => {
  it.each<[Dim[], number[], number[]]>([
    [[3], [3], [5, 7, 9]],
    [
      [1, 3],
      [1, 3],
      [5, 7, 9],
    ],
    [
      ["N", 1],
      [2, 1],
      [6, 15],
    ],
    [[], [], [21]],
  ])("sums over the axes along which [%s] was stretched", async (shape, resolved, wanted) => {
    expect(await apply((b, v) => ops.unbroadcast(b, v, shape))).toEqual(reals(resolved, wanted));
  });
});
