// Machines compared on one task as a figure: the test error of each, with its interval over test examples.

import type { MachineComparison } from "../machines/compare.ts";
import { type DotRow, dots } from "./dots.ts";
import type { Figure } from "./figure.ts";

const count = (value: number): string => value.toLocaleString("en-US");

/** One row a machine that there is, those over one kernel under its name. */
export function comparisonFigure({ kind, results, train, trainAll, test }: MachineComparison): Figure {
  const isFraction = kind === "classification";
  const scale = isFraction ? 100 : 1;
  const rows = results.flatMap(({ name, error, interval }): DotRow[] => {
    if (error === undefined) return [];
    const range = interval ? { low: scale * interval[0], high: scale * interval[1] } : {};
    return [{ name, dots: [{ mean: scale * error, ...range }] }];
  });
  const bars = isFraction ? " Bars are 95 % intervals over test examples." : "";
  const had = train < trainAll ? `, machines over kernels on ${count(train)} of them` : "";
  return dots({
    title: "Machines on one task",
    caption: `${count(test)} test examples; the network was trained on ${count(trainAll)}${had}.${bars}`,
    x: { label: isFraction ? "test error, %" : "root mean square error on test examples" },
    rows,
    ...(isFraction && { interval: "95 % interval over test examples" }),
  });
}
