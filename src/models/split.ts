// Splits a model at the border of what is trained: a frozen part that no derivative enters, and a head.

import { InvalidModelError } from "../errors.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { BATCH } from "../graph/dim.ts";
import type { Graph, Value } from "../graph/types.ts";

export interface SplitModel {
  /** x and frozen parameters -> the values that the head reads; undefined when the head reads x itself. */
  readonly features: Graph | undefined;
  /** Inputs that hold examples (`x`, or the features) and parameters -> y. */
  readonly head: Graph;
  /** Names of the head's inputs whose first axis is the batch: examples or their features, then what is random. */
  readonly exampleInputs: readonly string[];
}

/** Names of the values that depend on any of `roots`. */
function dependents(graph: Graph, roots: readonly string[]): Set<string> {
  const names = new Set(roots);
  for (const node of graph.nodes) {
    if (node.inputs.some((name) => names.has(name))) for (const output of node.outputs) names.add(output);
  }
  return names;
}

/**
 * Values of examples that trained nodes read, but that no trained parameter reaches. They have a row for each example: sizes, and
 * values with the examples on another axis, are left to the head to make of such.
 */
function borderOf(graph: Graph, ofExamples: ReadonlySet<string>, trained: ReadonlySet<string>): string[] {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const border = new Set<string>();
  const cut = (name: string): void => {
    if (!ofExamples.has(name) || trained.has(name)) return;
    if (valueIn(graph, name).shape[0] === BATCH) border.add(name);
    else makers.get(name)?.inputs.forEach(cut);
  };
  for (const node of graph.nodes) if (node.outputs.some((name) => trained.has(name))) node.inputs.forEach(cut);
  return [...border];
}

/** The part of a graph that can be computed from some of its values, with those as inputs. */
function partOf(graph: Graph, inputs: readonly string[], outputs: Readonly<Record<string, string>>): Graph {
  const b = new GraphBuilder();
  const values = new Map<string, Value>();
  for (const name of inputs) values.set(name, b.input(name, valueIn(graph, name).dtype, valueIn(graph, name).shape));
  for (const [name, constant] of graph.constants) values.set(name, b.constant(constant));
  for (const node of graph.nodes) {
    if (node.inputs.some((name) => name !== "" && !values.has(name))) continue;
    const results = b.ops(
      node.op,
      node.inputs.map((name) => values.get(name)),
      node.attributes,
    );
    node.outputs.forEach((name, i) => {
      if (!values.has(name)) values.set(name, results[i]);
    });
  }
  return b.build(
    Object.fromEntries(Object.entries(outputs).map(([name, source]) => [name, values.get(source) as Value])),
  );
}

/**
 * The model as (features, head) for these trainable parameters. Everything that depends on examples but on none of them, nor on the
 * inputs `random`, is in `features`, computed once for each example; backward never enters it.
 * InvalidModelError when no trainable parameter reaches the output.
 */
export function splitModel(graph: Graph, trainable: readonly string[], random: readonly string[] = []): SplitModel {
  const frozen = graph.inputs.filter((name) => name !== "x" && !trainable.includes(name) && !random.includes(name));
  if (!dependents(graph, trainable).has("y"))
    throw new InvalidModelError(`a trainable parameter must reach the output, got ${trainable.join(", ")}`);
  const trained = dependents(graph, [...trainable, ...random]);
  const border = borderOf(graph, dependents(graph, ["x"]), trained);
  const ofFrozen = dependents(graph, frozen);
  if (!border.some((name) => ofFrozen.has(name)))
    return { features: undefined, head: graph, exampleInputs: ["x", ...random] };
  const features = partOf(graph, ["x", ...frozen], Object.fromEntries(border.map((name) => [`feature:${name}`, name])));
  const head = partOf(graph, [...border, ...random, ...frozen, ...trainable], { y: "y" });
  return { features, head, exampleInputs: [...border, ...random] };
}
