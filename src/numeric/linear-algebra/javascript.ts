// Linear algebra that runs anywhere: symmetric matrices in place by code of our own, all others by ml-matrix.

import { LuDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from "ml-matrix";
import { factorInPlace, substituteInPlace } from "./cholesky-in-place.ts";
import { symmetricEigenpairs, symmetricEigenvalues } from "./symmetric.ts";
import type { Routines } from "./types.ts";

const toMl = (a: Float64Array, m: number, n: number): MlMatrix => MlMatrix.from1DArray(m, n, a);

/** Row-major numbers of ml-matrix's rows. */
function numbersOf(matrix: MlMatrix): Float64Array {
  const { rows, columns } = matrix;
  const to = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) to[i * columns + j] = matrix.get(i, j);
  return to;
}

/** ml-matrix copies what it decomposes; its Cholesky and eigenvalue decompositions hold a second matrix and take longer. */
export const javascriptRoutines: Routines = {
  name: "javascript",
  library: "ml-matrix",
  eigenvalues: symmetricEigenvalues,
  eigenpairs: symmetricEigenpairs,
  factor: factorInPlace,
  substitute: substituteInPlace,
  svd(a, m, n) {
    const found = new SingularValueDecomposition(toMl(a, m, n), { autoTranspose: true });
    return {
      u: numbersOf(found.leftSingularVectors),
      values: Float64Array.from(found.diagonal),
      vt: numbersOf(found.rightSingularVectors.transpose()),
    };
  },
  eliminate(a, n, b, k) {
    const found = new LuDecomposition(toMl(a, n, n));
    const pivots = Float64Array.from(found.upperTriangularMatrix.diagonal());
    if (k > 0 && pivots.every((pivot) => pivot !== 0)) b.set(numbersOf(found.solve(toMl(b, n, k))));
    return pivots;
  },
};
