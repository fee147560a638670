// Ridge regression and support vectors over one kernel, as comparisons have them: solved for, and heard in one form.

import { UnsupportedError } from "../errors.ts";
import type { KernelMachine } from "../kernels/kernel-machine.ts";
import type { MachineKernelCall } from "../kernels/machine-kernel.ts";
import { times } from "../numeric/linear-algebra/rectangular.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { integers, reals, type Tensor } from "../numeric/tensor.ts";
import { type ComparedData, type Said, saidByMachine } from "./comparison-data.ts";
import type { ComputedKernel } from "./computed-kernel.ts";
import type { RidgeChoice } from "./ridge-curves.ts";
import { ridgeMachine } from "./ridge-machine.ts";
import { type SupportVectorClassifier, supportVectorClassifier } from "./support-vector-classifier.ts";
import { supportVectorRegressor } from "./support-vector-regressor.ts";

/** What solves for a machine over a kernel. */
export const comparedSolvers = ["ridge", "svm"] as const;
export type ComparedSolver = (typeof comparedSolvers)[number];

export interface SolveOptions extends MachineKernelCall {
  readonly solver: ComparedSolver;
  /** In units of the kernel's mean diagonal, or by what it is chosen. Default `leave-one-out`. */
  readonly ridge?: number | RidgeChoice;
  /** C of support vectors, over a kernel with mean diagonal 1. Default 10. */
  readonly cost?: number;
  readonly algebra?: LinearAlgebra;
}

export interface SolvedMachine {
  /** What it says of queries (Q, ...). */
  readonly speak: (queries: Tensor) => Promise<Said>;
  /** What was chosen or given, and what came of it. */
  readonly detail: string;
}

const COST = 10;
/** Errors that support vector regression does not see, as a part of the targets' deviation; scikit-learn's for targets of deviation 1. */
const EPSILON = 0.1;

export async function solveOver(
  kernel: ComputedKernel,
  data: ComparedData,
  { solver, ridge = "leave-one-out", cost = COST, algebra, signal, onProgress }: SolveOptions,
): Promise<SolvedMachine> {
  const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const { kind, train } = data;
  if (solver === "ridge") {
    const own = { ridge, prior: "mean", maxJitter: 1e-8, ...(algebra && { algebra }), ...call } as const;
    const machine = await ridgeMachine(kernel, train.targets, own);
    return { speak: hearing(kind, machine), detail: `ridge ${machine.ridge.toPrecision(2)}` };
  }
  const [n] = kernel.points.shape;
  const detail = (support: Int32Array): string => `C ${cost}, ${support.length} of ${n} points`;
  if (kind === "regression") {
    const deviation = deviationOf(train.targets);
    const own = { cost: cost * deviation, epsilon: EPSILON * deviation, ...call };
    const machine = await supportVectorRegressor(kernel, train.targets, own);
    return { speak: hearing(kind, machine), detail: detail(machine.support) };
  }
  if (new Set(train.labels).size < 2)
    throw new UnsupportedError("support vectors need at least two classes among the training examples, got one");
  const labels = integers([n], Array.from(train.labels));
  const machine = await supportVectorClassifier(kernel, labels, { cost, ...call });
  const classes = train.targets.shape[1];
  return {
    speak: async (queries) => votesOf(machine, await valuesOf(machine, queries), classes),
    detail: detail(machine.support),
  };
}

const hearing =
  (kind: ComparedData["kind"], machine: KernelMachine): SolvedMachine["speak"] =>
  async (queries) =>
    saidByMachine(kind, await valuesOf(machine, queries));

/** b + K a of a machine with one number a pair, without each point's part: (Q, C). */
export async function valuesOf(machine: KernelMachine, queries: Tensor): Promise<Matrix> {
  const { coefficients } = machine;
  if (typeof coefficients === "function" || coefficients.dtype !== "float64")
    throw new Error("internal: machines over kernels must have coefficients in float64");
  const [kernel, prior] = [(await machine.kernel(queries)) as Matrix, await machine.prior(queries)];
  const { shape, data } = times(kernel, coefficients as Matrix);
  return { dtype: "float64", shape, data: data.map((value, at) => value + Number(prior.data[at])) };
}

/** The winners of the votes; scores are the means of each class's decision values, those of a class that no point has the least of the row. */
async function votesOf(
  { link, classes, pairs }: SupportVectorClassifier,
  decisions: Matrix,
  count: number,
): Promise<Said> {
  const votes = await link.apply(decisions);
  const [queries, own] = votes.shape;
  const scores = new Float64Array(queries * count);
  const place = new Map(classes.map((label, at) => [label, at]));
  const named = new Int32Array(queries);
  for (let q = 0; q < queries; q++) {
    const row = new Float64Array(own);
    for (const [p, { negative, positive }] of pairs.entries()) {
      const value = decisions.data[q * pairs.length + p] / (own - 1);
      row[place.get(positive) as number] += value;
      row[place.get(negative) as number] -= value;
    }
    const ballot = votes.data.subarray(q * own, (q + 1) * own);
    named[q] = classes[ballot.indexOf(Math.max(...ballot))];
    scores.fill(Math.min(...row), q * count, (q + 1) * count);
    for (const [at, label] of classes.entries()) scores[q * count + label] = row[at];
  }
  return { ...saidByMachine("classification", reals([queries, count], scores)), classes: named };
}

/** Root of the mean square about each output's mean; 1 where there is none. */
function deviationOf({ shape: [n, c], data }: Tensor<"float64">): number {
  let total = 0;
  for (let k = 0; k < c; k++) {
    let [mean, square] = [0, 0];
    for (let i = 0; i < n; i++) mean += data[i * c + k] / n;
    for (let i = 0; i < n; i++) square += (data[i * c + k] - mean) ** 2 / n;
    total += square / c;
  }
  return total > 0 ? Math.sqrt(total) : 1;
}
