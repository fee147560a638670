// How much Domingos' coefficients of one example differ between queries (001-11).

import { pathKernel } from "../../../src/kernels/path-kernel.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { smallTask } from "../tasks.ts";

/**
 * The largest spread over queries of a_i(x), in units of the largest |a|: training points as queries, of entries conditioned above 1/2. A linear model has a
 * kernel with one factor for all steps, and so one a_i for all queries.
 */
export async function coefficientSpread(hidden: readonly number[], steps = 30): Promise<number> {
  const optimizer = { label: "gd", name: "gd", options: { lr: 0.2 } };
  const examples = 8;
  const { task, params, batches } = await smallTask({ loss: "half-mse", hidden, examples, optimizer, steps });
  const run = await trainInMemory(task, { params, batches });
  const { coefficients, wellConditioned } = await pathKernel(task, run, task.dataset.train.x, { tolerance: 0.5 });
  let [spread, top] = [0, 0];
  for (let i = 0; i < examples; i++) {
    const own: number[] = [];
    for (let q = 0; q < examples; q++)
      if (wellConditioned.data[q * examples + i] === 1) own.push(coefficients.data[q * examples + i]);
    spread = Math.max(spread, Math.max(...own) - Math.min(...own));
    top = Math.max(top, ...own.map(Math.abs));
  }
  return spread / top;
}
