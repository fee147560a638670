// Readouts that are linear in the outputs: one output, the predicted one, or a difference of two.

import type { GraphBuilder } from "../graph/builder.ts";
import { mul, reduceSum } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** sum_c coefficient_c y_c. */
export function weightedSum(b: GraphBuilder, y: Value, coefficients: Value): Value {
  return reduceSum(b, mul(b, y, coefficients), [1]);
}

/** The coefficients that pick some outputs. */
export function coefficientsOf(count: number, picks: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: count }, (_, c) => picks[c] ?? 0);
}

/** Index of the largest output other than `except`; the first of equal ones. */
export function argmax(outputs: ArrayLike<number>, except = -1): number {
  let best = except === 0 ? 1 : 0;
  for (let c = 0; c < outputs.length; c++) if (c !== except && outputs[c] > outputs[best]) best = c;
  return best;
}

/** An output index written in a spec; RangeError when there is no such output. */
export function outputIndex(text: string, spec: string, outputs: number): number {
  const k = Number(text);
  if (!/^\d+$/.test(text) || k >= outputs) {
    throw new RangeError(`readout ${spec}: the output must be an integer in 0..${outputs - 1}, got "${text}"`);
  }
  return k;
}

const linearReadout = (spec: string, resolve: Readout["resolve"]): Readout => ({
  spec,
  key: "linear",
  needs: "coefficients",
  value: weightedSum,
  resolve,
});

/** `output:k`, also written `logit:k`. */
export function outputReadout(spec: string, argument: string, { outputs }: ReadoutContext): Readout {
  const k = outputIndex(argument, spec, outputs);
  return linearReadout(spec, () => ({ name: spec, coefficients: coefficientsOf(outputs, { [k]: 1 }) }));
}

/** The largest output of the trained model. */
export function predictedReadout(spec: string, _argument: string, { outputs, loss }: ReadoutContext): Readout {
  const word = loss.probabilities ? "logit" : "output";
  return linearReadout(spec, (y) => ({
    name: `${word}:${argmax(y)}`,
    coefficients: coefficientsOf(outputs, { [argmax(y)]: 1 }),
  }));
}

/** `margin:a-b` = y_a - y_b; `margin` alone takes the prediction of the trained model against its runner-up. */
export function marginReadout(spec: string, argument: string, { outputs }: ReadoutContext): Readout {
  if (outputs < 2)
    throw new RangeError(`readout ${spec}: a margin needs at least two outputs, got ${outputs}; use output:0`);
  const fixed = argument === "" ? undefined : argument.split("-").map((text) => outputIndex(text, spec, outputs));
  if (fixed && (fixed.length !== 2 || fixed[0] === fixed[1])) {
    throw new RangeError(`readout ${spec}: a margin must be written margin:A-B with two different outputs`);
  }
  return linearReadout(spec, (y) => {
    const [a, c] = fixed ?? [argmax(y), argmax(y, argmax(y))];
    return { name: `margin:${a}-${c}`, coefficients: coefficientsOf(outputs, { [a]: 1, [c]: -1 }) };
  });
}
