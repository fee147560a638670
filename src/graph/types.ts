// A model as data: an ONNX graph of named values with symbolic batch axis, immutable once built.

import type { Tensor } from "../numeric/tensor.ts";
import type { Shape } from "./dim.ts";

/** Element type of a graph value: `real` becomes float32 or float64 when the graph is compiled. */
export type ValueType = "real" | "int64" | "int32" | "bool";

export interface Value {
  readonly name: string;
  readonly dtype: ValueType;
  readonly shape: Shape;
}

/** An attribute as ONNX has it; tensors hold reals as float64. */
export type Attribute = number | string | readonly number[] | Tensor;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One application of an ONNX operator (opset 18 form; other domains are written `domain:Op`). */
export interface Node {
  readonly op: string;
  /** Value names; "" for an absent optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An immutable graph; nodes are in topological order, every value has its shape and dtype. */
export interface Graph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value>;
  /** Values that are fixed numbers; reals are kept as float64. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** What an operator's inputs look like to its shape rule. */
export interface ShapeContext {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** The numbers inside integer input i, where they are known (they may contain the batch axis). */
  ints(i: number): Shape | undefined;
}

export interface ResultType {
  readonly dtype: ValueType;
  readonly shape: Shape;
  /** The numbers inside an integer result, where they are known. */
  readonly ints?: Shape | undefined;
}

/** Types of all outputs that an operator has (unused ones are dropped when the graph is written). */
export type ShapeRule = (context: ShapeContext) => readonly ResultType[];
