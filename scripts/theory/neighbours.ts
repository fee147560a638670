// Rows of the theory's table on neighbours: the kernel's against the inputs' own, and the features as a memory.

import { concentration } from "../../src/diagnose/concentration.ts";
import type { NeighbourMeans } from "../../src/diagnose/neighbours.ts";
import { neighbours } from "../../src/diagnose/neighbours.ts";
import { neighboursAlong } from "../../src/diagnose/neighbours-along.ts";
import { contributionsOf } from "../../src/explain/summary.ts";
import { pathMachineKernel } from "../../src/kernels/path-machine-kernel.ts";
import { explained, GD, holding, trained } from "./problem.ts";
import type { TheoryRow } from "./row.ts";

const share = (value: number | undefined): string => (value === undefined ? "none" : value.toFixed(2));

/** 120 points of the plane in three classes, 60 queries, a tanh network under 400 steps of gradient descent. */
async function problem() {
  const small = await trained({
    loss: "cross-entropy",
    examples: 120,
    queries: 60,
    hidden: [24],
    optimizer: GD(0.5),
    steps: 400,
  });
  const { train, test } = small.task.dataset;
  const labels = { examples: Array.from(train.y.data, Number), queries: Array.from(test.y.data, Number) };
  return { ...small, train, test, labels };
}

/** Purity of 10 neighbours in path-kernel space and between inputs, and how many are the same. */
async function pathNeighbours(): Promise<string> {
  const { task, run, train, test, labels } = await problem();
  const kernel = pathMachineKernel(task, run, train.x);
  const { means } = await neighbours(kernel, test.x, { k: 10, labels, metrics: ["kernel", "cosine", "euclidean"] });
  const { lists, pairs } = means as NeighbourMeans;
  const purities = lists.map(({ metric, purity }) => `${metric} ${share(purity)}`).join(", ");
  return `60 queries, 10 nearest of 120: purity ${purities}; ${share(pairs[1].overlap)} of the kernel's are Euclid's too`;
}

/** Correlations of the two distances over all training examples, before and after training. */
async function distances(): Promise<string> {
  const { task, run, test, labels } = await problem();
  const along = await neighboursAlong(task, run, test.x, { k: 10, labels, metrics: ["cosine", "euclidean"] });
  const [start, end] = along.map(({ neighbours: { means } }) => (means as NeighbourMeans).pairs[0]);
  const said = [start, end].map(({ spearman, kendall }) => `${share(spearman)} (Kendall ${share(kendall)})`);
  return holding(
    (start.spearman as number) < 1 && (end.spearman as number) < 1,
    `Spearman of angle and distance over 120 points: ${said[0]} at the start, ${said[1]} at the end; ${share(end.overlap)} of 10 nearest shared`,
  );
}

/** What the 10 most alike in the kernel carry of all that is pushed, and how many contributors there are. */
async function memory(): Promise<string> {
  const { task, run, test, train } = await problem();
  const kernel = pathMachineKernel(task, run, train.x);
  const queries = 6;
  const explanation = await explained(task, run, "gauss2", queries);
  const { queries: found } = await neighbours(
    kernel,
    { ...test.x, shape: [queries, 2], data: test.x.data.slice(0, 2 * queries) } as typeof test.x,
    {
      k: 10,
      metrics: ["raw"],
      correlate: false,
    },
  );
  let [carried, effective] = [0, 0];
  found.forEach(({ lists: [{ examples }] }, q) => {
    const contributions = contributionsOf(explanation, q);
    carried += examples.reduce((total, n) => total + Math.abs(contributions[n]), 0) / explanation.gross[q] / queries;
    effective += concentration(contributions).effectiveContributors / queries;
  });
  return `the 10 of 120 with the largest path kernel carry ${share(carried)} of the gross (10/120 = ${share(10 / 120)}); as by ${effective.toFixed(0)} equal contributors`;
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-21",
    statement: "nearest training examples in path-kernel space against Euclid's",
    by: "neighbours, pathMachineKernel; pathkernel neighbors --kernel path",
    test: "diagnose/neighbours.test.ts",
    holds: "the trace of the kernel knows no labels: its neighbourhoods need not be purer than Euclid's",
    measure: pathNeighbours,
  },
  {
    id: "004-04",
    statement: "points far apart can be near in gradient space, and the reverse",
    by: "neighbours, neighboursAlong",
    test: "diagnose/neighbours.test.ts",
    holds: "on 120 points of a plane here; with images in docs/theory.md, Neighbours",
    measure: distances,
  },
  {
    id: "004-18",
    statement: "feature-space memory: retrieval and aggregation",
    by: "neighbours (retrieval), explain, byGroup, concentration (aggregation)",
    test: "diagnose/neighbours.test.ts, explain/grouping.test.ts",
    holds: "as bookkeeping: what is retrieved is not all that is added up",
    measure: memory,
  },
];
