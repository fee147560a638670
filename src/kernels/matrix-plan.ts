// How a linear system or a spectrum of a kernel will be computed, before anything is: with its matrix, or by products with vectors.

import { flopsOf } from "../graph/cost.ts";
import { type MatrixForm, orderOf } from "./gram-matrix.ts";
import { memoryOf } from "./memory.ts";
import { type KernelPlan, planKernel } from "./plan.ts";
import { leastBudget } from "./tiling.ts";
import { algorithmNames, type KernelModel } from "./types.ts";

export const matrixMethods = ["dense", "iterative"] as const;
export type MatrixMethod = (typeof matrixMethods)[number];

/** What a product with a vector is made of: a pass each way through the model, or tiles of the kernel, made anew and let go. */
export const productKinds = ["passes", "tiles"] as const;
export type ProductKind = (typeof productKinds)[number];

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
  readonly products: ProductKind | "auto";
  readonly memoryBudget: number;
  readonly tile: number;
}

export interface MatrixPlan {
  readonly method: MatrixMethod;
  /** One sentence. */
  readonly reason: string;
  /** What products are made of, where it is iterative. */
  readonly products: ProductKind | undefined;
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
  /** How the matrix is filled, or its tiles are made for each product. */
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

/** Floating-point operations of a reverse and a forward-mode pass over all examples, some five forward passes; for `trace` of all outputs. */
function flopsOfPasses(model: KernelModel, { form, examples }: MatrixRequest): number {
  return 5 * flopsOf(model.split.head, examples) * (form === "trace" ? model.outputs : 1);
}

const gigaflops = (flops: number): string => `${(flops / 1e9).toPrecision(3)} GFLOP`;

/**
 * With the matrix where it fits the budget beside what filling and decomposing it take; by products beyond, where the task has such a way
 * (all eigenvalues have none), each made of what costs fewer counted FLOPs. It depends on the problem and the budget alone. RangeError
 * where what is asked for does not fit, with the bytes that would do.
 */
export function planMatrix(where: string, model: KernelModel, request: MatrixRequest): MatrixPlan {
  const { task, form, examples, method, products, memoryBudget } = request;
  const order = orderOf(model, form, examples);
  const [matrix, work] = [DOUBLE * order ** 2, DOUBLE * order * vectorsOf(task, "dense")];
  const least = examples === 0 ? 0 : leastForTiles(model, request);
  const needed = matrix + Math.max(work, least);
  const fits = needed <= memoryBudget;
  const size = `the matrix of ${order} rows takes ${megabytes(needed)} of ${megabytes(memoryBudget)}`;
  const reason = method === "auto" ? size : "asked for";
  if (method === "dense" || (method === "auto" && fits)) {
    if (!fits)
      throw new RangeError(
        `${where}: memoryBudget must be at least ${Math.ceil(needed)} bytes for method dense, got ${memoryBudget}`,
      );
    const kernelBudget = Math.min(MOST_FOR_TILES, memoryBudget - matrix);
    const kernel = planTiles(model, request, kernelBudget);
    const bytes = { matrix, work, kernel: bytesOf(kernel) };
    return { method: "dense", reason, products: undefined, order, bytes, kernelBudget, kernel };
  }
  if (task.kind === "eigenvalues")
    throw new RangeError(
      method === "iterative"
        ? `${where}: largest must be given for method iterative, which finds the largest eigenvalues, got none`
        : `${where}: memoryBudget must be at least ${Math.ceil(needed)} bytes for all eigenvalues, or largest be given, got ${memoryBudget}`,
    );
  const vectors = DOUBLE * order * vectorsOf(task, "iterative");
  const kernelBudget = Math.min(MOST_FOR_TILES, Math.max(0, memoryBudget - vectors));
  const iterative = { method: "iterative", order, kernelBudget } as const;
  const passes = flopsOfPasses(model, request);
  const planned = least <= kernelBudget || products === "tiles" ? planTiles(model, request, kernelBudget) : undefined;
  const tiles = planned?.flops[planned.algorithm] ?? Number.POSITIVE_INFINITY;
  const counts = `passes of a product take ${gigaflops(passes)}, tiles ${planned ? gigaflops(tiles) : "more than the budget"}`;
  const byTiles = products === "tiles" || (products === "auto" && tiles < passes);
  return {
    ...iterative,
    reason: products === "auto" ? `${reason}; ${counts}` : reason,
    products: byTiles ? "tiles" : "passes",
    bytes: { matrix: 0, work: vectors, kernel: byTiles && planned ? bytesOf(planned) : kernelBudget },
    kernel: byTiles ? planned : undefined,
  };
}

function planTiles(model: KernelModel, { form, weighted, examples, tile }: MatrixRequest, budget: number): KernelPlan {
  const count = { n: examples, m: examples, symmetric: true };
  return planKernel({ model, form, weighted }, count, { algorithm: "auto", tile, memoryBudget: budget });
}

const bytesOf = ({ bytes: { prepared, running, pairing } }: KernelPlan): number => prepared + running + pairing;
