// How well machines that are instances of something agree with it: the explanation of a run, one step of descent.

import { explain } from "../../../src/explain/explain.ts";
import { explanationMachine } from "../../../src/explain/explanation-machine.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import { evaluateMachine } from "../../../src/kernels/kernel-machine.ts";
import { tangentMachine } from "../../../src/kernels/tangent-machine.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { relative } from "../model-task.ts";
import { smallTask } from "../tasks.ts";

/** The machine's values at the queries against output - residual - closure, for both forms of coefficients. */
export async function explanationAsMachine(): Promise<{ readonly loss: number; readonly domingos: number }> {
  const { task, params, batches } = await smallTask({ hidden: [6], steps: 12, loss: "half-mse", queries: 4 });
  const run = await trainInMemory(task, { params, batches });
  const x = task.dataset.test.x;
  const queries = inputQueries(task, x, { name: "x" });
  const of = async (coefficients: "loss-weighted" | "domingos"): Promise<number> => {
    const rule = coefficients === "domingos" ? "left" : "auto";
    const { value } = await evaluateMachine(explanationMachine(task, run, { coefficients, rule }), x);
    const e = await explain(task, run, { queries, rule, readout: "output:0" });
    return relative(
      value.data,
      e.output.map((y, r) => y - e.residual[r] - e.closure[r]),
    );
  };
  return { loss: await of("loss-weighted"), domingos: await of("domingos") };
}

/** max over queries of |f after one step of `lr` - (f_s + eta h_s)|. */
export async function tangentStep(lr: number, hidden: readonly number[] = [16, 12]): Promise<number> {
  const optimizer = { label: "sgd", name: "sgd", options: { lr } };
  const { task, params, batches } = await smallTask({ steps: 1, optimizer, hidden });
  const run = await trainInMemory(task, { params, batches });
  const machine = await tangentMachine(task, (await run.checkpoint(0)).params, batches[0], { stepSize: lr });
  const { value } = await evaluateMachine(machine, task.dataset.test.x);
  const after = await predict(task, (await run.checkpoint(1)).params, task.dataset.test);
  return largest(after.map((y, k) => y - value.data[k]));
}
