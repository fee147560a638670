// Cases of operators that change axes, and of those that make values of shapes.

import { reals, tensor } from "../../../src/numeric/tensor.ts";
import { bools, given, ints, type OperatorCase, positive, real, sizes } from "../../conformance/operator-case.ts";

const axes: OperatorCase[] = [
  { name: "joins axes", op: "Reshape", inputs: [real(["N", 2, 3]), ints([0, -1])] },
  { name: "splits an axis", op: "Reshape", inputs: [real(["N", 6]), ints([-1, 2, 3])] },
  { name: "joins with the batch", op: "Reshape", inputs: [real(["N", 2, 3]), ints([-1, 3])] },
  { name: "fixed", op: "Reshape", inputs: [real([2, 6]), ints([3, 4])] },
  { name: "default", op: "Flatten", inputs: [real(["N", 2, 3])] },
  { name: "from an axis", op: "Flatten", inputs: [real([2, "N", 3])], attributes: { axis: -1 } },
  { name: "all in one column", op: "Flatten", inputs: [real(["N", 2])], attributes: { axis: 2 } },
  { name: "all in one row", op: "Flatten", inputs: [real(["N", 2])], attributes: { axis: 0 } },
  { name: "given order", op: "Transpose", inputs: [real(["N", 2, 3])], attributes: { perm: [2, 0, 1] } },
  { name: "reversed", op: "Transpose", inputs: [real(["N", 2, 3])] },
  { name: "given axes", op: "Squeeze", inputs: [real(["N", 1, 3, 1]), ints([1, -1])] },
  { name: "all axes of 1", op: "Squeeze", inputs: [real(["N", 1, 3, 1])] },
  { name: "given axes", op: "Unsqueeze", inputs: [real(["N", 3]), ints([-1, 1])] },
  { name: "to a shape", op: "Expand", inputs: [real(["N", 1, 3]), ints([1, 2, 1])] },
  { name: "new axes", op: "Expand", inputs: [real([3]), ints([2, 2, 3])] },
  { name: "a parameter to each example", op: "Expand", inputs: [real([2, 1]), sizes(["N", 1, 2, 3])] },
  { name: "to computed sizes", op: "Reshape", inputs: [real(["N", 6]), sizes(["N", 2, 3])] },
  { name: "for each example", op: "Tile", inputs: [real([1, 2]), sizes(["N", 2])] },
  { name: "a token to each example", op: "Tile", inputs: [real([1, 1, 3]), sizes(["N", 2, 1])] },
  { name: "repeats", op: "Tile", inputs: [real(["N", 2, 3]), ints([1, 2, 3])] },
  { name: "does not repeat", op: "Tile", inputs: [real(["N", 2]), ints([1, 1])], expected: (x) => x },
  { name: "to real", op: "Cast", inputs: [real(["N", 2])], attributes: { to: "real" }, expected: (x) => x },
  { name: "to integers", op: "Cast", inputs: [positive(["N", 2])], attributes: { to: "int64" }, expected: Math.trunc },
  {
    name: "from truth values",
    op: "Cast",
    inputs: [bools([1, 0, 1], ["N"])],
    attributes: { to: "real" },
    expected: (x) => x,
  },
];

const made: OperatorCase[] = [
  { name: "with the batch", op: "Shape", inputs: [real(["N", 2])], expected: [3, 2] },
  { name: "part", op: "Shape", inputs: [real(["N", 2, 4])], attributes: { start: -2, end: 3 }, expected: [2, 4] },
  { name: "with the batch", op: "Size", inputs: [real(["N", 2])], expected: [6] },
  { name: "down", op: "Range", inputs: [ints([7], []), ints([0], []), ints([-2], [])], expected: [7, 5, 3, 1] },
  { name: "reals", op: "Constant", inputs: [], attributes: { value: reals([2], [0.1, -2]) }, expected: [0.1, -2] },
  { name: "integers", op: "Constant", inputs: [], attributes: { value_ints: [4, 5] }, expected: [4, 5] },
  { name: "zeros", op: "ConstantOfShape", inputs: [ints([2, 2])], expected: [0, 0, 0, 0] },
  {
    name: "filled",
    op: "ConstantOfShape",
    inputs: [ints([2])],
    attributes: { value: reals([1], [0.3]) },
    expected: [0.3, 0.3],
  },
  {
    name: "integers",
    op: "ConstantOfShape",
    inputs: [ints([2])],
    attributes: { value: tensor("int64", [1], BigInt64Array.of(7n)) },
    expected: [7, 7],
  },
];

const joined: OperatorCase[] = [
  {
    name: "features",
    op: "Concat",
    inputs: [real(["N", 2]), real(["N", 1], 1), real(["N", 3], 2)],
    attributes: { axis: 1 },
  },
  { name: "one", op: "Concat", inputs: [real(["N", 2])], attributes: { axis: -1 }, expected: (x) => x },
  { name: "integers", op: "Concat", inputs: [ints([1]), ints([2, 3])], attributes: { axis: 0 }, expected: [1, 2, 3] },
  { name: "given sizes", op: "Split", inputs: [real(["N", 6]), ints([1, 3, 2])], attributes: { axis: -1 } },
  { name: "equal parts", op: "Split", inputs: [real(["N", 5])], attributes: { axis: 1, num_outputs: 2 } },
  { name: "two axes", op: "Slice", inputs: [real(["N", 4, 5]), ints([1, -3]), ints([3, 1000]), ints([1, -1])] },
  { name: "whole batch", op: "Slice", inputs: [real(["N", 4]), ints([0, 1]), ints([2 ** 31 - 1, 3])] },
  { name: "steps", op: "Slice", inputs: [real(["N", 7, 4]), ints([1, 0]), ints([7, 4]), ints([1, 2]), ints([2, 3])] },
  { name: "backwards", op: "Slice", inputs: [real(["N", 4]), ints([-1]), ints([-(2 ** 31)]), ints([1]), ints([-1])] },
  { name: "backwards in steps", op: "Slice", inputs: [real(["N", 8]), ints([6]), ints([0]), ints([1]), ints([-3])] },
  { name: "nothing", op: "Slice", inputs: [real(["N", 3]), ints([2]), ints([2]), ints([1])] },
  { name: "zeros", op: "Pad", inputs: [real(["N", 2, 3]), ints([0, 1, 2, 0, 0, 1])] },
  {
    name: "a value",
    op: "Pad",
    inputs: [real(["N", 3]), ints([0, 2, 0, 1]), given([], [0.4])],
    attributes: { mode: "constant" },
  },
  {
    name: "pads and crops",
    op: "Pad",
    inputs: [real(["N", 2, 4]), ints([0, -1, 2, 0, 2, -1])],
    attributes: { mode: "constant" },
  },
  { name: "named axes", op: "Pad", inputs: [real(["N", 2, 3]), ints([1, 2]), undefined, ints([-1])] },
  {
    name: "reflection",
    op: "Pad",
    inputs: [real(["N", 3, 4]), ints([0, 2, 1, 0, 1, 3])],
    attributes: { mode: "reflect" },
  },
  {
    name: "one-sided reflection",
    op: "Pad",
    inputs: [real(["N", 4]), ints([0, 0, 0, 3])],
    attributes: { mode: "reflect" },
  },
  { name: "edges", op: "Pad", inputs: [real(["N", 3, 2]), ints([0, 2, 0, 0, 1, 3])], attributes: { mode: "edge" } },
];

export const structureCases: readonly OperatorCase[] = [...axes, ...made, ...joined];
