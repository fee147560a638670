// A model with dropout as three graphs: what is stored, what is evaluated, and what is trained, with masks as inputs.

import { type ExampleLayout, exampleLayout } from "../differentiate/example-layout.ts";
import { UnsupportedError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { BATCH, formatShape } from "../graph/dim.ts";
import { dropoutRatios, isDropout, withoutDropout } from "../graph/dropout.ts";
import { mul, reshape, transpose, where } from "../graph/ops.ts";
import { copyNode, rewrite } from "../graph/rewrite.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { MaskInput, Model } from "./types.ts";

/** A free name, whatever the parameters are called. */
function maskName(graph: Graph, layer: number): string {
  let name = `dropout.${layer}`;
  while (graph.inputs.includes(name)) name = `${name}_`;
  return name;
}

/** How the examples lie in the input of a Dropout. UnsupportedError where a mask cannot be split among them. */
function layoutIn(b: GraphBuilder, x: Value): ExampleLayout {
  const layout = exampleLayout(b, x);
  if (layout) return layout;
  throw new UnsupportedError(
    `Dropout must be of values of examples, each of which can be told apart, got one of shape ${formatShape(x.shape)}`,
    {
      hint: "apply dropout to activations with the batch as an axis of its own, or export the model in evaluation mode",
    },
  );
}

/** Axes of one example's mask: those of x, the batch axis with what is joined with it. */
function maskShape(x: Value, { axis, before, after }: ExampleLayout): number[] {
  const others = [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)] as number[];
  return before * after === 1 ? others : others.toSpliced(axis, 0, before * after);
}

/** The mask (N, ...) as x has its examples: the inverse of `examplesFirst`. */
function arranged(b: GraphBuilder, mask: Value, x: Value, { axis, before, after }: ExampleLayout): Value {
  if (axis === 0 && before === 1 && after === 1) return mask;
  const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const split = reshape(b, mask, [BATCH, ...lead, before, after, ...rest]);
  const at = lead.length + 1;
  const places = Array.from({ length: split.shape.length - 1 }, (_, i) => i + 1);
  return reshape(b, transpose(b, split, [...places.slice(0, at), 0, ...places.slice(at)]), x.shape);
}

/**
 * The graph that is trained: y = f(x; parameters, masks). Masks select: Where(mask, x / (1 - ratio), 0), so that what is dropped is 0 whatever it was, as is
 * its derivative. Inputs: those of the graph, and a bool (N, ...) for each mask.
 */
function withMasks(stored: Graph): { readonly graph: Graph; readonly masks: readonly MaskInput[] } {
  const ratios = dropoutRatios(stored);
  const masks: MaskInput[] = [];
  const graph = rewrite(stored, (b, node, inputs) => {
    if (!isDropout(node)) return copyNode(b, node, inputs);
    const [x, ratio] = [inputs[0] as Value, ratios[masks.length]];
    const layout = layoutIn(b, x);
    const mask: MaskInput = { name: maskName(stored, masks.length), ratio, shape: maskShape(x, layout) };
    masks.push(mask);
    const keeps = arranged(b, b.input(mask.name, "bool", [BATCH, ...mask.shape]), x, layout);
    return [where(b, keeps, mul(b, x, 1 / (1 - ratio)), 0)];
  });
  return { graph, masks };
}

/** The graphs of a model whose function is `stored`, in which `Dropout` nodes may stand. UnsupportedError where a mask cannot be made for one. */
export function formsOf(stored: Graph): Pick<Model, "graph" | "training"> {
  if (!stored.nodes.some(isDropout)) return { graph: stored };
  return { graph: withoutDropout(stored), training: { stored, ...withMasks(stored) } };
}

/** The graph that is written to a file: with its `Dropout` nodes, where it has any. */
export function storedGraph({ graph, training }: Pick<Model, "graph" | "training">): Graph {
  return training?.stored ?? graph;
}
