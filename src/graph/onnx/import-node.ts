// One node of a file while it is read: its inputs as values of the builder, and what converters ask of it.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import type { Tensor } from "../../numeric/tensor.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Shape } from "../dim.ts";
import type { Attributes, Value } from "../types.ts";

export interface ImportNode {
  readonly b: GraphBuilder;
  /** Operator name; those of other domains as `domain:Op`. */
  readonly op: string;
  /** Version of the operator set that the file uses. */
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** For each output that the file names, whether anything reads it. */
  readonly outputsRead: readonly boolean[];
  /** The file fixes the batch axis to 1; we free it. */
  readonly freedBatch: boolean;
  note(text: string): void;
}

/** Builds what a node computes, in the opset-18 form; gives its outputs in order (those that nobody reads may be missing). */
export type Converter = (node: ImportNode) => readonly Value[];

/** Input i, which must be there. */
export function inputOf(node: ImportNode, i: number): Value {
  const input = node.inputs[i];
  if (!input) throw new InvalidModelError(`${node.op} must have an input ${i}, got ${node.inputs.length} inputs`);
  return input;
}

export function numberOf(node: ImportNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  return typeof value === "number" ? value : fallback;
}

export function listOf(node: ImportNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}

export function stringOf(node: ImportNode, name: string, fallback: string): string {
  const value = node.attributes[name];
  return typeof value === "string" ? value : fallback;
}

export function tensorOf(node: ImportNode, name: string): Tensor | undefined {
  const value = node.attributes[name];
  return typeof value === "object" && "dtype" in value ? value : undefined;
}

/** The attributes without those named. */
export function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** The integers of input i, or else of an attribute of older opsets; undefined when both are absent. */
export function intsOf(node: ImportNode, i: number, attribute: string): Shape | undefined {
  const input = node.inputs[i];
  if (!input) return listOf(node, attribute);
  const ints = node.b.intsOf(input);
  if (ints) return ints;
  throw new UnsupportedError(`${attribute} must be known before the model runs, got numbers that it computes`, {
    hint: "export the model with fixed sizes, only the batch axis may be dynamic",
  });
}

/** As `intsOf`, for numbers that must not depend on the batch size. */
export function fixedIntsOf(node: ImportNode, i: number, attribute: string): readonly number[] | undefined {
  const ints = intsOf(node, i, attribute);
  if (ints?.every((dim) => typeof dim === "number")) return ints as readonly number[];
  if (!ints) return undefined;
  throw new UnsupportedError(`${attribute} must not depend on the batch size, got [${ints}]`);
}

/** Refuses outputs from `first` on that something reads. */
export function refuseOutputs(node: ImportNode, first: number, why: string): void {
  if (node.outputsRead.some((read, i) => i >= first && read)) throw new UnsupportedError(why);
}
