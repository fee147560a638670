// A trace kernel as a problem in plain data: made here, or in a process of its own whose memory is measured.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Provider } from "../src/engine/ort.ts";
import { tangentKernel } from "../src/kernels/tangent-kernel.ts";
import { cnn } from "../src/models/cnn.ts";
import { mlp } from "../src/models/mlp.ts";
import { type RealArray, sliceRows } from "../src/numeric/tensor.ts";
import type { Measurement, Memory } from "./case.ts";
import { cnnLayers, type LayerShape, mlpLayers } from "./flops.ts";
import { checkKernel } from "./kernel-reference.ts";
import { type BenchTask, benchTask, type Hooks, randomDataset } from "./tasks.ts";

export type GramModel =
  | { readonly kind: "mlp"; readonly hidden: readonly number[]; readonly outputs: number }
  | { readonly kind: "cnn"; readonly channels: readonly number[]; readonly hidden: number; readonly outputs: number };

export interface GramProblem {
  readonly model: GramModel;
  /** Examples. */
  readonly n: number;
  /** Bytes beside the result. */
  readonly budget: number;
  readonly threads: number;
  /** Default: cpu. */
  readonly provider?: Provider;
}

const SIDE = 28;
/** Examples enough to compile every graph, and to compute next to nothing. */
const FEW = 8;
const CHILD = fileURLToPath(new URL("gram-child.ts", import.meta.url));

export function layersOf(model: GramModel): LayerShape[] {
  return model.kind === "mlp"
    ? mlpLayers(SIDE * SIDE, ...model.hidden, model.outputs)
    : cnnLayers({ ...model, size: SIDE });
}

/** The model at random parameters, and random examples: vectors of 784 for perceptrons with tanh, images of 28 x 28 for convolutions. */
export function gramTask({ model, n, threads, provider }: GramProblem, hooks?: Hooks): Promise<BenchTask> {
  const { outputs } = model;
  const dataset = randomDataset(model.kind === "mlp" ? [SIDE * SIDE] : [1, SIDE, SIDE], { train: n, classes: outputs });
  const build: Parameters<typeof benchTask>[0]["model"] = (shape) =>
    model.kind === "mlp" ? mlp({ ...shape, ...model, activation: "tanh" }) : cnn({ ...shape, ...model });
  return benchTask({ model: build, outputs, dataset, threads, provider, hooks });
}

/** The trace kernel of the first `n` examples against themselves. */
export async function gramOf(
  { task, params }: BenchTask,
  { n, budget }: Pick<GramProblem, "n" | "budget">,
): Promise<RealArray> {
  const x = sliceRows(task.dataset.train.x, 0, n);
  const { kernel } = await tangentKernel(task, params, x, undefined, { form: "trace", memoryBudget: budget });
  return kernel.data as RealArray;
}

/** Compares some columns of the kernel, in some rows, with the reference. */
export function checkGram(made: BenchTask, kernel: RealArray, n: number, columns: number): Promise<number> {
  const spread = (count: number): number[] =>
    Array.from({ length: Math.min(n, count) }, (_, k) =>
      Math.round((k * (n - 1)) / Math.max(1, Math.min(n, count) - 1)),
    );
  const { x } = made.task.dataset.train;
  return checkKernel(made, { x, kernel, form: "trace", columns: spread(columns), rows: spread(100) });
}

/** Bytes of memory that this process has held at most; of another that it was forked from, nothing, where the system tells. */
function peakBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {}
  return 1024 * process.resourceUsage().maxRSS;
}

export interface GramRequest {
  readonly problem: GramProblem;
  /** Runs, of which the fastest counts; memory is that of the first. */
  readonly runs: number;
  /** Columns that are checked. */
  readonly columns: number;
}

/** What the child does: everything once on few examples, which leaves an idle process; then the runs; then the check. */
export async function measureGram({ problem, runs, columns }: GramRequest): Promise<Measurement> {
  const { n, budget, threads } = problem;
  const made = await gramTask(problem);
  await gramOf(made, { n: Math.min(n, FEW), budget });
  const idle = peakBytes();
  let [ms, peak, kernel] = [Number.POSITIVE_INFINITY, 0, new Float32Array(0) as RealArray];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    kernel = await gramOf(made, problem);
    ms = Math.min(ms, performance.now() - start);
    if (run === 0) peak = peakBytes();
  }
  const memory: Memory = { peak, idle, result: kernel.byteLength, budget };
  const difference = await checkGram(made, kernel, n, columns);
  await made.task.engine.release();
  return { ms, threads, difference, memory };
}

/** The same in a fresh process. */
export function gramApart(request: GramRequest): Measurement {
  const args = ["--import", "tsx/esm", CHILD, JSON.stringify(request)];
  const stdout = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(stdout) as Measurement;
}
