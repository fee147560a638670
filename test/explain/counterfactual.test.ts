import { describe, expect, it } from "vitest";
import { counterfactual } from "../../src/explain/counterfactual.ts";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function recorded(options: SmallTaskOptions) {
  const small = await smallTask({ steps: 20, ...options });
  const run = await trainInMemory(small.task, { ...small, checkpointEvery: 7 });
  return { ...small, run, queries: datasetQueries(small.task, "test:0-5") };
}

describe("counterfactual(task, run, options)", () => {
  it("has influence = -contribution where nothing else can move: one step of a linear model, weights kept", async () => {
    const { task, run, queries } = await recorded({ hidden: [], steps: 1, optimizer: optimizerChoice("gd") });
    const result = await counterfactual(task, run, { queries, without: [4, 9], weights: "kept" });
    expect(result.influence).toBeAllclose(
      result.contribution.map((value) => -value),
      { rtol: 1e-11, atol: 1e-15 },
    );
    expect(result.correlation).toBeAllclose(1, { atol: 1e-12 });
    expect(Math.max(...result.contribution.map(Math.abs))).toBeGreaterThan(1e-4);
  });

  it("puts what training without them ends with beside what they contributed", async () => {
    const options = { loss: "cross-entropy", optimizer: optimizerChoice("adam") } as const;
    const { task, params, batches, run, queries } = await recorded(options);
    const without = [2, 17];
    const result = await counterfactual(task, run, { queries, without, readout: "logit:1" });
    const explanation = await explain(task, run, { queries, readout: "logit:1" });
    expect(result.explanation).toEqual(explanation);
    queries.forEach((_, r) => {
      const own = without.map((i) => explanation.contributions[r * 24 + i]);
      expect([...result.contributions.subarray(2 * r, 2 * r + 2)]).toEqual(own);
      expect(result.contribution[r]).toBeAllclose(own[0] + own[1], { rtol: 1e-14 });
    });
    // The other training, recorded and explained by itself, has the other outputs.
    const rest = batches.map(({ indices }) => indices.filter((i) => !without.includes(i)));
    const other = await trainInMemory(task, {
      params,
      batches: rest.map((indices) => ({ indices, weights: new Float64Array(indices.length).fill(1 / indices.length) })),
    });
    const { output } = await explain(task, other, { queries, readout: "logit:1", rule: "left" });
    expect(result.outputWithout).toEqual(output);
    expect(result.influence).toEqual(output.map((value, r) => value - explanation.output[r]));
  });

  it("keeps the classes that the run named, though the other training may name others", async () => {
    const { task, run, queries } = await recorded({ loss: "cross-entropy" });
    const { explanation, outputWithout } = await counterfactual(task, run, { queries, without: [0], rule: "left" });
    for (const { readout } of explanation.rows) expect(readout).toMatch(/^margin:\d-\d$/);
    expect(outputWithout).toHaveLength(6);
  });

  it("changes nothing without examples that were in no batch, and counts an example once", async () => {
    const { task, run, queries } = await recorded({ steps: 2 });
    const absent = Array.from({ length: 24 }, (_, i) => i).find((i) => !run.batches.some((b) => b.indices.includes(i)));
    const result = await counterfactual(task, run, { queries, without: [absent as number, absent as number] });
    expect(result.without).toEqual([absent]);
    expect([...result.influence, ...result.contribution].every((value) => value === 0)).toBe(true);
    expect(result.correlation).toBeUndefined();
  });

  it("tells of the training, then of the explanation", async () => {
    const { task, run, queries } = await recorded({ steps: 3 });
    const stages: string[] = [];
    await counterfactual(task, run, {
      queries,
      without: [1],
      rule: "left",
      onProgress: ({ stage }) => stages.push(stage),
    });
    expect([...new Set(stages)]).toEqual(["train without them", "explain"]);
  });
});
