// All experiments through the one suite: every declaration; the fast ones run here, all of them with npm run test:matrix.

import { expect, it } from "vitest";
import { experimentIds, experiments } from "../../src/experiments/registry.ts";
import { declarationSuite, runSuite } from "../conformance/experiment.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";

/** A second or so each: one of every kind of computation. */
const SMOKE: readonly string[] = ["domingos/query-cost", "domingos/brittleness", "domingos/bayesian-network"];

it("ids are unique, and grouped by source", () => {
  expect(new Set(experimentIds).size).toBe(experimentIds.length);
  const sources = experimentIds.map((id) => id.split("/")[0]);
  expect(sources.filter((source, k) => sources.indexOf(source) < k && sources[k - 1] !== source)).toEqual([]);
  expect(SMOKE.filter((id) => !experimentIds.includes(id))).toEqual([]);
});

for (const experiment of experiments) {
  declarationSuite(experiment);
  if (FULL_MATRIX || SMOKE.includes(experiment.id)) runSuite(experiment, FULL_MATRIX ? 2 : 1);
}
