// Solves and spectra of kernels as problems in plain data, computed in a process of its own whose memory is measured.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { kernelSolve } from "../src/kernels/solve.ts";
import { kernelSpectrum } from "../src/kernels/spectrum.ts";
import { mlp } from "../src/models/mlp.ts";
import { openLinearAlgebra } from "../src/numeric/linear-algebra/load.ts";
import type { AlgebraName } from "../src/numeric/linear-algebra/types.ts";
import { sliceRows, zeros } from "../src/numeric/tensor.ts";
import { type BenchTask, benchTask, randomDataset } from "./tasks.ts";

export const matrixWorks = ["solve", "eigenvalues", "eigenpairs", "largest"] as const;
export type MatrixWork = (typeof matrixWorks)[number];

export interface MatrixProblem {
  readonly work: MatrixWork;
  readonly member: AlgebraName;
  /** Examples, and rows of the matrix. */
  readonly n: number;
  /** Bytes, the matrix among them. */
  readonly budget: number;
}

export interface MatrixMemory {
  /** Resident bytes at the peak, above those after the same on few examples. */
  readonly taken: number;
  /** Of the one matrix. */
  readonly matrix: number;
  /** Of what was given back. */
  readonly result: number;
  /** What the plan counted beside matrix and result. */
  readonly planned: number;
  readonly ms: number;
}

const CHILD = fileURLToPath(new URL("matrix-child.ts", import.meta.url));
const FEW = 16;
/** Right sides, and eigenpairs of `largest`. */
const COLUMNS = 4;

/** Small examples and a small model, so that the matrix outweighs all else. */
function problemTask(n: number): Promise<BenchTask> {
  const dataset = randomDataset([8], { train: n, classes: 2 });
  const model: Parameters<typeof benchTask>[0]["model"] = (shape) =>
    mlp({ ...shape, hidden: [32], activation: "tanh" });
  return benchTask({ model, outputs: 2, dataset, threads: 1 });
}

/** The work on the first `n` examples: bytes of its result, and of the plan's parts. */
async function run({ task, params }: BenchTask, { work, member, n, budget }: MatrixProblem) {
  const algebra = await openLinearAlgebra({ member, threads: 1 });
  const xs = sliceRows(task.dataset.train.x, 0, n);
  // Tiles that are no longer held are taken back at once: otherwise up to 50 MiB of them wait for the collector.
  const shared = { algebra, method: "dense", memoryBudget: budget, onProgress: () => gc?.() } as const;
  if (work === "solve") {
    const b = zeros("float64", [n, COLUMNS]);
    b.data.forEach((_, at) => {
      b.data[at] = Math.sin(at);
    });
    const { alpha, plan } = await kernelSolve(task, params, xs, b, { ...shared, ridge: 1 });
    return { result: alpha.data.byteLength, plan };
  }
  const vectors = work !== "eigenvalues";
  const largest = work === "largest" ? { largest: Math.min(n, COLUMNS) } : {};
  const found = await kernelSpectrum(task, params, xs, { ...shared, ...largest, vectors });
  return { result: found.values.byteLength + (found.vectors?.data.byteLength ?? 0), plan: found.plan };
}

const kilobytes = (name: string): number =>
  1024 * Number((new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8")) ?? [])[1]);

/**
 * What the child does, on Linux: everything once on few examples, so that all is loaded and compiled; then, from the memory held now, the
 * whole problem. The peak is the kernel's own record (VmHWM), set back to the present by clear_refs.
 */
export async function measureMatrix(problem: MatrixProblem): Promise<MatrixMemory> {
  const made = await problemTask(problem.n);
  await run(made, { ...problem, n: FEW });
  gc?.();
  writeFileSync("/proc/self/clear_refs", "5");
  const before = kilobytes("VmRSS");
  const start = performance.now();
  const { result, plan } = await run(made, problem);
  const ms = performance.now() - start;
  const taken = kilobytes("VmHWM") - before;
  await made.task.engine.release();
  const { matrix, work, kernel } = plan.bytes;
  return { taken, matrix, result, planned: Math.max(work, kernel), ms };
}

/** The same in a fresh process. */
export function matrixApart(problem: MatrixProblem): MatrixMemory {
  const args = ["--expose-gc", "--import", "tsx/esm", CHILD, JSON.stringify(problem)];
  const stdout = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(stdout) as MatrixMemory;
}
