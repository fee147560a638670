// Cases of reductions and softmax.

import { type CaseInput, given, ints, type OperatorCase, positive, real } from "../../conformance/operator-case.ts";

/** Reductions over one axis, over several, over none named (all), and over the batch. */
function family(op: string, make: (shape: (number | string)[]) => CaseInput = real): OperatorCase[] {
  return [
    { name: "one axis", op, inputs: [make(["N", 4]), ints([-1])], attributes: { keepdims: 0 } },
    { name: "one axis kept", op, inputs: [make([2, "N", 3]), ints([0])] },
    { name: "several axes", op, inputs: [make([2, "N", 3]), ints([2, 0])], attributes: { keepdims: 0 } },
    { name: "several axes kept", op, inputs: [make(["N", 2, 3]), ints([1, 2])], attributes: { keepdims: 1 } },
    { name: "all axes", op, inputs: [make([2, 3])], attributes: { keepdims: 0 } },
    { name: "axis of 1", op, inputs: [make(["N", 1]), ints([1])], attributes: { keepdims: 0 }, reach: 0 },
  ];
}

const overBatch = (op: string, make = real): OperatorCase[] => [
  { name: "the batch", op, inputs: [make(["N", 2]), ints([0])], attributes: { keepdims: 0 } },
  { name: "all with the batch", op, inputs: [make(["N", 2])], attributes: { keepdims: 0 } },
];

export const reduceCases: readonly OperatorCase[] = [
  ...[
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceSumSquare",
    "ReduceLogSumExp",
  ].flatMap((op) => [...family(op), ...overBatch(op)]),
  ...family("ReduceProd"),
  ...family("ReduceLogSum", positive),
  ...overBatch("ReduceLogSum", positive),
  {
    name: "no axes, as asked",
    op: "ReduceSum",
    inputs: [real(["N", 2])],
    attributes: { noop_with_empty_axes: 1 },
    expected: (x) => x,
  },
  { name: "of a number", op: "ReduceSum", inputs: [real([])], attributes: { keepdims: 0 }, expected: (x) => x },
  {
    name: "of integers",
    op: "ReduceProd",
    inputs: [ints([2, 3, 4]), ints([0])],
    attributes: { keepdims: 0 },
    expected: [24],
  },
  {
    name: "zeros",
    op: "ReduceProd",
    inputs: [given(["N", 3], [0, 2, 3, 0, 0, 2, 1, -2, 3]), ints([1])],
    expected: [0, 0, -6],
  },
  { name: "many", op: "ReduceProd", inputs: [positive(["N", 9]), ints([1])] },
  { name: "known", op: "ReduceL2", inputs: [given(["N", 2], [3, 4, 6, 8, 5, 12]), ints([1])], expected: [5, 10, 13] },
  {
    name: "large numbers",
    op: "ReduceLogSumExp",
    inputs: [given(["N", 2], [800, 800.5, -900, -901, 0, 1]), ints([1])],
  },
  { name: "last axis", op: "Softmax", inputs: [real(["N", 4])] },
  { name: "inner axis", op: "Softmax", inputs: [real(["N", 3, 2])], attributes: { axis: 1 } },
  { name: "large numbers", op: "Softmax", inputs: [given(["N", 2], [800, 800.5, -900, -901, 0, 1])] },
  { name: "last axis", op: "LogSoftmax", inputs: [real(["N", 4])] },
  { name: "inner axis", op: "LogSoftmax", inputs: [real(["N", 3, 2])], attributes: { axis: -2 } },
  { name: "large numbers", op: "LogSoftmax", inputs: [given(["N", 2], [800, 800.5, -900, -901, 0, 1])] },
];
