// Shape rules of ONNX Runtime's operators on blocked channels (domain com.microsoft.nchwc), which only the engine writes.

import type { ShapeRule } from "../types.ts";
import { convolutionShapes } from "./convolution.ts";

/** The same axes: channels are whole blocks already. */
const reorderInput: ShapeRule = ({ inputs: [x] }) => [{ dtype: x!.dtype, shape: x!.shape }];

/** Back to channels apart, of which only the first `channels` are kept. */
const reorderOutput: ShapeRule = ({ inputs: [x], attributes }) => [
  { dtype: x!.dtype, shape: [x!.shape[0], attributes.channels as number, ...x!.shape.slice(2)] },
];

export const blockedShapes: Readonly<Record<string, ShapeRule>> = {
  "com.microsoft.nchwc:ReorderInput": reorderInput,
  "com.microsoft.nchwc:ReorderOutput": reorderOutput,
  "com.microsoft.nchwc:Conv": convolutionShapes.Conv,
};
