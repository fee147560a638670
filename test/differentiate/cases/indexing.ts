// Cases of operators that take or place elements by index, and of running sums.

import { bools, given, ints, type OperatorCase, real } from "../../conformance/operator-case.ts";

export const indexingCases: readonly OperatorCase[] = [
  { name: "embedding", op: "Gather", inputs: [real([5, 3]), ints([1, 4, 1, 0, 4, 4], ["N", 2])] },
  {
    name: "features, with repetition",
    op: "Gather",
    inputs: [real(["N", 4, 2]), ints([3, 0, -1, 3])],
    attributes: { axis: 1 },
  },
  { name: "one feature", op: "Gather", inputs: [real(["N", 4, 2]), ints([-3], [])], attributes: { axis: 1 } },
  { name: "one feature, kept", op: "Gather", inputs: [real(["N", 4]), ints([2])], attributes: { axis: -1 } },
  {
    name: "table of indices",
    op: "Gather",
    inputs: [real(["N", 4]), ints([0, 1, 1, 2], [2, 2])],
    attributes: { axis: 1 },
  },
  { name: "of integers", op: "Gather", inputs: [ints([5, 6, 7]), ints([2, 0])], expected: [7, 5] },
  {
    name: "label",
    op: "GatherElements",
    inputs: [real(["N", 4]), ints([1, -1, 0], ["N", 1])],
    attributes: { axis: 1 },
  },
  {
    name: "repeated",
    op: "GatherElements",
    inputs: [real([3, 2]), ints([0, 0, 2, 0], [2, 2])],
    attributes: { axis: 0 },
  },
  {
    name: "places",
    op: "ScatterElements",
    inputs: [real(["N", 4]), ints([1, 0, 3, 2, -1, 0], ["N", 2]), real(["N", 2], 1)],
    attributes: { axis: 1 },
  },
  {
    name: "adds, with repetition",
    op: "ScatterElements",
    inputs: [real(["N", 4]), ints([1, 1, 3, 2, -1, 3], ["N", 2]), real(["N", 2], 1)],
    attributes: { axis: 1, reduction: "add" },
  },
  {
    name: "last axis",
    op: "OneHot",
    inputs: [ints([2, -1, 0], ["N"]), ints([3], []), given([2], [0.25, 2])],
    fixed: [2],
    expected: [0.25, 0.25, 2, 0.25, 0.25, 2, 2, 0.25, 0.25],
  },
  {
    name: "given axis",
    op: "OneHot",
    inputs: [ints([1, 0]), ints([3]), given([2], [0, 1])],
    fixed: [2],
    attributes: { axis: 0 },
    expected: [0, 1, 1, 0, 0, 0],
  },
  {
    name: "first of equals",
    op: "ArgMax",
    inputs: [given(["N", 3], [1, 2, 2, 5, 5, 1, 0, 1, 2])],
    fixed: [0],
    attributes: { axis: 1 },
    expected: [1, 0, 2],
  },
  { name: "dropped axis", op: "ArgMax", inputs: [real(["N", 3])], fixed: [0], attributes: { axis: -1, keepdims: 0 } },
  {
    name: "first of equals",
    op: "ArgMin",
    inputs: [given(["N", 3], [1, 2, 2, 5, 1, 1, 0, 1, 2])],
    fixed: [0],
    attributes: { axis: 1 },
    expected: [0, 1, 0],
  },
  {
    name: "forward",
    op: "CumSum",
    inputs: [given(["N", 2], [1, 2, 3, 4, 5, 6]), ints([1], [])],
    expected: [1, 3, 3, 7, 5, 11],
  },
  { name: "without itself", op: "CumSum", inputs: [real(["N", 3, 2]), ints([-2], [])], attributes: { exclusive: 1 } },
  { name: "backwards", op: "CumSum", inputs: [real(["N", 4]), ints([1])], attributes: { reverse: 1, exclusive: 1 } },
  { name: "truth values", op: "Gather", inputs: [bools([1, 0]), ints([1], [])], expected: [0] },
];
