// Rules of matrix products; their weight derivatives are the outer products that stay factored.

import type { GraphBuilder } from "../../graph/builder.ts";
import { type Shape, sizeOfShape } from "../../graph/dim.ts";
import { addAll, expandLike, matmul, mul, reshape, swapLast, unbroadcast, unsqueeze } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { sumPerExample, unbroadcastPerExample } from "../broadcast.ts";
import { type ExampleLayout, exampleLayout, examplesFirst } from "../example-layout.ts";
import type { Factor } from "../factor.ts";
import { type FactorRule, type JvpRule, numberAttribute, type RuleTable, type VjpRule } from "../rule.ts";

const gemmOf = (
  b: GraphBuilder,
  x: Value,
  y: Value,
  options: { transA?: number; transB?: number; alpha?: number },
): Value => b.op("Gemm", [x, y], options);

/** Y = alpha A' B' + beta C. */
const gemmVjp: VjpRule = (node, [g], needs) => {
  const { b } = node;
  const [x, w, c] = node.inputs;
  const alpha = numberAttribute(node, "alpha", 1);
  const [transA, transB] = [numberAttribute(node, "transA", 0), numberAttribute(node, "transB", 0)];
  const toX = () =>
    transA ? gemmOf(b, w!, g!, { transA: transB, transB: 1, alpha }) : gemmOf(b, g!, w!, { transB: 1 - transB, alpha });
  const toW = () =>
    transB ? gemmOf(b, g!, x!, { transA: 1, transB: transA, alpha }) : gemmOf(b, x!, g!, { transA: 1 - transA, alpha });
  return [
    needs[0] ? toX() : undefined,
    needs[1] ? toW() : undefined,
    needs[2] && c ? unbroadcast(b, scaled(b, g!, numberAttribute(node, "beta", 1)), c.shape) : undefined,
  ];
};

const scaled = (b: GraphBuilder, x: Value, factor: number): Value => (factor === 1 ? x : mul(b, x, factor));

const gemmJvp: JvpRule = (node, [dx, dw, dc]) => {
  const { b } = node;
  const [x, w] = node.inputs;
  const attributes = { ...node.attributes, beta: 1 };
  const bias = dc && expandLike(b, scaled(b, dc, numberAttribute(node, "beta", 1)), node.outputs[0]);
  // Each product takes the sum so far as its C, so that no separate addition is needed.
  const first = dx ? b.op("Gemm", bias ? [dx, w, bias] : [dx, w], attributes) : bias;
  return [dw ? b.op("Gemm", first ? [x, dw, first] : [x, dw], attributes) : first];
};

const gemmFactor: FactorRule = (node, input, g) => {
  const { b } = node;
  if (input === 2) {
    const shape = node.inputs[2]!.shape;
    return unbroadcastPerExample(b, scaled(b, g, numberAttribute(node, "beta", 1)), { shape, output: node.outputs[0] });
  }
  const x = node.inputs[0]!;
  const layout = exampleLayout(b, x);
  if (input !== 1 || numberAttribute(node, "transA", 0) || layout?.axis !== 0) return undefined;
  const scaledG = examplesFirst(b, scaled(b, g, numberAttribute(node, "alpha", 1)), layout);
  const rowsOfX = examplesFirst(b, x, layout);
  return numberAttribute(node, "transB", 0) ? outer(scaledG, rowsOfX) : outer(rowsOfX, scaledG);
};

/** Factors (N, T, A) and (N, T, B) of a value of shape (A, B). */
function outer(left: Value, right: Value): Extract<Factor, { kind: "outer" }> {
  return { kind: "outer", left, right, inner: [left.shape[2] as number, right.shape[2] as number], perm: [0, 1] };
}

/** Both factors with at least two axes: a vector on the left is a row, on the right a column. */
function asMatrices(b: GraphBuilder, [x, y]: readonly Value[]): [Value, Value] {
  return [x.shape.length === 1 ? unsqueeze(b, x, [0]) : x, y.shape.length === 1 ? unsqueeze(b, y, [1]) : y];
}

/** The cotangent of a product with the axes that vectors lost put back. */
function asMatrix(b: GraphBuilder, g: Value, [x, y]: readonly Value[]): Value {
  const rank = g.shape.length;
  if (x.shape.length === 1 && y.shape.length === 1) return reshape(b, g, [1, 1]);
  if (x.shape.length === 1) return unsqueeze(b, g, [rank - 1]);
  return y.shape.length === 1 ? unsqueeze(b, g, [rank]) : g;
}

const rows = (shape: Shape): Shape => [sizeOfShape(shape.slice(0, -1)), shape.at(-1)!];

const matmulVjp: VjpRule = (node, [cotangent], needs) => {
  const { b } = node;
  const inputs = node.inputs as readonly Value[];
  const [x, y] = asMatrices(b, inputs);
  const g = asMatrix(b, cotangent!, inputs);
  const toX = () => reshape(b, unbroadcast(b, matmul(b, g, swapLast(b, y)), x.shape), inputs[0].shape);
  const toY = () => {
    // One large product instead of a batch of small ones and a sum, where y is a plain matrix.
    const flat = y.shape.length === 2 && x.shape.length > 2;
    const dy = flat
      ? gemmOf(b, reshape(b, x, rows(x.shape)), reshape(b, g, rows(g.shape)), { transA: 1 })
      : matmul(b, swapLast(b, x), g);
    return reshape(b, unbroadcast(b, dy, y.shape), inputs[1].shape);
  };
  return [needs[0] ? toX() : undefined, needs[1] ? toY() : undefined];
};

const matmulJvp: JvpRule = (node, [dx, dy]) => {
  const { b } = node;
  const [x, y] = node.inputs as readonly Value[];
  return [addAll(b, [dx && matmul(b, dx, y), dy && matmul(b, x, dy)])];
};

/** (N, T, last axis) of a value whose rows are its last axis; undefined where examples lie along that axis. */
function rowsPerExample(b: GraphBuilder, x: Value, layout: ExampleLayout): Value | undefined {
  if (layout.axis === x.shape.length - 1) return undefined;
  const first = examplesFirst(b, x, layout);
  return reshape(b, first, ["N", sizeOfShape(first.shape.slice(1, -1)), first.shape.at(-1)!]);
}

/** A list of matrices, one for each head: each example's products, laid out as the list is broadcast. */
function listFactor(b: GraphBuilder, [x, g]: readonly [Value, Value], list: Shape): Factor | undefined {
  const layouts = [exampleLayout(b, x), exampleLayout(b, g)];
  if (!layouts[0] || !layouts[1] || layouts.some((layout, i) => layout!.axis === [x, g][i].shape.length - 1))
    return undefined;
  const [byX, byG] = [examplesFirst(b, x, layouts[0]), examplesFirst(b, g, layouts[1])];
  const missing = Array.from({ length: byG.shape.length - byX.shape.length }, (_, i) => i + 1);
  const products = matmul(b, swapLast(b, unsqueeze(b, byX, missing)), byG);
  return { kind: "dense", value: sumPerExample(b, products, list) };
}

/** A parameter on the left is one on the right of the transposed product: Y' = X' W'. */
const matmulFactor: FactorRule = (node, input, cotangent) => {
  const { b } = node;
  const inputs = asMatrices(b, node.inputs as readonly Value[]);
  const g = asMatrix(b, cotangent, node.inputs as readonly Value[]);
  const [w, other] = [inputs[input], inputs[1 - input]];
  const [x, dy] = input === 1 ? [other, g] : [swapLast(b, other), swapLast(b, g)];
  const shape = node.inputs[input]!.shape as readonly number[];
  if (w.shape.length > 2) return input === 1 ? listFactor(b, [x, dy], shape) : undefined;
  const layout = exampleLayout(b, x);
  const [left, right] = layout ? [rowsPerExample(b, x, layout), rowsPerExample(b, dy, layout)] : [];
  if (!left || !right) return undefined;
  const factor = input === 1 ? outer(left, right) : outer(right, left);
  return shape.length === 2 ? factor : { ...factor, inner: shape, perm: [0] };
};

export const matmulRules: RuleTable = {
  Gemm: { vjp: gemmVjp, jvp: gemmJvp, factor: gemmFactor },
  MatMul: { vjp: matmulVjp, jvp: matmulJvp, factor: matmulFactor },
};
