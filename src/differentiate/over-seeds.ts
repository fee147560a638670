// One backward pass for many cotangents of each example: what depends on the cotangent runs on a batch of (example, seed).

import { isPathkernelError } from "../errors.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { batchAxis, divideDims, isBatch, multiplyDims, type Shape, sameShape, sizeOfShape } from "../graph/dim.ts";
import { concat, mul, reshape, unsqueeze, where } from "../graph/ops.ts";
import type { Attributes, Graph, Node, Value } from "../graph/types.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { exampleLayout, SAME_ORDER } from "./example-layout.ts";

export interface Seeding {
  /** The input of the graph that holds the cotangent, (N, ...). */
  readonly seed: string;
  /** S, cotangents of each example. */
  readonly count: number;
  /** Writes the cotangents: (S N, ...), all of one example side by side, or (S, ...), the same for every example. */
  readonly cotangents: (b: GraphBuilder, inputs: ReadonlyMap<string, Value>) => Value;
}

/** A value of examples and seeds that is a product, element by element: entry (n, s) = example[n] seed[s], or seed[s] for every example. */
export interface SeedProduct {
  /** (N, ...) */
  readonly example?: Value | undefined;
  /** (S, ...) */
  readonly seed: Value;
}

export interface Seeded {
  readonly b: GraphBuilder;
  /** Outputs of the graph by name. Those of `seeded` have the axis S N in the place of N, the others are as they were. */
  readonly values: ReadonlyMap<string, Value>;
  readonly seeded: ReadonlySet<string>;
  /** The factors of a value in `b` that is such a product, by its name; reshaping one gives a value of another name. */
  readonly products: ReadonlyMap<string, SeedProduct>;
}

const ELEMENTWISE = new Set(["Where", "Mul", "Add", "Sub", "Div"]);

const isPlain = ({ transA = 0, transB = 0, alpha = 1 }: Attributes): boolean =>
  transA === 0 && transB === 0 && alpha === 1;

const areUnits = ({ shape: [rows, columns, ...rest], data }: Tensor): boolean =>
  rest.length === 0 &&
  rows === columns &&
  data.every((value, k) => Number(value) === (k % (columns + 1) === 0 ? 1 : 0));

/** Says that values cannot be laid out for all seeds; never leaves this file. */
class NoLayout extends Error {}

class SeedWriter {
  readonly b = new GraphBuilder();
  readonly seeded = new Set<string>();
  readonly products = new Map<string, SeedProduct>();
  private readonly graph: Graph;
  private readonly count: number;
  private readonly makers = new Map<string, Node>();
  /** Values without seeds; and those with seeds, (S N, ...), once something has read them so. */
  private readonly plain = new Map<string, Value>();
  private readonly wide = new Map<string, Value>();
  /** Values of seeds alone, (S, ...), whose rows in the graph are those of the examples, and products of such with examples' own. */
  private readonly shared = new Map<string, Value>();
  private readonly factored = new Map<string, SeedProduct>();

  constructor(graph: Graph, { seed, count, cotangents }: Seeding) {
    this.graph = graph;
    this.count = count;
    for (const name of graph.inputs.filter((input) => input !== seed)) {
      const { dtype, shape } = valueIn(graph, name);
      this.plain.set(name, this.b.input(name, dtype, shape));
    }
    for (const [name, constant] of graph.constants) this.plain.set(name, this.b.constant(constant));
    const first = cotangents(this.b, this.plain);
    (first.shape.some(isBatch) ? this.wide : this.shared).set(seed, first);
    this.seeded.add(seed);
    for (const node of graph.nodes) this.write(node);
  }

  /** Values of the graph as they are with all seeds. */
  valuesOf(names: readonly string[]): Map<string, Value> {
    return new Map(names.map((name) => [name, this.seeded.has(name) ? this.forSeeds(name) : this.valueOf(name)]));
  }

  private valueOf(name: string): Value {
    return this.plain.get(name) as Value;
  }

  private write(node: Node): void {
    for (const output of node.outputs) this.makers.set(output, node);
    const seeded = node.inputs.some((name) => this.seeded.has(name));
    if (!seeded) {
      this.run(node, (name) => this.valueOf(name), this.plain);
      return;
    }
    for (const output of node.outputs) this.seeded.add(output);
    if (this.staysShared(node)) {
      this.run(node, (name) => this.shared.get(name) ?? this.valueOf(name), this.shared);
      return;
    }
    const product = this.productOf(node);
    const broadcast = product ? undefined : this.broadcastOf(node);
    if (product) this.factored.set(node.outputs[0], product);
    else if (broadcast) this.wide.set(node.outputs[0], broadcast);
    else this.run(node, (name) => this.forSeeds(name), this.wide);
  }

  private run(node: Node, inputOf: (name: string) => Value, into: Map<string, Value>): void {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : inputOf(name)));
    const outputs = this.timesUnits(node, inputs) ?? this.b.ops(node.op, inputs, node.attributes);
    node.outputs.forEach((name, i) => {
      into.set(name, outputs[i]);
    });
  }

  /** What a product with the unit vectors gives, which cotangents of all outputs are: the other matrix. */
  private timesUnits({ op, attributes }: Node, inputs: readonly (Value | undefined)[]): readonly Value[] | undefined {
    if (inputs.length !== 2 || !(op === "MatMul" || (op === "Gemm" && isPlain(attributes)))) return undefined;
    const [x, y] = inputs as readonly Value[];
    const units = y.shape.length === 2 ? this.b.constantOf(x) : undefined;
    return units && areUnits(units) ? [y] : undefined;
  }

  /** Whether a value has rows of examples, or numbers that count them. */
  private isOfExamples(name: string): boolean {
    const value = this.valueOf(name);
    return value.shape.some(isBatch) || (this.b.intsOf(value)?.some(isBatch) ?? false);
  }

  /** Whether a node sees seeds and parameters only, and gives a row for each seed as it gave one for each example. */
  private staysShared({ inputs, outputs }: Node): boolean {
    const sees = inputs.every(
      (name) => name === "" || this.shared.has(name) || !(this.seeded.has(name) || this.isOfExamples(name)),
    );
    const inRows = ([first, ...rest]: Shape): boolean => first === "N" && !rest.some(isBatch);
    return sees && outputs.every((name) => inRows(valueIn(this.graph, name).shape));
  }

  /** The product that a node gives where it multiplies what seeds share by the examples' own, or selects by what examples have. */
  private productOf({ op, inputs, outputs }: Node): SeedProduct | undefined {
    const { shape } = valueIn(this.graph, outputs[0]);
    const isOwn = (name: string): boolean => !this.seeded.has(name) && sameShape(this.valueOf(name).shape, shape);
    const known = inputs.map((name) => this.knownProduct(name, shape));
    if (op === "Mul") {
      const at = known.findIndex((one, i) => one !== undefined && isOwn(inputs[1 - i]));
      const own = at >= 0 ? this.valueOf(inputs[1 - at]) : undefined;
      const { example, seed } = known[at] ?? {};
      return own && seed && { seed, example: example ? mul(this.b, example, own) : own };
    }
    const [condition, , zero] = inputs;
    if (op !== "Where" || !known[1] || !isOwn(condition) || !this.isZero(zero)) return undefined;
    const { example, seed } = known[1];
    return { seed, example: where(this.b, this.valueOf(condition), example ?? 1, 0) };
  }

  /**
   * What an elementwise node gives where the examples lie one after another in all that it reads: what is the examples' own is broadcast over the
   * seeds, and never repeated for each.
   */
  private broadcastOf({ op, inputs, outputs, attributes }: Node): Value | undefined {
    if (!ELEMENTWISE.has(op)) return undefined;
    const { b, count } = this;
    const { shape } = valueIn(this.graph, outputs[0]);
    const isWhole = (name: string): boolean => sameShape(valueIn(this.graph, name).shape, shape);
    const own = inputs.filter((name) => !this.seeded.has(name) && isWhole(name));
    const others = inputs.filter((name) => !own.includes(name));
    const isSimple = (name: string): boolean =>
      this.seeded.has(name) ? isWhole(name) : valueIn(this.graph, name).shape.length === 0;
    if (own.length === 0 || !others.every(isSimple)) return undefined;
    const layouts = own.map((name) => exampleLayout(b, this.valueOf(name)));
    if (!layouts.every((layout) => layout?.axis === 0 && layout.before === 1)) return undefined;
    const size = divideDims(sizeOfShape(shape), "N");
    const view = (name: string): Value => {
      if (own.includes(name)) return reshape(b, this.valueOf(name), ["N", 1, size]);
      return this.seeded.has(name) ? reshape(b, this.forSeeds(name), ["N", count, size]) : this.valueOf(name);
    };
    const result = b.op(op, inputs.map(view), attributes);
    return reshape(b, result, [multiplyDims(shape[0], count), ...shape.slice(1)]);
  }

  /** A value of that shape as a product, of which nothing may be the examples' own yet. */
  private knownProduct(name: string, shape: Shape): SeedProduct | undefined {
    const seed = this.shared.get(name);
    const found = this.factored.get(name) ?? (seed && { seed });
    return found && sameShape(found.seed.shape.slice(1), shape.slice(1)) ? found : undefined;
  }

  private isZero(name: string): boolean {
    const constant = this.graph.constants.get(name);
    return constant !== undefined && constant.data.length === 1 && Number(constant.data[0]) === 0;
  }

  /** A value as nodes of examples and seeds read it. */
  private forSeeds(name: string): Value {
    const known = this.wide.get(name) ?? this.widened(name);
    this.wide.set(name, known);
    return known;
  }

  private widened(name: string): Value {
    const { b, count } = this;
    const shared = this.shared.get(name);
    if (shared) {
      const node = this.makers.get(name);
      // What is only reshaped is repeated once.
      if (node && SAME_ORDER.has(node.op)) return this.again(node, name);
      const all = b.op("Expand", [
        unsqueeze(b, shared, [0]),
        concat(b, [this.examples(), b.ints(shared.shape as readonly number[])], 0),
      ]);
      this.products.set(all.name, { seed: shared });
      return reshape(b, all, [`${count}N`, ...shared.shape.slice(1)]);
    }
    const product = this.factored.get(name);
    if (!product?.example) return this.repeat(name, this.valueOf(name));
    const all = mul(b, unsqueeze(b, product.example, [1]), unsqueeze(b, product.seed, [0]));
    this.products.set(all.name, product);
    return reshape(b, all, [`${count}N`, ...product.seed.shape.slice(1)]);
  }

  /** The number of examples, (1). */
  private examples(): Value {
    const first = [...this.plain.values()].find((value) => value.shape.includes("N"));
    if (!first) throw new NoLayout();
    const axis = batchAxis(first.shape);
    return this.b.op("Shape", [first], { start: axis, end: axis + 1 });
  }

  private repeat(name: string, value: Value): Value {
    if (value.shape.some(isBatch)) return this.repeatExamples(value);
    // Sizes that hold the number of examples are computed again, from values that hold the seeds.
    if (!this.b.intsOf(value)?.some(isBatch)) return value;
    const node = this.makers.get(name);
    if (!node) throw new NoLayout();
    return this.again(node, name);
  }

  /** An output of a node, computed from values that hold the seeds. */
  private again(node: Node, name: string): Value {
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
 * each example, those that depend on seeds and parameters only once for each seed, the others on S rows for each example. Undefined where it cannot be told how the examples lie in a value that both meet.
 *
 * Cost: S backward passes in one, S times the memory of one.
 */
export function overSeeds(graph: Graph, seeding: Seeding): Seeded | undefined {
  try {
    const writer = new SeedWriter(graph, seeding);
    const values = writer.valuesOf(graph.outputs);
    return { b: writer.b, values, seeded: writer.seeded, products: writer.products };
  } catch (error) {
    if (error instanceof NoLayout || isPathkernelError(error, "ShapeMismatch", "Unsupported")) return undefined;
    throw error;
  }
}
