// Lhermitte's T_c: the steps at which the hyperplane of a step breaks down, near minima and saddles.

import type { Explanation } from "./types.ts";

export interface CriticalSteps {
  /** Steps k with |rho_k| > threshold |f_{k+1} - f_k|, ascending. */
  readonly steps: Int32Array;
  /** |T_c| / S. */
  readonly share: number;
  /** sum over T_c of rho_k, signed, in units of the readout. */
  readonly sum: number;
  /** sum over T_c of |rho_k| over that of all steps; 0 where there is no residual at all. */
  readonly shareOfResidual: number;
}

/**
 * The steps of a row at which the residual is no small part of the step's change, with what they leave in all:
 *
 *     T_c = {k : |rho_k(x)| > threshold |f(x; w_{k+1}) - f(x; w_k)|}                        (theory 1.5)
 *
 * `explanation` should be by the rule `left`: Lhermitte's hyperplane. `changes` (R, S) are those of `secondOrder`. A step that changes nothing and leaves
 * nothing is none of them. RangeError for a row or threshold that is none, for chords, or for changes of another run.
 *
 * @see Lhermitte, "Discrete Proof that Every Model Learned by Gradient Descent Is Approximately a Kernel Machine"
 */
export function criticalSteps(
  explanation: Pick<Explanation, "rows" | "steps" | "residualByStep" | "path">,
  row: number,
  { changes, threshold }: { readonly changes: Float64Array; readonly threshold: number },
): CriticalSteps {
  const { rows, steps: count, residualByStep, path } = explanation;
  const refuse = (must: string): never => {
    throw new RangeError(`criticalSteps: ${must}`);
  };
  if (path !== "steps") refuse(`the explanation must be along steps, got ${path}`);
  if (!Number.isInteger(row) || row < 0 || row >= rows.length)
    refuse(`row must be an integer in 0..${rows.length - 1}, got ${row}`);
  if (!(threshold > 0)) refuse(`threshold must be positive, got ${threshold}`);
  if (changes.length !== residualByStep.length)
    refuse(`changes must hold ${residualByStep.length} numbers, got ${changes.length}`);
  const found: number[] = [];
  let [sum, size, all] = [0, 0, 0];
  for (let k = 0; k < count; k++) {
    const rho = residualByStep[row * count + k];
    all += Math.abs(rho);
    if (!(Math.abs(rho) > threshold * Math.abs(changes[row * count + k]))) continue;
    found.push(k);
    sum += rho;
    size += Math.abs(rho);
  }
  return {
    steps: Int32Array.from(found),
    share: count === 0 ? 0 : found.length / count,
    sum,
    shareOfResidual: all === 0 ? 0 : size / all,
  };
}
