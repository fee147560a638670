// Small tensors and nodes that files of tests are made of.

import { integers, type Tensor, tensor } from "../../../src/numeric/tensor.ts";
import type { FileNode } from "./run-file.ts";

/** Rows of every x. */
export const BATCH = 3;

export const axis = (...axes: number[]): Tensor => integers([axes.length], axes);
export const float = (...values: number[]) => ({ float: values.length === 1 ? values[0] : values });
export const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });

export const int32 = (value: number): Tensor => tensor("int32", [], Int32Array.of(value));
/** A list of float32. */
export const reals32 = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

export const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: FileNode["attributes"] = {},
): FileNode => ({
  op,
  inputs,
  outputs,
  attributes,
});
