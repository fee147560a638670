// Where a value keeps its examples: on an axis of its own anywhere, or joined with others, as exporters flatten sequences.

import type { BuiltNode, GraphBuilder } from "../graph/builder.ts";
import { batchAxis, isBatch, resolveDim, type Shape, sizeOfShape } from "../graph/dim.ts";
import { reshape, transpose } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";

/** Axis `axis` runs over (before, N, after): entry (i N + n) after + j of it belongs to example n. */
export interface ExampleLayout {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** Operators that keep the order of all elements, so that an example stays where it lies in memory. */
export const SAME_ORDER: ReadonlySet<string> = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"]);

/** The value that a chain of reshaping began with: two values of one root and size hold the same numbers. */
export function rootOf(b: GraphBuilder, value: Value): Value {
  const node = b.producerOf(value);
  return node && SAME_ORDER.has(node.op) ? rootOf(b, node.inputs[0] as Value) : value;
}

/** Operators that write one entry along a whole axis, where no input has that axis. */
const FILLING = new Set(["ConstantOfShape", "Expand"]);

const alone = (shape: Shape): number => resolveDim(sizeOfShape(shape), 1);

/** Equal entries all along the axis: they belong to whatever example an entry beside them belongs to. */
type Known = ExampleLayout | "uniform" | undefined;

/** The layout behind a node that only reshapes: neighbours of one example in memory stay `inner` elements apart. */
function reshaped(source: Value, { axis, after }: ExampleLayout, target: Shape): ExampleLayout | undefined {
  const inner = after * alone(source.shape.slice(axis + 1));
  const at = batchAxis(target);
  const within = inner / alone(target.slice(at + 1));
  const before = resolveDim(target[at], 1) / within;
  return Number.isInteger(within) && Number.isInteger(before) ? { axis: at, before, after: within } : undefined;
}

/** The layout that inputs with the same joined axis agree on: no operator but a reshaping one moves entries along it. */
function inherited(b: GraphBuilder, node: BuiltNode, value: Value): Known {
  const axis = batchAxis(value.shape);
  const sources = node.inputs.filter((input) => input?.shape.includes(value.shape[axis]));
  const layouts = sources.map((source) => layoutOf(b, source!)).filter((layout) => layout !== "uniform");
  const [first] = layouts;
  if (layouts.length === 0) return "uniform";
  if (!first || layouts.some((other) => other?.after !== first.after)) return undefined;
  return { ...first, axis };
}

/** What a joined axis runs over; without inputs that have it, the value was filled or expanded along it. */
function layoutOf(b: GraphBuilder, value: Value): Known {
  if (value.shape.filter(isBatch).length !== 1) return undefined;
  const axis = batchAxis(value.shape);
  if (value.shape[axis] === "N") return { axis, before: 1, after: 1 };
  const node = b.producerOf(value);
  if (!node) return undefined;
  if (!SAME_ORDER.has(node.op))
    return FILLING.has(node.op) || hasSource(node, value) ? inherited(b, node, value) : undefined;
  const source = node.inputs[0]!;
  const layout = layoutOf(b, source);
  return layout === "uniform" ? layout : layout && reshaped(source, layout, value.shape);
}

const hasSource = ({ inputs }: BuiltNode, value: Value): boolean =>
  inputs.some((input) => input?.shape.includes(value.shape[batchAxis(value.shape)]));

/**
 * How the examples lie in a value. An axis `N` is read off the shape; for one such as `5N` the nodes that made it are followed to
 * the Reshape that joined it. Undefined where that cannot be told, or where the batch is on several axes or none.
 */
export function exampleLayout(b: GraphBuilder, value: Value): ExampleLayout | undefined {
  const layout = layoutOf(b, value);
  return layout === "uniform" ? undefined : layout;
}

/** (N, ...shape of one example, where the batch axis counts what is joined with it) of a value with this layout. */
export function examplesFirst(b: GraphBuilder, x: Value, { axis, before, after }: ExampleLayout): Value {
  const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const outer = before === 1 ? lead : [...lead, before];
  const split = reshape(b, x, [...outer, "N", after, ...rest]);
  const others = split.shape.map((_, i) => i).filter((i) => i !== outer.length);
  return reshape(b, transpose(b, split, [outer.length, ...others]), ["N", ...lead, before * after, ...rest]);
}
