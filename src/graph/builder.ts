// Builds graphs node by node: infers shapes at once, merges equal nodes, folds known integers, drops dead nodes at the end.

import { InvalidModelError, isPathkernelError, ShapeMismatchError, UnsupportedError } from "../errors.ts";
import { integers, reals, type Tensor, tensor } from "../numeric/tensor.ts";
import { type Dim, faultOfShape, formatShape, isBatch, type Shape } from "./dim.ts";
import { FOLDED_LENGTH } from "./shapes/known.ts";
import { otherShapeRules, shapeRules } from "./shapes/registry.ts";
import type { Attributes, Graph, ResultType, Value, ValueType } from "./types.ts";

/** A node under construction: its values instead of their names. */
export interface BuiltNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

const typeOfConstant = (constant: Tensor): ValueType =>
  constant.dtype === "float32" || constant.dtype === "float64"
    ? "real"
    : constant.dtype === "uint8"
      ? "int32"
      : constant.dtype;

/** The first input that an operator may lack; engines die of those that must be there. */
const OPTIONAL_INPUTS: ReadonlyMap<string, number> = new Map([
  ["Clip", 1],
  ["Slice", 3],
  ["Pad", 2],
  ["Split", 1],
  ["Squeeze", 1],
  ["Gemm", 2],
  ["Conv", 2],
  ["ConvTranspose", 2],
]);

const firstOptional = (op: string, inputs: number): number =>
  OPTIONAL_INPUTS.get(op) ?? (op.startsWith("Reduce") ? 1 : inputs);

/** Mutable while it is filled, gone once `build` has made the immutable graph. */
export class GraphBuilder {
  readonly nodes: BuiltNode[] = [];
  private readonly inputs: Value[] = [];
  private readonly constants = new Map<string, Tensor>();
  private readonly knownInts = new Map<string, Shape>();
  private readonly merged = new Map<string, readonly Value[]>();
  private readonly names = new Set<string>();
  private readonly producers = new Map<string, BuiltNode>();
  private counter = 0;

  /** Declares an input of the graph. */
  input(name: string, dtype: ValueType, shape: Shape): Value {
    if (this.names.has(name)) throw new RangeError(`GraphBuilder.input: names must be distinct, got ${name} twice`);
    this.names.add(name);
    const fault = faultOfShape(shape);
    if (fault) throw new UnsupportedError(`input ${name} ${fault}`);
    const value = { name, dtype, shape };
    this.inputs.push(value);
    return value;
  }

  /** A fixed tensor; equal small ones are one value. */
  constant(constant: Tensor): Value {
    const dtype = typeOfConstant(constant);
    const key = constant.data.length <= 64 ? `${dtype}[${constant.shape}]${constant.data.join()}` : undefined;
    const known = key === undefined ? undefined : this.merged.get(key);
    if (known) return known[0];
    const value: Value = { name: this.freshName("%c"), dtype, shape: constant.shape };
    const data =
      constant.dtype === "float32"
        ? tensor("float64", constant.shape, Float64Array.from(constant.data as Float32Array))
        : constant;
    this.constants.set(value.name, data);
    if (constant.dtype === "int64" && constant.data.length <= 64) {
      this.knownInts.set(value.name, Array.from(constant.data as BigInt64Array, Number));
    }
    if (key !== undefined) this.merged.set(key, [value]);
    return value;
  }

  /** A real number of rank 0. */
  scalar(value: number): Value {
    return this.constant(reals([], [value]));
  }

  /** A list of int64 of rank 1. */
  ints(values: readonly number[]): Value {
    return this.constant(integers([values.length], values));
  }

  /** The tensor behind a constant value. */
  constantOf(value: Value): Tensor | undefined {
    return this.constants.get(value.name);
  }

  /** The numbers inside an integer value where they are known; they may contain the batch axis. */
  intsOf(value: Value): Shape | undefined {
    return this.knownInts.get(value.name);
  }

  /** The node that gives a value; undefined for inputs and constants. */
  producerOf(value: Value): BuiltNode | undefined {
    return this.producers.get(value.name);
  }

  /** Appends an operator with one output. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.ops(op, inputs, attributes)[0];
  }

  /** Appends an operator and gives all its outputs; an equal node that is already there is used again. */
  ops(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): readonly Value[] {
    const key = `${op}(${inputs.map((input) => input?.name ?? "").join()})${JSON.stringify(attributes, plainTypedArrays)}`;
    const known = this.merged.get(key);
    if (known) return known;
    const outputs = this.infer(op, inputs, attributes).map((result) => this.valueFor(result));
    if (outputs.some((output) => !this.constants.has(output.name))) this.append({ op, inputs, outputs, attributes });
    this.merged.set(key, outputs);
    return outputs;
  }

  /** Copies a graph in, with its inputs bound to values of this builder; gives every value of the graph by its old name. */
  inline(graph: Graph, bindings: Readonly<Record<string, Value>>): Map<string, Value> {
    const values = new Map<string, Value>();
    for (const name of graph.inputs) {
      const bound = bindings[name];
      if (!bound)
        throw new RangeError(
          `GraphBuilder.inline: input ${name} must be bound, got ${Object.keys(bindings).join(", ")}`,
        );
      values.set(name, bound);
    }
    for (const [name, constant] of graph.constants) values.set(name, this.constant(constant));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
      const outputs = this.ops(node.op, inputs, node.attributes);
      node.outputs.forEach((name, i) => {
        values.set(name, outputs[i]);
      });
    }
    return values;
  }

  /** The immutable graph with these outputs, without nodes that none of them needs. */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    const rename = new Map<string, string>();
    const finals: Value[] = [];
    for (const [name, value] of Object.entries(outputs)) finals.push(this.nameOutput(name, value, rename));
    const nameOf = (value: Value | undefined): string => (value ? (rename.get(value.name) ?? value.name) : "");
    const { nodes, needed } = this.liveNodes(finals);
    const values = new Map<string, Value>();
    const keep = (value: Value | undefined): void => {
      if (value) values.set(nameOf(value), { ...value, name: nameOf(value) });
    };
    for (const input of this.inputs) keep(input);
    for (const node of nodes) [...node.inputs, ...node.outputs].forEach(keep);
    finals.forEach(keep);
    return {
      inputs: this.inputs.map((input) => input.name),
      outputs: finals.map(nameOf),
      nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) })),
      values,
      constants: new Map(
        [...this.constants].filter(([name]) => needed.has(name)).map(([name, c]) => [rename.get(name) ?? name, c]),
      ),
    };
  }

  /** Gives a value its output name; what already has a name of its own (input, constant, other output) passes through Identity. */
  private nameOutput(name: string, value: Value, rename: Map<string, string>): Value {
    if (value.name === name) return value;
    if (this.names.has(name))
      throw new RangeError(`GraphBuilder.build: output ${name} must not have the name of an input`);
    const taken = rename.has(value.name) || this.names.has(value.name) || this.constants.has(value.name);
    const final = taken ? this.identity(value) : value;
    rename.set(final.name, name);
    return final;
  }

  /** A node that copies a value, never merged with another. */
  private identity(value: Value): Value {
    const output = { ...value, name: this.freshName("%v") };
    this.append({ op: "Identity", inputs: [value], outputs: [output], attributes: {} });
    return output;
  }

  private append(node: BuiltNode): void {
    this.nodes.push(node);
    for (const { name } of node.outputs) this.producers.set(name, node);
  }

  private liveNodes(outputs: readonly Value[]): { nodes: BuiltNode[]; needed: Set<string> } {
    const needed = new Set(outputs.map((output) => output.name));
    const nodes: BuiltNode[] = [];
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const node = this.nodes[i];
      if (!node.outputs.some((output) => needed.has(output.name))) continue;
      for (const input of node.inputs) if (input) needed.add(input.name);
      nodes.push(node);
    }
    return { nodes: nodes.reverse(), needed };
  }

  private infer(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes): readonly ResultType[] {
    const rule = shapeRules.get(op) ?? otherShapeRules.get(op);
    if (!rule)
      throw new UnsupportedError(`operator ${op} is not supported`, {
        hint: "rewrite the model without it, or open an issue naming it",
      });
    const absent = inputs.findIndex((input, i) => input === undefined && i < firstOptional(op, inputs.length));
    if (absent >= 0) throw new ShapeMismatchError(`${op} must have an input ${absent}, got none`);
    const ints = (i: number): Shape | undefined => {
      const input = inputs[i];
      return input && this.knownInts.get(input.name);
    };
    try {
      return rule({ op, inputs, attributes, ints }).map(bounded);
    } catch (error) {
      if (!isPathkernelError(error, "ShapeMismatch")) throw error;
      const shapes = inputs.map((input) => (input ? formatShape(input.shape) : "absent")).join(", ");
      throw new ShapeMismatchError(`${op}(${shapes}): ${error.message}`, { cause: error });
    }
  }

  private valueFor(result: ResultType): Value {
    if (
      result.ints &&
      !result.ints.some(isBatch) &&
      result.dtype === "int64" &&
      result.shape.every((dim) => !isBatch(dim))
    ) {
      return this.constant(integers(result.shape as readonly number[], result.ints as readonly number[]));
    }
    const value = { name: this.freshName("%v"), dtype: result.dtype, shape: result.shape };
    if (result.ints) this.knownInts.set(value.name, result.ints);
    return value;
  }

  private freshName(prefix: string): string {
    let name: string;
    do name = `${prefix}${this.counter++}`;
    while (this.names.has(name));
    return name;
  }
}

/** A result whose axes can be, and whose numbers are few and exact enough to be followed. */
function bounded(result: ResultType): ResultType {
  const fault = faultOfShape(result.shape);
  if (fault) throw new ShapeMismatchError(`the result ${fault}`);
  const { ints } = result;
  if (!ints || (ints.length <= FOLDED_LENGTH && ints.every(isFollowed))) return result;
  return { ...result, ints: undefined };
}

/** The largest int64 stands for "to the end", and is no exact number. */
const isFollowed = (dim: Dim): boolean => isBatch(dim) || (Number.isInteger(dim) && Math.abs(dim) <= 2 ** 63);

function plainTypedArrays(_key: string, value: unknown): unknown {
  if (value instanceof BigInt64Array) return Array.from(value, String);
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}

/** The value of a graph by name; InvalidModelError when there is none. */
export function valueIn(graph: Graph, name: string): Value {
  const value = graph.values.get(name);
  if (!value) throw new InvalidModelError(`the graph must have a value ${name}`);
  return value;
}

/** A fresh builder that holds a copy of a graph, with its inputs under their own names. */
export function builderOf(graph: Graph): {
  readonly b: GraphBuilder;
  readonly inputs: Readonly<Record<string, Value>>;
  /** Every value of the graph by its old name. */
  readonly values: ReadonlyMap<string, Value>;
} {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of graph.inputs) {
    const { dtype, shape } = valueIn(graph, name);
    inputs[name] = b.input(name, dtype, shape);
  }
  return { b, inputs, values: b.inline(graph, inputs) };
}
