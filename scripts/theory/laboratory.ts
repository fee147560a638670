// Rows of the table whose measurement is an experiment of the laboratory, at quick size.

import { experimentOf } from "../../src/experiments/registry.ts";
import { headline } from "../../src/experiments/report-data.ts";
import { runExperiment } from "../../src/experiments/run.ts";
import type { TheoryRow } from "./row.ts";

/** The verdict of two seeds at quick size, with the number it rests on; docs/laboratory has the full one. */
const row = (id: string, experiment: string, by: string, statement: string): TheoryRow => ({
  id,
  statement,
  by,
  test: `docs/laboratory/${experiment}.md, experiments/experiments.test.ts`,
  holds: `the verdict of pathkernel reproduce ${experiment} --full: docs/laboratory`,
  measure: async () => {
    const result = await runExperiment(experimentOf(experiment), { seeds: 2 });
    return `quick size, two seeds: ${result.verdict}; ${headline(result)}`;
  },
});

export const rows: readonly TheoryRow[] = [
  row(
    "001-07",
    "domingos/fig-1",
    "pathKernel, flowFields, explain",
    "Fig. 1: the path on the plane of two weights, with gradients of x, x1, x2",
  ),
  row(
    "001-26",
    "domingos/sine-maxima",
    "tangentKernel (normalize)",
    "maxima of a sine are near in gradient space, far apart in Euclid's",
  ),
  row(
    "001-27",
    "domingos/query-cost",
    "tangentKernel (counted FLOPs)",
    "no Gram matrix at training; a query of the network is independent of n",
  ),
  row(
    "002-03",
    "lhermitte/contribution-distance",
    "explain, tangentKernel",
    "the nearest inputs contribute most for smooth models",
  ),
  {
    id: "001-23",
    statement: "brittle away from the nearest training example",
    by: "tangentKernel (normalize), predict",
    test: "docs/laboratory/domingos/brittleness.md, experiments/experiments.test.ts",
    holds: "the verdict of pathkernel reproduce domingos/brittleness --full: docs/laboratory",
  },
];
