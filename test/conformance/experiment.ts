// What every experiment must do: declare everything, give a verdict from its numbers, the same bytes again, and stop when told.

import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import { resultFiles } from "../../src/experiments/files.ts";
import { runExperiment } from "../../src/experiments/run.ts";
import { type Experiment, sizeNames } from "../../src/experiments/types.ts";
import { verdicts } from "../../src/experiments/verdict.ts";

const load = loadDataset;

/** Without running anything. */
export function declarationSuite(experiment: Experiment): void {
  const { id, title, source, rows, claim, refutedBy, expectations, differences, seeds } = experiment;

  describe(`the declaration of ${id}`, () => {
    it("names its source, its claim in one sentence and what would refute it", () => {
      expect(id).toMatch(/^[a-z-]+\/[a-z0-9-]+$/);
      for (const text of [title, source, refutedBy]) expect(text.length).toBeGreaterThan(10);
      expect(claim).toMatch(/^[^.]+(\.\d[^.]*)*\.$/);
      expect(rows.filter((row) => !/^00[0-4]-\d\d$/.test(row))).toEqual([]);
      expect(differences.length).toBeGreaterThan(0);
    });

    it("says what it expects, within which bounds and why, before it is run", () => {
      const all = Object.values(expectations);
      expect(all.length).toBeGreaterThan(0);
      for (const { measure, least, most, reason } of all) {
        expect(measure.length).toBeGreaterThan(3);
        expect(least !== undefined || most !== undefined).toBe(true);
        if (least !== undefined && most !== undefined) expect(least).toBeLessThan(most);
        expect(reason.length).toBeGreaterThan(20);
      }
    });

    it("has parameters at both sizes, each marked as the source's or ours, and several seeds", () => {
      for (const size of sizeNames) {
        const { parameters } = experiment.at(size);
        expect(parameters.length).toBeGreaterThan(0);
        for (const { name, value } of parameters) expect(name.length * value.length).toBeGreaterThan(0);
        expect(seeds[size]).toBeGreaterThanOrEqual(2);
      }
    });
  });
}

/** Runs it at quick size, twice. */
export function runSuite(experiment: Experiment, seeds = 2): void {
  describe(`running ${experiment.id}`, () => {
    it("gives a verdict from numbers, figures with words, a table, and the same bytes again", {
      timeout: 120_000,
    }, async () => {
      const once = () => runExperiment(experiment, { seeds, load });
      const result = await once();
      expect(verdicts).toContain(result.verdict);
      if (result.verdict === "not run") return;
      expect(result.checks.map(({ name }) => name)).toEqual(Object.keys(experiment.expectations));
      for (const { values } of result.checks) expect(values).toHaveLength(seeds);
      const { figures, table } = result.findings ?? { figures: [], table: { columns: [], rows: [] } };
      expect(figures.length).toBeGreaterThan(0);
      for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
      expect(table.rows.length).toBeGreaterThan(0);
      for (const { figure, reads } of figures) {
        for (const words of [figure.title, figure.caption, reads]) expect(words.length).toBeGreaterThan(10);
      }
      const files = resultFiles(result);
      for (const { name, text } of files) {
        expect(text, name).not.toMatch(/NaN|undefined/);
        if (name.endsWith(".svg")) expect(text.length).toBeLessThan(400_000);
      }
      expect(resultFiles(await once())).toEqual(files);
    });
  });
}
