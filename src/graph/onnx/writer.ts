// Writes a graph as an .onnx file (ONNX opset 18), with `real` as float32 or float64.

import type { RealDType, Tensor } from "../../numeric/tensor.ts";
import { valueIn } from "../builder.ts";
import { formatShape, isBatch, type Shape } from "../dim.ts";
import type { Attribute, Attributes, Graph, Node, Value, ValueType } from "../types.ts";
import { ATTRIBUTE_TYPE, type AttributeMessage, DATA_TYPE, encodeModel, type NodeMessage } from "./proto.ts";
import { dtypeOf, tensorMessage, valueTypeOf } from "./tensor-message.ts";

export interface WriteOptions {
  /** What `real` values become. */
  readonly real: RealDType;
  /** Data for graph inputs that become initializers (parameters), by input name. */
  readonly initializers?: Readonly<Record<string, Tensor>>;
  /** Name of the graph in the file. */
  readonly name?: string;
}

const OPSET = 18;
// Files of this version are read by ONNX 1.10 and later.
const IR_VERSION = 8;

const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(
  "alpha beta gamma epsilon lambd bias ratio momentum scale threshold extrapolation_value cubic_coeff_a softcap value_float".split(
    " ",
  ),
);

// The first output that an operator may leave out; all others must be named.
const OPTIONAL_OUTPUTS: ReadonlyMap<string, number> = new Map([
  ["MaxPool", 1],
  ["Dropout", 1],
  ["LayerNormalization", 1],
  ["BatchNormalization", 1],
]);

/**
 * The bytes of an .onnx file that computes `graph`; the same graph gives the same bytes.
 *
 * Constants are stored in `real`; the batch axis is the named dimension "N" (multiples "4N") of inputs and outputs. Outputs that
 * nobody reads and that the operator may leave out are left out, so that an engine does not compute them.
 *
 * Cost: one copy of the constants (1 MB in about 2 ms). Throws RangeError for an initializer that is not an input or has another shape.
 */
export function writeOnnx(graph: Graph, options: WriteOptions): Uint8Array<ArrayBuffer> {
  const { real, initializers = {}, name = "graph" } = options;
  checkInitializers(graph, initializers);
  const used = new Set([...graph.outputs, ...graph.nodes.flatMap((node) => node.inputs)]);
  const nodes = graph.nodes.map((node, i) => nodeMessage(node, i, { used, real }));
  const inputs = graph.inputs.filter((input) => !Object.hasOwn(initializers, input));
  const stored: (readonly [string, Tensor])[] = [
    ...graph.inputs
      .filter((input) => Object.hasOwn(initializers, input))
      .map((input) => [input, initializers[input]] as const),
    ...graph.constants,
  ];
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "pathkernel",
    opsetImport: opsets(nodes),
    graph: {
      name,
      node: nodes,
      initializer: stored.map(([key, data]) => tensorMessage(key, data, real)),
      input: inputs.map((input) => valueInfo(valueIn(graph, input), real)),
      output: graph.outputs.map((output) => valueInfo(valueIn(graph, output), real)),
    },
  });
}

function checkInitializers(graph: Graph, initializers: Readonly<Record<string, Tensor>>): void {
  for (const [name, data] of Object.entries(initializers)) {
    if (!graph.inputs.includes(name))
      throw new RangeError(`writeOnnx: initializers must be inputs of the graph, got ${name}`);
    const value = valueIn(graph, name);
    const fits = value.shape.length === data.shape.length && value.shape.every((dim, i) => dim === data.shape[i]);
    if (fits && valueTypeOf(data) === value.dtype) continue;
    const wanted = `${value.dtype} ${formatShape(value.shape)}`;
    throw new RangeError(
      `writeOnnx: initializer ${name} must be ${wanted}, got ${data.dtype} ${formatShape(data.shape)}`,
    );
  }
}

interface NodeContext {
  readonly used: ReadonlySet<string>;
  readonly real: RealDType;
}

function nodeMessage(node: Node, index: number, { used, real }: NodeContext): NodeMessage {
  const colon = node.op.indexOf(":");
  const opType = node.op.slice(colon + 1);
  const required = OPTIONAL_OUTPUTS.get(node.op) ?? node.outputs.length;
  const output = node.outputs.map((name, i) => (i < required || used.has(name) ? name : ""));
  while (output.at(-1) === "") output.pop();
  const input = [...node.inputs];
  while (input.at(-1) === "") input.pop();
  return {
    input,
    output,
    name: `${opType}_${index}`,
    opType,
    domain: colon < 0 ? "" : node.op.slice(0, colon),
    attribute: attributeMessages(opType, node.attributes, real),
  };
}

/** Attributes in the order of their names. */
function attributeMessages(opType: string, attributes: Attributes, real: RealDType): AttributeMessage[] {
  const names = Object.keys(attributes).sort();
  return names.map((name) => {
    const value = attributes[name];
    if (opType === "Cast" && name === "to")
      return attributeMessage(name, DATA_TYPE[dtypeOf(value as ValueType, real)], real);
    return attributeMessage(name, value, real);
  });
}

function attributeMessage(name: string, value: Attribute, real: RealDType): AttributeMessage {
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === "number") {
    const float = FLOAT_ATTRIBUTES.has(name) || !Number.isInteger(value);
    return float ? { name, type: ATTRIBUTE_TYPE.FLOAT, f: value } : { name, type: ATTRIBUTE_TYPE.INT, i: value };
  }
  if ("dtype" in value) return { name, type: ATTRIBUTE_TYPE.TENSOR, t: tensorMessage("", value, real) };
  return { name, type: ATTRIBUTE_TYPE.INTS, ints: [...value] };
}

function opsets(nodes: readonly NodeMessage[]): { domain: string; version: number }[] {
  const others = [...new Set(nodes.map((node) => node.domain ?? ""))].filter((domain) => domain !== "").sort();
  return [{ domain: "", version: OPSET }, ...others.map((domain) => ({ domain, version: 1 }))];
}

function valueInfo({ name, dtype, shape }: Value, real: RealDType) {
  return { name, type: { tensorType: { elemType: DATA_TYPE[dtypeOf(dtype, real)], shape: { dim: dimsOf(shape) } } } };
}

const dimsOf = (shape: Shape) => shape.map((dim) => (isBatch(dim) ? { dimParam: dim } : { dimValue: dim }));
