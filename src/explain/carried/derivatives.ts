// The derivatives that carried vectors are made of, in the engine: what changes along training of each row's, and those of a batch's examples.

import { multiplied } from "../../differentiate/factored.ts";
import { jvp } from "../../differentiate/forward.ts";
import { factorOf, factorValues, pairable } from "../../differentiate/paired.ts";
import { type Use, usesOf } from "../../differentiate/per-example.ts";
import { descendants } from "../../differentiate/reverse.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { fullLike, mul } from "../../graph/ops.ts";
import type { Graph, Value } from "../../graph/types.ts";
import type { Loss } from "../../losses/types.ts";
import { identityOf } from "../../numeric/identity.ts";
import { objectiveOf } from "../../train/gradient-graph.ts";
import { NODE, once, type ReadoutGraphOptions, readoutAlong } from "../graphs.ts";

/** Which of a factor's values is the same at all parameters: a side that the row's input alone makes. */
export type Still = "left" | "right" | "indices";

/**
 * How the derivative of the rows by one parameter is held:
 * - `moving`: an outer product of one position, or embedded rows, of which one value is still. The sum over nodes is a sum of the other;
 * - `factored`: an outer product of few positions; nodes are more positions;
 * - `whole`: multiplied out, as it is where it has no factors or they would be no smaller.
 */
export interface Held {
  readonly parameter: string;
  /** As the rows have it; shapes alone are used outside the graph of derivatives. */
  readonly use: Use;
  readonly kind: "moving" | "factored" | "whole";
  readonly still: Still | undefined;
  /** As the examples of a batch have it; undefined where the loss does not see the parameter. */
  readonly example: Use | undefined;
}

export interface Derivatives {
  /** One for each parameter that the readout sees. */
  readonly held: readonly Held[];
  /** At w + t Delta, times the weight of each row at the node: `moved.I.J` for the J-th value of the I-th that is held. */
  readonly rows: Graph;
  /** The same, and `slope` (N) by forward mode. */
  readonly rowsAndSlope: Graph;
  /** `still.I` for each that is moving, from the rows' inputs alone; takes the inputs of `rows`. Undefined where none is. */
  readonly still: Graph | undefined;
  /** At w, times what each example counts: `example.I.J`, the values of its factor. Inputs as those of a gradient. */
  readonly batch: Graph;
}

export const movedName = (i: number, j: number): string => `moved.${i}.${j}`;
export const stillName = (i: number): string => `still.${i}`;
export const exampleName = (i: number, j: number): string => `example.${i}.${j}`;

/** The values of a row's derivative that change along training. */
export function movedValues({ kind, use: { factor }, still }: Pick<Held, "kind" | "use" | "still">): readonly Value[] {
  if (kind !== "moving") return factorValues(factor);
  if (factor.kind === "outer") return [still === "left" ? factor.right : factor.left];
  return factor.kind === "rows" ? [factor.right] : [];
}

/** The value that does not. */
export function stillValue({ use: { factor }, still }: Pick<Held, "use" | "still">): Value | undefined {
  const [first, second] = factorValues(factor);
  return still === undefined ? undefined : still === "right" ? second : first;
}

/** The derivative of a held parameter made of other values: those that moved, and the still one. */
export function useOf({ kind, use, still }: Held, moved: readonly Value[], kept: Value | undefined): Use {
  const values = kind !== "moving" ? moved : still === "right" ? [moved[0], kept!] : [kept!, moved[0]];
  return { ...use, factor: factorOf(use.factor, values) };
}

const dense = (b: GraphBuilder, use: Use): Use => ({
  ...use,
  factor: { kind: "dense", value: multiplied(b, use.factor) },
});

/** How many times smaller factors must be for them to be kept: every node of a step adds as much again. */
const SMALL = 8;

function heldOf(b: GraphBuilder, use: Use, moves: ReadonlySet<string>): Pick<Held, "use" | "kind" | "still"> {
  const { factor } = use;
  const isStill = (value: Value): boolean => !moves.has(value.name);
  if (factor.kind === "rows") {
    const steps = factor.right.shape[1] as number;
    if (isStill(factor.indices) && steps * steps <= factor.rows) return { use, kind: "moving", still: "indices" };
  }
  if (factor.kind === "outer") {
    const [steps, a, c] = [...factor.left.shape.slice(1), factor.right.shape[2]] as readonly number[];
    if (steps === 1 && isStill(factor.right)) return { use, kind: "moving", still: "right" };
    if (steps === 1 && isStill(factor.left)) return { use, kind: "moving", still: "left" };
    if (SMALL * steps * (a + c) <= a * c) return { use, kind: "factored", still: undefined };
  }
  return { use: factor.kind === "dense" ? use : dense(b, use), kind: "whole", still: undefined };
}

/** A batch's derivative as products with many rows take it: factors of more than one position are multiplied out once, not for each row. */
function exampleUse(b: GraphBuilder, use: Use, held: Pick<Held, "still">): Use {
  const { factor } = use;
  const kept =
    factor.kind === "outer" ? factor.left.shape[1] === 1 : factor.kind === "dense" || held.still === "indices";
  return kept ? use : dense(b, use);
}

/** Whether inner products of both are those of the parameter: rearranged alike, embedded rows with embedded rows. */
function matches(held: Pick<Held, "use" | "still">, example: Use): boolean {
  const alike = (held.use.prelude.graphs === undefined) === (example.prelude.graphs === undefined);
  return alike && (held.still !== "indices" || example.factor.kind === "rows");
}

export interface DerivativesOptions extends ReadoutGraphOptions {
  readonly loss: Loss;
  /** What is trained. Default: `head`, as it is evaluated. */
  readonly training?: Pick<ReadoutGraphOptions, "head" | "exampleInputs"> | undefined;
}

/** The graphs of a readout and a loss; undefined where some use of a parameter has no factored form, or both sides have different ones. */
export function derivativesOf(options: DerivativesOptions): Derivatives | undefined {
  const { head, readout, targetType, loss, layout } = options;
  const names = layout.entries.map(({ name }) => name).join();
  return once(head, `carried ${readout.key} ${targetType} ${identityOf(loss)} ${names}`, () => build(options));
}

type RowSide = Pick<Derivatives, "rows" | "rowsAndSlope" | "still"> & {
  readonly held: readonly (Pick<Held, "parameter" | "use" | "kind" | "still"> | undefined)[];
};

function buildRows(options: ReadoutGraphOptions): RowSide | undefined {
  const { b, inputs, value, parameters, tangents } = readoutAlong(options);
  const weights = b.input(NODE, "real", ["N"]);
  const examples = options.exampleInputs.map((name) => inputs[name]);
  const [slope] = jvp(b, tangents, [value]);
  const uses = usesOf(b, { seeds: [{ value, cotangent: weights }], examples, parameters });
  if (!uses) return undefined;
  const moves = descendants(b.nodes, [...parameters, weights]);
  const held = parameters.map((parameter, i) => {
    const use = pairable(b, uses, parameter);
    return use && { parameter: options.layout.entries[i].name, ...heldOf(b, use, moves) };
  });
  const own = held.filter((one) => one !== undefined);
  const moved = Object.fromEntries(
    own.flatMap((one, i) => movedValues(one).map((value, j) => [movedName(i, j), value] as const)),
  );
  const still = Object.fromEntries(
    own.flatMap((one, i) => (one.still ? [[stillName(i), stillValue(one)!] as const] : [])),
  );
  return {
    held,
    rows: b.build(moved),
    rowsAndSlope: b.build({ ...moved, slope: slope ? mul(b, weights, slope) : fullLike(b, weights, 0) }),
    still: Object.keys(still).length > 0 ? b.build(still) : undefined,
  };
}

function build(options: DerivativesOptions): Derivatives | undefined {
  const side = buildRows(options);
  if (!side) return undefined;
  const { training = options, loss, layout } = options;
  const { head, exampleInputs } = training;
  const { b, inputs, seeds } = objectiveOf(head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: seeds(), examples, parameters });
  if (!uses) return undefined;
  const held = side.held.flatMap((one, u) => {
    if (!one) return [];
    const use = pairable(b, uses, parameters[u]);
    return [{ ...one, example: use && exampleUse(b, use, one) }];
  });
  if (held.some((one) => one.example && !matches(one, one.example))) return undefined;
  const outputs = held.flatMap(({ example }, i) =>
    (example ? factorValues(example.factor) : []).map((value, j) => [exampleName(i, j), value] as const),
  );
  return { ...side, held, batch: b.build(Object.fromEntries(outputs)) };
}
