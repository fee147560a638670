// Machines on one task: their errors with intervals over seeds.

import { dots } from "./dots.ts";
import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";

export interface MachineScore {
  readonly name: string;
  /** "after training", "before training", "without the network". */
  readonly group?: string;
  readonly mean: number;
  readonly low?: number;
  readonly high?: number;
  /** One a seed. */
  readonly values?: ArrayLike<number>;
}

export interface MachinesFigure {
  /** "MNIST, 5,000 examples". */
  readonly task: string;
  /** "test error". */
  readonly measure: string;
  readonly unit?: string;
  /** What low and high are: "95 % interval over 5 seeds". */
  readonly interval: string;
  readonly machines: readonly MachineScore[];
  /** Whether less is better. Default true. */
  readonly lowerIsBetter?: boolean;
}

/** A row a machine. */
export function machinesFigure(data: MachinesFigure): Figure {
  const { task, measure, unit, interval, machines, lowerIsBetter = true } = data;
  const sign = lowerIsBetter ? 1 : -1;
  const best = [...machines].filter(({ mean }) => Number.isFinite(mean)).sort((a, b) => sign * (a.mean - b.mean))[0];
  const written = best ? ` Best: ${best.name}, ${formatNumber(best.mean)}${unit === undefined ? "" : ` ${unit}`}.` : "";
  return dots({
    title: `${measure[0].toUpperCase()}${measure.slice(1)} of machines, ${task}`,
    caption: `Means and ${interval}.${written}`,
    x: { label: measure, ...(unit === undefined ? {} : { unit }) },
    interval,
    rows: machines.map(({ name, group, ...dot }) => ({ name, ...(group === undefined ? {} : { group }), dots: [dot] })),
  });
}
