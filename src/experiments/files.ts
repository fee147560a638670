// What a result is as files: JSON of all its numbers, the table as CSV, one SVG a figure. No time is in them: same seeds, same bytes.

import { tableCsv } from "../figures/table.ts";
import type { ExperimentResult } from "./run.ts";

/** Pixels: readable on a page as it is. */
const FIGURE_WIDTH = 720;

export interface ResultFile {
  readonly name: string;
  readonly text: string;
}

/** Typed arrays as lists; NaN, which is an interval of one seed, becomes null, as JSON has it. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value;
}

/** All that is known of a result but its time and its pictures. */
export function resultJson(result: ExperimentResult): string {
  const { experiment, size, seeds, parameters, verdict, reason, checks, measures, interrupted } = result;
  const { id, title, source, rows, claim, refutedBy, differences } = experiment;
  const facts = { id, title, source, rows, claim, refutedBy, differences };
  const value = { schema: "pathkernel.experiment/1", ...facts, size, seeds, parameters, verdict, reason };
  return `${JSON.stringify({ ...value, ...(interrupted && { interrupted }), checks, measures }, plain)}\n`;
}

/** result.json, table.csv and a file for each figure. */
export function resultFiles(result: ExperimentResult): ResultFile[] {
  const { findings } = result;
  const json = { name: "result.json", text: resultJson(result) };
  if (!findings) return [json];
  const figures = findings.figures.map(({ name, figure }) => ({
    name: `${name}.svg`,
    text: figure.svg({ width: FIGURE_WIDTH }),
  }));
  return [json, { name: "table.csv", text: tableCsv(findings.table) }, ...figures];
}
