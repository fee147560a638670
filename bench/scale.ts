// Ridge regression on 10,000 images and a spectrum of 4,000, each in a process of its own: seconds, residual, peak of its whole memory.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tangentMachineKernel } from "../src/kernels/machine-kernel.ts";
import { kernelSolve } from "../src/kernels/solve.ts";
import { kernelSpectrum } from "../src/kernels/spectrum.ts";
import { ridgeMachine } from "../src/machines/ridge-machine.ts";
import { mlp } from "../src/models/mlp.ts";
import { openLinearAlgebra } from "../src/numeric/linear-algebra/load.ts";
import type { AlgebraName } from "../src/numeric/linear-algebra/types.ts";
import { sliceRows, zeros } from "../src/numeric/tensor.ts";
import { mebibytes } from "./memory.ts";
import type { Table } from "./report.ts";
import { benchTask, CLASSES, mnist } from "./tasks.ts";

export const scaleWorks = ["Cholesky", "conjugate gradients", "all eigenvalues"] as const;
export type ScaleWork = (typeof scaleWorks)[number];

export interface ScaleProblem {
  readonly work: ScaleWork;
  readonly member: AlgebraName;
  readonly n: number;
}

export interface ScaleOutcome {
  /** Seconds until the matrix was there, and of all. */
  readonly kernel: number;
  readonly seconds: number;
  /** Largest |y - (K + ridge I) a| / |y| of the ten columns; of a spectrum |trace K - sum of eigenvalues| / trace K. */
  readonly residual: number;
  /** Products with the matrix. */
  readonly products: number;
  /** Peak of the resident set of the whole process, bytes. */
  readonly peak: number;
}

/** In units of the mean diagonal. */
const RIDGE = 1e-2;
const BUDGET = 2.5 * 2 ** 30;
const CHILD = fileURLToPath(new URL("scale-child.ts", import.meta.url));

/** VmHWM of Linux. */
const peakBytes = (): number =>
  1024 * Number((/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [])[1]);

/** What the child does. */
export async function measureScale({ work, member, n }: ScaleProblem): Promise<ScaleOutcome> {
  const dataset = await mnist(n);
  const { task, params } = await benchTask({
    model: (shape) => mlp({ ...shape, hidden: [512, 512], activation: "tanh" }),
    dataset,
    threads: 2,
  });
  const xs = sliceRows(dataset.train.x, 0, n);
  const targets = zeros("float64", [n, CLASSES]);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < CLASSES; c++)
      targets.data[i * CLASSES + c] = Number(Number(dataset.train.y.data[i]) === c) - 0.1;
  const algebra = await openLinearAlgebra({ member });
  const few = await tangentMachineKernel(task, params, xs).diagonal(sliceRows(xs, 0, 100));
  const mean = few.reduce((total, value) => total + value / few.length, 0);
  const started = performance.now();
  const since = (): number => (performance.now() - started) / 1000;
  let kernel = 0;
  const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }): void => {
    if (!stage.startsWith("conjugate") && done === total) kernel = since();
  };
  const found = { residual: 0, products: 0 };
  if (work === "all eigenvalues") {
    const { values } = await kernelSpectrum(task, params, xs, { memoryBudget: BUDGET, algebra, onProgress });
    const trace = (await tangentMachineKernel(task, params, xs).diagonal(xs)).reduce(
      (total, value) => total + value,
      0,
    );
    found.residual = Math.abs(trace - values.reduce((total, value) => total + value, 0)) / trace;
  } else if (work === "Cholesky") {
    const options = { ridge: RIDGE * mean, memoryBudget: BUDGET, algebra, onProgress, method: "dense" } as const;
    found.residual = Math.max(...(await kernelSolve(task, params, xs, targets, options)).residuals);
  } else {
    const options = { ridge: RIDGE * mean, method: "iterative", algebra, onProgress } as const;
    const { iteration } = await ridgeMachine(tangentMachineKernel(task, params, xs), targets, options);
    found.residual = Math.max(...(iteration?.residuals ?? []));
    found.products = iteration?.products ?? 0;
  }
  const seconds = since();
  await task.engine.release();
  return { kernel, seconds, ...found, peak: peakBytes() };
}

/** The same in a fresh process. */
export function scaleApart(problem: ScaleProblem): ScaleOutcome {
  const args = ["--import", "tsx/esm", CHILD, JSON.stringify(problem)];
  const stdout = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(stdout) as ScaleOutcome;
}

/** Ridge regression on `n` images and a spectrum of 0.4 times as many. */
export function scaleTable(n: number, members: readonly AlgebraName[]): Table {
  const problems: ScaleProblem[] = [
    ...members.filter((member) => member === "lapack").map((member) => ({ work: "Cholesky", member, n }) as const),
    { work: "conjugate gradients", member: "javascript", n },
    ...members
      .filter((member) => member === "lapack")
      .map((member) => ({ work: "all eigenvalues", member, n: Math.round(0.4 * n) }) as const),
  ];
  const rows = problems.map(({ work, member, n: order }) => {
    const { kernel, seconds, residual, products, peak } = scaleApart({ work, member, n: order });
    const row = [
      ...[work, member, String(order), kernel.toFixed(1), (seconds - kernel).toFixed(1), seconds.toFixed(1)],
      ...[products === 0 ? "" : String(products), residual.toExponential(1), mebibytes(peak)],
    ];
    console.log(row.join("  "));
    return row;
  });
  const head = [
    "what",
    "by",
    "n",
    "kernel, s",
    "then, s",
    "together, s",
    "products",
    "residual",
    "peak of the process, MiB",
  ];
  return { head, rows };
}

export const SCALE_NOTE =
  "Ridge regression of ten columns (ones in the place of the digit, less 0.1) over the trace tangent kernel of 784-512-512-10 tanh at its start on MNIST, the engine in float32, ridge " +
  `${RIDGE} of the mean diagonal: |y - (K + ridge I) a| / |y| of the worst column, computed with the result. Conjugate gradients are JavaScript alone: the matrix in memory in float64, ` +
  "preconditioned by 500 landmarks. Of the spectrum the residual is that of the trace. The peak is of the whole process, images and runtime included.";
