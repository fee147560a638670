// What is counted as living at once, on graphs small enough to count by hand.

import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { largestValue, liveBytes } from "../../src/graph/live-bytes.ts";
import { add, concat, mul, reshape } from "../../src/graph/ops.ts";

describe("largestValue", () => {
  it("is the largest that a node writes, with its operator and axes", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 100]);
    const wide = concat(b, [x, x, x], 1);
    const graph = b.build({ y: b.op("ReduceSum", [b.op("Tanh", [wide]), b.ints([1])], { keepdims: 0 }) });
    expect(largestValue(graph, 7, 4)).toEqual({ op: "Concat", shape: [7, 300], bytes: 4 * 7 * 300 });
    expect(largestValue(b.build({}), 7, 4)).toBeUndefined();
  });
});

describe("liveBytes", () => {
  it("of a chain are two values and the result, whatever its length", () => {
    const b = new GraphBuilder();
    let x = b.input("x", "real", ["N", 4]);
    for (let k = 0; k < 5; k++) x = b.op(k % 2 === 0 ? "Tanh" : "Neg", [x]);
    const graph = b.build({ y: x });
    // 8 bytes, 3 examples of 4 numbers, two values at a time.
    expect(liveBytes(graph, 3, 8)).toBe(2 * 8 * 3 * 4);
    expect(liveBytes(graph, 3, 4)).toBe(2 * 4 * 3 * 4);
  });

  it("keep what is used later, and results to the end", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 2]);
    const first = b.op("Tanh", [x]);
    const second = b.op("Neg", [first]);
    const wide = concat(b, [second, second, second], 1);
    const graph = b.build({ first, wide, sum: add(b, first, mul(b, second, 2)) });
    // first 2, second 2, wide 6; then mul 2, then sum 2 while mul is there and second no more.
    expect(liveBytes(graph, 1, 8)).toBe(8 * (2 + 2 + 6 + 2));
  });

  it("count a reshaped value once, for as long as either is used", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 6]);
    const own = b.op("Tanh", [x]);
    const other = reshape(b, own, ["N", 2, 3]);
    const graph = b.build({ y: b.op("Neg", [b.op("Neg", [other])]) });
    expect(liveBytes(graph, 1, 8)).toBe(8 * 12);
  });

  it("do not count inputs", () => {
    const b = new GraphBuilder();
    const [x, w] = [b.input("x", "real", ["N", 100]), b.input("w", "real", [100, 2])];
    expect(liveBytes(b.build({ y: b.op("MatMul", [x, w]) }), 10, 4)).toBe(4 * 20);
  });
});
