// Rules of matrix products; their weight derivatives are the outer products that stay factored.

import type { GraphBuilder } from "../../graph/builder.ts";
import { isBatch, type Shape, sizeOfShape } from "../../graph/dim.ts";
import { addAll, expandLike, matmul, mul, reshape, swapLast, unbroadcast, unsqueeze } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { unbroadcastPerExample } from "../broadcast.ts";
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
  if (input === 2)
    return unbroadcastPerExample(b, scaled(b, g, numberAttribute(node, "beta", 1)), node.inputs[2]!.shape);
  const x = node.inputs[0]!;
  if (input !== 1 || numberAttribute(node, "transA", 0) || x.shape[0] !== "N") return undefined;
  const scaledG = scaled(b, g, numberAttribute(node, "alpha", 1));
  const [left, right] = numberAttribute(node, "transB", 0) ? [scaledG, x] : [x, scaledG];
  return outer(unsqueeze(b, left, [1]), unsqueeze(b, right, [1]));
};

/** Factors (N, T, A) and (N, T, B) of a value of shape (A, B). */
function outer(left: Value, right: Value): Factor {
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

const matmulFactor: FactorRule = (node, input, g) => {
  const { b } = node;
  const [x, w] = node.inputs as readonly Value[];
  if (input !== 1 || w.shape.length !== 2 || x.shape[0] !== "N" || x.shape.length < 2) return undefined;
  const middle = x.shape.slice(1, -1);
  if (middle.some(isBatch)) return undefined;
  const steps = sizeOfShape(middle);
  return outer(reshape(b, x, ["N", steps, x.shape.at(-1)!]), reshape(b, g, ["N", steps, g.shape.at(-1)!]));
};

export const matmulRules: RuleTable = {
  Gemm: { vjp: gemmVjp, jvp: gemmJvp, factor: gemmFactor },
  MatMul: { vjp: matmulVjp, jvp: matmulJvp, factor: matmulFactor },
};
