// Converts the nodes of a file one after another, collecting what cannot be read instead of stopping at the first.

import { InvalidModelError, isPathkernelError } from "../../errors.ts";
import type { Tensor } from "../../numeric/tensor.ts";
import type { GraphBuilder } from "../builder.ts";
import { shapeRules } from "../shapes/registry.ts";
import type { Value } from "../types.ts";
import { readAttributes } from "./attribute-message.ts";
import { namesReadBy, takenBranch } from "./branches.ts";
import { converters } from "./converters/registry.ts";
import { decimalScalar } from "./converters/structure.ts";
import { fold } from "./fold.ts";
import type { ImportNode } from "./import-node.ts";
import type { NodeMessage } from "./proto.ts";
import { type Refusal, reasonFor, refusalError } from "./refusals.ts";
import { sequenceConverters } from "./sequences.ts";
import { readTensor } from "./tensor-message.ts";

export interface ConvertOptions {
  readonly b: GraphBuilder;
  readonly nodes: readonly NodeMessage[];
  readonly opset: number;
  /** Name of the output in the file. */
  readonly output: string;
  /** Values that are there from the start, by their name in the file. */
  readonly values: ReadonlyMap<string, Value>;
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Values that are constants although a node writes them. */
  readonly detached: ReadonlyMap<string, Tensor>;
  readonly freedBatch: boolean;
}

interface State extends ConvertOptions {
  /** Names that had a value from the start. */
  readonly given: ReadonlySet<string>;
  readonly values: Map<string, Value>;
  readonly sequences: Map<string, readonly Value[]>;
  /** Names that depend on a node that could not be read. */
  readonly lost: Set<string>;
  readonly read: ReadonlySet<string>;
  readonly refusals: Refusal[];
  readonly notes: Set<string>;
}

function operatorOf({ domain, opType }: NodeMessage): string {
  return domain && domain !== "ai.onnx" ? `${domain}:${opType}` : (opType ?? "");
}

const labelOf = (node: NodeMessage): string => node.name || node.output?.find((name) => name !== "") || "?";

/** The value of a name; constants appear when they are first read. */
function lookUp(state: State, name: string, reader: string): Value | undefined {
  if (name === "") return undefined;
  const value = state.values.get(name);
  if (value) return value;
  const data = state.initializers.get(name);
  if (!data)
    throw new InvalidModelError(`node "${reader}" reads ${name}, which no input, initializer or earlier node gives`);
  // Scalars are settings that a person wrote; larger arrays keep their bits.
  const constant = state.b.constant(data.shape.length === 0 ? decimalScalar(data) : data);
  state.values.set(name, constant);
  return constant;
}

function importNode(state: State, message: NodeMessage): ImportNode {
  const { b, opset, freedBatch } = state;
  const names = [...(message.input ?? [])];
  while (names.at(-1) === "") names.pop();
  return {
    b,
    op: operatorOf(message),
    opset,
    freedBatch,
    inputs: names.filter((name) => !state.sequences.has(name)).map((name) => lookUp(state, name, labelOf(message))),
    attributes: readAttributes(message),
    outputsRead: (message.output ?? []).map((name) => name !== "" && state.read.has(name)),
    note: (text) => state.notes.add(text),
  };
}

function outputsOf(node: ImportNode): readonly Value[] {
  const folded = fold(node);
  if (folded) return [folded];
  return converters.get(node.op)?.(node) ?? node.b.ops(node.op, node.inputs, node.attributes);
}

/** The nodes of the branch that is taken, in place of the If. */
function convertBranch(state: State, message: NodeMessage): void {
  const [condition] = message.input ?? [];
  const branch = takenBranch(state.b, message, lookUp(state, condition ?? "", labelOf(message)));
  for (const tensor of branch.initializer ?? []) {
    const name = tensor.name ?? "";
    state.values.set(name, state.b.constant(readTensor(tensor, `initializer ${name}`)));
  }
  for (const inner of branch.node ?? []) convertOrRefuse(state, inner);
  const results = branch.output?.map(({ name }) => name ?? "") ?? [];
  message.output?.forEach((name, i) => {
    const result = results[i] ?? "";
    if (state.lost.has(result)) state.lost.add(name);
    else if (name !== "") state.values.set(name, lookUp(state, result, labelOf(message)) as Value);
  });
}

/** A list of values behind one name, or a value that was made of one. */
function convertSequence(state: State, message: NodeMessage): void {
  const [source, result] = [message.input?.[0] ?? "", message.output?.[0] ?? ""];
  const convert = sequenceConverters.get(operatorOf(message))!;
  const made = convert(importNode(state, message), state.sequences.get(source) ?? []);
  if ("name" in made) state.values.set(result, made);
  else state.sequences.set(result, made);
}

function convertPlain(state: State, message: NodeMessage): void {
  const node = importNode(state, message);
  const outputs = outputsOf(node);
  message.output?.forEach((name, i) => {
    if (name === "" || state.given.has(name)) return;
    if (state.values.has(name))
      throw new InvalidModelError(`node "${labelOf(message)}" writes ${name}, which has a value already`);
    const detached = state.detached.get(name);
    const value = detached ? state.b.constant(detached) : outputs[i];
    if (value) state.values.set(name, value);
    else if (node.outputsRead[i]) throw new InvalidModelError(`${node.op} has no output ${i}`);
  });
}

function convertNode(state: State, message: NodeMessage): void {
  const op = operatorOf(message);
  if (op === "If") convertBranch(state, message);
  else if (sequenceConverters.has(op)) convertSequence(state, message);
  else convertPlain(state, message);
}

/** Records what is not supported, throws what is broken. */
function refuse(state: State, message: NodeMessage, error: unknown): void {
  const [op, node] = [operatorOf(message), labelOf(message)];
  if (isPathkernelError(error, "Unsupported")) {
    const why = error.message.startsWith(`${op}: `) ? error.message.slice(op.length + 2) : error.message;
    state.refusals.push({ op, node, why, hint: error.hint });
    return;
  }
  if (isPathkernelError(error, "InvalidModel", "ShapeMismatch")) {
    const text = error.message.startsWith(op) ? error.message : `${op}: ${error.message}`;
    throw new InvalidModelError(error.message.startsWith("node ") ? error.message : `node "${node}": ${text}`, {
      cause: error,
    });
  }
  // A shape rule that meets inputs or attributes that its operator cannot have.
  if (error instanceof TypeError || error instanceof RangeError) {
    throw new InvalidModelError(`node "${node}": ${op} must have the inputs and attributes of its operator set`, {
      cause: error,
    });
  }
  throw error;
}

/** Whether there is a way to read an operator; what its node holds may still be refused. */
const isReadable = (op: string): boolean =>
  op === "If" || [converters, shapeRules, sequenceConverters].some((known) => known.has(op));

/** Builds one node, or records why it cannot be read. */
function convertOrRefuse(state: State, message: NodeMessage): void {
  const op = operatorOf(message);
  const unknown = !isReadable(op);
  if (unknown) state.refusals.push({ op, node: labelOf(message), ...reasonFor(op) });
  if (unknown || message.input?.some((name) => state.lost.has(name))) {
    for (const name of message.output ?? []) state.lost.add(name);
    return;
  }
  try {
    convertNode(state, message);
  } catch (error) {
    refuse(state, message, error);
    for (const name of message.output ?? []) state.lost.add(name);
  }
}

/**
 * Builds all nodes; gives every value by its name in the file.
 *
 * Throws one UnsupportedError that names every operator that cannot be read; nodes that depend on one are left out of the count.
 */
export function convertNodes(options: ConvertOptions): {
  values: ReadonlyMap<string, Value>;
  notes: readonly string[];
} {
  const read = new Set([options.output, ...options.nodes.flatMap(namesReadBy)]);
  const given = new Set(options.values.keys());
  const values = new Map(options.values);
  const [sequences, lost, notes] = [new Map<string, readonly Value[]>(), new Set<string>(), new Set<string>()];
  const state: State = { ...options, values, sequences, given, read, lost, refusals: [], notes };
  for (const message of options.nodes) convertOrRefuse(state, message);
  if (state.refusals.length > 0) throw refusalError(state.refusals);
  return { values: state.values, notes: [...state.notes] };
}
