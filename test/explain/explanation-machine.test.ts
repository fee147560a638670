// The explanation of a run as a kernel machine: what it says of any points is the model less what the explanation leaves.

import { describe, expect, it, vi } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { type ExplanationMachineOptions, explanationMachine } from "../../src/explain/explanation-machine.ts";
import { inputQueries } from "../../src/explain/queries.ts";
import { evaluateMachine, probabilityLink } from "../../src/kernels/kernel-machine.ts";
import { tangentMachine } from "../../src/kernels/tangent-machine.ts";
import { sliceRows } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { largest } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function recorded(options: SmallTaskOptions = {}) {
  const { task, params, batches } = await smallTask({ hidden: [6], steps: 8, queries: 4, ...options });
  const run = await trainInMemory(task, { params, batches });
  const machine = (own: ExplanationMachineOptions = {}) => explanationMachine(task, run, own);
  return { task, run, batches, x: task.dataset.test.x, machine };
}

describe("the explanation's machine", () => {
  it.each([
    ["adamw", { optimizer: optimizerChoice("adamw") }, {}],
    ["momentum with decay, three classes", { optimizer: optimizerChoice("momentum decay"), loss: "cross-entropy" }, {}],
    ["minibatches by the rule left", {}, { rule: "left" }],
    ["minibatches with Domingos' coefficients", {}, { coefficients: "domingos" }],
    [
      "descent with decay, three classes, Domingos' coefficients",
      { optimizer: optimizerChoice("sgd decay"), loss: "cross-entropy" },
      { coefficients: "domingos", conditioning: 0.5 },
    ],
  ] as const)("evaluated at queries is the output less residual and closure: %s", async (_, options, own) => {
    const { task, run, x, machine } = await recorded(options);
    const { value } = await evaluateMachine(machine(own), x);
    const rule = "coefficients" in own ? "left" : "rule" in own ? own.rule : undefined;
    for (let c = 0; c < task.outputs; c++) {
      const queries = inputQueries(task, x, { name: "x" });
      const e = await explain(task, run, { queries, readout: `output:${c}`, rule });
      const expected = e.output.map((y, r) => y - e.residual[r] - e.closure[r]);
      const got = expected.map((_, r) => value.data[r * task.outputs + c]);
      expect(largest(expected.map((y, r) => y - e.prior[r]))).toBeGreaterThan(1e-2);
      expect(got).toBeAllclose(expected, { rtol: 1e-13, atol: 1e-13 * e.gross[0] });
    }
  });

  it("has Domingos' coefficients where they are well conditioned, and -1 elsewhere", async () => {
    const { x, machine } = await recorded({ optimizer: { ...optimizerChoice("gd"), options: { lr: 0.4 } }, steps: 40 });
    const own = machine({ coefficients: "domingos", conditioning: 0.6 });
    const { data } = await (own.coefficients as (queries: typeof x) => Promise<{ data: Float64Array }>)(x);
    const plain = data.filter((a) => a === -1).length;
    expect(plain).toBeGreaterThan(0);
    expect(plain).toBeLessThan(data.length / 2);
  });

  it("evaluates the training points of another machine, to the trained model's outputs there", async () => {
    const { task, run, batches, machine } = await recorded({ loss: "cross-entropy" });
    const { params } = await run.checkpoint(8);
    const step = await tangentMachine(task, params, batches[0]);
    const { output, value } = await evaluateMachine(
      machine({ tolerance: 1e-10, link: probabilityLink(task) }),
      step.points,
    );
    expect(value).toBeAllclose(await predict(task, params, { x: step.points }), { rtol: 0, atol: 1e-9 });
    for (let q = 0; q < 8; q++)
      expect(output.data[3 * q] + output.data[3 * q + 1] + output.data[3 * q + 2]).toBeCloseTo(1, 14);
  });

  it("explains an array of queries once", async () => {
    const { x, run, machine } = await recorded();
    // Whoever explains reads the run.
    const read = vi.spyOn(run, "checkpoint");
    const own = machine();
    const queries = sliceRows(x, 0, 2);
    const first = await own.kernel(queries);
    const once = read.mock.calls.length;
    expect(once).toBeGreaterThan(0);
    expect(await own.kernel(queries)).toEqual(first);
    await own.prior(queries);
    expect(read).toHaveBeenCalledTimes(once);
    await own.prior(sliceRows(x, 0, 2));
    expect(read).toHaveBeenCalledTimes(2 * once);
  });

  it.each([
    ["coefficients must be loss-weighted or domingos, got alpha", { coefficients: "alpha" as "domingos" }],
    ["Domingos' coefficients need the rule left, got auto", { coefficients: "domingos", rule: "auto" }],
    ["Domingos' coefficients are of steps: chord must be 1, got 2", { coefficients: "domingos", chord: 2 }],
  ] as const)("refuses: %s", async (message, own) => {
    const { machine } = await recorded({ steps: 1 });
    expect(() => machine(own)).toThrow(new RangeError(`explanationMachine: ${message}`));
  });
});
