// Cases of convolutions for the operator suite: every attribute alone, and all at once.

import type { Attributes } from "../../../src/graph/types.ts";
import { type OperatorCase, real } from "../../conformance/operator-case.ts";

interface Shapes {
  /** (C, ...spatial) of one example. */
  readonly x: readonly number[];
  readonly weight: readonly number[];
  /** Channels of the bias; 0: none. */
  readonly bias?: number;
}

const caseOf =
  (op: string) =>
  (name: string, { x, weight, bias = 0 }: Shapes, attributes: Attributes = {}): OperatorCase => ({
    name,
    op,
    attributes,
    inputs: [real(["N", ...x]), real(weight, 1), ...(bias > 0 ? [real([bias], 2)] : [])],
  });

const conv = caseOf("Conv");
const transposed = caseOf("ConvTranspose");
const image = { x: [2, 4, 5], weight: [3, 2, 3, 3] };
const small = { x: [3, 2, 3], weight: [3, 2, 3, 2] };

export const convolutionCases: readonly OperatorCase[] = [
  conv("plain, with bias", { ...image, bias: 3 }),
  conv("padded", image, { pads: [1, 1, 1, 1] }),
  conv("padded on each side differently", image, { pads: [1, 0, 2, 1] }),
  conv("padded wider than the kernel reaches", { x: [2, 3], weight: [2, 2, 2] }, { pads: [3, 2] }),
  conv("strides that leave a rest", { ...image, bias: 3 }, { strides: [2, 3], pads: [1, 1, 1, 1] }),
  conv("strides wider than the kernel", { x: [1, 5, 5], weight: [2, 1, 1, 2] }, { strides: [2, 3] }),
  conv("dilated", { x: [2, 5, 4], weight: [2, 2, 2, 2] }, { dilations: [2, 3], pads: [0, 1, 0, 1] }),
  conv("in groups", { x: [4, 3, 4], weight: [6, 2, 2, 3], bias: 6 }, { group: 2, pads: [0, 1, 1, 1] }),
  conv("depthwise", { x: [3, 3, 4], weight: [3, 1, 3, 3] }, { group: 3, pads: [1, 1, 1, 1] }),
  conv("depthwise with two outputs a channel", { x: [2, 3, 3], weight: [4, 1, 2, 2] }, { group: 2 }),
  conv("pointwise", { x: [3, 2, 3], weight: [2, 3, 1, 1], bias: 2 }),
  conv("pointwise with strides", { x: [2, 4, 3], weight: [2, 2, 1, 1] }, { strides: [2, 2] }),
  conv(
    "all at once",
    { x: [4, 5, 4], weight: [4, 2, 2, 2], bias: 4 },
    {
      group: 2,
      strides: [2, 1],
      dilations: [1, 2],
      pads: [1, 0, 2, 1],
    },
  ),
  conv("over one axis", { x: [2, 7], weight: [3, 2, 3], bias: 3 }, { strides: [2], dilations: [2], pads: [2, 1] }),
  conv("over three axes", { x: [1, 3, 2, 3], weight: [2, 1, 2, 2, 2], bias: 2 }, { pads: [1, 0, 0, 0, 1, 1] }),
  conv("of images of one pixel", { x: [2, 1, 1], weight: [3, 2, 3, 3] }, { pads: [1, 1, 1, 1] }),

  transposed("plain, with bias", { ...small, bias: 2 }),
  transposed("strides", small, { strides: [2, 3] }),
  transposed("strides and padding", small, { strides: [2, 2], pads: [1, 0, 0, 1] }),
  transposed("output padding", { ...small, bias: 2 }, { strides: [2, 3], pads: [1, 1, 1, 0], output_padding: [1, 2] }),
  transposed("padded wider than the kernel reaches", { x: [2, 5], weight: [2, 1, 2] }, { pads: [3, 1] }),
  transposed("dilated", small, { dilations: [2, 3], pads: [1, 1, 1, 1] }),
  transposed("in groups", { x: [4, 2, 3], weight: [4, 3, 2, 2], bias: 6 }, { group: 2, strides: [2, 1] }),
  transposed("depthwise", { x: [3, 3, 2], weight: [3, 1, 2, 2] }, { group: 3, strides: [2, 2] }),
  transposed("over one axis", { x: [2, 4], weight: [2, 3, 3] }, { strides: [2], pads: [1, 1], output_padding: [1] }),
  transposed("over three axes", { x: [2, 2, 1, 2], weight: [2, 1, 2, 2, 2], bias: 1 }, { strides: [2, 1, 2] }),
];
