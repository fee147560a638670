// What tangent kernels are computed of, and in which form.

import type { Task } from "../train/task.ts";

/** The part of a task that a kernel sees: a model's head, its trained parameters, an engine. */
export type KernelModel = Pick<Task, "engine" | "split" | "layout" | "frozen" | "outputs">;

/**
 * What is kept of the C x C block K(x, x') = J(x) J(x')^T:
 * - `blocks`: all of it, (N, M, C, C);
 * - `diagonal`: K_cc, (N, M, C);
 * - `trace`: the sum of K_cc, (N, M);
 * - `readout`: a^T K a' with one row of coefficients for each example, (N, M).
 */
export const kernelForms = ["blocks", "diagonal", "trace", "readout"] as const;
export type KernelForm = (typeof kernelForms)[number];

export const algorithmNames = ["factored", "jacobian-contraction", "vector-products"] as const;
export type AlgorithmName = (typeof algorithmNames)[number];

/** What a kernel may be divided by: a layer is the parameters of one name up to its last dot, `layers.0` of `layers.0.weight`. */
export const kernelDivisions = ["parameter", "layer"] as const;
export type KernelDivision = (typeof kernelDivisions)[number];
