// Rows of the theory's table on what the tangent kernel of an architecture, and of a training, says.

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
    id: "004-15",
    statement: "ReLU, piece by piece: J is averaged over each piece between two kinks",
    by: "explain (auto), switches",
    test: "explain/segment.test.ts",
    holds: "where fixed rules stall (row 004-06)",
    measure: pieces,
  },
];
