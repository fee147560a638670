// The graphs of direct pulls: factors of a batch's gradients, and what a readout's derivative at a node makes of them.

import { jvp } from "../differentiate/forward.ts";
import { factorOf, factorValues, pairable, paired } from "../differentiate/paired.ts";
import { type Use, usesOf } from "../differentiate/per-example.ts";
import { fullLike, mul } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { Loss } from "../losses/types.ts";
import { identityOf } from "../numeric/identity.ts";
import type { Layout } from "../numeric/layout.ts";
import { objectiveOf } from "../train/gradient-graph.ts";
import { NODE, once, type ReadoutGraphOptions, readoutAlong } from "./graphs.ts";

/** Output with what a term does along a line; before the name of a parameter, the input with what of the term is applied: sum eta_s w_s for decay. */
export const pushedName = (j: number): string => `pushed.${j}`;

const factorName = (use: number, k: number): string => `factor.${use}.${k}`;

export interface BatchFactors {
  /** Inputs of `gradientGraph`; outputs the values of the factors of c_n dl_n/dw, use by use. */
  readonly graph: Graph;
  /** What can be paired of each parameter, in the order of the layout, made of those outputs. */
  readonly uses: readonly (Use | undefined)[];
}

export interface BatchFactorOptions {
  readonly head: Graph;
  readonly exampleInputs: readonly string[];
  readonly loss: Loss;
  readonly layout: Layout;
}

/** The graph of a batch's factors; undefined where some use of a parameter has no factored form. */
export function batchFactors(options: BatchFactorOptions): BatchFactors | undefined {
  const { head, loss, layout } = options;
  return once(head, `batch factors ${identityOf(loss)} ${layout.entries.map(({ name }) => name)}`, () =>
    buildFactors(options),
  );
}

function buildFactors({ head, exampleInputs, loss, layout }: BatchFactorOptions): BatchFactors | undefined {
  const { b, inputs, seeds } = objectiveOf(head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: seeds(), examples, parameters });
  if (!uses) return undefined;
  const own = parameters.map((parameter) => pairable(b, uses, parameter));
  const outputs: Record<string, Value> = {};
  own.forEach((use, u) => {
    for (const [k, value] of (use ? factorValues(use.factor) : []).entries()) outputs[factorName(u, k)] = value;
  });
  return { graph: b.build(outputs), uses: own };
}

export interface DirectGraphOptions extends ReadoutGraphOptions {
  readonly batch: BatchFactors;
  /** Examples of the batch. */
  readonly count: number;
  /** Number of terms. */
  readonly terms: number;
}

/**
 * With omega_r the weight of row r at this node: `pulls` (N, M) = omega_r <J_r, g_m> at w + t Delta, `slope` (N) = omega_r J_r Delta, `pushed.J`
 * (N) = omega_r J_r d_j of each term. The slope is forward mode's and sees no example: residuals are made of it. Inputs: those of the graphs along
 * a segment, `node.weights` (N), the outputs of the batch's graph, and d_j as `pushed.J.NAME`. Undefined where the readout has no factored form.
 */
export function directGraph(options: DirectGraphOptions): Graph | undefined {
  const { head, readout, targetType, layout, count, terms } = options;
  const key = `direct ${readout.key} ${targetType} ${count} ${terms} ${layout.entries.map(({ name }) => name)}`;
  return once(head, key, () => buildDirect(options));
}

/** A use of the batch with its values as inputs of this graph. */
function batchUse({ b }: ReturnType<typeof readoutAlong>, use: Use, { u, count }: { u: number; count: number }): Use {
  const values = factorValues(use.factor).map((value, k) =>
    b.input(factorName(u, k), value.dtype, [count, ...value.shape.slice(1)]),
  );
  return { ...use, factor: factorOf(use.factor, values) };
}

function buildDirect(options: DirectGraphOptions): Graph | undefined {
  const along = readoutAlong(options);
  const { b, inputs, value, parameters, tangents } = along;
  const weights = b.input(NODE, "real", ["N"]);
  const examples = options.exampleInputs.map((name) => inputs[name]);
  const [slope] = jvp(b, tangents, [value]);
  const pushed = (j: number, name: string): Value => b.input(`${pushedName(j)}.${name}`, "real", inputs[name].shape);
  const names = options.layout.entries.map(({ name }) => name);
  const moved = Array.from({ length: options.terms }, (_, j) => {
    return jvp(
      b,
      parameters.map((value, i) => ({ value, tangent: pushed(j, names[i]) })),
      [value],
    )[0];
  });
  const x = usesOf(b, { seeds: [{ value, cotangent: weights }], examples, parameters });
  if (!x) return undefined;
  const pairs = parameters.flatMap((parameter, u) => {
    const [own, other] = [pairable(b, x, parameter), options.batch.uses[u]];
    return own && other ? [[own, batchUse(along, other, { u, count: options.count })] as const] : [];
  });
  const pulls = paired(b, pairs);
  if (!pulls) return undefined;
  const weighted = (product: Value | undefined): Value =>
    product ? mul(b, weights, product) : fullLike(b, weights, 0);
  const others = Object.fromEntries(moved.map((product, j) => [pushedName(j), weighted(product)]));
  return b.build({ pulls, slope: weighted(slope), ...others });
}
