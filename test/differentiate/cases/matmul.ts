// Cases of matrix products.

import { type OperatorCase, real } from "../../conformance/operator-case.ts";

export const matmulCases: readonly OperatorCase[] = [
  { name: "by a parameter", op: "MatMul", inputs: [real(["N", 3]), real([3, 2], 1)] },
  { name: "sequence by a parameter", op: "MatMul", inputs: [real(["N", 4, 3]), real([3, 2], 1)] },
  { name: "two lists of matrices", op: "MatMul", inputs: [real(["N", 2, 3]), real(["N", 3, 2], 1)] },
  { name: "matrix in front", op: "MatMul", inputs: [real([2, 3]), real(["N", 3, 2], 1)] },
  { name: "heads", op: "MatMul", inputs: [real(["N", 2, 2, 3]), real(["N", 2, 3, 2], 1)] },
  { name: "broadcast lists", op: "MatMul", inputs: [real(["N", 1, 2, 3]), real([2, 3, 2], 1)] },
  { name: "by a vector", op: "MatMul", inputs: [real(["N", 3]), real([3], 1)] },
  { name: "vector by matrix", op: "MatMul", inputs: [real([3]), real([3, 2], 1)] },
  { name: "vector by list", op: "MatMul", inputs: [real([3]), real(["N", 3, 2], 1)] },
  { name: "sequence by a vector", op: "MatMul", inputs: [real(["N", 4, 3]), real([3], 1)] },
  { name: "examples in the middle", op: "MatMul", inputs: [real([4, "N", 3]), real([3, 2], 1)] },
  { name: "matrix in front of sequences", op: "MatMul", inputs: [real([2, 3]), real([2, "N", 3, 4], 1)] },
  { name: "heads by a list of matrices", op: "MatMul", inputs: [real(["N", 2, 4, 3]), real([2, 3, 2], 1)] },
  { name: "rows by a list of matrices", op: "MatMul", inputs: [real(["N", 3]), real([2, 3, 2], 1)] },
  { name: "list of matrices in front", op: "MatMul", inputs: [real([2, 2, 3]), real(["N", 1, 3, 4], 1)] },
  { name: "vectors", op: "MatMul", inputs: [real([3]), real([3], 1)] },
  {
    name: "dense layer",
    op: "Gemm",
    inputs: [real(["N", 3]), real([2, 3], 1), real([2], 2)],
    attributes: { transB: 1 },
  },
  { name: "without bias", op: "Gemm", inputs: [real(["N", 3]), real([3, 2], 1)] },
  { name: "sequences in rows", op: "Gemm", inputs: [real(["2N", 3]), real([3, 2], 1), real([2], 2)] },
  {
    name: "scaled",
    op: "Gemm",
    inputs: [real(["N", 3]), real([3, 2], 1), real([1, 2], 2)],
    attributes: { alpha: 0.7, beta: -1.5 },
  },
  {
    name: "both transposed",
    op: "Gemm",
    inputs: [real([3, "N"]), real([2, 3], 1), real([], 2)],
    attributes: { transA: 1, transB: 1, alpha: 0.5, beta: 2 },
  },
  {
    name: "first transposed",
    op: "Gemm",
    inputs: [real([3, 4]), real([3, 2], 1), real([4, 1], 2)],
    attributes: { transA: 1 },
  },
];
