// Shape rules: what they infer with the batch axis, which computed sizes they follow, and what they refuse.

import { describe, expect, it } from "vitest";
import { openEngine } from "../../../src/engine/engine.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Shape } from "../../../src/graph/dim.ts";
import type { Attributes, Value } from "../../../src/graph/types.ts";
import { reals } from "../../../src/numeric/tensor.ts";

type Input = Shape | { ints: readonly number[] };

/** Shapes of all outputs of an operator. */
function shapesOf(op: string, inputs: readonly (Input | undefined)[], attributes: Attributes = {}): Shape[] {
  const b = new GraphBuilder();
  const values = inputs.map((input, i) => {
    if (!input) return undefined;
    return "ints" in input ? b.ints(input.ints) : b.input(`x${i}`, "real", input);
  });
  return b.ops(op, values, attributes).map(({ shape }) => shape);
}

const ints = (...values: number[]): Input => ({ ints: values });

describe("shape inference keeps the batch axis symbolic", () => {
  it.each([
    ["Reshape", [["N", 3, 4], ints(-1, 12)], ["N", 12]],
    ["Reshape", [["N", 3, 4], ints(0, -1)], ["N", 12]],
    ["Reshape", [["N", 3, 4], ints(-1, 4)], ["3N", 4]],
    ["Reshape", [["6N", 4], ints(-1, 3, 8)], ["N", 3, 8]],
    ["Reshape", [[4, 6], ints(8, -1)], [8, 3]],
    ["Flatten", [["N", 3, 4]], ["N", 12]],
    ["Transpose", [["N", 3, 4]], [4, 3, "N"]],
    ["Squeeze", [["N", 1, 4]], ["N", 4]],
    ["Unsqueeze", [["N", 4], ints(0, -1)], [1, "N", 4, 1]],
    ["Expand", [["N", 1, 4], ints(2, 1, 3, 1)], [2, "N", 3, 4]],
    ["Tile", [["N", 4], ints(2, 3)], ["2N", 12]],
    ["Slice", [["N", 9], ints(-4), ints(2 ** 31), ints(-1), ints(3)], ["N", 2]],
    ["Pad", [["N", 4], ints(0, 2, 0, -3)], ["N", 3]],
    ["Gather", [["N", 4, 5], ints(0, 1, 1)], undefined],
    ["ReduceSum", [["N", 4, 5], ints(0, -1)], [1, 4, 1]],
    ["Softmax", [["N", 4]], ["N", 4]],
  ] as const)("%s", (op, inputs, expected) => {
    const infer = () => shapesOf(op, inputs as readonly Input[])[0];
    if (expected === undefined) expect(infer).toThrow("the batch axis must be kept whole");
    else expect(infer()).toEqual(expected);
  });

  it("splits in given sizes, and in parts of which the last is smaller", () => {
    expect(shapesOf("Split", [["N", 7], ints(3, 4)], { axis: 1 })).toEqual([
      ["N", 3],
      ["N", 4],
    ]);
    expect(shapesOf("Split", [["N", 7]], { axis: 1, num_outputs: 3 }).map((shape) => shape[1])).toEqual([3, 3, 1]);
  });
});

describe("shape inference refuses", () => {
  it.each([
    ["a reshape that changes the size", "Reshape", [["N", 3], ints(-1, 2, 2)], "3N must be a multiple of 4"],
    ["a reshape to a fixed batch", "Reshape", [["N", 3], ints(1, 3)], "the size must stay 3N, got [1, 3] of size 3"],
    ["two open axes", "Reshape", [["N", 3], ints(-1, -1)], "at most one axis may be -1"],
    ["0 for an axis that is not there", "Reshape", [["N", 3], ints(-1, 3, 0)], "0 must stand for an existing axis"],
    ["to drop an axis that is not 1", "Squeeze", [["N", 3], ints(1)], "axis 1 must be 1, got 3"],
    ["an axis out of range", "ReduceSum", [["N", 3], ints(2)], "axis must lie in [-2, 1], got 2"],
    ["part of the batch", "Slice", [["N", 3], ints(0), ints(2), ints(0)], "the batch axis must be kept whole"],
    ["the batch backwards", "Slice", [["N", 3], ints(-1), ints(-(2 ** 31)), ints(0), ints(-1)], "kept whole"],
    ["padding of the batch", "Pad", [["N", 3], ints(1, 0, 0, 0)], "a padded axis must not depend on the batch size"],
    ["to join batches", "Concat", [["N"], ["N"]], "nothing may be joined to the batch axis"],
    [
      "to join unequal rows",
      "Concat",
      [
        [2, 3],
        [2, 4],
      ],
      "all axes but 0 must agree",
    ],
    ["sizes that do not add up", "Split", [[7], ints(3, 3)], "the sizes must add up to 7, got [3,3]"],
    ["one axis twice", "Transpose", [["N", 3]], "perm must name each axis once"],
  ] as const)("%s", (_what, op, inputs, message) => {
    const attributes: Attributes = op === "Transpose" ? { perm: [0, 0] } : {};
    expect(() => shapesOf(op, inputs as readonly Input[], attributes)).toThrow(message);
  });

  it("sizes that no memory holds, and axes that are none, naming operator and shape", () => {
    const huge = ints(2 ** 50);
    const cases: readonly (readonly [string, readonly Input[]])[] = [
      ["Expand", [[1], huge]],
      ["Tile", [["N"], huge]],
      ["ConstantOfShape", [huge]],
      ["ConstantOfShape", [ints(-2)]],
      ["Expand", [[1], ints(-1)]],
      ["Reshape", [[6], ints(-2, -3)]],
      ["Pad", [[2], ints(0, 2 ** 50)]],
    ];
    const messages = cases.map(([op, inputs]) => {
      try {
        return shapesOf(op, inputs).join();
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages).toMatchInlineSnapshot(`
      [
        "Expand([1], [1]): the result must have at most 2^40 elements an example, got [1125899906842624]",
        "Tile([N], [1]): the result must have at most 2^40 elements an example, got [1125899906842624N]",
        "ConstantOfShape([1]): the result must have at most 2^40 elements an example, got [1125899906842624]",
        "ConstantOfShape([1]): the result must have whole numbers as axes, got [-2]",
        "Expand([1], [1]): the result must have whole numbers as axes, got [-1]",
        "Reshape([6], [2]): the result must have whole numbers as axes, got [-2, -3]",
        "Pad([2], [2]): the result must have at most 2^40 elements an example, got [1125899906842626]",
      ]
    `);
    expect(() => shapesOf("Split", [[7]], { num_outputs: 2 ** 40 })).toThrow("pieces of 1, got 1099511627776");
    expect(() => shapesOf("Split", [[4], ints(6, -2)])).toThrow("the sizes must add up to 4, got [6,-2]");
  });

  it("an addend that does not broadcast to a product", () => {
    expect(shapesOf("Gemm", [["N", 3], [3, 4], [4]])).toEqual([["N", 4]]);
    expect(() => shapesOf("Gemm", [["N", 3], [3, 4], [3]])).toThrow("shapes must broadcast");
    expect(() => shapesOf("Gemm", [["N", 3], [3, 1], [4]])).toThrow("the addend must broadcast to [N, 1], got [4]");
  });

  it("follows integers no further than shapes go", () => {
    const b = new GraphBuilder();
    let list = b.ints([1, 2, 3]);
    for (let k = 0; k < 30; k++) list = b.op("Concat", [list, list], { axis: 0 });
    expect([list.shape, b.intsOf(list)]).toEqual([[3 * 2 ** 30], undefined]);
  });

  it("an unknown mode of padding, and reflection beyond the array", () => {
    expect(() => shapesOf("Pad", [["N", 3], ints(0, 1, 0, 1)], { mode: "wrap" })).toThrow(
      "constant, reflect or edge, got wrap",
    );
    expect(() => shapesOf("Pad", [["N", 3], ints(0, 3, 0, 1)], { mode: "reflect" })).toThrow("by 0 to 2, got [3,1]");
  });

  it("sizes that are computed from numbers of the input", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 4]);
    const sizes = b.op("Cast", [b.op("ReduceMax", [x], { keepdims: 0 })], { to: "int64" });
    expect(() => b.op("Expand", [x, b.op("Unsqueeze", [sizes, b.ints([0])])])).toThrow(
      "the target shape must be known",
    );
  });
});

/** What exporters write for x.view(x.size(0), x.size(1) * x.size(2) / heads, heads, -1). */
function computedReshape(b: GraphBuilder, x: Value): Value {
  const size = (axis: number): Value => b.op("Gather", [b.op("Shape", [x]), b.op("Constant", [], { value_int: axis })]);
  const tokens = b.op("Div", [b.op("Mul", [size(1), size(2)]), b.op("Constant", [], { value_int: 2 })]);
  const lifted = [size(0), tokens, b.op("Constant", [], { value_int: 2 })].map((v) =>
    b.op("Unsqueeze", [v, b.ints([0])]),
  );
  return b.op("Reshape", [x, b.op("Concat", [...lifted, b.ints([-1])], { axis: 0 })]);
}

/** What exporters write for p.expand(x.size(0), -1, 3): -1 is replaced by 1 by comparison. */
function computedExpand(b: GraphBuilder, p: Value, x: Value): Value {
  const batch = b.op("Slice", [b.op("Shape", [x]), b.ints([0]), b.ints([1])]);
  const target = b.op("Concat", [batch, b.ints([-1, 3])], { axis: 0 });
  const ones = b.op("ConstantOfShape", [b.ints([3])], {
    value: { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) },
  });
  const minus = b.op("Mul", [ones, b.ints([-1])]);
  return b.op("Expand", [p, b.op("Where", [b.op("Equal", [target, minus]), ones, target])]);
}

describe("shape inference follows sizes that are computed from shapes", () => {
  it("through Shape, Gather, Mul, Div, Unsqueeze, Concat to Reshape, and the graph runs at any batch size", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3, 4, 5]);
    const y = computedReshape(b, x);
    expect(y.shape).toEqual(["N", 6, 2, 5]);
    const engine = await openEngine({ dtype: "float64", threads: 1 });
    const program = engine.compile(b.build({ y }));
    for (const batch of [1, 4]) {
      const run = await program.run({ x: reals([batch, 3, 4, 5], new Float64Array(batch * 60)) });
      expect(run.y.shape).toEqual([batch, 6, 2, 5]);
    }
    await engine.release();
  });

  it("through ConstantOfShape, Equal and Where to Expand", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 7]);
    expect(computedExpand(b, b.input("p", "real", [1, 5, 1]), x).shape).toEqual(["N", 5, 3]);
  });

  it("as constants where they are fixed: no node is left", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", [3, 4, 5]);
    const count = b.op("ReduceProd", [b.op("Shape", [x], { start: 1 })], { keepdims: 0 });
    const range = b.op("Range", [
      b.op("Constant", [], { value_int: 0 }),
      count,
      b.op("Constant", [], { value_int: 7 }),
    ]);
    expect(b.intsOf(range)).toEqual([0, 7, 14]);
    expect(b.nodes).toEqual([]);
  });

  it("but not where they are no multiple of the batch size", () => {
    const b = new GraphBuilder();
    const batch = b.op("Shape", [b.input("x", "real", ["N", 2])], { end: 1 });
    expect(b.intsOf(b.op("Mul", [batch, b.ints([3])]))).toEqual(["3N"]);
    expect(b.intsOf(b.op("Add", [batch, b.ints([1])]))).toBeUndefined();
    expect(b.intsOf(b.op("Equal", [batch, b.ints([1])]))).toBeUndefined();
    expect(b.intsOf(b.op("Equal", [batch, b.ints([-1])]))).toEqual([0]);
  });
});
