// The probability of one class, where the loss turns outputs into probabilities.

import { coefficientsOf, outputIndex, weightedSum } from "./linear.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** `probability:k`: softmax or sigmoid of the outputs, as the loss reads them; `probability:1` for a single logit. */
export function probabilityReadout(spec: string, argument: string, { outputs, loss }: ReadoutContext): Readout {
  const { probabilities } = loss;
  if (!probabilities) {
    throw new RangeError(
      `readout ${spec}: a probability needs a classification loss (cross-entropy, binary-cross-entropy), got ${loss.name}`,
    );
  }
  if (outputs === 1 && argument !== "1") {
    throw new RangeError(
      `readout ${spec}: a single logit must be read as probability:1, the probability of class 1, got "${argument}"`,
    );
  }
  const k = outputs === 1 ? 0 : outputIndex(argument, spec, outputs);
  return {
    spec,
    key: `probability ${loss.name}`,
    needs: "coefficients",
    value: (b, y, coefficients) => weightedSum(b, probabilities(b, y), coefficients),
    resolve: () => ({ name: spec, coefficients: coefficientsOf(outputs, { [k]: 1 }) }),
  };
}
