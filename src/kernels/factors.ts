// One side of a factored kernel: the graph from examples to the factors of every parameter, and the graph that pairs two sides.

import { materialise } from "../differentiate/factored.ts";
import { type Use, usesOf } from "../differentiate/per-example.ts";
import { builderOf, GraphBuilder } from "../graph/builder.ts";
import { addAll, fullLike, mul, reduceSum, reshape, unsqueeze } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { entryShape, innerProducts, scaleEntries, seedsOf, squaredLengths, stackSeeds } from "./form.ts";
import type { KernelForm, KernelModel } from "./types.ts";

/**
 * What a side keeps of one parameter:
 * - `outer`: the factor that all seeds share (N, A) and the one of each seed (N, S, B); the derivative is their outer product;
 * - `dense`: the derivative itself, (N, S, q).
 */
export interface Part {
  readonly parameter: string;
  readonly kind: "outer" | "dense";
  /** Axes after N of the outputs: [[A], [S, B]] or [[S, q]]. */
  readonly shapes: readonly (readonly number[])[];
}

export interface SideGraph {
  readonly graph: Graph;
  readonly parts: readonly Part[];
}

export interface SideOptions {
  readonly form: KernelForm;
  /** Multiply every derivative out, and by these weights (a diagonal M) on this side. */
  readonly weighted?: boolean;
}

/** Outputs of a side graph for a part: `PARAMETER/0` and, for outer products, `PARAMETER/1`. */
export const partName = (parameter: string, k: number): string => `${parameter}/${k}`;
/** Inputs with the diagonal of M for a parameter. */
export const WEIGHTS = "kernel.weights.";

interface Seeded {
  readonly b: GraphBuilder;
  readonly parameters: readonly Value[];
  /** Uses of the parameters for each seed. */
  readonly uses: readonly (readonly Use[])[];
}

function seed(model: KernelModel, form: KernelForm): Seeded | undefined {
  const { head, exampleInputs } = model.split;
  const { b, inputs, values } = builderOf(head);
  const y = values.get("y") as Value;
  const parameters = model.layout.entries.map(({ name }) => inputs[name]);
  const examples = exampleInputs.map((name) => inputs[name]);
  const uses: (readonly Use[])[] = [];
  for (const cotangent of seedsOf(b, y, form)) {
    const found = usesOf(b, { seeds: [{ value: y, cotangent }], examples, parameters });
    if (!found) return undefined;
    uses.push(found);
  }
  return { b, parameters, uses };
}

/** The two factors of a parameter's only use, if it is an outer product at one position in which all seeds share one factor. */
function sharedOuter(b: GraphBuilder, uses: readonly (readonly Use[])[]): { shared: Value; own: Value[] } | undefined {
  const single = ([use, ...others]: readonly Use[]): boolean =>
    others.length === 0 && use?.factor.kind === "outer" && use.prelude.rearranges;
  if (!uses.every(single)) return undefined;
  const factors = uses.map(([use]) => use.factor as Extract<Use["factor"], { kind: "outer" }>);
  const side = (["right", "left"] as const).find((name) =>
    factors.every((factor) => factor[name] === factors[0][name]),
  );
  if (!side || factors[0].left.shape[1] !== 1) return undefined;
  const flat = (x: Value): Value => reshape(b, x, ["N", x.shape[2]]);
  return {
    shared: flat(factors[0][side]),
    own: factors.map((factor) => flat(factor[side === "right" ? "left" : "right"])),
  };
}

/** (N, S, q): the derivative of each seed multiplied out. */
function multipliedOut(b: GraphBuilder, uses: readonly (readonly Use[])[], parameter: Value): Value | undefined {
  const size = (parameter.shape as readonly number[]).reduce((product, axis) => product * axis, 1);
  const derivatives = uses.map((own) => materialise(b, own, parameter));
  if (derivatives.every((derivative) => derivative === undefined)) return undefined;
  const flat = derivatives.map((derivative) => derivative && reshape(b, derivative, ["N", size]));
  const some = flat.find((value) => value !== undefined) as Value;
  return stackSeeds(
    b,
    flat.map((value) => value ?? fullLike(b, some, 0)),
  );
}

/**
 * The graph from examples to factors, one or two outputs a parameter. Outer products at a single position stay factored;
 * several positions (convolutions, sequences) and several uses of one parameter are multiplied out and summed, so that the
 * cross terms of the uses are there. Undefined where a use has no factored form.
 */
export function sideGraph(model: KernelModel, { form, weighted = false }: SideOptions): SideGraph | undefined {
  const seeded = seed(model, form);
  if (!seeded) return undefined;
  const { b, parameters, uses } = seeded;
  const outputs: Record<string, Value> = {};
  const parts: Part[] = [];
  const keep = (parameter: string, kind: Part["kind"], values: readonly Value[]): void => {
    values.forEach((value, k) => {
      outputs[partName(parameter, k)] = value;
    });
    parts.push({ parameter, kind, shapes: values.map((value) => value.shape.slice(1) as number[]) });
  };
  for (const parameter of parameters) {
    const own = uses.map((ofSeed) => ofSeed.filter((use) => use.parameter.name === parameter.name));
    const outer = weighted ? undefined : sharedOuter(b, own);
    if (outer) {
      keep(parameter.name, "outer", [outer.shared, stackSeeds(b, outer.own)]);
      continue;
    }
    const derivative = multipliedOut(b, own, parameter);
    if (!derivative) continue;
    const size = derivative.shape[2] as number;
    const weights = weighted ? b.input(WEIGHTS + parameter.name, "real", [size]) : undefined;
    keep(parameter.name, "dense", [weights ? mul(b, derivative, weights) : derivative]);
  }
  return { graph: b.build(outputs), parts };
}

/** Inputs of the pair graph: factors of the first (x) and of the second side (y). */
const sideInput = (side: "x" | "y", name: string): string => `${side}:${name}`;

function partInputs(b: GraphBuilder, side: "x" | "y", { parameter, shapes }: Part, count: number): Value[] {
  return shapes.map((shape, k) => b.input(sideInput(side, partName(parameter, k)), "real", [count, ...shape]));
}

/** The feeds of a pair graph from the results of two side graphs. */
export function pairFeeds<T>(x: Readonly<Record<string, T>>, y: Readonly<Record<string, T>>): Record<string, T> {
  const feeds: Record<string, T> = {};
  for (const [name, value] of Object.entries(x)) feeds[sideInput("x", name)] = value;
  for (const [name, value] of Object.entries(y)) feeds[sideInput("y", name)] = value;
  return feeds;
}

export interface PairOptions {
  readonly form: KernelForm;
  readonly outputs: number;
  /** Examples of the two sides. */
  readonly sizes: readonly [number, number];
}

/**
 * Factors of n and m examples -> entries `kernel` (n, m, ...): for outer products <a, a'> <b, b'>, which is what keeps a dense layer
 * at d_in + d_out instead of d_in d_out; for the rest inner products.
 */
export function pairGraph(parts: readonly Part[], { form, outputs, sizes: [n, m] }: PairOptions): Graph {
  const b = new GraphBuilder();
  const terms = parts.map((part) => {
    const x = partInputs(b, "x", part, n);
    const y = partInputs(b, "y", part, m);
    if (part.kind === "dense") return innerProducts(b, form, [x[0], y[0]]);
    const pairs = b.op("Gemm", [x[0], y[0]], { transB: 1 });
    return scaleEntries(b, innerProducts(b, form, [x[1], y[1]]), pairs);
  });
  const zero = (): Value => b.op("Expand", [b.scalar(0), b.ints([n, m, ...entryShape(form, outputs)])]);
  return b.build({ kernel: addAll(b, terms) ?? zero() });
}

/** Factors of n examples -> `lengths`: K(x, x) of each, (n) or (n, C); what normalising divides by the square root of. */
export function lengthGraph(parts: readonly Part[], { form, count }: { form: KernelForm; count: number }): Graph {
  const b = new GraphBuilder();
  const terms = parts.map((part) => {
    const [first, own] = partInputs(b, "x", part, count);
    if (part.kind === "dense") return squaredLengths(b, form, first);
    const shared = reduceSum(b, mul(b, first, first), [1]);
    const lengths = squaredLengths(b, form, own);
    return mul(b, lengths, lengths.shape.length === 2 ? unsqueeze(b, shared, [1]) : shared);
  });
  return b.build({ lengths: addAll(b, terms) as Value });
}
