import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { SuperpositionRecorder } from "../../src/explain/superpose-training.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { replay } from "../../src/train/replay.ts";
import { EXACTNESS_TOLERANCE, failuresOf, measureExactness } from "../helpers/exactness.ts";
import type { OptimizerChoice } from "../helpers/optimizer-choices.ts";
import { oneOfEach, regularisedChoices } from "../helpers/step-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const steps = 12;

async function recorded(optimizer: OptimizerChoice) {
  const { task, params, batches } = await smallTask({ optimizer, steps });
  const recorder = new SuperpositionRecorder(task);
  const run = await trainInMemory(task, { params, batches, observe: (step) => recorder.observe(step) });
  return { task, params, batches, run, booked: await recorder.finish(run) };
}

const choice = (label: string, name: string, lr: number, regularisers: readonly string[]): OptimizerChoice => ({
  label,
  name,
  options: { lr },
  regularisers,
});

const termOf = ({ terms }: Pick<Explanation, "terms">, wanted: string) =>
  terms.find(({ name }) => name === wanted)?.values ?? new Float64Array();

describe.each(oneOfEach(regularisedChoices).map((chosen) => [chosen.label, chosen] as const))("%s", (_, optimizer) => {
  it("adds up in float64 and float32", async () => {
    for (const dtype of ["float64", "float32"] as const) {
      const measured = await measureExactness({ optimizer, loss: "mse", model: "tanh", dtype }, { steps, queries: 3 });
      expect(failuresOf(measured)).toEqual([]);
    }
  });

  it("has a term for each regulariser along steps and chords, and in superpositions", async () => {
    const { task, run, booked } = await recorded(optimizer);
    const names = (optimizer.regularisers ?? []).map((spec) => `regulariser ${spec.split(":")[0]}`);
    expect((await replay(task, run)).exact).toBe(true);
    const how = { queries: datasetQueries(task, "test:0-2"), tolerance: EXACTNESS_TOLERANCE, shift: 0 };
    const [carried, forward, chords] = [
      await explain(task, run, how),
      await explain(task, run, { ...how, pulls: "forward" }),
      await explain(task, run, { ...how, chord: 4 }),
    ];
    const built = await superpose(task, run);
    for (const { terms } of [carried, forward, chords, booked, built])
      expect(terms.map(({ name }) => name).filter((name) => name.startsWith("regulariser"))).toEqual(names);
    expect(verdictOf(chords, "float64").passed).toBe(true);
    for (const { name, values } of forward.terms) expect(termOf(carried, name)).toBeAllclose(values, { atol: 1e-14 });
    expect([booked.closure, built.closure].every((closure) => closure < 1e-12)).toBe(true);
    for (const { name, values } of built.terms)
      expect(booked.terms.find((term) => term.name === name)?.values).toBeAllclose(values, { atol: 1e-14 });
  });
});

describe("a regulariser in the loss", () => {
  it("l2 does what the weight decay of an optimizer does that adds it to the gradient, and is told apart from it", async () => {
    const decay: OptimizerChoice = { label: "", name: "momentum", options: { lr: 0.02, weightDecay: 0.05 } };
    const [own, other] = [await recorded(choice("", "momentum", 0.02, ["l2:0.05"])), await recorded(decay)];
    const ends = [await own.run.checkpoint(steps), await other.run.checkpoint(steps)];
    expect(ends[0].params).toBeAllclose(ends[1].params, { rtol: 1e-13 });
    const queries = datasetQueries(own.task, "test:0-2");
    const [a, b] = [await explain(own.task, own.run, { queries }), await explain(other.task, other.run, { queries })];
    expect(termOf(a, "regulariser l2")).toBeAllclose(termOf(b, "coupled decay"), { rtol: 1e-9 });
    expect([a, b].map(({ terms }) => terms.map(({ name }) => name))).toEqual([["regulariser l2"], ["coupled decay"]]);
    expect(a.contributions).toBeAllclose(b.contributions, { atol: 1e-12 });
  });

  it("of distance is nothing in the first step, and holds the parameters back in the others", async () => {
    const [free, held] = [
      await recorded(choice("", "sgd", 0.1, [])),
      await recorded(choice("", "sgd", 0.1, ["distance:2"])),
    ];
    const way = async ({ run, task }: typeof free): Promise<number> => {
      const [from, to] = [await run.checkpoint(0), await run.checkpoint(steps)];
      return Math.hypot(...Array.from(to.params.subarray(0, task.layout.size), (w, k) => w - from.params[k]));
    };
    expect((await free.run.checkpoint(1)).params).toEqual((await held.run.checkpoint(1)).params);
    expect(await way(held)).toBeLessThan(0.7 * (await way(free)));
  });

  it("is in the gradient norm and not in the loss", async () => {
    const [bare, own] = [
      await recorded(choice("", "sgd", 0.1, [])),
      await recorded(choice("", "sgd", 0.1, ["l1:0.5"])),
    ];
    expect(own.run.scalars[0].loss).toBe(bare.run.scalars[0].loss);
    expect(own.run.scalars[0].gradientNorm).not.toBe(bare.run.scalars[0].gradientNorm);
    expect(own.run.manifest.regularisers).toEqual([{ name: "l1", options: { lambda: 0.5 } }]);
  });

  it("is refused twice, and away from where its record would begin", async () => {
    await expect(recorded(choice("", "sgd", 0.1, ["l1:0.1", "l1:0.2"]))).rejects.toThrow(
      "each be of another kind, got l1 twice",
    );
    const { task, params, batches } = await smallTask({ optimizer: choice("", "sgd", 0.1, ["distance:1"]), steps });
    const moved = params.map((w) => w + 1);
    await expect(trainInMemory(task, { params: moved, batches })).rejects.toThrow("must begin where the task does");
  });
});
