// How a linear system or a spectrum of a kernel will be computed, before anything is: with its matrix, or by products with vectors.

import { type MatrixForm, orderOf } from "./gram-matrix.ts";
import { memoryOf } from "./memory.ts";
import { type KernelPlan, planKernel } from "./plan.ts";
import { leastBudget } from "./tiling.ts";
import { algorithmNames, type KernelModel } from "./types.ts";

export const matrixMethods = ["dense", "iterative"] as const;
export type MatrixMethod = (typeof matrixMethods)[number];

/** What is asked of the matrix. */
export type MatrixTask =
  | { readonly kind: "solve"; readonly columns: number }
  | { readonly kind: "eigenvalues" }
  | { readonly kind: "eigenpairs"; readonly largest: number; readonly basis: number };

export interface MatrixRequest {
  readonly task: MatrixTask;
  readonly form: MatrixForm;
  readonly examples: number;
  /** Whether the kernel is weighted. */
  readonly weighted: boolean;
  readonly method: MatrixMethod | "auto";
  readonly memoryBudget: number;
  readonly tile: number;
}

export interface MatrixPlan {
  readonly method: MatrixMethod;
  /** One sentence. */
  readonly reason: string;
  /** Rows of the matrix: N, or N C for blocks. */
  readonly order: number;
  /** Bytes beside the examples and the result, counted. The matrix is the only thing of its size; the others never meet. */
  readonly bytes: {
    /** The one float64 matrix; 0 where there is none. */
    readonly matrix: number;
    /** Vectors of the decomposition or the iteration. */
    readonly work: number;
    /** Tiles while the matrix is filled, or passes of a product, at most. */
    readonly kernel: number;
  };
  /** What those tiles or passes are allowed, in bytes. */
  readonly kernelBudget: number;
  /** How the matrix is filled, where there is one. */
  readonly kernel: KernelPlan | undefined;
}

const DOUBLE = 8;
/** Enough for tiles of any model that was measured; more would not be faster. */
const MOST_FOR_TILES = 2 ** 30;
/** Vectors as long as the matrix that a decomposition takes beside it: LAPACK's blocks of 64 columns and a few dozen more. */
const DECOMPOSITION = 100;
const SUBSTITUTION = 2;
const CONJUGATE_GRADIENTS = 8;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;

/** Vectors beside the matrix and the result. */
function vectorsOf(task: MatrixTask, method: MatrixMethod): number {
  if (method === "dense") return task.kind === "solve" ? SUBSTITUTION + task.columns : DECOMPOSITION;
  if (task.kind === "solve") return CONJUGATE_GRADIENTS + task.columns;
  return task.kind === "eigenpairs" ? task.basis + 4 : 0;
}

/** The least budget with which some algorithm computes the kernel. */
function leastForTiles(model: KernelModel, { form, weighted, examples }: MatrixRequest): number {
  const count = { n: examples, m: examples, symmetric: true };
  const budgets = algorithmNames.flatMap((name) => {
    const memory = memoryOf(name, { model, form, weighted });
    return memory && name !== "jacobian-contraction" ? [leastBudget(memory, count)] : [];
  });
  return Math.min(...budgets);
}

/**
 * With the matrix where it fits the budget beside what filling and decomposing it take; by products beyond, where the task has such a way
 * (all eigenvalues have none). It depends on the problem and the budget alone. RangeError where what is asked for does not fit, with the
 * bytes that would do.
 */
export function planMatrix(where: string, model: KernelModel, request: MatrixRequest): MatrixPlan {
  const { task, form, examples, weighted, method, memoryBudget, tile } = request;
  const order = orderOf(model, form, examples);
  const [matrix, work] = [DOUBLE * order ** 2, DOUBLE * order * vectorsOf(task, "dense")];
  const needed = matrix + Math.max(work, examples === 0 ? 0 : leastForTiles(model, request));
  const fits = needed <= memoryBudget;
  const size = `the matrix of ${order} rows takes ${megabytes(needed)} of ${megabytes(memoryBudget)}`;
  if (method === "dense" || (method === "auto" && fits)) {
    if (!fits)
      throw new RangeError(
        `${where}: memoryBudget must be at least ${Math.ceil(needed)} bytes for method dense, got ${memoryBudget}`,
      );
    const count = { n: examples, m: examples, symmetric: true };
    const kernelBudget = Math.min(MOST_FOR_TILES, memoryBudget - matrix);
    const settings = { model, form, weighted };
    const kernel = planKernel(settings, count, { algorithm: "auto", tile, memoryBudget: kernelBudget });
    const { prepared, running, pairing } = kernel.bytes;
    const bytes = { matrix, work, kernel: prepared + running + pairing };
    return { method: "dense", reason: method === "dense" ? "asked for" : size, order, bytes, kernelBudget, kernel };
  }
  if (task.kind === "eigenvalues")
    throw new RangeError(
      method === "iterative"
        ? `${where}: largest must be given for method iterative, which finds the largest eigenvalues, got none`
        : `${where}: memoryBudget must be at least ${Math.ceil(needed)} bytes for all eigenvalues, or largest be given, got ${memoryBudget}`,
    );
  const vectors = DOUBLE * order * vectorsOf(task, "iterative");
  const kernel = Math.min(MOST_FOR_TILES, Math.max(0, memoryBudget - vectors));
  const reason = method === "iterative" ? "asked for" : size;
  const bytes = { matrix: 0, work: vectors, kernel };
  return { method: "iterative", reason, order, bytes, kernelBudget: kernel, kernel: undefined };
}
