// Cases of operators that act element by element, smooth and piecewise.

import {
  bools,
  type CaseInput,
  given,
  ints,
  type OperatorCase,
  positive,
  real,
} from "../../conformance/operator-case.ts";

type Each = (...elements: number[]) => number;

const unary = (
  op: string,
  expected: Each,
  input: CaseInput = real(["N", 4]),
  more: Partial<OperatorCase> = {},
): OperatorCase => ({
  name: "batch",
  op,
  inputs: [input],
  expected,
  ...more,
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
// erf(0.3), erf(-1.1), erf(2.2), erf(-0.9): Abramowitz, Stegun, table 7.1, and mpmath to 17 digits.
const ERF_POINTS = [0.3, -1.1, 2.2, -0.9];
const ERF_VALUES = [0.32862675945912742, -0.8802050695740817, 0.99813715370201811, -0.79690821242283213];

const smooth: OperatorCase[] = [
  unary("Neg", (x) => -x),
  unary("Reciprocal", (x) => 1 / x, positive(["N", 4])),
  unary("Tanh", Math.tanh),
  unary("Sigmoid", sigmoid),
  unary("Sigmoid", sigmoid, given(["N"], [-30, 3, 30]), { name: "wide" }),
  unary("Softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  unary("Softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), given(["N"], [-40, 0.5, 40]), {
    name: "wide",
  }),
  { name: "known values", op: "Erf", inputs: [given([4], ERF_POINTS)], expected: ERF_VALUES },
  { name: "batch", op: "Erf", inputs: [real(["N", 4])] },
  { name: "wide", op: "Erf", inputs: [given(["N"], [-7, 5.5, 40])], expected: [-1, 0.99999999999999264, 1] },
  unary("Exp", Math.exp),
  unary("Log", Math.log, positive(["N", 4])),
  unary("Sqrt", Math.sqrt, positive(["N", 4])),
  unary("Sin", Math.sin),
  unary("Cos", Math.cos),
  unary("Atan", Math.atan),
  unary("Atan", Math.atan, given(["N", 3], [0.41, 0.42, 1, -0.99, 1.01, -2.5, 30, -1e9, 0]), { name: "wide" }),
  unary("Identity", (x) => x),
];

const binary: OperatorCase[] = [
  { name: "batch", op: "Add", inputs: [real(["N", 4]), real(["N", 4], 1)], expected: (x, y) => x + y },
  { name: "parameter of one axis", op: "Add", inputs: [real(["N", 2, 3]), real([3], 1)] },
  { name: "parameter in front, with axes of 1", op: "Add", inputs: [real([1, 2, 1]), real(["N", 2, 3], 1)] },
  { name: "integers", op: "Add", inputs: [ints([1, 2]), ints([3])], expected: [4, 5] },
  { name: "batch", op: "Sub", inputs: [real(["N", 4]), real([4], 1)] },
  { name: "scalar", op: "Sub", inputs: [real([]), real(["N", 3], 1)], expected: (x, y) => x - y },
  { name: "integers", op: "Sub", inputs: [ints([1, 2]), ints([3])], expected: [-2, -1] },
  { name: "batch", op: "Mul", inputs: [real(["N", 4]), real(["N", 4], 1)], expected: (x, y) => x * y },
  { name: "parameter that is broadcast", op: "Mul", inputs: [real(["N", 2, 3]), real([2, 1], 1)] },
  { name: "a value with itself in another form", op: "Mul", inputs: [real(["N", 1, 3]), real(["N", 2, 1], 1)] },
  { name: "integers", op: "Mul", inputs: [ints([4, 2]), ints([3])], expected: [12, 6] },
  { name: "batch", op: "Div", inputs: [real(["N", 4]), positive(["N", 4], 1)], expected: (x, y) => x / y },
  { name: "parameter below", op: "Div", inputs: [real(["N", 2, 3]), positive([3], 1)] },
  { name: "parameter above", op: "Div", inputs: [real([3]), positive(["N", 2, 3], 1)] },
  { name: "integers towards zero", op: "Div", inputs: [ints([-7, 7]), ints([2])], expected: [-3, 3] },
  { name: "batch", op: "Pow", inputs: [positive(["N", 3]), real(["N", 3], 1)], expected: Math.pow },
  { name: "parameter below", op: "Pow", inputs: [positive([3]), real(["N", 2, 3], 1)] },
  {
    name: "square of any sign",
    op: "Pow",
    inputs: [real(["N", 3]), given([], [2])],
    fixed: [1],
    expected: (x) => x * x,
  },
  { name: "cube of any sign and zero", op: "Pow", inputs: [given(["N"], [-1.5, 0, 1.5]), given([], [3])], fixed: [1] },
  { name: "zeroth power at zero", op: "Pow", inputs: [given(["N"], [-1.5, 0, 1.5]), given([], [0])], fixed: [1] },
  { name: "first power at zero", op: "Pow", inputs: [given(["N"], [-1.5, 0, 1.5]), given([], [1])], fixed: [1] },
  { name: "powers by place", op: "Pow", inputs: [given([4], [0, 0, -2, 0.5]), given([4], [0, 2, 0, 0])], fixed: [1] },
  { name: "integer exponent", op: "Pow", inputs: [real(["N", 3]), ints([3], [])], expected: (x, p) => x ** p },
  { name: "several", op: "Sum", inputs: [real(["N", 3]), real([3], 1), real(["N", 1], 2)] },
  { name: "one", op: "Sum", inputs: [real(["N", 3])], expected: (x) => x },
  { name: "several", op: "Mean", inputs: [real(["N", 3]), real([3], 1), real(["N", 1], 2)] },
  { name: "two", op: "Mean", inputs: [real(["N", 3]), real(["N", 3], 1)], expected: (x, y) => (x + y) / 2 },
];

const piecewise: OperatorCase[] = [
  unary("Relu", (x) => Math.max(x, 0)),
  unary("LeakyRelu", (x) => (x > 0 ? x : 0.01 * x)),
  unary("LeakyRelu", (x) => (x > 0 ? x : 0.3 * x), real(["N", 4]), { name: "steeper", attributes: { alpha: 0.3 } }),
  // Its slope 1 on both sides of 0 is no switch.
  unary("Elu", (x) => (x > 0 ? x : Math.expm1(x))),
  unary("Elu", (x) => (x > 0 ? x : 0.4 * Math.expm1(x)), real(["N", 4]), {
    name: "scaled",
    attributes: { alpha: 0.4 },
  }),
  unary("Elu", (x) => Math.expm1(x), given(["N"], [-1e-9, -20, -3e-3]), {
    name: "small and large",
    fixed: [0],
  }),
  unary("Abs", Math.abs),
  unary("Sign", Math.sign),
  unary("Floor", Math.floor),
  unary("Ceil", Math.ceil),
  {
    name: "to even",
    op: "Round",
    inputs: [given(["N", 2], [0.4, 1.6, -0.7, 2.5, 3.5, -2.2])],
    fixed: [0],
    expected: [0, 2, -1, 2, 4, -2],
  },
  { name: "both limits", op: "Clip", inputs: [real(["N", 6]), given([], [-0.8]), given([], [1])] },
  {
    name: "below",
    op: "Clip",
    inputs: [real(["N", 6]), given([], [-0.8])],
    fixed: [1],
    expected: (x, low) => Math.max(x, low),
  },
  { name: "above", op: "Clip", inputs: [real(["N", 6]), undefined, given([], [0.7])] },
  { name: "two", op: "Max", inputs: [real(["N", 4]), real(["N", 4], 1)], expected: Math.max },
  { name: "several", op: "Max", inputs: [real(["N", 4]), real([4], 1), real(["N", 1], 2)] },
  { name: "two", op: "Min", inputs: [real(["N", 4]), real(["N", 4], 1)], expected: Math.min },
  { name: "several", op: "Min", inputs: [real(["N", 4]), real([4], 1), real(["N", 1], 2)] },
  { name: "fixed choice", op: "Where", inputs: [bools([1, 0, 1, 0]), real(["N", 4]), real([4], 1)] },
  { name: "choice by example", op: "Where", inputs: [bools([1, 0, 1], ["N", 1]), real(["N", 4]), real([], 1)] },
  { name: "integers", op: "Where", inputs: [bools([1, 0]), ints([1, 2]), ints([3])], expected: [1, 3] },
  // At least 0.1 from a jump on both sides.
  {
    name: "sign of the dividend",
    op: "Mod",
    inputs: [given(["N"], [-1.7, 0.3, 2.6]), given([], [0.7])],
    attributes: { fmod: 1 },
    expected: (x, y) => x % y,
  },
  { name: "sign of the divisor", op: "Mod", inputs: [ints([-7, 7]), ints([3])], expected: [2, 1] },
];

const compare = (op: string, holds: (x: number, y: number) => boolean): OperatorCase[] => [
  { name: "batch", op, inputs: [real(["N", 4]), real(["N", 4], 1)], expected: (x, y) => Number(holds(x, y)) },
  { name: "integers", op, inputs: [ints([1, 2, 3], ["N"]), ints([2])], expected: (x, y) => Number(holds(x, y)) },
];

const logic: OperatorCase[] = [
  ...compare("Greater", (x, y) => x > y),
  ...compare("GreaterOrEqual", (x, y) => x >= y),
  ...compare("Less", (x, y) => x < y),
  ...compare("LessOrEqual", (x, y) => x <= y),
  { ...compare("Equal", (x, y) => x === y)[1] },
  {
    name: "reals",
    op: "Equal",
    inputs: [given(["N"], [1, 2, 3]), given([], [2])],
    fixed: [0, 1],
    reach: 0,
    expected: [0, 1, 0],
  },
  { name: "batch", op: "Not", inputs: [bools([1, 0, 1], ["N"])], expected: (x) => 1 - x },
  { name: "batch", op: "And", inputs: [bools([1, 0, 1], ["N"]), bools([1])], expected: (x, y) => x & y },
  { name: "batch", op: "Or", inputs: [bools([1, 0, 1], ["N"]), bools([0])], expected: (x, y) => x | y },
  { name: "batch", op: "Xor", inputs: [bools([1, 0, 1], ["N"]), bools([1])], expected: (x, y) => x ^ y },
  {
    name: "batch",
    op: "IsInf",
    inputs: [given(["N"], [1, Number.NEGATIVE_INFINITY, 2])],
    fixed: [0],
    expected: [0, 1, 0],
  },
  { name: "batch", op: "IsNaN", inputs: [given(["N"], [1, Number.NaN, 2])], fixed: [0], expected: [0, 1, 0] },
];

export const elementwiseCases: readonly OperatorCase[] = [...smooth, ...binary, ...piecewise, ...logic];
