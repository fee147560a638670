// Readouts that are linear in the outputs: one output, the predicted one, a difference of two, or all of them in one direction.

import type { GraphBuilder } from "../graph/builder.ts";
import { mul } from "../graph/ops.ts";
import { sumOfExample } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import { coefficientsOf, lastPlace, outputIndex, outputsAt, placed, placeOf } from "./place.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** sum_c coefficient_c y_c over all outputs. */
export function weightedSum(b: GraphBuilder, y: Value, coefficients: Value): Value {
  return sumOfExample(b, mul(b, y, coefficients));
}

/** Index of the largest output other than `except`; the first of equal ones. */
export function argmax(outputs: ArrayLike<number>, except = -1): number {
  let best = except === 0 ? 1 : 0;
  for (let c = 0; c < outputs.length; c++) if (c !== except && outputs[c] > outputs[best]) best = c;
  return best;
}

const linearReadout = (spec: string, resolve: Readout["resolve"]): Readout => ({
  spec,
  key: "linear",
  needs: "coefficients",
  value: weightedSum,
  resolve,
});

/** `output:k`, also written `logit:k`; `output:POS/k` with positions. */
export function outputReadout(spec: string, argument: string, context: ReadoutContext): Readout {
  const { place, rest } = placed(argument, spec, context);
  const k = outputIndex(rest, spec, place);
  const name = `${spec.slice(0, spec.indexOf(":"))}:${place.prefix}${k}`;
  return linearReadout(spec, () => ({ name, coefficients: coefficientsOf(place, { [k]: 1 }) }));
}

/** The largest output of the trained model: `predicted`; with positions at the last one, or `predicted:POS`. */
export function predictedReadout(spec: string, argument: string, context: ReadoutContext): Readout {
  const { probabilities, outputs } = context.loss;
  const word = probabilities && outputs === undefined ? "logit" : "output";
  const place = argument === "" ? lastPlace(context) : placeOf(argument, spec, context);
  return linearReadout(spec, (y) => {
    const k = argmax(outputsAt(y, place));
    return { name: `${word}:${place.prefix}${k}`, coefficients: coefficientsOf(place, { [k]: 1 }) };
  });
}

/**
 * `along` = sum_c y_c d_c, d = y(w_S) / |y(w_S)|: all outputs in the direction of the trained model's own, of which the value is their Euclidean
 * length. For outputs that are one thing, as the pixels of an image. The first output where all of them are 0.
 */
export function alongReadout(spec: string): Readout {
  return linearReadout(spec, (y) => {
    const length = Math.hypot(...Array.from(y));
    return { name: spec, coefficients: Array.from(y, (value, c) => (length > 0 ? value / length : Number(c === 0))) };
  });
}

/**
 * `margin:a-b` = y_a - y_b; `margin` alone takes the prediction of the trained model against its runner-up. With positions
 * `margin:POS/a-b` and `margin:POS`; `margin` alone is at the last one.
 */
export function marginReadout(spec: string, argument: string, context: ReadoutContext): Readout {
  const { place, rest } = marginPlace(spec, argument, context);
  if (place.width < 2) {
    const instead = `output:${place.prefix}0`;
    throw new RangeError(`readout ${spec}: a margin needs at least two outputs, got ${place.width}; use ${instead}`);
  }
  const fixed = rest === "" ? undefined : rest.split("-").map((text) => outputIndex(text, spec, place));
  if (fixed && (fixed.length !== 2 || fixed[0] === fixed[1])) {
    const form = place.prefix === "" ? "margin:A-B" : "margin:POS/A-B";
    throw new RangeError(`readout ${spec}: a margin must be written ${form} with two different outputs`);
  }
  return linearReadout(spec, (y) => {
    const own = outputsAt(y, place);
    const [a, c] = fixed ?? [argmax(own), argmax(own, argmax(own))];
    return { name: `margin:${place.prefix}${a}-${c}`, coefficients: coefficientsOf(place, { [a]: 1, [c]: -1 }) };
  });
}

/** Without a slash the argument of a model with positions is a position. */
function marginPlace(spec: string, argument: string, context: ReadoutContext): ReturnType<typeof placed> {
  if (argument === "") return { place: lastPlace(context), rest: "" };
  if (context.outputShape.length === 1 || argument.includes("/")) return placed(argument, spec, context);
  return { place: placeOf(argument, spec, context), rest: "" };
}
