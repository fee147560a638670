// `npm run bench -- [CASE ...] [--write]`: our own times, as one JSON object {case: ms} on the last line.

import { type BenchCase, type Measurement, measure } from "./case.ts";
import { benchCases, FULL, namesAmong, sizeFlags, sizesOf } from "./cases.ts";
import { command } from "./command.ts";
import { largerPeak, measurePeaks, type Peaks, peakLine } from "./gemm.ts";
import { memoryTable } from "./memory.ts";
import { type Table, writeSection } from "./report.ts";

interface Measured extends Measurement {
  readonly name: string;
  readonly bench: BenchCase;
}

/** Five digits: a tiny step takes a tenth of a millisecond. */
const rounded = (ms: number): number => Number(ms.toPrecision(5));

function timesTable(all: readonly Measured[]): Table {
  return {
    head: ["case", "what", "ms", "threads", "difference from the slow reference"],
    rows: all.map(({ name, bench, ms, threads, difference }) => [
      name,
      bench.about,
      String(rounded(ms)),
      String(threads),
      difference.toExponential(0),
    ]),
  };
}

/** Times against the least that the same work takes at the peak. */
function leastTable(all: readonly Measured[], peaks: Peaks): Table {
  const rows = all.flatMap(({ name, bench, ms, note = "" }) =>
    (bench.least ?? []).map(({ what, flops, target }, k) => {
      const [atPeak, taken] = [flops / 1e9 / largerPeak(peaks), ms / 1000];
      const met = target === undefined ? "" : `at least ${target}: ${atPeak / taken >= target ? "met" : "not met"}`;
      const numbers = [flops / 1e9, atPeak, taken, flops / 1e9 / taken, atPeak / taken];
      return [name, what, ...numbers.map((value) => value.toPrecision(3)), met, k === 0 ? note : ""];
    }),
  );
  const head = [
    "case",
    "counted",
    "GFLOP",
    "s at the peak",
    "s taken",
    "GFLOP/s",
    "share of the peak",
    "target",
    "also",
  ];
  return { head, rows };
}

/** Tables as lines of text, a blank line before each. */
function show({ head, rows }: Table): void {
  const widths = head.map((title, k) => Math.max(title.length, ...rows.map((row) => row[k].length)));
  console.log();
  for (const row of [head, ...rows])
    console.log(
      row
        .map((cell, k) => cell.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    );
}

await command({ write: { type: "boolean" }, ...sizeFlags }, async ({ values, positionals }) => {
  const sizes = sizesOf(values);
  if (values.write && (sizes.steps !== FULL.steps || sizes.examples !== FULL.examples))
    throw new RangeError("--write must not be given with --steps or --examples: tables are of the full cases");
  const cases = benchCases(sizes);
  const names = namesAmong(Object.keys(cases), positionals);
  const before = names.some((name) => cases[name].least) ? await measurePeaks() : undefined;
  const all: Measured[] = [];
  for (const name of names) {
    const measured = { name, bench: cases[name], ...(await measure(cases[name])) };
    all.push(measured);
    const { ms, threads, difference } = measured;
    const checked = `checked to ${difference.toExponential(0)}`;
    console.log(`${name.padEnd(22)} ${ms.toFixed(3).padStart(12)} ms, threads ${threads}, ${checked}`);
  }
  const peaks = before && (await measurePeaks(before));
  if (peaks) console.log(`\n${peakLine(peaks)}`);
  const memory = memoryTable(all);
  const tables = [...(peaks ? [leastTable(all, peaks)] : []), ...(memory.rows.length > 0 ? [memory] : [])];
  for (const table of tables) show(table);
  if (values.write) writeSection("Times", timesTable(all), ...(peaks ? [peakLine(peaks)] : []), ...tables);
  console.log(JSON.stringify(Object.fromEntries(all.map(({ name, ms }) => [name, rounded(ms)]))));
});
