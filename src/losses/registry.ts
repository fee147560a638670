// Losses by the names that users write, with their options: "mse", "cross-entropy:0.1", "huber:1.5".

import { finitePositive, halfOpenFraction, type NumberOptions, optionsOfText, splitSpec } from "../numeric/spec.ts";
import { binaryCrossEntropy } from "./binary-cross-entropy.ts";
import { crossEntropy, smoothedCrossEntropy } from "./cross-entropy.ts";
import { huber } from "./huber.ts";
import { hinge, multiMargin, perceptron } from "./margins.ts";
import { halfMse, mse } from "./mse.ts";
import { jointNll, nll } from "./nll.ts";
import { poisson } from "./poisson.ts";
import type { Loss } from "./types.ts";

interface Member {
  readonly options: NumberOptions<string>;
  make(options: Readonly<Record<string, number>>): Loss;
}

const plain = (loss: Loss): readonly [string, Member] => [loss.name, { options: {}, make: () => loss }];

const MEMBERS: ReadonlyMap<string, Member> = new Map<string, Member>([
  plain(mse),
  plain(halfMse),
  [
    crossEntropy.name,
    {
      options: { smoothing: halfOpenFraction(0) },
      make: ({ smoothing }) => (smoothing === 0 ? crossEntropy : smoothedCrossEntropy(smoothing)),
    },
  ],
  plain(binaryCrossEntropy),
  plain(nll),
  plain(jointNll),
  ["huber", { options: { delta: finitePositive(1) }, make: ({ delta }) => huber(delta) }],
  plain(poisson),
  plain(hinge),
  ["multi-margin", { options: { margin: finitePositive(1) }, make: ({ margin }) => multiMargin(margin) }],
  plain(perceptron),
]);

/** Names that `lossOf` knows; some take an option behind a colon. */
export const lossNames: readonly string[] = [...MEMBERS.keys()];

/** How losses are written. */
export const lossForms: readonly string[] = [...MEMBERS].map(([name, { options }]) =>
  [name, ...Object.keys(options).map((key) => `[:${key.toUpperCase()}]`)].join(""),
);

/**
 * The loss that a name, with its option, stands for: "cross-entropy", "cross-entropy:0.1", "huber:1.5". RangeError where there is none of that name, with
 * the known ones, or the option is out of range.
 */
export function lossOf(spec: string): Loss {
  const [name, text] = splitSpec(spec);
  const member = MEMBERS.get(name);
  if (!member) throw new RangeError(`loss must be one of ${lossNames.join(", ")}, got "${spec}"`);
  return member.make(optionsOfText(`loss ${name}`, text, member.options));
}
