import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { SuperpositionRecorder } from "../../src/explain/superpose-training.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { sliceRows } from "../../src/numeric/tensor.ts";
import { shareOf } from "../../src/optimizers/clipping.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { replay } from "../../src/train/replay.ts";
import { retrainWithout } from "../../src/train/retrain.ts";
import type { Task } from "../../src/train/task.ts";
import { EXACTNESS_TOLERANCE, failuresOf, measureExactness } from "../helpers/exactness.ts";
import type { OptimizerChoice } from "../helpers/optimizer-choices.ts";
import { clippedChoices, oneOfEach } from "../helpers/step-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const steps = 16;

async function recorded(optimizer: OptimizerChoice) {
  const { task, params, batches } = await smallTask({ optimizer, steps });
  const recorder = new SuperpositionRecorder(task);
  const run = await trainInMemory(task, { params, batches, observe: (step) => recorder.observe(step) });
  return { task, params, batches, run, booked: await recorder.finish(run) };
}

/** The share of alpha_s of all steps, and coordinates by value, that are below 1. */
async function clippedShare({ optimizer }: Task, run: Run): Promise<number> {
  const factors: number[] = [];
  for (const scalars of run.scalars) {
    const { buffers } = await run.checkpoint(scalars.step + 1);
    const { share, shares } = shareOf(optimizer, { ...scalars, buffers });
    factors.push(...(shares ?? [share]));
  }
  return factors.filter((alpha) => alpha < 1).length / factors.length;
}

const queriesOf = (task: Task) => datasetQueries(task, "test:0-2");

describe.each(oneOfEach(clippedChoices).map((choice) => [choice.label, choice] as const))("%s", (_, optimizer) => {
  it("adds up in float64 and float32", async () => {
    for (const dtype of ["float64", "float32"] as const) {
      const measured = await measureExactness({ optimizer, loss: "mse", model: "tanh", dtype }, { steps, queries: 3 });
      expect(failuresOf(measured)).toEqual([]);
    }
  });

  it("clips some of the steps, and replays, chords and superpositions add up", async () => {
    const { task, run, booked } = await recorded(optimizer);
    const clipped = await clippedShare(task, run);
    expect(clipped).toBeGreaterThan(0.1);
    expect(clipped).toBeLessThan(0.95);
    expect((await replay(task, run)).exact).toBe(true);
    const chords = await explain(task, run, {
      queries: queriesOf(task),
      tolerance: EXACTNESS_TOLERANCE,
      chord: 4,
      shift: 0,
    });
    expect(verdictOf(chords, "float64").passed).toBe(true);
    expect(booked.closure).toBeLessThan(1e-12);
    const built = await superpose(task, run);
    expect(built.closure).toBeLessThan(1e-12);
    expect(built.rows(0, 24)).toBeAllclose(booked.rows(0, 24), { atol: 1e-13, rtol: 1e-12 });
  });
});

describe("clipping", () => {
  it("by value gives the same contributions and terms in the engine, on the host and by forward mode", async () => {
    const { task, run } = await recorded(clippedChoices[12]);
    const how = { queries: queriesOf(task), rule: "gauss2" };
    const engine = await explain(task, run, how);
    for (const pulls of ["factored", "forward"] as const) {
      const host = await explain(task, run, { ...how, pulls });
      expect(host.contributions).toBeAllclose(engine.contributions, { atol: 1e-14 });
      expect(host.terms[0].values).toBeAllclose(engine.terms[0].values, { atol: 1e-14 });
    }
    await expect(pathKernel(task, run, sliceRows(task.dataset.test.x, 0, 3))).rejects.toThrow("without state");
  });

  it("by norm gives the same contributions by factors, by forward mode and from the path kernel's left rule", async () => {
    const { task, run } = await recorded(clippedChoices[0]);
    const queries = queriesOf(task);
    const how = { queries, rule: "left", readout: "output:1" };
    const [direct, forward] = [await explain(task, run, how), await explain(task, run, { ...how, pulls: "forward" })];
    expect(forward.contributions).toBeAllclose(direct.contributions, { atol: 1e-14 });
    const { contributions } = await pathKernel(task, run, sliceRows(task.dataset.test.x, 0, 3));
    const second = Float64Array.from({ length: 3 * 24 }, (_, k) => contributions.data[2 * k + 1]);
    expect(second).toBeAllclose(direct.contributions, { atol: 1e-14 });
  });

  it("by norm shortens what is too long, and leaves what is not bit for bit", async () => {
    const { task, run } = await recorded(clippedChoices[0]);
    const [{ norm }, lr] = [clippedChoices[0].clipping as { norm: number }, task.optimizer.stepSize];
    for (const { step, gradientNorm } of run.scalars) {
      const [from, to] = [await run.checkpoint(step), await run.checkpoint(step + 1)];
      const way = Math.hypot(...to.params.map((w, k) => w - from.params[k]));
      expect(way).toBeAllclose(lr * Math.min(gradientNorm, (norm * gradientNorm) / (gradientNorm + 1e-6)), {
        rtol: 1e-9,
      });
    }
  });

  it("is done anew when the run is trained without an example", async () => {
    const { task, run, params, batches } = await recorded(clippedChoices[2]);
    const without = 5;
    const { params: end } = await retrainWithout(task, run, { without: [without] });
    const left = batches.map(({ indices }) => indices.filter((i) => i !== without));
    const again = await trainInMemory(task, {
      params,
      batches: left.map((indices) => ({ indices, weights: new Float64Array(indices.length).fill(1 / indices.length) })),
    });
    expect(end).toEqual((await again.checkpoint(steps)).params);
  });
});
