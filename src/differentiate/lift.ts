// A linear graph run for many inputs at once: the nodes that depend on one input get a leading axis, all others stay as they are.

import { type BuiltNode, type GraphBuilder, valueIn } from "../graph/builder.ts";
import { normaliseAxis, type Shape } from "../graph/dim.ts";
import { add, addAll, concat, matmul, mul, reshape, swapLast, transpose } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { listAttribute, numberAttribute } from "./rule.ts";

/** What a value of the graph is here: itself, or one for each entry of the leading axis. */
interface Entry {
  /** As the graph has it, without the leading axis. */
  readonly plain: Value;
  readonly value: Value;
  readonly lead: boolean;
}

interface Lifting {
  readonly b: GraphBuilder;
  /** The node as the graph has it. */
  readonly node: BuiltNode;
  readonly inputs: readonly (Entry | undefined)[];
}

/** The outputs with a leading axis; undefined where the node has no form for many. */
type LiftRule = (lifting: Lifting) => readonly Value[] | undefined;

const leadOf = (inputs: Lifting["inputs"]): Value => inputs.find((entry) => entry?.lead)!.value;

/** (L, ...shape) with axes of 1 behind the lead, until there are `rank` others. */
function aligned(b: GraphBuilder, { value, plain, lead }: Entry, rank: number): Value {
  if (!lead) return value;
  const ones = Array<number>(rank - plain.shape.length).fill(1);
  return reshape(b, value, [value.shape[0], ...ones, ...plain.shape]);
}

/** One copy for each entry of the leading axis. */
function copied({ b, inputs }: Lifting, { value, plain, lead }: Entry): Value {
  if (lead) return value;
  const count = b.op("Shape", [leadOf(inputs)], { start: 0, end: 1 });
  return b.op("Expand", [value, concat(b, [count, b.ints(plain.shape as readonly number[])], 0)]);
}

const elementwise: LiftRule = ({ b, node, inputs }) => {
  const rank = node.outputs[0].shape.length;
  return [
    b.op(
      node.op,
      inputs.map((entry) => entry && aligned(b, entry, rank)),
      node.attributes,
    ),
  ];
};

const behindLead = (lead: Value, shape: Shape): Shape => [lead.shape[0], ...shape];

const reshaping: LiftRule = ({ b, node, inputs: [x] }) => [
  reshape(b, x!.value, behindLead(x!.value, node.outputs[0].shape)),
];

const transposing: LiftRule = ({ b, node, inputs: [x] }) => {
  const rank = x!.plain.shape.length;
  const backwards = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return [transpose(b, x!.value, [0, ...listAttribute(node, "perm", backwards).map((axis) => axis + 1)])];
};

/** The axes of an input that lists them, one further back; all of them when there is no list. */
function shiftedAxes({ b, node, inputs }: Lifting, i: number): Value {
  const rank = inputs[0]!.plain.shape.length;
  const given = node.inputs[i] && (b.intsOf(inputs[i]!.value) as readonly number[]);
  const axes = given ?? Array.from({ length: rank }, (_, axis) => axis);
  return b.ints(axes.map((axis) => normaliseAxis(axis, rank) + 1));
}

const reducing: LiftRule = (lifting) => {
  const { b, node, inputs } = lifting;
  if (node.attributes.noop_with_empty_axes) return undefined;
  return [b.op(node.op, [inputs[0]!.value, shiftedAxes(lifting, 1)], node.attributes)];
};

const expanding: LiftRule = ({ b, node, inputs: [x] }) => {
  const { shape } = node.outputs[0];
  return [b.op("Expand", [aligned(b, x!, shape.length), b.ints([1, ...(shape as readonly number[])])])];
};

const tiling: LiftRule = ({ b, inputs: [x, repeats] }) => {
  const times = b.intsOf(repeats!.value) as readonly number[] | undefined;
  return times && [b.op("Tile", [x!.value, b.ints([1, ...times])])];
};

const slicing: LiftRule = (lifting) => {
  const { b, inputs } = lifting;
  const [x, starts, ends, axes, steps] = inputs;
  const count = starts!.plain.shape[0] as number;
  const named = axes ? shiftedAxes(lifting, 3) : b.ints(Array.from({ length: count }, (_, i) => i + 1));
  return [b.op("Slice", [x!.value, starts!.value, ends!.value, named, steps?.value])];
};

const padding: LiftRule = ({ b, node, inputs: [x, amounts, fill, axes] }) => {
  const pads = b.intsOf(amounts!.value) as readonly number[] | undefined;
  if (!pads || fill || axes || !x!.lead) return undefined;
  const half = pads.length / 2;
  return [b.op("Pad", [x!.value, b.ints([0, ...pads.slice(0, half), 0, ...pads.slice(half)])], node.attributes)];
};

/** An operator along one axis, all of whose tensors get the leading axis. */
const alongAxis =
  (fixed: readonly number[]): LiftRule =>
  (lifting) => {
    const { b, node, inputs } = lifting;
    const axis = normaliseAxis(numberAttribute(node, "axis", 0), node.inputs[0]!.shape.length);
    const values = inputs.map((entry, i) => entry && (fixed.includes(i) ? entry.value : copied(lifting, entry)));
    return b.ops(node.op, values, { ...node.attributes, axis: axis + 1 });
  };

const gathering: LiftRule = (lifting) => (lifting.inputs[0]!.lead ? alongAxis([1])(lifting) : undefined);

const matrices: LiftRule = ({ b, node, inputs }) => {
  if (inputs.some((entry) => entry!.plain.shape.length < 2)) return undefined;
  const rank = node.outputs[0].shape.length;
  const [x, y] = inputs.map((entry) => aligned(b, entry!, rank));
  return [matmul(b, x, y)];
};

/** alpha A' B' + beta C. */
const gemm: LiftRule = ({ b, node, inputs: [x, y, c] }) => {
  const side = (entry: Entry, name: string) =>
    numberAttribute(node, name, 0) ? swapLast(b, entry.value) : entry.value;
  const scaled = (value: Value, by: number): Value => (by === 1 ? value : mul(b, value, by));
  const product = scaled(matmul(b, side(x!, "transA"), side(y!, "transB")), numberAttribute(node, "alpha", 1));
  const addend = c && scaled(aligned(b, c, 2), numberAttribute(node, "beta", 1));
  return [addend ? add(b, product, addend) : product];
};

const summing: LiftRule = ({ b, node, inputs }) => {
  const rank = node.outputs[0].shape.length;
  return [
    addAll(
      b,
      inputs.map((entry) => entry && aligned(b, entry, rank)),
    )!,
  ];
};

const ELEMENTWISE = ["Add", "Sub", "Mul", "Div", "Neg", "Where", "Identity", "Cast"];

/** Rules of the operators that derivatives of linear and elementwise ones are made of. */
const rules: ReadonlyMap<string, LiftRule> = new Map([
  ...ELEMENTWISE.map((op) => [op, elementwise] as const),
  ...["Reshape", "Flatten", "Squeeze", "Unsqueeze"].map((op) => [op, reshaping] as const),
  ["Transpose", transposing],
  ["ReduceSum", reducing],
  ["ReduceMean", reducing],
  ["Expand", expanding],
  ["Tile", tiling],
  ["Slice", slicing],
  ["Pad", padding],
  ["Concat", alongAxis([])],
  ["Split", alongAxis([1])],
  ["Gather", gathering],
  ["GatherElements", alongAxis([])],
  ["ScatterElements", alongAxis([])],
  ["MatMul", matrices],
  ["Gemm", gemm],
  ["Sum", summing],
]);

export interface LiftOptions {
  /** Values of the builder for the inputs of the graph. */
  readonly bindings: ReadonlyMap<string, Value>;
  /** The input that has a leading axis here. */
  readonly lead: string;
}

/**
 * Copies a graph that is linear in its input `lead` into a builder, with that input once for each entry of a leading axis; gives its
 * output `y` likewise. Undefined where some operator has no form for many, or where y does not depend on `lead`.
 */
export function liftLinear(b: GraphBuilder, graph: Graph, { bindings, lead }: LiftOptions): Value | undefined {
  const entries = new Map<string, Entry>();
  for (const name of graph.inputs) {
    entries.set(name, { plain: valueIn(graph, name), value: bindings.get(name)!, lead: name === lead });
  }
  for (const [name, constant] of graph.constants) {
    const value = b.constant(constant);
    entries.set(name, { plain: value, value, lead: false });
  }
  for (const { op, inputs: names, outputs, attributes } of graph.nodes) {
    const inputs = names.map((name) => entries.get(name));
    const plain = names.map((name) => (name === "" ? undefined : valueIn(graph, name)));
    const node: BuiltNode = { op, inputs: plain, outputs: outputs.map((name) => valueIn(graph, name)), attributes };
    const lifted = inputs.some((entry) => entry?.lead);
    const fixed = () =>
      b.ops(
        op,
        inputs.map((entry) => entry?.value),
        attributes,
      );
    const results = lifted ? rules.get(op)?.({ b, node, inputs }) : fixed();
    if (!results) return undefined;
    outputs.forEach((name, i) => {
      entries.set(name, { plain: valueIn(graph, name), value: results[i], lead: lifted });
    });
  }
  const y = entries.get(graph.outputs[0]);
  return y?.lead ? y.value : undefined;
}
