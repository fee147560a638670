// Support vectors of one dual problem: libsvm's solution where it can be had, and from there exact steps in float64.

import { UnsupportedError } from "../errors.ts";
import { LIBSVM_POINTS, type LibsvmOptions, libsvmStart, loadLibsvm } from "./libsvm.ts";
import { type DualProblem, type DualSolution, solveDual } from "./smo.ts";

/** `libsvm` and exact steps from where it ends; `smo`: exact steps alone; `auto`: the first where it is there and the points are few enough for it. */
export const svmSolvers = ["auto", "libsvm", "smo"] as const;
export type SvmSolver = (typeof svmSolvers)[number];

export interface DualOptions extends Pick<LibsvmOptions, "tolerance" | "regression"> {
  readonly solver: SvmSolver;
  readonly signal?: AbortSignal | undefined;
}

/** How one problem was solved. */
export interface DualReport {
  readonly solver: "libsvm" | "smo";
  /** Exact steps, after libsvm's where it began. */
  readonly steps: number;
  /** The largest violation of the conditions of optimality, in units of the decision value. */
  readonly gap: number;
  /** Points with a coefficient, and those of them whose coefficient is as large as may be, C. */
  readonly supportVectors: number;
  readonly atBound: number;
}

/** libsvm's K is float32: what it does about smaller violations is about rounding. */
const LIBSVM_TOLERANCE = 1e-6;

/** Errors: UnsupportedError where libsvm is asked for and is not there; those of `solveDual`. */
export async function solveBy(
  problem: DualProblem,
  { solver, tolerance, regression, signal }: DualOptions,
): Promise<DualSolution & { readonly report: DualReport }> {
  const Svm =
    solver === "smo" || (solver === "auto" && problem.kernel.shape[0] > LIBSVM_POINTS) ? undefined : await loadLibsvm();
  if (solver === "libsvm" && !Svm)
    throw new UnsupportedError("support vectors: libsvm must be there, got none", {
      hint: "npm install libsvm-js, or ask for smo",
    });
  signal?.throwIfAborted();
  const start =
    Svm &&
    libsvmStart(Svm, problem, { tolerance: Math.max(tolerance, LIBSVM_TOLERANCE), ...(regression && { regression }) });
  const found = solveDual(problem, { tolerance, start, signal });
  const { coefficients, steps, gap } = found;
  return {
    ...found,
    report: {
      solver: start ? "libsvm" : "smo",
      steps,
      gap,
      supportVectors: coefficients.filter((value) => value !== 0).length,
      atBound: coefficients.filter((value) => Math.abs(value) === problem.cost).length,
    },
  };
}
