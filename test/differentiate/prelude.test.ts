// What lies between parameters and the value that meets examples, for many tangents and cotangents at once against one at a time.

import { describe, expect, it } from "vitest";
import { jvp } from "../../src/differentiate/forward.ts";
import { backThroughPrelude, type Prelude, preludesOf, throughPrelude } from "../../src/differentiate/prelude.ts";
import { descendants, vjp } from "../../src/differentiate/reverse.ts";
import type { GraphBuilder } from "../../src/graph/builder.ts";
import {
  add,
  concat,
  div,
  matmul,
  mul,
  pad,
  reduceSum,
  reshape,
  slice,
  sub,
  transpose,
  unsqueeze,
  where,
} from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { reals, sizeOf, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { spread } from "../conformance/operator-case.ts";
import { evaluate } from "../helpers/evaluate.ts";

type B = GraphBuilder;
type Make = (b: B, w: Value, v: Value) => Value;

const W = [4, 3];
const V = [2, 3];
const ROWS = 3;
const filled = (shape: readonly number[], salt: number): Tensor<"float64"> =>
  reals(shape, spread(sizeOf(shape), -1.3, 1.7, salt));

/** Values made of w (4, 3) and v (2, 3). */
const ways: readonly (readonly [string, Make])[] = [
  ["transposed", (b, w) => transpose(b, w, [1, 0])],
  ["reshaped and cut", (b, w) => slice(b, reshape(b, w, [2, 6]), 1, { start: 1, end: 6, step: 2 })],
  ["cut on named axes", (b, w) => b.op("Slice", [w, b.ints([1, 0]), b.ints([3, 2])])],
  ["with axes put in and out", (b, w) => b.op("Squeeze", [unsqueeze(b, w, [0, 2]), b.ints([0])])],
  ["flattened", (b, w) => b.op("Flatten", [w], { axis: 0 })],
  ["normalised (weight norm)", (b, w) => mul(b, div(b, w, b.op("ReduceL2", [w, b.ints([1])])), 3)],
  ["standardised", (b, w) => sub(b, w, b.op("ReduceMean", [w, b.ints([1])]))],
  ["summed over everything", (b, w) => b.op("ReduceSum", [mul(b, w, w)], { keepdims: 0 })],
  ["merged (low rank)", (b, w, v) => add(b, matmul(b, w, transpose(b, v, [1, 0])), 1)],
  ["a batch of products", (b, w, v) => matmul(b, reshape(b, w, [2, 2, 3]), transpose(b, v, [1, 0]))],
  ["a product with a list", (b, w, v) => matmul(b, v, reshape(b, w, [2, 3, 2]))],
  ["by Gemm", (b, w, v) => b.op("Gemm", [w, v, reduceSum(b, v, [1])], { transB: 1, alpha: 0.5, beta: 2 })],
  ["by Gemm, turned", (b, w, v) => b.op("Gemm", [w, w, slice(b, v, 0, { start: 0, end: 1 })], { transA: 1 })],
  ["rows taken", (b, w) => b.op("Gather", [w, b.ints([2, 0, 2])], { axis: 0 })],
  ["columns taken, one by one", (b, w) => b.op("Gather", [w, b.ints([1])], { axis: -1 })],
  ["a table of tables", (b, w) => b.op("Gather", [w, reshape(b, b.ints([1, 3, 0, 1]), [2, 2])], { axis: 0 })],
  ["joined", (b, w, v) => concat(b, [w, b.constant(filled([1, 3], 5)), v], 0)],
  ["split", (b, w) => b.ops("Split", [w, b.ints([1, 3])], { axis: 0 })[1]],
  ["padded", (b, w) => pad(b, w, [0, 1], [2, 0])],
  ["expanded", (b, w) => b.op("Expand", [unsqueeze(b, w, [1]), b.ints([2, 4, 5, 3])])],
  ["repeated", (b, w) => b.op("Tile", [w, b.ints([2, 1])])],
  ["positive", (b, w) => b.op("Exp", [w])],
  ["softened", (b, w) => b.op("Softmax", [b.op("Softplus", [w])], { axis: 1 })],
  ["chosen", (b, w, v) => where(b, b.op("Greater", [w, b.scalar(0)]), w, slice(b, v, 0, { start: 0, end: 1 }))],
  ["added up", (b, w, v) => b.op("Sum", [w, slice(b, v, 0, { start: 0, end: 1 }), w])],
  ["averaged", (b, w, v) => b.op("Mean", [slice(b, w, 0, { start: 0, end: 2 }), v])],
];

interface Made {
  readonly b: B;
  readonly value: Value;
  readonly inputs: Readonly<Record<string, Value>>;
  /** By parameter name. */
  readonly preludes: ReadonlyMap<string, Prelude>;
}

function made(b: B, inputs: Readonly<Record<string, Value>>, make: Make): Made {
  const parameters = [inputs.w, inputs.v];
  const value = make(b, inputs.w, inputs.v);
  const named = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const found = preludesOf(b, value, { parameters: named, ofParameters: descendants(b.nodes, parameters) });
  if (!found) throw new Error("there must be a form for many at once");
  return { b, value, inputs, preludes: new Map(found.map(({ parameter, prelude }) => [parameter.name, prelude])) };
}

const shapeOf = async (make: Make): Promise<readonly number[]> =>
  (await evaluate({ w: filled(W, 1), v: filled(V, 2) }, (b, { w, v }) => ({ y: make(b, w, v) }), { batched: [] })).y
    .shape;

describe.each(ways)("a value that is %s", (_name, make) => {
  const feeds = { w: filled(W, 1), v: filled(V, 2) };

  it("takes the cotangents of many examples back to each of its parameters", async () => {
    const g = filled([ROWS, ...(await shapeOf(make))], 3);
    const many = await evaluate(
      { ...feeds, g },
      (b, inputs) => {
        const { preludes } = made(b, inputs, make);
        return Object.fromEntries(
          [...preludes].map(([name, prelude]) => [`d${name}`, backThroughPrelude(b, inputs.g, prelude)]),
        );
      },
      { batched: ["g"] },
    );
    for (let n = 0; n < ROWS; n++) {
      const one = { ...feeds, g: { ...g, shape: g.shape.slice(1), data: takeRows(g, [n]).data } };
      const alone = await evaluate(
        one,
        (b, inputs) => {
          const value = make(b, inputs.w, inputs.v);
          const [dw, dv] = vjp(b, [{ value, cotangent: inputs.g }], [inputs.w, inputs.v]);
          return { ...(dw ? { dw } : {}), ...(dv ? { dv } : {}) };
        },
        { batched: [] },
      );
      expect(Object.keys(many).sort()).toEqual(Object.keys(alone).sort());
      for (const name of Object.keys(alone)) {
        expect(takeRows(many[name], [n]).shape.slice(1)).toEqual(alone[name].shape);
        expect(takeRows(many[name], [n]).data as Float64Array).toBeAllclose(alone[name].data as Float64Array, {
          atol: 1e-13,
          rtol: 1e-13,
        });
      }
    }
  });

  it("takes many tangents of its parameter forward", async () => {
    const t = filled([ROWS, ...W], 4);
    const many = await evaluate(
      { ...feeds, t },
      (b, inputs) => {
        const { preludes } = made(b, inputs, make);
        return { d: throughPrelude(b, inputs.t, preludes.get("w")!) };
      },
      { batched: [] },
    );
    for (let r = 0; r < ROWS; r++) {
      const one = { ...feeds, t: { ...t, shape: W, data: takeRows(t, [r]).data } };
      const alone = await evaluate(
        one,
        (b, inputs) => {
          const value = make(b, inputs.w, inputs.v);
          return { d: jvp(b, [{ value: inputs.w, tangent: inputs.t }], [value])[0]! };
        },
        { batched: [] },
      );
      expect(takeRows(many.d, [r]).data as Float64Array).toBeAllclose(alone.d.data as Float64Array, {
        atol: 1e-13,
        rtol: 1e-13,
      });
    }
  });
});

describe("preludesOf(value)", () => {
  it("says whether elements are only rearranged: then inner products of derivatives are those of factors", async () => {
    const rearranges = async (make: Make): Promise<boolean> => {
      let answer = false;
      await evaluate(
        feedsOf(),
        (b, inputs) => {
          const { preludes, value } = made(b, inputs, make);
          answer = preludes.get("w")!.rearranges;
          return { value };
        },
        { batched: [] },
      );
      return answer;
    };
    expect(await rearranges((b, w) => slice(b, transpose(b, w, [1, 0]), 0, { start: 1, end: 3 }))).toBe(true);
    expect(await rearranges((_b, w) => w)).toBe(true);
    expect(await rearranges((b, w) => mul(b, w, 2))).toBe(false);
    expect(await rearranges((b, w) => b.op("Gather", [w, b.ints([1, 1])], { axis: 0 }))).toBe(false);
  });

  it("gives nothing where an operator has no form for many", async () => {
    await evaluate(
      feedsOf(),
      (b, { w, v }) => {
        const value = b.op("CumSum", [w, b.ints([0])]);
        const parameters = new Map([["w", w]]);
        expect(preludesOf(b, value, { parameters, ofParameters: descendants(b.nodes, [w]) })).toBeUndefined();
        return { value: add(b, value, slice(b, v, 0, { start: 0, end: 1 })) };
      },
      { batched: [] },
    );
  });
});

const feedsOf = () => ({ w: filled(W, 1), v: filled(V, 2) });
