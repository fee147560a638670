// Graphs along a straight line of parameters w + t D: what stays the same or goes straight as t moves is computed once for the whole line.

import { type BuiltNode, GraphBuilder, valueIn } from "../graph/builder.ts";
import { BATCH, isBatch, sizeOfShape } from "../graph/dim.ts";
import { add, mul } from "../graph/ops.ts";
import type { Graph, Node, Value } from "../graph/types.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { rulesFor } from "./reverse.ts";

export interface LineOptions {
  /** Name of the input t. */
  readonly position: string;
  /** Name of the input D for each parameter w by name. */
  readonly directions: ReadonlyMap<string, string>;
  /** Names of the other inputs that are the same all along the line: what the examples are made of, and fixed parameters. */
  readonly still: ReadonlySet<string>;
  /** Elements of a value that may be kept for each example. */
  readonly most: number;
}

/** What a value of a graph is along the line, in the front's builder: itself, or value + t slope. */
interface Along {
  readonly value: Value;
  readonly slope: Value | undefined;
}

/** Operators whose results for each example take more than reading them does. */
const HEAVY = new Set(["Gemm", "MatMul", "Conv", "ConvTranspose", "Gather"]);

/** Operators that are linear in all of their real inputs together. */
const LINEAR = new Set(
  "Add Sub Neg Identity Sum Reshape Flatten Transpose Squeeze Unsqueeze Expand Concat Slice Gather ReduceSum ReduceMean Pad".split(
    " ",
  ),
);
/** Operators that are so in either of two. */
const BILINEAR = new Set(["Gemm", "MatMul", "Conv", "Mul"]);

/** Whether a node gives a straight line where those of its inputs do that are marked. */
function keepsLines(op: string, [first, second]: readonly boolean[]): boolean {
  if (BILINEAR.has(op)) return !(first && second);
  return LINEAR.has(op) || (op === "Div" && !second);
}

/** Prefix of the inputs that rests have beyond those of their graphs. */
export const LINE = "line.";

/**
 * Splits graphs at what t does not bend: `split` gives the rest of a graph, with new inputs that `graph` computes at w for all examples. A
 * layer whose input does not depend on the parameters is x (w + t D) = x w + t x D: two products for a line, none for a point of it. Equal parts
 * of several graphs are computed once.
 */
export class LineFront {
  private readonly options: LineOptions;
  private readonly b = new GraphBuilder();
  private readonly inputs = new Map<string, Value>();
  /** Values of the builder that rests take as inputs, by the names of these. */
  private readonly links = new Map<string, Value>();
  private readonly rests = new WeakMap<Graph, Graph>();
  private built: Graph | undefined;

  constructor(options: LineOptions) {
    this.options = options;
  }

  /** -> `line.K` for every input that a rest has beyond its graph's own; undefined where there is none. */
  get graph(): Graph | undefined {
    if (this.links.size > 0) this.built ??= this.b.build(Object.fromEntries(this.links));
    return this.built;
  }

  /** The rest of a graph that takes w, D, t and other inputs, or w alone; the graph itself where nothing can be computed before. */
  split(graph: Graph): Graph {
    const rest = this.rests.get(graph) ?? restOf(graph, this.options, this);
    this.rests.set(graph, rest);
    this.rests.set(rest, rest);
    return rest;
  }

  /** The front's own value for an input that is the same all along the line. */
  own(value: Value): Value {
    const known = this.inputs.get(value.name) ?? this.b.input(value.name, value.dtype, value.shape);
    this.inputs.set(value.name, known);
    return known;
  }

  constant(constant: Tensor): Value {
    return this.b.constant(constant);
  }

  /** What a node gives where its inputs are the same along the line or go straight; undefined where it bends. */
  follow({ op, attributes }: Node, inputs: readonly (Along | undefined)[]): readonly Along[] | undefined {
    const given = inputs.map((input) => input?.value);
    const outputs = this.b.ops(op, given, attributes);
    const lines = inputs.map((input) => input?.slope !== undefined);
    // A shape is the same wherever its value goes.
    if (!lines.includes(true) || op === "Shape") return outputs.map((value) => ({ value, slope: undefined }));
    if (!keepsLines(op, lines)) return undefined;
    const node: BuiltNode = { op, inputs: given, outputs, attributes };
    const slopes = rulesFor(node).jvp?.(
      { ...node, b: this.b },
      inputs.map((input) => input?.slope),
    );
    return outputs.map((value, i) => ({ value, slope: slopes?.[i] }));
  }

  /** Name of the input by which rests take a value. */
  link(value: Value): string {
    for (const [name, known] of this.links) if (known === value) return name;
    const name = `${LINE}${this.links.size}`;
    this.links.set(name, value);
    this.built = undefined;
    return name;
  }
}

/** What is known of the values of a graph along a line: absent where they bend. */
type Course = ReadonlyMap<string, Along>;

function courseOf(graph: Graph, { position, directions, still }: LineOptions, front: LineFront): Course {
  const course = new Map<string, Along>();
  const straight = new Set([...still, ...directions.keys(), ...directions.values()]);
  for (const name of graph.inputs)
    if (straight.has(name)) course.set(name, { value: front.own(valueIn(graph, name)), slope: undefined });
  for (const [name, constant] of graph.constants)
    course.set(name, { value: front.constant(constant), slope: undefined });
  /** t D by name, with the name of D. */
  const steps = new Map<string, string>();
  for (const node of graph.nodes) {
    const [x, y] = node.inputs;
    if (node.op === "Mul" && x === position) steps.set(node.outputs[0], y);
    const direction = directions.get(x);
    if (node.op === "Add" && direction !== undefined && steps.get(y) === direction) {
      course.set(node.outputs[0], { value: course.get(x)!.value, slope: course.get(direction)!.value });
      continue;
    }
    if (node.inputs.some((name) => name !== "" && !course.has(name))) continue;
    const found = front.follow(
      node,
      node.inputs.map((name) => course.get(name)),
    );
    found?.forEach((along, i) => {
      course.set(node.outputs[i], along);
    });
  }
  return course;
}

/** Names of values that are made of each example by an operator that is worth computing once. */
function worthwhile(graph: Graph, course: Course): Set<string> {
  const heavy = new Set<string>();
  const hasExamples = (name: string): boolean => valueIn(graph, name).shape.some(isBatch);
  for (const { op, inputs, outputs } of graph.nodes) {
    const [output] = outputs;
    if (outputs.length > 1 || !course.has(output) || !hasExamples(output)) continue;
    const own = HEAVY.has(op) && (op !== "Gather" || !hasExamples(inputs[0]));
    if (own || inputs.some((name) => heavy.has(name))) heavy.add(output);
  }
  return heavy;
}

function restOf(graph: Graph, options: LineOptions, front: LineFront): Graph {
  const course = courseOf(graph, options, front);
  const heavy = worthwhile(graph, course);
  const linked = (name: string): boolean => {
    const { dtype, shape } = valueIn(graph, name);
    if (!heavy.has(name) || dtype !== "real" || shape[0] !== BATCH || shape.slice(1).some(isBatch)) return false;
    return (sizeOfShape(shape.slice(1)) as number) <= options.most;
  };
  const needed = new Set(graph.outputs);
  for (const { inputs, outputs } of graph.nodes.slice().reverse())
    if (outputs.some((name) => needed.has(name) && !linked(name))) for (const name of inputs) needed.add(name);
  if (![...needed].some((name) => name !== "" && linked(name))) return graph;

  const b = new GraphBuilder();
  const values = new Map<string, Value>();
  for (const name of graph.inputs)
    values.set(name, b.input(name, valueIn(graph, name).dtype, valueIn(graph, name).shape));
  for (const [name, constant] of graph.constants) if (needed.has(name)) values.set(name, b.constant(constant));
  const inputs = new Map<string, Value>();
  const taken = (value: Value): Value => {
    const name = front.link(value);
    const input = inputs.get(name) ?? b.input(name, value.dtype, value.shape);
    inputs.set(name, input);
    return input;
  };
  for (const node of graph.nodes) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    const [name] = node.outputs;
    if (linked(name)) {
      const { value, slope } = course.get(name)!;
      const start = taken(value);
      values.set(name, slope ? add(b, start, mul(b, values.get(options.position)!, taken(slope))) : start);
      continue;
    }
    const given = node.inputs.map((input) => (input === "" ? undefined : values.get(input)));
    const outputs = b.ops(node.op, given, node.attributes);
    node.outputs.forEach((output, i) => {
      values.set(output, outputs[i]);
    });
  }
  return b.build(Object.fromEntries(graph.outputs.map((name) => [name, values.get(name) as Value])));
}
