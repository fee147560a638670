// A diagnosis for people: a table with a column a step, and what the numbers say.

import type { Diagnosis, DiagnosisPlan, MeasureName } from "../diagnose/diagnosis.ts";
import { type DiagnosisRow, diagnosisTable } from "../diagnose/diagnosis-table.ts";
import type { Sentence } from "../diagnose/sentences.ts";
import type { Run } from "../run/types.ts";
import { columns, formatBytes, formatFlops, formatSeconds, grouped, NONE, table, wrapWords } from "./format.ts";

/** Three digits, in as few characters as they take. */
function figure(value: number | undefined): string {
  if (value === undefined) return NONE;
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return grouped(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1);
  return size >= 100 ? grouped(Math.round(value)) : value.toPrecision(3);
}

const TITLES: Readonly<Record<MeasureName, string>> = {
  spectrum: "spectrum of K",
  "null-space": "null space of K in blocks",
  alignment: "alignment of K with the targets",
  movement: "movement of K",
  linearisation: "linearisation at the start",
  separability: "separability of the classes",
  blocks: "blocks by class",
  "rank-gap": "queries beyond the span",
  units: "switching units",
};

/** Columns of steps behind the names of measures, under a title for each kind. */
function measureLines(head: readonly string[], rows: readonly DiagnosisRow[]): string[] {
  const named = ({ measure, name }: DiagnosisRow): string => `${measure === undefined ? "" : "  "}${name}`;
  const [first, ...lines] = columns([
    ["before step", ...head],
    ...rows.map((row) => [named(row), ...[row.inputs, ...row.values].map(figure)]),
  ]);
  let measure: MeasureName | undefined;
  const titled = rows.flatMap((row, k) => {
    const isNew = row.measure !== measure && row.measure !== undefined;
    measure = row.measure;
    return isNew ? [TITLES[row.measure as MeasureName], lines[k]] : [lines[k]];
  });
  return [first, ...titled];
}

export interface DiagnosisWords {
  readonly run: Run;
  readonly sentences: readonly Sentence[];
  /** Of the terminal. */
  readonly width: number;
}

const INDENT = 15;

/** The table, then a sentence a measure, then what is not there and why. */
export function diagnosisText(diagnosis: Diagnosis, { run, sentences, width }: DiagnosisWords): string {
  const { plan, outputs, dtype, steps } = diagnosis;
  const [n] = plan.sample.x.shape;
  const head = ["inputs", ...steps.map(({ step }) => grouped(step))];
  const facts = `${run.manifest.model.spec}, ${grouped(n)} ${n === 1 ? "example" : "examples"} (${plan.sample.name}), K = trace of J J' over ${outputs} ${outputs === 1 ? "output" : "outputs"}, ${dtype}`;
  const say = (name: string, text: string): string =>
    wrapWords(`${name.padEnd(INDENT)}${text}`, Math.max(60, width), " ".repeat(INDENT)).join("\n");
  const told = [
    ...sentences.map(({ measure, text }) => say(measure, text)),
    ...plan.skipped.map(({ measure, reason }) => say(measure, `not measured: it ${reason}.`)),
  ];
  const at = steps.length > 1 ? `What it says before step ${grouped(steps[steps.length - 1].step)}:` : "What it says:";
  return [facts, "", ...measureLines(head, diagnosisTable(diagnosis)), "", at, ...told].join("\n");
}

/** What a diagnosis will take. */
export function planText({
  steps,
  sample,
  measures,
  kernel,
  blocks,
  replays,
  flops,
  bytes,
  seconds,
}: DiagnosisPlan): string {
  const [n] = sample.x.shape;
  const kernels = kernel ? `${steps.length} of ${grouped(n)} x ${grouped(n)} by ${kernel.algorithm}` : "none";
  const own = blocks ? `; ${steps.length} in blocks of ${grouped(blocks.examples)} examples` : "";
  return table([
    ["examples", `${grouped(n)} (${sample.name})`],
    ["before steps", steps.map(grouped).join(", ")],
    ["measures", measures.join(", ")],
    ["kernels", `${kernels}${own}: ${formatFlops(flops.kernels)}`],
    ["decompositions", formatFlops(flops.decompositions)],
    ["replayed", `${grouped(replays)} steps: ${formatFlops(flops.replays)}`],
    ["memory", formatBytes(bytes)],
    ["time", `about ${formatSeconds(seconds)}`],
  ]);
}
