// Rows of the theory's table on machines that are solved for over a network's kernels.

import { loadDataset } from "../../src/data/registry.ts";
import { compareMachines } from "../../src/machines/compare.ts";
import { meanInterval } from "../../src/numeric/student.ts";
import { trainNetwork } from "../after-kernel-network.ts";
import type { TheoryRow } from "./row.ts";

const [EPOCHS, SEEDS] = [12, 3];

/** Digits of 8 x 8 learned by 64-64-64-10 ReLU: test error of each machine of a comparison, by name. */
async function errorsOf(seed: number): Promise<ReadonlyMap<string, number>> {
  const dataset = await loadDataset("digits");
  const { task, run } = await trainNetwork({ dataset, hidden: [64, 64], epochs: EPOCHS, checkpoints: 2, seed });
  const steps = run.batches.length;
  const { results } = await compareMachines(task, run, {
    ...{ train: 600, test: 400, at: [0, steps], pathKernels: 6, ridge: 1e-3, solvers: ["svm"], seed },
    machines: ["linearised", "tangent", "path", "nearest"],
  });
  await task.engine.release();
  return new Map(results.map(({ name, error }) => [name, error as number]));
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-22",
    statement: "networks memorise and match: they perform as their kernel machines",
    by: "compareMachines, supportVectorClassifier, pathMachineKernel, nearestNeighbours",
    test: "machines/compare.test.ts; docs/after-kernel.md",
    holds:
      "of the explanation's own machine exactly, up to its residual; of machines solved for anew it is a measurement of each task",
    measure: async () => {
      const all: ReadonlyMap<string, number>[] = [];
      for (let seed = 0; seed < SEEDS; seed++) all.push(await errorsOf(seed));
      const texts = [...all[0].keys()].map((name) => {
        const { mean, half } = meanInterval(all.map((errors) => 100 * (errors.get(name) as number)));
        return `${name} ${mean.toFixed(1)} +- ${half.toFixed(1)}`;
      });
      return `test error on digits, %, over ${SEEDS} seeds: ${texts.join(", ")}`;
    },
  },
];
