// The messages of an .onnx file (package onnx-proto, ONNX 1.10's schema) and the few numbers of it that reader and writer share.

import onnxProto, { type onnx } from "onnx-proto";
import type { DType } from "../../numeric/tensor.ts";

export type ModelMessage = onnx.IModelProto;
export type GraphMessage = onnx.IGraphProto;
export type NodeMessage = onnx.INodeProto;
export type AttributeMessage = onnx.IAttributeProto;
export type TensorMessage = onnx.ITensorProto;
export type ValueInfoMessage = onnx.IValueInfoProto;

/** Numbers of TensorProto.DataType. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
} as const satisfies Record<DType, number>;

/** Numbers of AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
} as const;

/** An int64 field as a number: protobuf gives small ones or all of them as objects, by platform. */
export function toNumber(value: number | { toNumber(): number } | null | undefined): number {
  return typeof value === "object" && value !== null ? value.toNumber() : (value ?? 0);
}

/** The serialised model; the bytes own their memory. */
export function encodeModel(model: ModelMessage): Uint8Array<ArrayBuffer> {
  const bytes = onnxProto.onnx.ModelProto.encode(model).finish() as Uint8Array<ArrayBuffer>;
  // In Node small results lie in a pool that they share with others.
  return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

/** Parses a serialised model; throws protobuf's own errors. Raw data are views of `bytes`. */
export function decodeModel(bytes: Uint8Array): ModelMessage {
  return onnxProto.onnx.ModelProto.decode(bytes);
}
