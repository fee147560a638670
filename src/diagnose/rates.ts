// How fast kernels and decompositions are taken to be where a plan says seconds: measured on two AVX-512 cores.

import type { AlgebraName } from "../numeric/linear-algebra/types.ts";
import type { RealDType } from "../numeric/tensor.ts";

/** GFLOP/s of the engine on kernels. */
export const KERNEL_GFLOPS: Readonly<Record<RealDType, number>> = { float32: 20, float64: 10 };
/** Floating-point operations of all eigenpairs of order n, over n^3. */
export const EIGENPAIRS = 9;
/** GFLOP/s at those: measured for n = 1,000. */
export const ALGEBRA_GFLOPS: Readonly<Record<AlgebraName, number>> = { lapack: 20, javascript: 1.1 };
