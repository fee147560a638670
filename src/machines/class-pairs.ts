// One machine for each pair of classes, and what their decision values say together: votes, or probabilities.

import type { Link } from "../kernels/kernel-machine.ts";
import { reals } from "../numeric/tensor.ts";
import { couple, type Sigmoid, sigmoidOf } from "./platt.ts";

/** Places of two classes; a decision value above zero is for the positive one, the higher. */
export interface ClassPair {
  readonly negative: number;
  readonly positive: number;
}

/** All pairs of K classes: (0, 1), (0, 2), ... (1, 2), ... */
export function classPairs(k: number): ClassPair[] {
  return Array.from({ length: k }, (_, negative) =>
    Array.from({ length: k - negative - 1 }, (_, at) => ({ negative, positive: negative + at + 1 })),
  ).flat();
}

/** Decision values (Q, P) to the number of pairs that each class wins (Q, K); zero is for the positive class, as in libsvm. */
export function votesLink(k: number): Link {
  const pairs = classPairs(k);
  return {
    name: "votes",
    apply: ({ shape: [count], data }) => {
      const votes = new Float64Array(count * k);
      for (let q = 0; q < count; q++)
        for (const [p, { negative, positive }] of pairs.entries())
          votes[q * k + (data[q * pairs.length + p] >= 0 ? positive : negative)]++;
      return reals([count, k], votes);
    },
  };
}

/** A pair says nothing more certain than this, as in libsvm: coupling divides by its square. */
const LEAST = 1e-7;

/** Decision values (Q, P) to probabilities of the classes (Q, K), by the sigmoid of each pair. */
export function probabilitiesLink(k: number, sigmoids: readonly Sigmoid[]): Link {
  const pairs = classPairs(k);
  return {
    name: "probabilities",
    apply: ({ shape: [count], data }) => {
      const result = new Float64Array(count * k);
      const r = new Float64Array(k * k);
      for (let q = 0; q < count; q++) {
        for (const [p, { negative, positive }] of pairs.entries()) {
          const own = sigmoidOf(sigmoids[p], data[q * pairs.length + p]);
          const kept = Math.min(1 - LEAST, Math.max(LEAST, own));
          r[positive * k + negative] = kept;
          r[negative * k + positive] = 1 - kept;
        }
        result.set(k === 2 ? [r[1], r[2]] : couple(r, k), q * k);
      }
      return reals([count, k], result);
    },
  };
}
