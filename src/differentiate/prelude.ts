// What lies between a parameter and the value made of parameters only that meets the examples: the prelude of a use.

import { type BuiltNode, GraphBuilder } from "../graph/builder.ts";
import { isBatch } from "../graph/dim.ts";
import type { Graph, Value } from "../graph/types.ts";
import { jvp } from "./forward.ts";
import { liftLinear } from "./lift.ts";
import { vjp } from "./reverse.ts";

/** The way from one parameter to a value that is computed from parameters only (a transposed, normalised, merged weight). */
export interface Prelude {
  /** The elements of the parameter are only rearranged or left out, so that inner products of derivatives stay what they are. */
  readonly rearranges: boolean;
  /** LEAD (a tangent of the parameter) -> y (that of the value), and cotangents the other way; absent where both are one. */
  readonly graphs: { readonly forward: Graph; readonly backward: Graph } | undefined;
  /** The builder's values for the graphs' other inputs. */
  readonly fixed: ReadonlyMap<string, Value>;
}

// No exporter and no builder of ours gives a value this name.
const LEAD = "%lead";
const REARRANGING = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Transpose", "Slice"]);

/** Nothing lies between. */
export const NO_PRELUDE: Prelude = { rearranges: true, graphs: undefined, fixed: new Map() };

/** The nodes that a value is computed by, from parameters on, in the order of the graph. */
function nodesBehind(b: GraphBuilder, value: Value, ofParameters: ReadonlySet<string>, stops: ReadonlySet<string>) {
  const needed = new Set([value.name]);
  const nodes: BuiltNode[] = [];
  for (const node of b.nodes.slice().reverse()) {
    if (!node.outputs.some(({ name }) => needed.has(name) && !stops.has(name))) continue;
    nodes.unshift(node);
    for (const input of node.inputs) if (input && ofParameters.has(input.name)) needed.add(input.name);
  }
  return { nodes, parameters: [...stops].filter((name) => needed.has(name)) };
}

/** A builder with those nodes alone, over the parameters and whatever else they read as inputs. */
function apart(b: GraphBuilder, nodes: readonly BuiltNode[]): { scratch: GraphBuilder; values: Map<string, Value> } {
  const scratch = new GraphBuilder();
  const values = new Map<string, Value>();
  const made = new Set(nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const read = new Map(nodes.flatMap(({ inputs }) => inputs.flatMap((input) => (input ? [[input.name, input]] : []))));
  for (const [name, input] of read) {
    const constant = b.constantOf(input);
    if (!made.has(name) && !constant) values.set(name, scratch.input(name, input.dtype, input.shape));
  }
  for (const [name, input] of read) {
    const constant = b.constantOf(input);
    if (constant) values.set(name, scratch.constant(constant));
  }
  for (const { op, inputs, outputs, attributes } of nodes) {
    const results = scratch.ops(
      op,
      inputs.map((input) => input && values.get(input.name)),
      attributes,
    );
    outputs.forEach(({ name }, i) => {
      values.set(name, results[i]);
    });
  }
  return { scratch, values };
}

/** The graph from tangents of the parameter to those of the value, or from cotangents back. */
function linearised(
  b: GraphBuilder,
  nodes: readonly BuiltNode[],
  { value, parameter, forward }: { value: Value; parameter: string; forward: boolean },
): Graph | undefined {
  const { scratch, values } = apart(b, nodes);
  const [from, to] = [values.get(parameter)!, values.get(value.name)!];
  const lead = scratch.input(LEAD, "real", (forward ? from : to).shape);
  const [y] = forward
    ? jvp(scratch, [{ value: from, tangent: lead }], [to])
    : vjp(scratch, [{ value: to, cotangent: lead }], [from]);
  return y && scratch.build({ y });
}

/** Applied for each entry of a leading axis. */
function apply(
  b: GraphBuilder,
  lead: Value,
  { graphs, fixed }: Prelude,
  way: "forward" | "backward",
): Value | undefined {
  if (!graphs) return lead;
  return liftLinear(b, graphs[way], { bindings: new Map([...fixed, [LEAD, lead]]), lead: LEAD });
}

/** Whether both ways can be taken for many entries at once. */
function isLiftable(prelude: Prelude): boolean {
  return (["forward", "backward"] as const).every((way) => {
    const graph = prelude.graphs![way];
    const b = new GraphBuilder();
    const bindings = new Map<string, Value>();
    for (const name of graph.inputs) {
      const { dtype, shape } = graph.values.get(name)!;
      bindings.set(name, b.input(name, dtype, name === LEAD ? ["N", ...shape] : shape));
    }
    return liftLinear(b, graph, { bindings, lead: LEAD }) !== undefined;
  });
}

/**
 * The parameters that a value is made of, each with its prelude; undefined where one has no form for many examples at once.
 * `ofParameters` names the values that depend on `parameters`.
 */
export function preludesOf(
  b: GraphBuilder,
  value: Value,
  { parameters, ofParameters }: { parameters: ReadonlyMap<string, Value>; ofParameters: ReadonlySet<string> },
): { readonly parameter: Value; readonly prelude: Prelude }[] | undefined {
  const own = parameters.get(value.name);
  if (own) return [{ parameter: own, prelude: NO_PRELUDE }];
  if (value.shape.some(isBatch) || value.shape.includes(0)) return undefined;
  const { nodes, parameters: met } = nodesBehind(b, value, ofParameters, new Set(parameters.keys()));
  const read = nodes.flatMap(({ inputs }) => inputs.flatMap((input) => (input ? [[input.name, input] as const] : [])));
  const found = met.map((name) => {
    const [forward, backward] = [true, false].map((way) =>
      linearised(b, nodes, { value, parameter: name, forward: way }),
    );
    if (!forward || !backward) return undefined;
    const rearranges = nodes.every(({ op }) => REARRANGING.has(op));
    const prelude: Prelude = { rearranges, graphs: { forward, backward }, fixed: new Map(read) };
    return isLiftable(prelude) ? { parameter: parameters.get(name)!, prelude } : undefined;
  });
  return found.every((one) => one !== undefined) ? found : undefined;
}

/** Takes (lead, ...parameter shape) forward through a prelude, for each of the leading entries apart. */
export function throughPrelude(b: GraphBuilder, lead: Value, prelude: Prelude): Value {
  return apply(b, lead, prelude, "forward")!;
}

/** Takes per-example derivatives (N, ...shape behind the prelude) back to the parameter: (N, ...parameter shape). */
export function backThroughPrelude(b: GraphBuilder, derivative: Value, prelude: Prelude): Value {
  return apply(b, derivative, prelude, "backward")!;
}
