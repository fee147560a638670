// Reads an .onnx file (opsets 7 to 22) as a graph in opset-18 form whose parameters are inputs.

import { InvalidModelError, isPathkernelError, UnsupportedError } from "../../errors.ts";
import { type RealDType, type Tensor, toReal } from "../../numeric/tensor.ts";
import { GraphBuilder } from "../builder.ts";
import { BATCH, formatShape, isBatch } from "../dim.ts";
import { withoutDropout } from "../dropout.ts";
import type { Graph, Value } from "../types.ts";
import { graphsIn, namesReadBy, withInner } from "./branches.ts";
import { convertNodes } from "./convert.ts";
import { exampleInput } from "./example-input.ts";
import {
  decodeModel,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  toNumber,
} from "./proto.ts";
import { type ImportedParameter, type Roles, rolesOf } from "./roles.ts";
import { readTensor, valueTypeOf } from "./tensor-message.ts";

export interface ReadOptions {
  /** Name of the file, for messages. */
  readonly name: string;
  /** A regular expression: initializers whose name it matches anywhere are the parameters. */
  readonly parameters?: string | undefined;
  /** Values that initializers of these names take instead of those in the file, of the same kind and shape; other names are passed over. */
  readonly values?: ReadonlyMap<string, Tensor> | undefined;
}

export interface ImportedGraph {
  /** Inputs: `x`, whose first axis is the batch, then the parameters; output: `y`. For evaluation: without dropout. */
  readonly graph: Graph;
  /** The same with its `Dropout` nodes in training mode, which can be neither run nor differentiated; `graph` itself where it has none. */
  readonly stored: Graph;
  readonly parameters: readonly ImportedParameter[];
  /** What was decided on the way, one line each. */
  readonly notes: readonly string[];
}

const OLDEST_OPSET = 7;
const NEWEST_OPSET = 22;

/**
 * The graph of an .onnx file, for evaluation: y = f(x; parameters).
 *
 * Older and newer operator forms become opset 18, operators without derivatives of their own become compositions, sizes are inferred,
 * single float32 numbers become the shortest decimals that round to them. Without `parameters`, float initializers that reach the
 * output are parameters, except aliases, folded copies, normalisation statistics and masks (see `notes`).
 *
 * Throws UnsupportedError naming every operator that cannot be read, its nodes and what to do; InvalidModelError for bytes that are
 * no ONNX model; RangeError for a `parameters` that is no regular expression or matches nothing.
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions): ImportedGraph {
  const pattern = options.parameters === undefined ? undefined : patternOf(options.parameters);
  try {
    return importModel(decode(bytes), pattern, options.values ?? new Map());
  } catch (error) {
    throw withFileName(error, options.name);
  }
}

function patternOf(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    throw new RangeError(`readOnnx: parameters must be a regular expression, got ${source}`, { cause: error });
  }
}

function withFileName(error: unknown, name: string): unknown {
  if (!isPathkernelError(error)) return error;
  const message = `${name}: ${error.message}`;
  const options = { hint: error.hint, cause: error };
  return isPathkernelError(error, "Unsupported")
    ? new UnsupportedError(message, options)
    : new InvalidModelError(message, options);
}

// What people hand in instead of a model, by its first bytes.
const STRANGERS: readonly (readonly [start: string, what: string])[] = [
  ["PK", "a zip archive (a PyTorch checkpoint is one: export the model with torch.onnx.export)"],
  ["version https://git-lfs", "a Git LFS pointer (fetch the file itself with git lfs pull)"],
  ["\x93NUMPY", "a NumPy array"],
  ["\x89HDF", "an HDF5 file (convert a Keras model with tf2onnx)"],
  ["<", "a text document"],
];

function decode(bytes: Uint8Array): ModelMessage {
  const start = String.fromCharCode(...bytes.subarray(0, 32));
  const stranger = STRANGERS.find(([prefix]) => start.startsWith(prefix))?.[1];
  if (stranger) throw new InvalidModelError(`the file must be an ONNX model, got ${stranger}`);
  try {
    // A plain view: protobuf reads Node's buffers by another path, which forgives strings that are cut off.
    return decodeModel(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    const size = `${bytes.length} bytes`;
    throw new InvalidModelError(`the file must be an ONNX model, got ${size} that are cut off or of another format`, {
      cause: error,
    });
  }
}

/** Graphs within graphs: exporters write one or two. */
const MOST_DEPTH = 32;

function requireShallow(graph: GraphMessage): void {
  let [level, depth] = [[graph], 0];
  while (level.length > 0) {
    if (++depth > MOST_DEPTH) {
      throw new UnsupportedError(`branches must lie at most ${MOST_DEPTH - 1} deep within each other, got more`);
    }
    level = level.flatMap(({ node }) => (node ?? []).flatMap(graphsIn));
  }
}

function opsetOf(model: ModelMessage): number {
  const opset = model.opsetImport?.find(({ domain }) => !domain || domain === "ai.onnx");
  if (!opset) throw new InvalidModelError("the file must name its operator set, got none (is it cut off?)");
  const version = toNumber(opset.version);
  if (version >= OLDEST_OPSET && version <= NEWEST_OPSET) return version;
  throw new UnsupportedError(`the operator set must be ${OLDEST_OPSET} to ${NEWEST_OPSET}, got ${version}`, {
    hint: "export the model with opset_version=17",
  });
}

/** The nodes that an output needs, in the file's order. */
function liveNodes(graph: GraphMessage, output: string): NodeMessage[] {
  const needed = new Set([output]);
  const nodes: NodeMessage[] = [];
  for (const node of [...(graph.node ?? [])].reverse()) {
    if (!node.output?.some((name) => name !== "" && needed.has(name))) continue;
    for (const name of namesReadBy(node)) needed.add(name);
    nodes.push(node);
  }
  return nodes.reverse();
}

/** The array given for an initializer, or the file's own. */
function valueGivenFor(message: TensorMessage, given: ReadonlyMap<string, Tensor>): Tensor {
  const own = readTensor(message, `initializer ${message.name}`);
  const value = given.get(message.name ?? "");
  if (value === undefined) return own;
  if (valueTypeOf(own) === valueTypeOf(value) && own.shape.join() === value.shape.join()) return value;
  const [must, got] = [own, value].map((tensor) => `${valueTypeOf(tensor)} [${tensor.shape}]`);
  throw new InvalidModelError(`the value given for initializer ${message.name} must be ${must}, got ${got}`);
}

/** The initializers that the nodes read. */
function initializersOf(
  graph: GraphMessage,
  nodes: readonly NodeMessage[],
  given: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const read = new Set(nodes.flatMap(namesReadBy));
  const sparse = graph.sparseInitializer?.map(({ values }) => values?.name ?? "") ?? [];
  const refused = sparse.find((name) => read.has(name));
  if (refused !== undefined) throw new UnsupportedError(`initializer ${refused} must be dense, got a sparse one`);
  const messages = (graph.initializer ?? []).filter(({ name }) => name && read.has(name));
  return new Map(messages.map((message) => [message.name ?? "", valueGivenFor(message, given)]));
}

/** The names of the input and the output, and the one that no object of JavaScript can hold. */
const TAKEN: ReadonlySet<string> = new Set(["x", "y", "__proto__"]);

/** Declares the parameters; those whose names are taken get another. */
function declareParameters(
  b: GraphBuilder,
  roles: Roles,
): { values: Map<string, Value>; parameters: ImportedParameter[] } {
  const names = new Set([...TAKEN, ...roles.parameters.map(({ name }) => name)]);
  const values = new Map<string, Value>();
  const parameters = roles.parameters.map((parameter) => {
    let name = parameter.name;
    while (TAKEN.has(name) || (name !== parameter.name && names.has(name))) name = `${name}_`;
    values.set(parameter.name, b.input(name, "real", parameter.shape));
    return { ...parameter, name };
  });
  return { values, parameters };
}

function importModel(
  model: ModelMessage,
  pattern: RegExp | undefined,
  given: ReadonlyMap<string, Tensor>,
): ImportedGraph {
  const { graph } = model;
  const outputs = graph?.output?.map(({ name }) => name ?? "") ?? [];
  if (!graph || outputs.length === 0)
    throw new InvalidModelError("the file must be an ONNX model with an output, got none (is it cut off?)");
  requireShallow(graph);
  const opset = opsetOf(model);
  const nodes = liveNodes(graph, outputs[0]);
  const initializers = initializersOf(graph, nodes, given);
  const example = exampleInput(graph);
  const roles = rolesOf(withInner(nodes), initializers, pattern);
  const b = new GraphBuilder();
  const x = b.input("x", example.dtype, example.shape);
  const { values, parameters } = declareParameters(b, roles);
  const known = new Map([...values, [example.name, x]]);
  const { detached } = roles;
  const notes = [...example.notes, ...roles.notes];
  if (outputs.length > 1) notes.push(`outputs after the first are left out: ${outputs.slice(1).join(", ")}`);
  const converted = convertNodes({
    b,
    nodes,
    opset,
    output: outputs[0],
    values: known,
    initializers,
    detached,
    freedBatch: example.freedBatch,
  });
  const y = checkedOutput(converted.values.get(outputs[0]), outputs[0]);
  const stored = b.build({ y });
  return { graph: withoutDropout(stored), stored, parameters, notes: [...notes, ...converted.notes] };
}

function checkedOutput(y: Value | undefined, name: string): Value {
  if (!y) throw new InvalidModelError(`output ${name} must be written by a node, got none that does`);
  if (y.dtype !== "real") throw new UnsupportedError(`output ${name} must be real numbers, got ${y.dtype}`);
  if (y.shape[0] === BATCH && !y.shape.slice(1).some(isBatch)) return y;
  throw new UnsupportedError(
    `output ${name} must have the batch axis first and only there, got ${formatShape(y.shape)}`,
    {
      hint: "export the model with a free batch axis (dynamic_axes) and without reductions over the batch",
    },
  );
}

/** The parameters' values in one dtype, by name. */
export function initialValues<D extends RealDType>(
  parameters: readonly ImportedParameter[],
  dtype: D,
): Record<string, Tensor<D>> {
  return Object.fromEntries(parameters.map(({ name, data }) => [name, toReal(data, dtype)]));
}
