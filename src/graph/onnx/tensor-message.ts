// Host arrays to and from ONNX's TensorProto; real ones are float64 in our graphs and float32 or float64 in a file.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import { elementsOf } from "../../numeric/bytes.ts";
import {
  allocate,
  type DType,
  type RealDType,
  sizeOf,
  type Tensor,
  type TypedArrayOf,
  tensor,
  toReal,
} from "../../numeric/tensor.ts";
import type { ValueType } from "../types.ts";
import { DATA_TYPE, type TensorMessage, toNumber } from "./proto.ts";

/** The host dtype of a graph value once `real` is chosen. */
export function dtypeOf(type: ValueType, real: RealDType): RealDType | "int64" | "int32" | "bool" {
  return type === "real" ? real : type;
}

/** The graph value type that a host array has. */
export function valueTypeOf({ dtype }: { readonly dtype: DType }): ValueType {
  if (dtype === "float32" || dtype === "float64") return "real";
  return dtype === "uint8" ? "int32" : dtype;
}

function stored(source: Tensor, real: RealDType): Tensor {
  if (valueTypeOf(source) === "real") return toReal(source, real);
  return source.dtype === "uint8" ? tensor("int32", source.shape, Int32Array.from(source.data as Uint8Array)) : source;
}

/** A tensor message over the array's own bytes (little-endian, as every machine that JavaScript runs on today). */
export function tensorMessage(name: string, source: Tensor, real: RealDType): TensorMessage {
  const { dtype, shape, data } = stored(source, real);
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: [...shape], dataType: DATA_TYPE[dtype], name, rawData };
}

// Names of the types that are refused, by their number in TensorProto.DataType.
const REFUSED_TYPES: Readonly<Record<number, string>> = {
  3: "int8",
  4: "uint16",
  5: "int16",
  8: "string",
  10: "float16",
  12: "uint32",
  13: "uint64",
  14: "complex64",
  15: "complex128",
  16: "bfloat16",
};

const DTYPES = new Map<number, DType>(Object.entries(DATA_TYPE).map(([dtype, number]) => [number, dtype as DType]));

/** The host dtype of an ONNX data type; UnsupportedError, with `what` it is the type of, for one that we have not. */
export function dtypeFromNumber(number: number, what: string): DType {
  const dtype = DTYPES.get(number);
  if (dtype) return dtype;
  throw new UnsupportedError(
    `${what} must be float32, float64, int64, int32, uint8 or bool, got ${REFUSED_TYPES[number] ?? number}`,
    {
      hint: "export the model in float32, without quantisation",
    },
  );
}

const EXTERNAL = 1;

/** The host array of a tensor message; raw data are copied, so that the array owns its memory. */
export function readTensor(message: TensorMessage, what = `tensor ${message.name}`): Tensor {
  if (message.dataLocation === EXTERNAL || (message.externalData?.length ?? 0) > 0) {
    throw new UnsupportedError(`${what} must lie in the file itself, got data in another file`, {
      hint: "save the model in one file (onnx.save with save_as_external_data=False)",
    });
  }
  const dtype = dtypeFromNumber(message.dataType ?? 0, what);
  const shape = (message.dims ?? []).map(toNumber);
  const size = sizeOf(shape);
  const data = message.rawData?.length ? fromRaw(dtype, message.rawData) : fromFields(dtype, message);
  if (data && data.length === size && shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    return { dtype, shape, data };
  }
  throw new InvalidModelError(
    `${what} must hold ${size} elements for shape [${shape}], got ${data?.length ?? "a broken number of them"}`,
  );
}

/** Undefined where the bytes are no whole number of elements. */
function fromRaw<D extends DType>(dtype: D, raw: Uint8Array): TypedArrayOf[D] | undefined {
  const whole = raw.length % allocate(dtype, 0).BYTES_PER_ELEMENT === 0;
  return whole ? elementsOf(dtype, new Uint8Array(raw)) : undefined;
}

function fromFields(dtype: DType, message: TensorMessage): Tensor["data"] {
  switch (dtype) {
    case "float32":
      return Float32Array.from(message.floatData ?? []);
    case "float64":
      return Float64Array.from(message.doubleData ?? []);
    case "int64":
      return BigInt64Array.from((message.int64Data ?? []) as unknown[], (value) => BigInt(String(value)));
    case "int32":
      return Int32Array.from(message.int32Data ?? []);
    default:
      return Uint8Array.from(message.int32Data ?? []);
  }
}
