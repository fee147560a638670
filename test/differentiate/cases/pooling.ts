// Cases of pools for the operator suite: windows that tile, overlap, leave a rest and hang over the padding.

import type { Attributes } from "../../../src/graph/types.ts";
import { type OperatorCase, real } from "../../conformance/operator-case.ts";

const caseOf =
  (op: string) =>
  (name: string, x: readonly number[], attributes: Attributes = {}): OperatorCase => ({
    name,
    op,
    attributes,
    inputs: [real(["N", ...x])],
  });

const maximum = caseOf("MaxPool");
const average = caseOf("AveragePool");
const global = caseOf("GlobalAveragePool");
const around = [1, 1, 1, 1];

export const poolingCases: readonly OperatorCase[] = [
  maximum("tiles", [2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }),
  maximum("tiles with a rest", [1, 5, 7], { kernel_shape: [2, 3], strides: [2, 3] }),
  maximum("tiles along one axis of two", [2, 4, 3], { kernel_shape: [1, 3], strides: [1, 3] }),
  maximum("the whole image", [2, 3, 3], { kernel_shape: [3, 3] }),
  maximum("overlapping", [2, 4, 5], { kernel_shape: [3, 2] }),
  maximum("padded", [2, 4, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: around }),
  maximum("padded on each side differently", [1, 4, 5], { kernel_shape: [3, 2], strides: [2, 2], pads: [0, 1, 1, 0] }),
  maximum("with gaps", [1, 5, 6], { kernel_shape: [2, 2], strides: [3, 3] }),
  maximum("dilated", [1, 5, 6], { kernel_shape: [2, 3], strides: [1, 2], dilations: [2, 2] }),
  maximum("hanging over the end", [1, 5, 4], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  maximum("tiles hanging over the end", [1, 5, 3], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  maximum("over one axis", [2, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] }),
  maximum("tiles over one axis", [2, 6], { kernel_shape: [2], strides: [2] }),
  maximum("tiles over three axes", [1, 2, 4, 2], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),

  average("tiles", [2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }),
  average("tiles with a rest", [1, 5, 7], { kernel_shape: [2, 3], strides: [2, 3] }),
  average("tiles over three axes", [1, 2, 4, 2], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),
  average("overlapping", [2, 4, 5], { kernel_shape: [3, 2] }),
  average("padded", [1, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: around }),
  average("padded, padding counted", [1, 5, 6], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: around,
    count_include_pad: 1,
  }),
  average("same size, padding counted", [1, 4, 4], { kernel_shape: [3, 3], pads: around, count_include_pad: 1 }),
  average("padded on each side differently", [1, 4, 5], { kernel_shape: [3, 2], strides: [2, 2], pads: [0, 1, 1, 0] }),
  average("with gaps", [1, 5, 6], { kernel_shape: [2, 2], strides: [3, 3] }),
  average("hanging over the end", [1, 6, 5], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  average("hanging over counted padding", [1, 6, 6], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: around,
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  average("over one axis", [2, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] }),

  global("images", [3, 3, 4]),
  global("sequences", [2, 5]),
];
