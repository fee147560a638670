// One backward pass for many cotangents of each example: what depends on the cotangent runs on a batch of (example, seed).

import { isPathkernelError } from "../errors.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { isBatch, multiplyDims } from "../graph/dim.ts";
import { reshape } from "../graph/ops.ts";
import type { Graph, Node, Value } from "../graph/types.ts";
import { exampleLayout } from "./example-layout.ts";

export interface Seeding {
  /** The input of the graph that holds the cotangent, (N, ...). */
  readonly seed: string;
  /** S, cotangents of each example. */
  readonly count: number;
  /** Writes the cotangents: (S N, ...), all of one example side by side. */
  readonly cotangents: (b: GraphBuilder, inputs: ReadonlyMap<string, Value>) => Value;
}

export interface Seeded {
  readonly b: GraphBuilder;
  /** Values of the graph by name. Those of `seeded` have the axis S N in the place of N, the others are as they were. */
  readonly values: ReadonlyMap<string, Value>;
  readonly seeded: ReadonlySet<string>;
}

/** Says that values cannot be laid out for all seeds; never leaves this file. */
class NoLayout extends Error {}

class SeedWriter {
  readonly b = new GraphBuilder();
  readonly values = new Map<string, Value>();
  readonly seeded = new Set<string>();
  private readonly count: number;
  private readonly makers = new Map<string, Node>();
  /** Values of examples alone, repeated for each seed. */
  private readonly repeated = new Map<string, Value>();

  constructor(graph: Graph, { seed, count, cotangents }: Seeding) {
    this.count = count;
    for (const name of graph.inputs.filter((input) => input !== seed)) {
      const { dtype, shape } = valueIn(graph, name);
      this.values.set(name, this.b.input(name, dtype, shape));
    }
    for (const [name, constant] of graph.constants) this.values.set(name, this.b.constant(constant));
    this.values.set(seed, cotangents(this.b, this.values));
    this.seeded.add(seed);
    for (const node of graph.nodes) this.write(node);
  }

  private write(node: Node): void {
    const seeded = node.inputs.some((name) => this.seeded.has(name));
    const inputs = node.inputs.map((name) => {
      if (name === "") return undefined;
      return seeded ? this.forSeeds(name) : this.values.get(name);
    });
    const outputs = this.b.ops(node.op, inputs, node.attributes);
    node.outputs.forEach((name, i) => {
      this.values.set(name, outputs[i]);
      this.makers.set(name, node);
      if (seeded) this.seeded.add(name);
    });
  }

  /** A value as seeded nodes read it. */
  private forSeeds(name: string): Value {
    const value = this.values.get(name) as Value;
    if (this.seeded.has(name)) return value;
    const known = this.repeated.get(name) ?? this.repeat(name, value);
    this.repeated.set(name, known);
    return known;
  }

  private repeat(name: string, value: Value): Value {
    if (value.shape.some(isBatch)) return this.repeatExamples(value);
    // Sizes that hold the number of examples are computed again, from values that hold the seeds.
    if (!this.b.intsOf(value)?.some(isBatch)) return value;
    const node = this.makers.get(name);
    if (!node) throw new NoLayout();
    const inputs = node.inputs.map((input) => (input === "" ? undefined : this.forSeeds(input)));
    return this.b.ops(node.op, inputs, node.attributes)[node.outputs.indexOf(name)];
  }

  /** Each example's part S times, side by side. */
  private repeatExamples(value: Value): Value {
    const { b, count } = this;
    const layout = exampleLayout(b, value);
    if (!layout) throw new NoLayout();
    const { axis, before, after } = layout;
    const [lead, rest] = [value.shape.slice(0, axis), value.shape.slice(axis + 1)];
    const apart = reshape(b, value, [...lead, before, "N", 1, after, ...rest]);
    const repeats = apart.shape.map((_, i) => (i === axis + 2 ? count : 1));
    const tiled = b.op("Tile", [apart, b.ints(repeats)]);
    return reshape(b, tiled, [...lead, multiplyDims(value.shape[axis], count), ...rest]);
  }
}

/**
 * A graph that is linear in one input, its seed, for S seeds of each example at once: nodes that do not depend on the seed run once for
 * each example, the others on S rows for each. Undefined where it cannot be told how the examples lie in a value that both meet.
 *
 * Cost: S backward passes in one, S times the memory of one.
 */
export function overSeeds(graph: Graph, seeding: Seeding): Seeded | undefined {
  try {
    const { b, values, seeded } = new SeedWriter(graph, seeding);
    return { b, values, seeded };
  } catch (error) {
    if (error instanceof NoLayout || isPathkernelError(error, "ShapeMismatch", "Unsupported")) return undefined;
    throw error;
  }
}
