// Running experiments: judging, cancelling, keeping what is done, data that are not there, files.

import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../src/data/array-dataset.ts";
import { FileError } from "../../src/errors.ts";
import { defineExperiment } from "../../src/experiments/define.ts";
import { resultFiles } from "../../src/experiments/files.ts";
import { experimentOf } from "../../src/experiments/registry.ts";
import { runExperiment } from "../../src/experiments/run.ts";
import type { Experiment, MeasureContext } from "../../src/experiments/types.ts";
import { checksOf, judge } from "../../src/experiments/verdict.ts";
import { amount, tableCsv } from "../../src/figures/table.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";

/** One number a seed, by a rule of the test's. */
function made(measure: (context: MeasureContext) => Promise<number>, own: Partial<Experiment> = {}): Experiment {
  return {
    ...defineExperiment<number, number, "number">({
      id: "test/made",
      title: "made for a test",
      source: "nobody 2026",
      rows: ["001-07"],
      claim: "A number is at least one.",
      refutedBy: "A smaller number.",
      expectations: { number: { measure: "the number", least: 1, reason: "one is what the claim says" } },
      differences: ["none"],
      seeds: { quick: 3, full: 5 },
      sizes: { quick: 1, full: 2 },
      parameters: (size) => [{ name: "size", value: `${size}`, from: "default" }],
      measure: (_size, context) => measure(context),
      conclude: (measures, _size, seeds) => ({
        values: { number: measures },
        table: { columns: ["seed", "number"], rows: measures.map((v, k) => [`${seeds[k]}`, amount(v, `${v}`)]) },
        figures: [],
      }),
    }),
    ...own,
  };
}

describe("verdicts", () => {
  const bound = { measure: "m", least: 1, reason: "r" };
  const of = (values: readonly number[], own = {}) => checksOf({ m: { ...bound, ...own } }, { m: values });

  it("hold or fail where the whole interval does, and are undecided where it meets the bound", () => {
    expect(of([2, 2.1, 1.9])[0].outcome).toBe("holds");
    expect(of([0.2, 0.1, 0.3])[0].outcome).toBe("fails");
    expect(of([0.5, 1, 2.5])[0].outcome).toBe("undecided");
    expect(of([1])[0].outcome).toBe("holds");
    expect(of([5, 5.1], { most: 4 })[0].outcome).toBe("fails");
  });

  it("hold where all expectations do, do not where a central one fails, and hold in part between", () => {
    const [yes, no, open] = [of([2, 2])[0], of([0, 0])[0], of([0.5, 1, 2.5])[0]];
    expect(judge([yes, yes]).verdict).toBe("holds");
    expect(judge([yes, no]).verdict).toBe("holds in part");
    expect(judge([yes, { ...no, central: true }]).verdict).toBe("does not hold");
    expect(judge([no, no]).verdict).toBe("does not hold");
    expect(judge([no, open]).verdict).toBe("holds in part");
    expect(judge([yes, no]).reason).toContain("1 of 2 expectations hold. Fails: m: 0 ± 0, expected at least 1");
    expect(() => judge([])).toThrow("must be an expectation");
  });

  it("refuse numbers that are not finite, missing, or of nothing that was expected", () => {
    expect(() => of([1, Number.NaN])).toThrow("measures of m must be finite, got NaN");
    expect(() => checksOf({ m: bound }, {})).toThrow("m must have been measured");
    expect(() => checksOf({ m: bound }, { m: [1], n: [1] })).toThrow("every measure must have an expectation, got n");
  });
});

describe("running", () => {
  it("measures the seeds 1 to n in order, at the size asked for, and tells how far it is", async () => {
    const done: number[] = [];
    const result = await runExperiment(
      made(async ({ seed }) => seed),
      {
        size: "full",
        onProgress: (p) => done.push(p.done / p.total),
      },
    );
    expect(result.seeds).toEqual([1, 2, 3, 4, 5]);
    expect(result.measures).toEqual([1, 2, 3, 4, 5]);
    expect(result.parameters[0].value).toBe("2");
    expect(done).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    await expect(
      runExperiment(
        made(async () => 1),
        { seeds: 0 },
      ),
    ).rejects.toThrow("whole number >= 1, got 0");
  });

  it("stops with the signal's reason, and keeps the seeds that are done where that is asked for", async () => {
    const stopping = (controller: AbortController): Experiment =>
      made(async ({ seed, signal }) => {
        if (seed === 2) controller.abort(new Error("enough"));
        signal.throwIfAborted();
        return seed;
      });
    const first = new AbortController();
    await expect(runExperiment(stopping(first), { signal: first.signal })).rejects.toThrow("enough");
    const second = new AbortController();
    const kept = await runExperiment(stopping(second), { signal: second.signal, keepPartial: true });
    expect(kept).toMatchObject({ seeds: [1], verdict: "holds", interrupted: true });
    const third = new AbortController();
    third.abort(new Error("before"));
    const options = { signal: third.signal, keepPartial: true };
    await expect(runExperiment(stopping(third), options)).rejects.toThrow("before");
  });

  it("stops a real experiment in the middle of a seed", async () => {
    const controller = new AbortController();
    const running = runExperiment(experimentOf("domingos/fig-1"), {
      signal: controller.signal,
      onProgress: ({ done }) => done > 0 && controller.abort(new Error("enough")),
    });
    await expect(running).rejects.toThrow("enough");
  });

  it("is not run where data are missing, and says what and how to get it", async () => {
    const needing = made(async ({ data }) => (await data("letters")).train.x.shape[0], {
      needs: [{ name: "letters", how: "put letters.npz into --data-dir" }],
    });
    const without = await runExperiment(needing);
    expect(without.verdict).toBe("not run");
    expect(without.reason).toBe("letters is missing. put letters.npz into --data-dir");
    const missing = await runExperiment(needing, {
      load: async () => {
        throw new FileError("cannot read letters", "letters");
      },
    });
    expect(missing.reason).toBe("letters is missing: cannot read letters. put letters.npz into --data-dir");
    expect(resultFiles(missing).map(({ name }) => name)).toEqual(["result.json"]);
    const train = { x: reals([2, 1], [1, 2]), y: integers([2], [0, 1]) };
    expect((await runExperiment(needing, { load: async () => arrayDataset({ train }) })).verdict).toBe("holds");
    const stray = made(async ({ data }) => (await data("other")).train.x.shape[0]);
    await expect(runExperiment(stray)).rejects.toThrow("data must be among its needs, got other");
  });

  it("passes on what goes wrong in a measurement", async () => {
    const broken = made(async () => Promise.reject(new TypeError("broken")));
    await expect(runExperiment(broken, { keepPartial: true })).rejects.toThrow("broken");
  });
});

describe("files of a result", () => {
  it("hold every number and no time: the same seeds give the same bytes", async () => {
    const once = async () => resultFiles(await runExperiment(made(async ({ seed }) => seed / 3)));
    const files = await once();
    expect(await once()).toEqual(files);
    expect(files.map(({ name }) => name)).toEqual(["result.json", "table.csv"]);
    const value = JSON.parse(files[0].text);
    expect(value).toMatchObject({ schema: "pathkernel.experiment/1", id: "test/made", verdict: "holds in part" });
    expect(value.measures).toEqual([1 / 3, 2 / 3, 1]);
    expect(files[1].text).toBe(`seed,number\n1,${1 / 3}\n2,${2 / 3}\n3,1\n`);
  });

  it("quote what CSV would misread", () => {
    const table = { columns: ["a, b", 'say "c"'], rows: [["x\ny", amount(0.1, "0.1")]] };
    expect(tableCsv(table)).toBe('"a, b","say ""c"""\n"x\ny",0.1\n');
  });
});

it("an unknown experiment is refused with the nearest known", () => {
  expect(() => experimentOf("domingos/fig-11")).toThrow("got domingos/fig-11 (did you mean domingos/fig-1?)");
});
