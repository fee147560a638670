// What differentiation knows of an operator: its reverse, forward, per-example and switching rules.

import { UnsupportedError } from "../errors.ts";
import type { BuiltNode, GraphBuilder } from "../graph/builder.ts";
import type { Shape } from "../graph/dim.ts";
import type { Value } from "../graph/types.ts";
import type { Factor } from "./factor.ts";

/** One node seen by a rule, with the builder that the rule writes to. */
export interface RuleContext extends BuiltNode {
  readonly b: GraphBuilder;
}

type Maybe = Value | undefined;

/** Reverse mode: cotangents of the outputs -> cotangents of the inputs (undefined where `needs` is false or it is zero). */
export type VjpRule = (node: RuleContext, cotangents: readonly Maybe[], needs: readonly boolean[]) => readonly Maybe[];

/** Forward mode: tangents of the inputs -> tangents of the outputs (undefined means zero). */
export type JvpRule = (node: RuleContext, tangents: readonly Maybe[]) => readonly Maybe[];

/**
 * Per-example derivative with respect to input `input`, which does not depend on the examples, while the output does:
 * unmultiplied factors for each example. Undefined where this node has no fast form (the caller falls back to VJPs at N = 1).
 */
export type FactorRule = (node: RuleContext, input: number, cotangent: Value) => Factor | undefined;

/** Functions whose sign changes are exactly where a piecewise operator changes its piece. */
export type SwitchRule = (node: RuleContext) => readonly Value[];

export interface OperatorRules {
  /** Absent: the operator has derivative zero everywhere it has one (comparisons, Sign, Shape, integer operators). */
  readonly vjp?: VjpRule;
  readonly jvp?: JvpRule;
  readonly factor?: FactorRule;
  readonly switches?: SwitchRule;
}

export type RuleTable = Readonly<Record<string, OperatorRules>>;

/** The integers inside input i; UnsupportedError when they are not fixed. */
export function intsOfInput(node: RuleContext, i: number): Shape {
  const input = node.inputs[i];
  const ints = input && node.b.intsOf(input);
  if (!ints) throw new UnsupportedError(`${node.op}: input ${i} must hold fixed integers to be differentiated`);
  return ints;
}

/** A numeric attribute with its ONNX default. */
export function numberAttribute(node: Pick<BuiltNode, "attributes">, name: string, fallback: number): number {
  const value = node.attributes[name];
  return typeof value === "number" ? value : fallback;
}

/** A list attribute with its ONNX default. */
export function listAttribute(
  node: Pick<BuiltNode, "attributes">,
  name: string,
  fallback: readonly number[],
): readonly number[] {
  const value = node.attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : fallback;
}
