// The probability of one class, where the loss turns outputs into probabilities.

import { weightedSum } from "./linear.ts";
import { coefficientsOf, outputIndex, placed } from "./place.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/**
 * `probability:k`: softmax or sigmoid of the outputs, as the loss reads them; `probability:1` for a single logit; `probability:POS/k` with
 * positions.
 */
export function probabilityReadout(spec: string, argument: string, context: ReadoutContext): Readout {
  const { probabilities, name } = context.loss;
  if (!probabilities) {
    throw new RangeError(
      `readout ${spec}: a probability needs a classification loss (cross-entropy, binary-cross-entropy, nll), got ${name}`,
    );
  }
  const { place, rest } = placed(argument, spec, context);
  if (place.width === 1 && rest !== "1") {
    const wanted = `probability:${place.prefix}1`;
    throw new RangeError(
      `readout ${spec}: a single logit must be read as ${wanted}, the probability of class 1, got "${argument}"`,
    );
  }
  const k = place.width === 1 ? 0 : outputIndex(rest, spec, place);
  const resolved = {
    name: `probability:${place.prefix}${place.width === 1 ? 1 : k}`,
    coefficients: coefficientsOf(place, { [k]: 1 }),
  };
  return {
    spec,
    key: `probability ${name}`,
    needs: "coefficients",
    value: (b, y, coefficients) => weightedSum(b, probabilities(b, y), coefficients),
    resolve: () => resolved,
  };
}
