// `npm run bench:scaling -- [SWEEP ...] [--write]`: time and memory of a trace kernel against examples, width, depth and outputs.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure } from "../src/figures/figure.ts";
import type { Measurement, Memory } from "./case.ts";
import { namesAmong } from "./cases.ts";
import { command, countOf } from "./command.ts";
import { traceGramFlops } from "./flops.ts";
import { largerPeak, measurePeaks, type Peaks, peakLine } from "./gemm.ts";
import { gramApart, layersOf } from "./gram.ts";
import { mebibytes, workingBytes } from "./memory.ts";
import { type Table, writeSection } from "./report.ts";
import { scalingFigure } from "./scaling-figure.ts";

const FOLDER = fileURLToPath(new URL("../docs/benchmarks/", import.meta.url));
/** The smallest n of the first sweep is half of it, the largest four times; all others have it. */
const EXAMPLES = 1000;

/** A perceptron 784-...-C with tanh and n examples. */
interface Size {
  readonly n: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
}

interface Sweep {
  readonly title: string;
  readonly axis: string;
  readonly fixed: (n: number) => string;
  readonly values: (n: number) => readonly number[];
  readonly size: (value: number, n: number) => Size;
}

const common = "Symmetric trace kernel, float32, tanh.";

const sweeps: Readonly<Record<string, Sweep>> = {
  examples: {
    title: "Gram matrix against the number of examples",
    axis: "examples n",
    fixed: () => `${common} 784-512-512-10.`,
    values: (n) => [n / 2, n, 2 * n, 4 * n].map(Math.ceil),
    size: (n) => ({ n, hidden: [512, 512], outputs: 10 }),
  },
  width: {
    title: "Gram matrix against the width",
    axis: "width w",
    fixed: (n) => `${common} 784-w-w-10, n = ${n}.`,
    values: () => [128, 256, 512, 1024, 2048],
    size: (width, n) => ({ n, hidden: [width, width], outputs: 10 }),
  },
  depth: {
    title: "Gram matrix against the depth",
    axis: "hidden layers",
    fixed: (n) => `${common} 784, hidden layers of 512, 10 outputs, n = ${n}.`,
    values: () => [2, 4, 6, 8, 10],
    size: (depth, n) => ({ n, hidden: Array.from({ length: depth }, () => 512), outputs: 10 }),
  },
  outputs: {
    title: "Gram matrix against the number of outputs",
    axis: "outputs C",
    fixed: (n) => `${common} 784-512-512-C, n = ${n}.`,
    values: () => [1, 2, 5, 10, 20, 50],
    size: (outputs, n) => ({ n, hidden: [512, 512], outputs }),
  },
};

interface Point extends Measurement {
  readonly x: number;
  readonly flops: number;
  readonly memory: Memory;
}

interface Settings {
  readonly examples: number;
  readonly budget: number;
  readonly threads: number;
}

/** The best of three runs, each point in a process of its own. */
function measurePoint(x: number, size: Size, { budget, threads }: Settings): Point {
  const model = { kind: "mlp" as const, hidden: size.hidden, outputs: size.outputs };
  const { memory, ...rest } = gramApart({ problem: { model, n: size.n, budget, threads }, runs: 3, columns: 1 });
  return { ...rest, memory: memory as Memory, x, flops: traceGramFlops(layersOf(model), size.n) };
}

const HEAD = [
  "s",
  "GFLOP/s",
  "share of the peak",
  "MiB beside idle process and result",
  "budget",
  "result",
  "idle",
  "peak RSS",
];

function cellsOf({ x, ms, flops, memory }: Point, peaks: Peaks): string[] {
  const rate = flops / 1e6 / ms;
  const { budget, result, idle, peak } = memory;
  return [
    String(x),
    (ms / 1000).toPrecision(3),
    rate.toFixed(1),
    (rate / largerPeak(peaks)).toFixed(2),
    ...[workingBytes(memory), budget, result, idle, peak].map(mebibytes),
  ];
}

function figureOf({ title, axis, fixed }: Sweep, points: readonly Point[], peaks: Peaks, n: number): Figure {
  return scalingFigure({
    title,
    axis,
    fixed: fixed(n),
    points: points.map(({ x, ms, flops, memory }) => ({
      x,
      seconds: ms / 1000,
      leastSeconds: flops / 1e9 / largerPeak(peaks),
      bytes: workingBytes(memory),
      budget: memory.budget,
    })),
  });
}

/** A heading, the figure and the table of a sweep. */
function sectionOf(name: string, points: readonly Point[], peaks: Peaks, n: number): (string | Table)[] {
  const { title, axis, fixed } = sweeps[name];
  return [
    `### ${title}\n\n${fixed(n)}\n\n![${title}](benchmarks/gram-${name}.svg)`,
    { head: [axis, ...HEAD], rows: points.map((point) => cellsOf(point, peaks)) },
  ];
}

/** Measures every point of a sweep, saying so as it goes. */
function measureSweep({ title, axis, fixed, values, size }: Sweep, settings: Settings, before: Peaks): Point[] {
  const { examples } = settings;
  console.log(`\n${title}. ${fixed(examples)}\n${[axis, ...HEAD].join(" | ")}`);
  return values(examples).map((value) => {
    const point = measurePoint(value, size(value, examples), settings);
    console.log(cellsOf(point, before).join(" | "));
    return point;
  });
}

const flags = {
  write: { type: "boolean" },
  /** Folder for the figures; with --write they go to docs/benchmarks/. */
  figures: { type: "string" },
  examples: { type: "string", default: String(EXAMPLES) },
  budget: { type: "string", default: "512" },
  threads: { type: "string", default: "2" },
} as const;

await command(flags, async ({ values, positionals }) => {
  const names = namesAmong(Object.keys(sweeps), positionals);
  const settings: Settings = {
    examples: countOf(values.examples, "--examples"),
    budget: countOf(values.budget, "--budget") * 2 ** 20,
    threads: countOf(values.threads, "--threads"),
  };
  const { examples } = settings;
  const folder = values.write ? FOLDER : values.figures && `${values.figures}/`;
  if (folder) mkdirSync(folder, { recursive: true });
  const before = await measurePeaks();
  console.log(peakLine(before));
  const all = names.map((name) => ({ name, points: measureSweep(sweeps[name], settings, before) }));
  const peaks = await measurePeaks(before);
  console.log(`\n${peakLine(peaks)}`);
  for (const { name, points } of all) {
    if (folder)
      writeFileSync(`${folder}gram-${name}.svg`, `${figureOf(sweeps[name], points, peaks, examples).svg()}\n`);
  }
  if (values.write) {
    const parts = all.flatMap(({ name, points }) => sectionOf(name, points, peaks, examples));
    writeSection("Scaling", peakLine(peaks), ...parts);
  }
  const msOf = (points: readonly Point[]) =>
    Object.fromEntries(points.map(({ x, ms }) => [x, Number(ms.toPrecision(5))]));
  console.log(JSON.stringify(Object.fromEntries(all.map(({ name, points }) => [name, msOf(points)]))));
});
