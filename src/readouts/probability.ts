// The probability of one class, where the loss turns outputs into probabilities.

import { coefficientsOf, outputIndex, weightedSum } from "./linear.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** `probability:k`: softmax or sigmoid of the outputs, as the loss reads them. */
export function probabilityReadout(spec: string, argument: string, { outputs, loss }: ReadoutContext): Readout {
  const { probabilities } = loss;
  if (!probabilities) {
    throw new RangeError(
      `readout ${spec}: a probability needs a classification loss (cross-entropy, binary-cross-entropy), got ${loss.name}`,
    );
  }
  const k = outputIndex(argument, spec, outputs);
  return {
    spec,
    needs: "coefficients",
    value: (b, y, coefficients) => weightedSum(b, probabilities(b, y), coefficients),
    resolve: () => ({ name: spec, coefficients: coefficientsOf(outputs, { [k]: 1 }) }),
  };
}
