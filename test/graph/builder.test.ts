import { describe, expect, it } from "vitest";
import { InvalidModelError, ShapeMismatchError, UnsupportedError } from "../../src/errors.ts";
import { GraphBuilder, valueIn } from "../../src/graph/builder.ts";
import { add, mul, reshape } from "../../src/graph/ops.ts";
import { integers, reals, tensor } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { engineOf } from "../helpers/tasks.ts";

/** A builder with one input x (N, 3). */
function start() {
  const b = new GraphBuilder();
  return { b, x: b.input("x", "real", ["N", 3]) };
}

describe("GraphBuilder while it is filled", () => {
  it("infers dtype and shape of each value at once", () => {
    const { b, x } = start();
    const w = b.input("w", "real", [3, 2]);
    expect(b.op("MatMul", [x, w])).toMatchObject({ dtype: "real", shape: ["N", 2] });
    expect(b.op("Greater", [x, b.scalar(0)])).toMatchObject({ dtype: "bool", shape: ["N", 3] });
  });

  it("gives all outputs of an operator that has several", () => {
    const { b, x } = start();
    const parts = b.ops("Split", [x, b.ints([1, 2])], { axis: 1 });
    expect(parts.map(({ shape }) => shape)).toEqual([
      ["N", 1],
      ["N", 2],
    ]);
  });

  it("uses an equal node again, and keeps nodes apart that differ in inputs or attributes", () => {
    const { b, x } = start();
    const softmax = (axis: number) => b.op("Softmax", [x], { axis });
    expect(softmax(1)).toBe(softmax(1));
    expect(softmax(1)).not.toBe(softmax(0));
    expect(b.op("Sub", [x, softmax(1)])).not.toBe(b.op("Sub", [softmax(1), x]));
    expect(b.nodes).toHaveLength(4);
  });

  it("keeps one value for equal small constants, by dtype", () => {
    const { b } = start();
    expect(b.scalar(2)).toBe(b.constant(reals([], [2])));
    expect(b.constant(tensor("float32", [], Float32Array.of(2)))).toBe(b.scalar(2));
    expect(b.constant(integers([], [2]))).not.toBe(b.scalar(2));
    expect(b.constant(reals([1], [2]))).not.toBe(b.scalar(2));
    const large = reals([65], new Float64Array(65));
    expect(b.constant(large)).not.toBe(b.constant(large));
  });

  it("keeps reals as float64 and gives the tensor behind a constant", () => {
    const { b, x } = start();
    const half = b.constant(tensor("float32", [1], Float32Array.of(0.5)));
    expect(b.constantOf(half)).toEqual(reals([1], [0.5]));
    expect(b.constantOf(x)).toBeUndefined();
  });

  it("knows the numbers inside integers, also where they hold the batch axis", () => {
    const { b, x } = start();
    expect(b.intsOf(b.ints([4, -1]))).toEqual([4, -1]);
    const shape = b.op("Shape", [x]);
    expect(b.intsOf(shape)).toEqual(["N", 3]);
    // Known numbers without the batch become a constant, and no node.
    const width = b.op("Gather", [shape, b.ints([1])], { axis: 0 });
    expect(b.constantOf(width)).toEqual(integers([1], [3]));
    expect(b.nodes.map(({ op }) => op)).toEqual(["Shape"]);
    expect(b.intsOf(x)).toBeUndefined();
  });
});

describe("what GraphBuilder refuses", () => {
  it("two inputs of one name", async () => {
    const { b } = start();
    expect(await errorOf(() => b.input("x", "real", [1]))).toBe(
      "RangeError: GraphBuilder.input: names must be distinct, got x twice",
    );
  });

  it("an operator that it does not know, with what to do", async () => {
    const { b, x } = start();
    expect(await errorOf(() => b.op("Frobnicate", [x]))).toBe(
      "UnsupportedError: operator Frobnicate is not supported (rewrite the model without it, or open an issue naming it)",
    );
    expect(() => b.op("constructor", [x])).toThrow(UnsupportedError);
  });

  it("shapes that do not fit, with the operator and all shapes", async () => {
    const { b, x } = start();
    const w = b.input("w", "real", [4, 2]);
    expect(await errorOf(() => b.op("MatMul", [x, w]))).toMatch(/^ShapeMismatchError: MatMul\(\[N, 3\], \[4, 2\]\): /);
    expect(() => add(b, x, w)).toThrow(ShapeMismatchError);
  });

  it("an input that is left out where the operator needs one, which an engine dies of", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 3]);
    expect(await errorOf(() => b.op("Sum", [x, undefined, x]))).toBe(
      "ShapeMismatchError: Sum must have an input 1, got none",
    );
    expect(b.op("Clip", [x, undefined, b.scalar(1)]).shape).toEqual(["N", 3]);
  });

  it("to inline a graph with an input unbound", async () => {
    const { b, x } = start();
    const graph = b.build({ y: mul(b, x, 2) });
    const other = new GraphBuilder();
    const z = other.input("z", "real", ["N", 3]);
    expect(await errorOf(() => other.inline(graph, { z }))).toBe(
      "RangeError: GraphBuilder.inline: input x must be bound, got z",
    );
  });

  it("an output with the name of an input", async () => {
    const { b, x } = start();
    expect(await errorOf(() => b.build({ x: mul(b, x, 2) }))).toBe(
      "RangeError: GraphBuilder.build: output x must not have the name of an input",
    );
  });
});

describe("build(outputs)", () => {
  it("leaves out nodes and constants that no output needs, and keeps all inputs", () => {
    const { b, x } = start();
    b.input("idle", "real", [2]);
    mul(b, x, 7);
    const graph = b.build({ y: mul(b, x, 2) });
    expect(graph.inputs).toEqual(["x", "idle"]);
    expect(graph.outputs).toEqual(["y"]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Mul"]);
    expect([...graph.constants.values()]).toEqual([reals([], [2])]);
    expect([...graph.values.keys()].sort()).toEqual([...graph.constants.keys(), "idle", "x", "y"].sort());
  });

  it("lists nodes so that each comes after those it reads", () => {
    const { b, x } = start();
    const h = b.op("Tanh", [x]);
    const graph = b.build({ y: add(b, mul(b, h, h), x), h });
    const known = new Set([...graph.inputs, ...graph.constants.keys()]);
    for (const node of graph.nodes) {
      for (const name of node.inputs) expect(known).toContain(name);
      for (const name of node.outputs) known.add(name);
    }
    expect(known).toContain("y");
  });

  it("can give one value several names, and an input or a constant as an output", async () => {
    const { b, x } = start();
    const h = mul(b, x, 2);
    const graph = b.build({ y: h, again: h, given: x, two: b.scalar(2), x });
    expect(graph.outputs).toEqual(["y", "again", "given", "two", "x"]);
    const engine = await engineOf("float64");
    const results = await engine.compile(graph).run({ x: reals([1, 3], [1, 2, 3]) });
    expect(results.y).toEqual(reals([1, 3], [2, 4, 6]));
    expect(results.again).toEqual(results.y);
    expect(results.given).toEqual(reals([1, 3], [1, 2, 3]));
    expect(results.x).toEqual(reals([1, 3], [1, 2, 3]));
    expect(results.two).toEqual(reals([], [2]));
  });

  it("gives graphs that what is built later does not touch", () => {
    const { b, x } = start();
    const y = mul(b, x, 2);
    const graph = b.build({ y });
    const before = JSON.stringify([graph.nodes, [...graph.values]]);
    b.build({ z: mul(b, y, y) });
    expect(JSON.stringify([graph.nodes, [...graph.values]])).toBe(before);
  });
});

describe("inline(graph, bindings)", () => {
  it("applies a graph to values of another builder, and gives its values by their old names", async () => {
    const { b, x } = start();
    const square = b.build({ y: mul(b, x, x) });
    const outer = new GraphBuilder();
    const z = outer.input("z", "real", ["N", 3]);
    const once = outer.inline(square, { x: z }).get("y")!;
    const twice = outer.inline(square, { x: once }).get("y")!;
    const engine = await engineOf("float64");
    const { y } = await engine.compile(outer.build({ y: twice })).run({ z: reals([2, 3], [1, 2, 3, 4, 5, 6]) });
    expect([...y.data]).toEqual([1, 2, 3, 4, 5, 6].map((v) => v ** 4));
  });

  it("infers shapes anew from what is bound", () => {
    const { b, x } = start();
    const flat = b.build({ y: mul(b, reshape(b, x, ["3N"]), 2) });
    const outer = new GraphBuilder();
    expect(outer.inline(flat, { x: outer.input("z", "real", [5, 3]) }).get("y")!.shape).toEqual([15]);
  });
});

describe("valueIn(graph, name)", () => {
  it("gives the value, and says which one is not there", async () => {
    const { b, x } = start();
    const graph = b.build({ y: mul(b, x, 2) });
    expect(valueIn(graph, "y")).toEqual({ name: "y", dtype: "real", shape: ["N", 3] });
    expect(() => valueIn(graph, "nothing")).toThrow(InvalidModelError);
    expect(await errorOf(() => valueIn(graph, "nothing"))).toContain("the graph must have a value nothing");
  });
});
