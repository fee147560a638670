// Some steps of the pull-back as one graph: Jacobians into carries, and what is carried against each step's batch.

import { factorValues } from "../../differentiate/paired.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Dim, Shape } from "../../graph/dim.ts";
import { add, addAll, mul } from "../../graph/ops.ts";
import type { Graph, Value } from "../../graph/types.ts";
import type { Layout } from "../../numeric/layout.ts";
import { exampleName, type Held, movedName, movedValues, stillName, stillValue } from "./derivatives.ts";
import {
  type Entries,
  entriesSpace,
  movingSpace,
  type Space,
  sidesOf,
  turnedExample,
  turnedVector,
  wholeSpace,
} from "./spaces.ts";

/** What a coefficient of the pull-back is, at every step. */
export type CoefficientKind = "none" | "number" | "vector";

/** The pull-back of an optimizer as far as graphs depend on it. */
export interface FormKinds {
  readonly into: CoefficientKind;
  readonly direct: CoefficientKind;
  readonly out: CoefficientKind;
  /** What u_s is multiplied by where it meets gradients; a number is left to those who book. */
  readonly share: Exclude<CoefficientKind, "number">;
  /** Whether each decay term is asked for. */
  readonly coupled: boolean;
  readonly decoupled: boolean;
  /** Number of regularisers. */
  readonly regularisers: number;
}

/** A parameter in a graph: the I-th that is held, and where its carry lives. */
export interface Channel {
  readonly i: number;
  readonly held: Held;
  readonly space: "moving" | "whole" | "entries";
}

export interface StepGraphOptions {
  /** Of one kind: either all or none live in entries, and then there is one. */
  readonly channels: readonly Channel[];
  readonly kinds: FormKinds;
  readonly layout: Layout;
  /** Steps, the last one first. */
  readonly steps: number;
  /** M, examples of a batch. */
  readonly examples: number;
  /** Nodes that are added up by factored derivatives. */
  readonly nodes: number;
  /** R where carries live in entries, which are then the batch axis. */
  readonly rows: number;
}

export const carryName = (i: number): string => `carry.${i}`;
export const nextName = (i: number): string => `next.${i}`;
/** Inputs of entries. */
export const INDEX = "entries.index";
export const ROW = "entries.row";
export const VALUES = "entries.values";
/** Input of `alongGraph`, and of decay terms: `vector.NAME`. */
export const VECTOR = "vector.";
/** Output of regulariser J; before the name of a parameter, the input with its gradient. */
export const regulariserName = (j: number): string => `regulariser.${j}`;
/** The quotient of two numbers among the coefficients. */
export const DIRECT_BY_OUT = "direct by out";
/** The name of step k's own input or output. */
export const ofStep = (k: number, name: string): string => `${k}.${name}`;

interface Prepared {
  readonly b: GraphBuilder;
  readonly space: (channel: Channel) => Space;
  /** First axis of what there is one of for each row. */
  readonly axis: Dim;
}

function prepare({ channels, rows }: Pick<StepGraphOptions, "channels" | "rows">): Prepared {
  const b = new GraphBuilder();
  const inEntries = channels.some(({ space }) => space === "entries");
  const entries: Entries | undefined = inEntries
    ? {
        index: b.input(INDEX, "int64", ["N"]),
        row: b.input(ROW, "int64", ["N"]),
        values: b.input(VALUES, "real", [rows, "N"]),
      }
    : undefined;
  const spaces = new Map<Channel, Space>();
  for (const channel of channels) {
    const { held, i } = channel;
    const value = stillValue(held);
    const still = value && !entries ? b.input(stillName(i), value.dtype, value.shape) : undefined;
    if (entries) spaces.set(channel, entriesSpace(b, held, entries));
    else if (channel.space === "moving") spaces.set(channel, movingSpace(b, held, still as Value));
    else spaces.set(channel, wholeSpace(b, held, still));
  }
  return { b, space: (channel) => spaces.get(channel) as Space, axis: inEntries ? rows : "N" };
}

/** Shape of a value that moved, as it is fed: of so many rows, and for factored derivatives with the positions of all nodes. */
export function movedShape({ kind }: Held, value: Value, { axis, nodes }: { axis: Dim; nodes: number }): Shape {
  const [steps, ...rest] = value.shape.slice(1);
  return kind === "factored" ? [axis, (steps as number) * nodes, ...rest] : [axis, ...value.shape.slice(1)];
}

const shapeIn = (layout: Layout, { held }: Channel): readonly number[] =>
  layout.entries.find(({ name }) => name === held.parameter)!.shape;

/** Shape of a vector of a parameter as a graph of steps takes it. */
function vectorShape(channel: Channel, layout: Layout): Shape {
  if (channel.space !== "entries") return shapeIn(layout, channel);
  const { lines, moving } = sidesOf(channel.held);
  return [lines, moving];
}

/** Shapes of the values of M examples as a graph of steps takes them. */
function exampleShapes({ held, space }: Channel, examples: number): Shape[] {
  const { lines, moving } = space === "entries" ? sidesOf(held) : { lines: 0, moving: 0 };
  if (space === "entries")
    return [
      [examples, moving],
      [lines, examples],
    ];
  return factorValues(held.example!.factor).map(({ shape }) => [examples, ...shape.slice(1)]);
}

/** One step: what is carried after it, and what it gives. */
class StepFragment {
  private readonly inputs = new Map<string, Value>();
  private readonly prepared: Prepared;
  private readonly options: StepGraphOptions;
  private readonly k: number;

  constructor(prepared: Prepared, options: StepGraphOptions, k: number) {
    this.prepared = prepared;
    this.options = options;
    this.k = k;
  }

  /** z_s of a channel, and u_s with the number that it is still to be multiplied by: that is left for the products, which are smaller. */
  apply(channel: Channel, carry: Value | undefined): Applied {
    const { b } = this.prepared;
    const { into, direct, out, decoupled } = this.options.kinds;
    const space = this.prepared.space(channel);
    const moved = this.moved(channel);
    const jacobian = space.jacobian(moved);
    const enters = (): Value => {
      // A factor is smaller than the product, where nobody needs that as it is.
      if (into === "number" && direct === "none" && !decoupled) return space.jacobian(this.scaledLast(moved));
      return this.times("into", channel, jacobian);
    };
    const next = carry && add(b, carry, enters());
    if (direct === "none" || !next) {
      const [name, x] = next ? (["out", next] as const) : (["direct", jacobian] as const);
      if ((name === "out" ? out : direct) === "number") return { jacobian, next, pull: x, factor: this.number(name) };
      return { jacobian, next, pull: this.times(name, channel, x), factor: undefined };
    }
    if (direct === "number" && out === "number") {
      const pull = add(b, next, mul(b, jacobian, this.number(DIRECT_BY_OUT)));
      return { jacobian, next, pull, factor: this.number("out") };
    }
    const pull = add(b, this.times("direct", channel, jacobian), this.times("out", channel, next));
    return { jacobian, next, pull, factor: undefined };
  }

  /** <u_s, g_m>: (R, M). */
  contract(channel: Channel, pull: Value): Value | undefined {
    const { b, space } = this.prepared;
    if (!channel.held.example) return undefined;
    const shapes = exampleShapes(channel, this.options.examples);
    const { factor } = channel.held.example;
    const values = factorValues(factor).map(({ dtype }, j) =>
      b.input(ofStep(this.k, exampleName(channel.i, j)), dtype, shapes[j]),
    );
    return space(channel).contract(pull, values);
  }

  /** The parameter at w_s. */
  vector(channel: Channel): Value {
    return this.named(VECTOR + channel.held.parameter, channel);
  }

  /** What of u_s meets gradients. */
  shared(channel: Channel, pull: Value): Value {
    return this.options.kinds.share === "vector" ? this.times("share", channel, pull) : pull;
  }

  /** rho_j(w_s) of the parameter. */
  regulariser(channel: Channel, j: number): Value {
    return this.named(`${regulariserName(j)}.${channel.held.parameter}`, channel);
  }

  private moved({ held, i }: Channel): Value[] {
    const { b, axis } = this.prepared;
    const { nodes } = this.options;
    return movedValues(held).map((value, j) =>
      b.input(ofStep(this.k, movedName(i, j)), value.dtype, movedShape(held, value, { axis, nodes })),
    );
  }

  private scaledLast(moved: readonly Value[]): Value[] {
    return moved.map((value, j) => (j === moved.length - 1 ? mul(this.prepared.b, value, this.number("into")) : value));
  }

  private times(name: "into" | "direct" | "out" | "share", channel: Channel, x: Value): Value {
    if (this.options.kinds[name] === "number") return mul(this.prepared.b, x, this.number(name));
    return this.prepared.space(channel).weigh(x, this.named(`${name}.${channel.held.parameter}`, channel));
  }

  private number(name: string): Value {
    return this.once(name, []);
  }

  private named(name: string, channel: Channel): Value {
    return this.once(name, vectorShape(channel, this.options.layout));
  }

  private once(name: string, shape: Shape): Value {
    const value = this.inputs.get(name) ?? this.prepared.b.input(ofStep(this.k, name), "real", shape);
    this.inputs.set(name, value);
    return value;
  }
}

interface Applied {
  readonly jacobian: Value;
  readonly next: Value | undefined;
  readonly pull: Value;
  readonly factor: Value | undefined;
}

/**
 * Steps k = 0, 1, ... backwards through training, each with inputs `k.NAME`: `moved` and `example` values, `into`, `direct` and `out` (numbers, or
 * `NAME.PARAMETER`), `share.PARAMETER`, `vector.PARAMETER` (w_s) for decay terms, `regulariser.J.PARAMETER`. Others: `carry.I`, `still.I` or entries. Outputs: `next.I`, the carry after
 * the last of them, and `k.pulls` (R, M) = <u_s, g_m>, `k.coupled` (R) = <u_s, w_s>, `k.decoupled` (R) = <J_s, w_s>, `k.regulariser.J` (R) = <u_s, rho_j>;
 * a share multiplies u_s where it meets g_m and rho_j.
 *
 * The carry is read and written once for all steps: the engine's binding copies every output besides.
 */
export function stepGraph(options: StepGraphOptions): Graph {
  const prepared = prepare(options);
  const { b, space } = prepared;
  const { channels, kinds, steps } = options;
  const carries =
    kinds.into === "none" ? [] : channels.map((channel) => b.input(carryName(channel.i), "real", space(channel).shape));
  const outputs: Record<string, Value> = {};
  for (let k = 0; k < steps; k++) {
    const fragment = new StepFragment(prepared, options, k);
    const found = channels.map((channel, c) => {
      const applied = fragment.apply(channel, carries[c]);
      return { channel, ...applied, shared: fragment.shared(channel, applied.pull) };
    });
    const [{ factor }] = found;
    const scaled = (x: Value): Value => (factor ? mul(b, x, factor) : x);
    const put = (name: string, parts: readonly (Value | undefined)[], scale: (x: Value) => Value): void => {
      const total = addAll(b, parts);
      if (total) outputs[ofStep(k, name)] = scale(total);
    };
    put(
      "pulls",
      found.map(({ channel, shared }) => fragment.contract(channel, shared)),
      scaled,
    );
    const along = (x: Value, channel: Channel): Value => space(channel).along(x, fragment.vector(channel));
    if (kinds.coupled)
      put(
        "coupled",
        found.map(({ channel, pull }) => along(pull, channel)),
        scaled,
      );
    if (kinds.decoupled)
      put(
        "decoupled",
        found.map(({ channel, jacobian }) => along(jacobian, channel)),
        (x) => x,
      );
    for (let j = 0; j < kinds.regularisers; j++)
      put(
        regulariserName(j),
        found.map(({ channel, shared }) => space(channel).along(shared, fragment.regulariser(channel, j))),
        scaled,
      );
    found.forEach(({ next }, c) => {
      if (next) carries[c] = next;
    });
  }
  channels.forEach(({ i }, c) => {
    if (carries[c]) outputs[nextName(i)] = carries[c];
  });
  return b.build(outputs);
}

/** `along` (R) = <z, vector>, of the carries and `vector.PARAMETER`. */
export function alongGraph(options: Pick<StepGraphOptions, "channels" | "rows" | "layout">): Graph {
  const { b, space } = prepare(options);
  const parts = options.channels.map((channel) => {
    const { held, i } = channel;
    const carry = b.input(carryName(i), "real", space(channel).shape);
    const vector = b.input(VECTOR + held.parameter, "real", shapeIn(options.layout, channel));
    return space(channel).along(carry, channel.space === "entries" ? turnedVector(b, held, vector) : vector);
  });
  return b.build({ along: addAll(b, parts) as Value });
}

export const turnedName = (name: string): string => `turned.${name}`;

/** What a group in entries takes of a step, turned once for all tiles: outputs `turned.NAME` of vectors and examples, inputs NAME. */
export function turningGraph(
  channel: Channel,
  options: Pick<StepGraphOptions, "kinds" | "layout" | "examples">,
): Graph {
  const { kinds, layout, examples } = options;
  const { held, i } = channel;
  const b = new GraphBuilder();
  const outputs: Record<string, Value> = {};
  const coefficients = (["into", "direct", "out", "share"] as const).filter((name) => kinds[name] === "vector");
  const names = coefficients.map((name) => `${name}.${held.parameter}`);
  const added = Array.from({ length: kinds.regularisers }, (_, j) => `${regulariserName(j)}.${held.parameter}`);
  const decay = kinds.coupled || kinds.decoupled ? [VECTOR + held.parameter] : [];
  for (const name of [...names, ...decay, ...added])
    outputs[turnedName(name)] = turnedVector(b, held, b.input(name, "real", shapeIn(layout, channel)));
  if (held.example) {
    const values = factorValues(held.example.factor).map(({ shape }, j) =>
      b.input(exampleName(i, j), "real", [examples, ...shape.slice(1)]),
    );
    for (const [j, value] of turnedExample(b, held, values).entries()) outputs[turnedName(exampleName(i, j))] = value;
  }
  return b.build(outputs);
}
