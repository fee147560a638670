// Domingos 2020, section 4: scalability, a network answers without its training set, a kernel machine does not.

import { logLogSlope } from "../../diagnose/slopes.ts";
import { lines } from "../../figures/lines.ts";
import { flopsOf } from "../../graph/cost.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { normals, regression } from "../arrays.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly counts: readonly number[];
  readonly dimensions: number;
  readonly width: number;
}

/** By number of training examples, for one query. */
interface Measure {
  readonly network: readonly number[];
  readonly machine: readonly number[];
  /** Numbers that must be kept. */
  readonly networkStore: readonly number[];
  readonly machineStore: readonly number[];
}

export const queryCost = defineExperiment<Size, Measure, "network" | "machine" | "store">({
  id: "domingos/query-cost",
  title: "What a query costs a network and the kernel machine that it is",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): scalability",
  rows: ["001-27"],
  claim:
    "Learning path kernel machines by gradient descent overcomes their scalability bottleneck: a query costs the network the same however many training examples there were, where a kernel machine is matched against each.",
  refutedBy:
    "A cost of the network's query that grows with the training set, or one of the explicit machine that does not.",
  expectations: {
    network: {
      measure: "slope of log operations of the network's query against log n",
      least: -0.01,
      most: 0.01,
      reason: "independent is 0, and operations are counted, not timed",
      central: true,
    },
    machine: {
      measure: "slope of log operations of a row of the tangent kernel against log n",
      least: 0.9,
      most: 1.1,
      reason: "matched against each is 1, up to what does not depend on n",
      central: true,
    },
    store: {
      measure: "numbers that the network keeps over those that the machine keeps, at the largest n",
      most: 0.5,
      reason: "overcoming a bottleneck is more than being level with it",
    },
  },
  differences: [
    "The source has an argument and no experiment. Operations are counted from the graphs and the kernel's plan, so that the same seed gives the same numbers.",
    "One tangent kernel at the end of training: the path kernel costs it once for each step.",
    "The machine keeps its training examples and their coefficients, and the network's weights too, which its kernel needs.",
  ],
  seeds: { quick: 2, full: 2 },
  sizes: {
    quick: { counts: [32, 128, 512], dimensions: 16, width: 32 },
    full: { counts: [128, 512, 2048, 8192, 32768], dimensions: 64, width: 128 },
  },
  parameters: ({ counts, dimensions, width }) => [
    { name: "training examples n", value: counts.join(", "), from: "default" },
    { name: "network", value: `${dimensions}-${width}-1, tanh`, from: "default" },
  ],
  async measure({ counts, dimensions, width }, { seed, engine, signal, progress }) {
    const random = randomFrom(seed, "points");
    const query = normals(random, [1, dimensions]);
    const found = { network: [] as number[], machine: [] as number[] };
    const store = { networkStore: [] as number[], machineStore: [] as number[] };
    for (const [k, n] of counts.entries()) {
      const x = normals(random, [n, dimensions]);
      const { task, params } = seededTask({
        engine: await engine("float64"),
        model: mlp({ inputShape: [dimensions], outputs: 1, hidden: [width], activation: "tanh" }),
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("gd", { lr: 0.1 }),
        dataset: regression(x, new Float64Array(n)),
        seed,
      });
      const { flops, algorithm } = await tangentKernel(task, params, query, x, { signal });
      found.network.push(flopsOf(task.model.graph, 1));
      found.machine.push(flops[algorithm] ?? Number.NaN);
      store.networkStore.push(task.layout.size);
      store.machineStore.push(task.layout.size + n * (dimensions + 1));
      progress((k + 1) / counts.length);
    }
    return { ...found, ...store };
  },
  conclude: (measures, { counts }, seeds) => {
    const slope = (values: readonly number[]): number =>
      logLogSlope(counts.map((size, k) => ({ size, measure: values[k] })));
    const [first] = measures;
    return {
      values: {
        network: measures.map(({ network }) => slope(network)),
        machine: measures.map(({ machine }) => slope(machine)),
        store: measures.map(
          ({ networkStore, machineStore }) => networkStore[counts.length - 1] / machineStore[counts.length - 1],
        ),
      },
      table: {
        columns: ["seed", "n", "network, operations", "machine, operations", "network keeps", "machine keeps"],
        rows: measures.flatMap((own, s) =>
          counts.map((n, k) => [
            `${seeds[s]}`,
            ...[n, own.network[k], own.machine[k], own.networkStore[k], own.machineStore[k]].map((value) =>
              cell(value),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "operations",
          reads:
            "The level line is the network; the line that rises in proportion to n is the machine that must be matched against every example.",
          figure: lines({
            title: "Operations for one query, against the number of training examples",
            caption: "Counted multiplications and additions: a forward pass, and one row of the tangent kernel.",
            x: { label: "training examples n", scale: "log" },
            y: { label: "operations", scale: "log" },
            series: [
              { name: "network", x: counts, y: first.network },
              { name: "kernel machine", x: counts, y: first.machine },
            ],
          }),
        },
      ],
    };
  },
});
