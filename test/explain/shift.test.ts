// The sample on which the shift of chords is measured, and the number that is measured.

import { describe, expect, it } from "vitest";
import { type ExplainOptions, explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { difference, leastShare, shiftSample } from "../../src/explain/shift.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const base = { rows: 1, steps: 1000, chord: 10, share: 0.25, memory: 0 };

describe("shiftSample(options)", () => {
  it("takes as many whole rows as the share pays for", () => {
    // 100 rows of 100 chords: 10,000 averages, of which 2,500 pay for the 1,000 steps of two rows.
    expect(shiftSample({ ...base, rows: 100 })).toEqual({ rows: [25, 75], chords: 100, tail: 0, cost: 0.2 });
    expect(shiftSample({ ...base, rows: 3, share: Infinity })).toMatchObject({ rows: [0, 1, 2], chords: 100 });
  });

  it("takes chords of one row where it does not pay for a row, at least one where that is no more than the rest", () => {
    // 25 averages pay for two chords of 10 + 1.
    expect(shiftSample(base)).toEqual({ rows: [0], chords: 2, tail: 0, cost: 0.22 });
    expect(shiftSample({ ...base, steps: 110 })).toEqual({ rows: [0], chords: 1, tail: 0, cost: 1 });
    expect(shiftSample({ ...base, steps: 100 })).toBeUndefined();
    expect(shiftSample({ ...base, share: 0 })).toBeUndefined();
    const least = leastShare({ ...base, steps: 100 });
    expect(shiftSample({ ...base, steps: 100, share: least })).toMatchObject({ chords: 1, cost: least });
  });

  it("follows a momentum into the chords before", () => {
    // 0.9^44 is 1 %: five chords, each twice.
    expect(shiftSample({ ...base, memory: 0.9 })).toEqual({ rows: [0], chords: 1, tail: 50, cost: 0.21 });
  });
});

describe("difference(a, b)", () => {
  it("is the distance relative to b, with the correlation", () => {
    const [a, b] = [Float64Array.of(3, 4, 0), Float64Array.of(3, 0, 0)];
    // |a - b| = 4, |b| = 3; centred a = (2, 5, -7) / 3, b = (2, -1, -1).
    expect(difference(a, b).relative).toBeAllclose(4 / 3, { rtol: 1e-15 });
    expect(difference(a, b).correlation).toBeAllclose(6 / 3 / Math.sqrt((78 / 9) * 6), { rtol: 1e-15 });
    expect(difference(a, a)).toEqual({ relative: 0, correlation: expect.closeTo(1, 15) });
    expect(difference(new Float64Array(2), new Float64Array(2))).toEqual({ relative: 0, correlation: 1 });
  });
});

describe("the shift of an explanation along chords", () => {
  const made = (label: string) =>
    smallTask({ steps: 60, hidden: [6], examples: 12, batchSize: 4, optimizer: optimizerChoice(label) });

  it("is the difference from the explanation along steps, where all rows are compared", async () => {
    const { task, params, batches } = await made("momentum decay");
    const run = await trainInMemory(task, { params, batches });
    const explained = (more: Partial<ExplainOptions>) =>
      explain(task, run, { queries: datasetQueries(task, "test:0-1"), rule: "gauss3", ...more });
    const [chords, steps] = [await explained({ chord: 6, shift: Infinity }), await explained({})];
    const { shift, ...rest } = chords;
    expect(shift).toEqual({
      ...difference(chords.contributions, steps.contributions),
      queries: ["test:0", "test:1"],
      chords: 10,
      ofChords: 10,
      cost: 6,
    });
    expect(shift?.relative).toBeGreaterThan(1e-4);
    expect({ ...rest, shift: undefined }).toEqual(await explained({ chord: 6, shift: 0 }));
    expect(steps.shift).toBeUndefined();
  });

  it.each(["sgd", "momentum", "adam", "rmsprop"])(
    "is estimated from a few chords within a factor of five: %s",
    async (label) => {
      const { task, params, batches } = await made(label);
      const run = await trainInMemory(task, { params, batches });
      const measured = async (shift: number) =>
        (await explain(task, run, { queries: datasetQueries(task, "test:0"), rule: "gauss4", chord: 3, shift })).shift!;
      const [all, some] = [await measured(Infinity), await measured(2)];
      expect([all.chords, some.ofChords]).toEqual([20, 20]);
      expect(some.chords).toBeLessThanOrEqual(10);
      expect(some.cost).toBeLessThanOrEqual(2);
      expect(some.relative / all.relative).toBeGreaterThan(1 / 5);
      expect(some.relative / all.relative).toBeLessThan(5);
    },
  );
});
