// Machines compared on one task: a trained network, its linearisation, and machines over its kernels and over the inputs.

import { isPathkernelError } from "../errors.ts";
import { type MachineKernel, type MachineKernelCall, tangentMachineKernel } from "../kernels/machine-kernel.ts";
import { earlySteps, pathMachineKernel } from "../kernels/path-machine-kernel.ts";
import { gaussianMachineKernel, productMachineKernel } from "../kernels/product-kernel.ts";
import type { Run } from "../run/types.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import { type ComparedSolver, comparedSolvers, type SolveOptions, solveOver, valuesOf } from "./compared-solvers.ts";
import { type ComparedData, comparedData, type Said, saidByMachine, saidByModel } from "./comparison-data.ts";
import { errorOf, type Scores, scoresOf } from "./comparison-scores.ts";
import { computedKernel } from "./computed-kernel.ts";
import { medianGamma } from "./gaussian-width.ts";
import { trainLinearised } from "./linearised-training.ts";
import { nearestNeighbours } from "./nearest-neighbours.ts";

/** The network, its linearisation trained as it was, machines over its tangent and path kernels, a Gaussian kernel and nearest neighbours of inputs. */
export const comparedMachines = ["network", "linearised", "tangent", "path", "rbf", "nearest"] as const;
export type ComparedMachine = (typeof comparedMachines)[number];

export interface CompareOptions extends MachineKernelCall, Omit<SolveOptions, "solver" | "onProgress"> {
  /** Default: all. The network is always computed: the others are compared with it. */
  readonly machines?: readonly ComparedMachine[];
  /** Default: both; of a regression `svm` is support vector regression of each output. */
  readonly solvers?: readonly ComparedSolver[];
  /** Training examples that machines over kernels have, drawn by seed; default 1000, at most all. The network and its linearisation have all. */
  readonly train?: number;
  /** Test examples; default 1000, at most all. */
  readonly test?: number;
  /** Steps before which tangent kernels are taken. Default: the first, the middle and the last. */
  readonly at?: readonly number[];
  /** Kernels that the path kernel is computed of, the nearer the earlier; those between are interpolated. Default 12. */
  readonly pathKernels?: number;
  /** gamma of the Gaussian kernel; default: 1 over the median of squared distances. */
  readonly gamma?: number;
  /** Bytes for examples at work in a tangent kernel. Default: that of `tangentKernel`. */
  readonly memoryBudget?: number;
  /** Of nearest neighbours. Default 1. */
  readonly k?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface MachineResult extends Partial<Scores> {
  readonly name: string;
  readonly machine: ComparedMachine;
  /** Of machines over kernels. */
  readonly solver?: ComparedSolver;
  /** Of a tangent kernel. */
  readonly step?: number;
  /** What was chosen or given: "ridge 0.01", "C 10, 312 of 1000 points". */
  readonly detail?: string;
  /** Of the examples that it was made of. */
  readonly trainError?: number;
  /** Seconds to compute its kernel (at points and test examples), shared by the machines over it. */
  readonly kernelSeconds?: number;
  /** Seconds to solve for it and to have it speak; of the network to speak. */
  readonly seconds?: number;
  /** Why there is none, in a line. */
  readonly failure?: string;
}

export interface MachineComparison {
  readonly kind: "classification" | "regression";
  /** Examples that machines over kernels had, and all. */
  readonly train: number;
  readonly trainAll: number;
  readonly test: number;
  readonly seed: number;
  /** The network first, in the order of the names. */
  readonly results: readonly MachineResult[];
}

const [TRAIN, TEST, PATH_KERNELS] = [1000, 1000, 12];

/** RangeError for what does not fit. */
function requireFit(run: Run, options: CompareOptions): void {
  const refuse = (must: string): never => {
    throw new RangeError(`compareMachines: ${must}`);
  };
  for (const name of ["train", "test", "pathKernels", "k"] as const) {
    const value = options[name] ?? 1;
    if (!(Number.isSafeInteger(value) && value >= 1)) refuse(`${name} must be a whole number >= 1, got ${value}`);
  }
  for (const name of ["cost", "gamma"] as const) {
    const value = options[name] ?? 1;
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) refuse(`${name} must be a number > 0, got ${value}`);
  }
  const known = (names: readonly string[], all: readonly string[], what: string): void => {
    const bad = names.find((name) => !all.includes(name));
    if (bad !== undefined || names.length === 0)
      refuse(`${what} must hold some of ${all.join(", ")}, got ${bad ?? "none"}`);
  };
  known(options.machines ?? comparedMachines, comparedMachines, "machines");
  known(options.solvers ?? comparedSolvers, comparedSolvers, "solvers");
  const steps = run.batches.length;
  const bad = options.at?.find((step) => !(Number.isSafeInteger(step) && step >= 0 && step <= steps));
  if (bad !== undefined || options.at?.length === 0) refuse(`at must hold steps in 0..${steps}, got ${bad ?? "none"}`);
}

/** How many examples are compared on. */
export function sizesOf(
  { dataset }: Task,
  { train = TRAIN, test = TEST }: CompareOptions,
): { readonly train: number; readonly test: number } {
  return { train: Math.min(train, dataset.train.x.shape[0]), test: Math.min(test, dataset.test.x.shape[0]) };
}

/** Steps before which kernels are taken: for machines of their own, and for the path kernel. */
export function kernelSteps(
  { batches: { length } }: Run,
  { at = [0, Math.floor(length / 2), length], pathKernels = PATH_KERNELS }: CompareOptions,
): { readonly tangent: readonly number[]; readonly path: readonly number[] } {
  return { tangent: [...new Set(at)], path: earlySteps(length, pathKernels) };
}

/** Everything that is there once. */
interface Setting {
  readonly task: Task;
  readonly run: Run;
  readonly data: ComparedData;
  readonly network: Said;
  readonly options: CompareOptions;
}

/**
 * On the same test examples: a run's network, its linearisation trained by the same batches, ridge regression and support vectors over its tangent
 * kernels K_t at some steps, over its path kernel and over a Gaussian kernel of inputs, and nearest neighbours. Kernels are traces over outputs; regressions of classes
 * are of ones and zeros less their mean, and the largest output wins.
 *
 * A machine that cannot be had (a linearisation past stability, an imported run without batches) is a row with its reason.
 *
 * Memory: two matrices (N, N). Cost: each kernel at (N, N) and (Q, N), and what solving takes; progress tells of each.
 * Errors: RangeError for what does not fit; UnsupportedError for outputs with positions; rejects with the signal's reason when aborted.
 *
 * @see Long 2021, arXiv:2105.10585 (after kernels); Incudini et al. 2023, arXiv:2212.11826 (path kernels); Lee et al. 2019, arXiv:1902.06720
 */
export async function compareMachines(task: Task, run: Run, options: CompareOptions = {}): Promise<MachineComparison> {
  requireFit(run, options);
  const { seed = 0, machines = comparedMachines, signal } = options;
  const data = comparedData(task, { ...sizesOf(task, options), seed });
  const { params } = await stateAt(task, run, run.batches.length);
  const started = performance.now();
  const network = saidByModel(task, await predict(task, params, data.test));
  const seconds = secondsSince(started);
  const setting: Setting = { task, run, data, network, options };
  const own = saidByModel(task, await predict(task, params, data.train));
  const results: MachineResult[] = [
    {
      name: "network",
      machine: "network",
      ...scoresOf(network, network, data.test),
      trainError: errorOf(own, data.train),
      seconds,
    },
  ];
  for (const machine of comparedMachines.filter((name) => name !== "network" && machines.includes(name)))
    for (const { solve, ...row } of worksOf(setting, machine)) {
      signal?.throwIfAborted();
      results.push(...(await solve().catch((error: unknown) => [{ ...row, failure: reasonOf(error, signal) }])));
    }
  return {
    kind: data.kind,
    train: data.train.x.shape[0],
    trainAll: task.dataset.train.x.shape[0],
    test: data.test.x.shape[0],
    seed,
    results,
  };
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;

/** The world's faults are rows; all others, and Ctrl-C, are thrown on. */
function reasonOf(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted || !isPathkernelError(error)) throw error;
  return error.message;
}

interface Work extends Pick<MachineResult, "name" | "machine" | "step"> {
  readonly solve: () => Promise<MachineResult[]>;
}

function worksOf(setting: Setting, machine: ComparedMachine): readonly Work[] {
  const { task, run, data, options } = setting;
  const { x } = data.train;
  const budget = options.memoryBudget !== undefined && { memoryBudget: options.memoryBudget };
  const steps = run.batches.length;
  const over = (name: string, kernel: () => Promise<MachineKernel> | MachineKernel, step?: number): Work => {
    const row = { name, machine, ...(step !== undefined && { step }) };
    return { ...row, solve: async () => overKernel(setting, row, await kernel()) };
  };
  switch (machine) {
    case "network":
      return [];
    case "linearised":
      return [{ name: machine, machine, solve: () => linearised(setting) }];
    case "tangent": {
      return kernelSteps(run, options).tangent.map((step) =>
        over(
          `K_${step === steps ? "T" : step}`,
          async () => tangentMachineKernel(task, (await stateAt(task, run, step)).params, x, { ...budget }),
          step,
        ),
      );
    }
    case "path":
      return [
        over("K_path", () => pathMachineKernel(task, run, x, { ...budget, steps: kernelSteps(run, options).path })),
      ];
    case "rbf":
      return [over("RBF", () => gaussianMachineKernel(task.engine, x, gammaOf(setting)))];
    case "nearest":
      return [{ name: machine, machine, solve: () => neighbours(setting) }];
  }
}

const gammaOf = ({ data, options }: Setting): number => options.gamma ?? medianGamma(data.train.x, options.seed ?? 0);

async function linearised({ task, run, data, network, options }: Setting): Promise<MachineResult[]> {
  const { signal, onProgress } = options;
  const started = performance.now();
  const { task: linear, params } = await trainLinearised(task, run, {
    ...(signal && { signal }),
    onStep: (done, total) => onProgress?.({ stage: "linearised network", done, total }),
  });
  const said = saidByModel(linear, await predict(linear, params, data.test));
  const seconds = secondsSince(started);
  const own = saidByModel(linear, await predict(linear, params, data.train));
  const scores = scoresOf(said, network, data.test);
  return [{ name: "linearised", machine: "linearised", ...scores, trainError: errorOf(own, data.train), seconds }];
}

async function neighbours(setting: Setting): Promise<MachineResult[]> {
  const { task, data, network, options } = setting;
  const { train, test, kind } = data;
  const k = Math.min(options.k ?? 1, train.x.shape[0]);
  const started = performance.now();
  // Distances of this kernel are Euclid's, at the engine's rate.
  const machine = await nearestNeighbours(productMachineKernel(task.engine, train.x), train.targets, { k });
  const said = saidByMachine(kind, await valuesOf(machine, test.x));
  const seconds = secondsSince(started);
  // Of its own points it knows the targets.
  return [{ name: "nearest", machine: "nearest", detail: `k ${k}`, ...scoresOf(said, network, test), seconds }];
}

/** One kernel, computed once, and a machine of each solver over it. */
async function overKernel(
  setting: Setting,
  row: Pick<MachineResult, "name" | "machine" | "step">,
  kernel: MachineKernel,
): Promise<MachineResult[]> {
  const { data, network, options } = setting;
  const { signal, onProgress, solvers = comparedSolvers } = options;
  const started = performance.now();
  const call: MachineKernelCall = {
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, stage: `${row.name}: kernel` }) }),
  };
  const computed = await computedKernel(kernel, data.test.x, call);
  const kernelSeconds = secondsSince(started);
  const results: MachineResult[] = [];
  for (const solver of comparedSolvers.filter((name) => solvers.includes(name))) {
    signal?.throwIfAborted();
    const own = { ...row, name: `${row.name} ${solver}`, solver };
    try {
      const begun = performance.now();
      const { speak, detail } = await solveOver(computed, data, {
        ...options,
        solver,
        ...(onProgress && {
          onProgress: (progress) => onProgress({ ...progress, stage: `${own.name}: ${progress.stage}` }),
        }),
      });
      const said = await speak(data.test.x);
      const seconds = secondsSince(begun);
      const trainError = errorOf(await speak(data.train.x), data.train);
      results.push({ ...own, detail, ...scoresOf(said, network, data.test), trainError, kernelSeconds, seconds });
    } catch (error) {
      results.push({ ...own, failure: reasonOf(error, signal) });
    }
  }
  return results;
}
