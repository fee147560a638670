// The graph that the operator suite runs: the operator with its first and second derivatives, forward and reverse.

import { jvp } from "../../src/differentiate/forward.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { differentiable, isFed, type OperatorCase } from "./operator-case.ts";

export interface BuiltCase {
  readonly b: GraphBuilder;
  /** The operator's inputs: graph inputs named x0, x1, ..., or constants. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  /** The inputs that are differentiated, and their positions. */
  readonly roots: readonly Value[];
  readonly positions: readonly number[];
}

/** The operator alone. */
export function buildCase(c: OperatorCase): BuiltCase {
  const b = new GraphBuilder();
  const inputs = c.inputs.map((input, i) => {
    if (!input) return undefined;
    const { dtype } = input.data;
    if (!isFed(c, i)) return b.constant(input.data);
    const value = b.input(`x${i}`, dtype === "float64" ? "real" : (dtype as Value["dtype"]), input.shape);
    return input.asShape ? b.op("Shape", [value]) : value;
  });
  const outputs = b.ops(c.op, inputs, c.attributes ?? {});
  const positions = differentiable(c);
  return { b, inputs, outputs, positions, roots: positions.map((i) => inputs[i]!) };
}

/**
 * Outputs y0, ...; for x -> y with tangents t and cotangents u: `jvp K` = J t of output K, `vjp I` = J^T u for input I, `second I` = d/dx
 * (J^T u) t by forward over reverse, `reverse I` = the same by reverse over reverse. What is zero by rule is left out.
 */
export function derivativeGraph(c: OperatorCase): Graph {
  const { b, outputs, positions, roots } = buildCase(c);
  const named: Record<string, Value> = {};
  const keep = (name: string, value: Value | undefined): void => {
    if (value) named[name] = value;
  };
  outputs.forEach((y, k) => {
    keep(`y${k}`, y);
  });
  const real = outputs.flatMap((y, k) => (y.dtype === "real" ? [{ y, k }] : []));
  const tangents = roots.map((value, n) => ({ value, tangent: b.input(`t${positions[n]}`, "real", value.shape) }));
  const seeds = real.map(({ y, k }) => ({ value: y, cotangent: b.input(`u${k}`, "real", y.shape) }));
  const forward = jvp(
    b,
    tangents,
    real.map(({ y }) => y),
  );
  forward.forEach((value, n) => {
    keep(`jvp ${real[n].k}`, value);
  });
  const backward = vjp(b, seeds, roots);
  const reached = [...roots.keys()].filter((n) => backward[n]);
  const gradients = reached.map((n) => backward[n]!);
  const second = jvp(b, tangents, gradients);
  const twice = vjp(
    b,
    reached.map((n) => ({ value: backward[n]!, cotangent: tangents[n].tangent })),
    roots,
  );
  positions.forEach((i, n) => {
    keep(`vjp ${i}`, backward[n]);
    keep(`second ${i}`, second[reached.indexOf(n)]);
    keep(`reverse ${i}`, twice[n]);
  });
  return b.build(named);
}
