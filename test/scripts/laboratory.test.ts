// The pages of docs/laboratory: what they say of a result, and an index in which nothing is left out.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { experimentPage, indexPage } from "../../scripts/laboratory/page.ts";
import { type Published, publishedFrom } from "../../src/experiments/published.ts";
import { experimentIds, experimentOf, experiments } from "../../src/experiments/registry.ts";
import { resultOf, runExperiment } from "../../src/experiments/run.ts";
import { ROOT } from "../helpers/sources.ts";

const FOLDER = join(ROOT, "docs/laboratory");
const published = publishedFrom(readFileSync(join(FOLDER, "results.json"), "utf8"));

describe("a page", () => {
  it("has claim, verdict, bounds with reasons, figures with words, numbers, command and time", async () => {
    const result = await runExperiment(experimentOf("domingos/query-cost"), { seeds: 2 });
    const page = experimentPage(result, "a machine, 2026-01-01.");
    const { claim, refutedBy, expectations, differences } = result.experiment;
    for (const words of [claim, refutedBy, "**Verdict: holds** (quick size only", ...differences])
      expect(page).toContain(words);
    for (const { reason } of Object.values(expectations)) expect(page).toContain(reason);
    expect(page).toMatch(/!\[.*\]\(query-cost\/operations\.svg\)\n\n\*What a reader sees:\*/);
    expect(page).toContain("    pathkernel reproduce domingos/query-cost --seeds 2");
    expect(page).toMatch(/Seeds 1, 2; \d.* on a machine, 2026-01-01\./);
    // The same from its numbers as they are stored.
    const stored = JSON.parse(JSON.stringify(result.measures));
    const again = resultOf(result.experiment, { ...result, measures: stored });
    expect(experimentPage({ ...again, seconds: result.seconds }, "a machine, 2026-01-01.")).toBe(page);
  });
});

describe("the index", () => {
  const entry = (id: string, verdict: string): Published => ({
    id,
    verdict,
    number: "0.1 ± 0.2 (at least 0.9)",
    size: "full",
    seeds: 5,
    seconds: 12,
    machine: "m",
  });

  it("has a row for every experiment, those that fail and those that were not run like the others", () => {
    const known = new Map([
      [experimentIds[0], entry(experimentIds[0], "does not hold")],
      [experimentIds[1], entry(experimentIds[1], "holds")],
    ]);
    const page = indexPage(experiments, known);
    expect(page.match(/^\| (\[)?`/gm)).toHaveLength(experiments.length);
    expect(page).toContain(`1 hold, 0 hold in part, 1 do not hold, ${experiments.length - 2} have not been run`);
    expect(page).toContain("| **does not hold** | 0.1 ± 0.2 (at least 0.9) | 5 | 12 s |");
    expect(page).toContain("| not run yet |");
  });

  it("is committed with a page, numbers and pictures of every result in it, and links to nothing else", () => {
    expect(published.length).toBeGreaterThan(0);
    for (const { id, verdict } of published) {
      expect(experimentIds).toContain(id);
      const page = readFileSync(join(FOLDER, `${id}.md`), "utf8");
      expect(page).toContain(`**Verdict: ${verdict}**`);
      for (const [, target] of page.matchAll(/\]\(([^)]+)\)/g))
        expect(existsSync(join(FOLDER, id.split("/")[0], target)), `${id}: ${target}`).toBe(true);
      const stored = JSON.parse(readFileSync(join(FOLDER, id, "result.json"), "utf8"));
      expect(stored).toMatchObject({ id, verdict });
    }
  });
});
