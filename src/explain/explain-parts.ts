// Contributions split by what pulled: a loss whose derivative is a sum of parts, each part's contributions apart.

import type { Loss } from "../losses/types.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type ExplainOptions, explain, explainPulledBy } from "./explain.ts";
import type { Explanation } from "./types.ts";

export interface ExplanationParts<Name extends string> {
  readonly whole: Explanation;
  /** (R, N) of each part: they add up to those of the whole, to rounding, where the parts' pulls add up to the loss's. */
  readonly parts: Readonly<Record<Name, Float64Array>>;
  /** max over rows and examples of |whole - sum of parts|, over the largest gross sum of a row. */
  readonly apart: number;
}

export interface ExplainPartsOptions<Name extends string> extends Omit<ExplainOptions, "keeper" | "shift"> {
  /** Losses with the inputs of the task's, whose derivatives are the parts. */
  readonly parts: Readonly<Record<Name, Loss>>;
}

/**
 * Contributions of every part of a loss's pull. The path is that of the training, and so are the carried vectors u_s: for l' = sum_k l'_k
 *
 *     -<u_s, g_{s,i}> = sum_k -<u_s, c_{s,i} J_{s,i}^T l'_{k,s,i}>
 *
 * for every optimizer, since u_s is a function of the record alone. Whether the parts are all there is measured: `apart`.
 *
 * Cost: that of as many explanations as parts and one more. RangeError for a part with other inputs or targets than the task's loss; what `explain` throws.
 */
export async function explainParts<Name extends string>(
  task: Task,
  run: Run,
  { parts, ...options }: ExplainPartsOptions<Name>,
): Promise<ExplanationParts<Name>> {
  const inputsOf = ({ inputs = {}, target }: Loss): string => JSON.stringify([target, inputs]);
  for (const [name, part] of Object.entries<Loss>(parts))
    if (inputsOf(part) !== inputsOf(task.loss))
      throw new RangeError(`explainParts: ${name} must read what ${task.loss.name} reads, got ${inputsOf(part)}`);
  const whole = await explain(task, run, options);
  const found: [Name, Float64Array][] = [];
  const left = whole.contributions.slice();
  for (const [name, loss] of Object.entries<Loss>(parts)) {
    const { contributions } = await explainPulledBy(task, { ...task, loss }, run, options);
    for (let k = 0; k < left.length; k++) left[k] -= contributions[k];
    found.push([name as Name, contributions]);
  }
  const gross = whole.gross.reduce((most, value) => Math.max(most, value), 0);
  const most = left.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return {
    whole,
    parts: Object.fromEntries(found) as Record<Name, Float64Array>,
    apart: gross === 0 ? most : most / gross,
  };
}
