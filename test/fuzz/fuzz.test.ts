// A short run of the fuzzer, and what shows that it sees failures; `npm run test:fuzz` is the long one.

import { expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { runJobs } from "./pool.ts";
import { jobsFor } from "./shares.ts";

it("150 mutated inputs are each read, or refused with a known error, in time and in bounds", {
  timeout: 180_000,
}, async () => {
  const jobs = jobsFor(150);
  const { failures, outcomes } = await runJobs(jobs, { seed: 1, workers: 1 });
  expect(failures).toEqual([]);
  const counts = [...outcomes.values()].flatMap((ofFamily) => [...ofFamily.values()]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(jobs.length);
  // Of every family some are read: the damage is not such that nothing is reached.
  for (const [family, ofFamily] of outcomes) expect(ofFamily.get("read"), family).toBeGreaterThan(0);
});

it("an error of no known kind, a wrong result, a crash, a hang, slowness and too much memory are failures", {
  timeout: 180_000,
}, async () => {
  const kinds = Object.keys(FAULTS);
  const jobs = kinds.map((_, index) => ({ family: "faults" as const, index }));
  const { failures } = await runJobs(jobs, { seed: 1, workers: 2, limitMs: 200, hangMs: 5000 });
  expect(
    failures
      .toSorted((a, b) => a.job.index - b.job.index)
      .map(({ job, fault }) => `${kinds[job.index]}: ${fault.replace(/\d{2,}/, "M")}`),
  ).toMatchInlineSnapshot(`
    [
      "wrong: what was read is wrong",
      "untyped: RangeError: Invalid array length ",
      "slow: took M ms of the processor",
      "large: took M MiB",
      "crash: the process died: (SIGSEGV)",
      "hang: no answer after 5 s",
    ]
  `);
});
