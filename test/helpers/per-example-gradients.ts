// Gradients of each example of a batch, multiplied out: (B, p) by the factored rules, for references that may be slow.

import { materialise } from "../../src/differentiate/factored.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { fullLike } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import type { Batch } from "../../src/run/types.ts";
import { objectiveOf } from "../../src/train/gradient-graph.ts";
import { occurrenceFeeds } from "../../src/train/occurrences.ts";
import type { Task } from "../../src/train/task.ts";

/** Gives g_{s,i} = c_{s,i} dl_i/dw at `params` for each occurrence of a batch, in order: (B, p). */
export type PerExampleGradients = (params: RealArray, batch: Batch) => Promise<Float64Array>;

export function perExampleGradients(task: Task): PerExampleGradients {
  const { training, loss, layout, engine, frozen } = task;
  const { b, inputs, losses, weights } = objectiveOf(training.head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = training.exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: [{ value: losses, cotangent: weights }], examples, parameters });
  if (!uses) throw new RangeError("perExampleGradients: every use of a parameter must have a factored form");
  const outputs: Record<string, Value> = {};
  for (const parameter of parameters) {
    outputs[`gradient.${parameter.name}`] = materialise(b, uses, parameter) ?? fullLike(b, parameter, 0);
  }
  const program = engine.compile(b.build(outputs));
  const occurrences = occurrenceFeeds(task);
  return async (params, batch) => {
    const { indices } = batch;
    const results = await program.run({ ...frozen, ...viewsOf(layout, params), ...(await occurrences(batch)) });
    const gradients = new Float64Array(indices.length * layout.size);
    for (const { name, offset, size } of layout.entries) {
      const data = results[`gradient.${name}`].data as RealArray;
      for (let n = 0; n < indices.length; n++)
        gradients.set(data.subarray(n * size, (n + 1) * size), n * layout.size + offset);
    }
    return gradients;
  };
}
