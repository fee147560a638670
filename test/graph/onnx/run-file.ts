// Runs an .onnx file on ONNX Runtime's CPU kernels, and writes files that no builder of ours would write.

import * as ort from "onnxruntime-node";
import {
  ATTRIBUTE_TYPE,
  type AttributeMessage,
  DATA_TYPE,
  encodeModel,
  type GraphMessage,
  type TensorMessage,
} from "../../../src/graph/onnx/proto.ts";
import { tensorMessage } from "../../../src/graph/onnx/tensor-message.ts";
import type { Tensor } from "../../../src/numeric/tensor.ts";

/** The outputs of a file by name. */
export async function runFile(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  // The next level fuses a layer normalisation into a kernel that is wrong by 4e-11 in float64.
  const options = { logSeverityLevel: 3, graphOptimizationLevel: "basic" } as const;
  const session = await ort.InferenceSession.create(bytes, options);
  const inputs = Object.entries(feeds).map(([name, { dtype, shape, data }]) => {
    return [name, new ort.Tensor(dtype as "float32", data as Float32Array, [...shape])] as const;
  });
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  const tensors = Object.entries(outputs).map(([name, { type, dims, data }]) => {
    return [name, { dtype: type, shape: dims, data } as unknown as Tensor] as const;
  });
  return Object.fromEntries(tensors);
}

type FileAttribute =
  | number
  | string
  | readonly number[]
  | Tensor
  | { readonly float: number | readonly number[] }
  | { readonly graph: GraphMessage };

export interface FileNode {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, FileAttribute>>;
  readonly name?: string;
  readonly domain?: string;
}

export interface FileSpec {
  readonly opset?: number;
  readonly nodes: readonly FileNode[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  /** Axes of each input; strings are free. Default: x [batch, 4]. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs?: readonly string[];
  readonly messages?: readonly TensorMessage[];
  readonly inputType?: number;
}

function attributeOf(name: string, value: FileAttribute): AttributeMessage {
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.INT, i: value };
  if ("dtype" in value)
    return {
      name,
      type: ATTRIBUTE_TYPE.TENSOR,
      t: tensorMessage("", value, value.dtype === "float64" ? "float64" : "float32"),
    };
  if ("graph" in value) return { name, type: ATTRIBUTE_TYPE.GRAPH, g: value.graph };
  if (!("float" in value)) return { name, type: ATTRIBUTE_TYPE.INTS, ints: [...value] };
  const { float } = value;
  if (typeof float === "number") return { name, type: ATTRIBUTE_TYPE.FLOAT, f: float };
  return { name, type: ATTRIBUTE_TYPE.FLOATS, floats: [...float] };
}

const dimOf = (dim: number | string) => (typeof dim === "string" ? { dimParam: dim } : { dimValue: dim });

/** The bytes of a file: nodes as given, initializers in the dtype that they have, outputs float32 of unknown shape. */
export function fileOf({
  opset = 17,
  nodes,
  inputs = { x: ["batch", 4] },
  outputs = ["out"],
  ...rest
}: FileSpec): Uint8Array {
  const initializers = Object.entries(rest.initializers ?? {}).map(([name, data]) =>
    tensorMessage(name, data, data.dtype === "float64" ? "float64" : "float32"),
  );
  const inputType = rest.inputType ?? DATA_TYPE.float32;
  return encodeModel({
    irVersion: 8,
    opsetImport: [
      { domain: "", version: opset },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: "test",
      node: nodes.map(
        ({ op, inputs: read = ["x"], outputs: written = ["out"], attributes = {}, name = "", domain = "" }) => ({
          opType: op,
          input: [...read],
          output: [...written],
          name,
          domain,
          attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
        }),
      ),
      initializer: [...initializers, ...(rest.messages ?? [])],
      input: Object.entries(inputs).map(([name, dims]) => ({
        name,
        type: { tensorType: { elemType: inputType, shape: { dim: dims.map(dimOf) } } },
      })),
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: DATA_TYPE.float32 } } })),
    },
  });
}

/** A float32 tensor of numbers spread over [-2, 2], the same every time. */
export function spread(shape: readonly number[], seed = 1): Tensor<"float32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) * seed + seed)),
  };
}
