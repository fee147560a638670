// Rows of the theory's table on what the tangent kernel of an architecture, and of a training, says.

import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { familyTask, taskOf } from "../../test/helpers/family-task.ts";
import { alphaSweep } from "../../test/helpers/special/widths.ts";
import { broken, LENGTH, SIDE, shifted, torusModel, turned, WIDTH } from "../../test/helpers/symmetries.ts";
import { e, explained, GD, trained } from "./problem.ts";
import type { TheoryRow } from "./row.ts";

async function symmetries(): Promise<string> {
  const torus = (end: "mean" | "flatten") => taskOf(torusModel(end), [1, SIDE, SIDE], "float64");
  const sequence = (spec: string) => familyTask(spec, [LENGTH, WIDTH], "float64");
  const shifts = [await broken(await torus("mean"), shifted), await broken(await torus("flatten"), shifted)];
  const orders = [
    await broken(await sequence("attention:8:1:2"), turned),
    await broken(await sequence("transformer:8:1:2"), turned),
  ];
  return `|K(x, g x') - K(x, x')| / max |K|: shifts ${e(shifts[0])} (flattened: ${e(shifts[1])}), order of tokens ${e(orders[0])} (with positions: ${e(orders[1])})`;
}

/** Nodes of a row and step, and how many steps need more than a smooth one would. */
async function pieces(): Promise<string> {
  const told: string[] = [];
  for (const model of ["tanh", "relu"] as const) {
    const { task, run } = await trained({ model, hidden: [16, 12], optimizer: GD(0.1), steps: 40 });
    const { cost, rows, steps, residual, scale } = await explained(task, run, "auto");
    const each = rows.length * steps;
    const most = Math.max(...residual.map(Math.abs)) / scale;
    told.push(
      `${model} ${(cost.nodes / each).toFixed(1)} nodes and ${(cost.probes / each).toFixed(1)} probes, residual ${e(most)}`,
    );
  }
  return `a row and step: ${told.join("; ")}`;
}

/** Ranks, the middle one for equal values. */
function ranks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    x.reduce((total, value, k) => total + (value - mx) * (y[k] - my), 0);
  return product(a, b, ma, mb) / Math.sqrt(product(a, a, ma, ma) * product(b, b, mb, mb));
}

/** Spearman's correlation over pairs of examples of |x - x'| with the distance of their normalised gradients. */
async function distances(): Promise<string> {
  const { task, run } = await trained({ hidden: [16, 12], optimizer: GD(0.2), steps: 200 });
  const { x } = task.dataset.train;
  const [n, width] = x.shape;
  const found: string[] = [];
  for (const step of [0, run.batches.length]) {
    const { params } = await run.checkpoint(step);
    const { kernel } = await tangentKernel(task, params, x, undefined, { form: "trace", normalize: true });
    const [euclid, tangent]: number[][] = [[], []];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) {
        const row = (k: number) => Array.from((x.data as RealArray).subarray(k * width, (k + 1) * width));
        euclid.push(Math.hypot(...row(i).map((value, d) => value - row(j)[d])));
        tangent.push(2 - 2 * (kernel.data as RealArray)[i * n + j]);
      }
    found.push(
      `${correlation(ranks(euclid), ranks(tangent)).toFixed(2)} ${step === 0 ? "at the start" : "at the end"}`,
    );
  }
  return `rank correlation of the two distances: ${found.join(", ")}`;
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-24",
    statement: "no representation learning, only selection of gradient features",
    by: "kernelDrift, featureMovement",
    test: "diagnose/width-sweep.test.ts",
    holds: "in lazy training alone: elsewhere the kernel, and with it the features, move",
    measure: async () =>
      (await alphaSweep([0.2, 20]))
        .map(({ kernelDrift, regime }) => `|K_T - K_0| / |K_0| ${kernelDrift.toPrecision(2)} (${regime})`)
        .join(", "),
  },
  {
    id: "001-25",
    statement: "kernels from architecture: shifts (CNN), attention",
    by: "tangentKernel",
    test: "kernels/invariance.test.ts",
    holds: "where positions are averaged over or not told apart; not where they are flattened or added",
    measure: symmetries,
    quick: true,
  },
  {
    id: "004-04",
    statement: "points far apart can be near in gradient space, and the reverse",
    by: "tangentKernel (normalised)",
    test: "kernels/options.test.ts",
    holds: "on 24 points of a plane here; with labels and images in the laboratory",
    measure: distances,
  },
  {
    id: "004-15",
    statement: "ReLU, piece by piece: J is averaged over each piece between two kinks",
    by: "explain (auto), switches",
    test: "explain/segment.test.ts",
    holds: "where fixed rules stall (row 004-06)",
    measure: pieces,
  },
];
