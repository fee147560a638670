// A solve and a spectrum hold one matrix and no more: peak memory of a process of its own. Everything longer: npm run bench:matrices.

import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { type MatrixWork, matrixApart } from "../../bench/matrix-problem.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";

const N = 2000;
const MATRIX = 8 * N ** 2;
const TILES = 2 ** 23;
const { name: member } = await openLinearAlgebra();
/** JavaScript takes fifteen seconds for a spectrum of this order; that it works in place is in the conformance suite. */
const works: readonly MatrixWork[] = member === "lapack" && FULL_MATRIX ? ["solve", "largest"] : ["solve"];
const reason = "peak memory was not measured, since this system has no /proc/self/clear_refs";

it.for(works)(
  "%s: beside the result, one matrix of 2000 rows, the tiles, and no second one",
  { timeout: 180_000 },
  (work, { skip }) => {
    if (!existsSync("/proc/self/clear_refs")) skip(reason);
    const { taken, matrix, result, planned } = matrixApart({ work, member, n: N, budget: MATRIX + TILES });
    expect(matrix).toBe(MATRIX);
    expect(planned).toBeLessThanOrEqual(TILES);
    expect(taken).toBeGreaterThan(matrix);
    // 7 to 17 of a matrix's 32 MB are the engine's and the heap's growth.
    expect(taken - matrix - result - planned).toBeLessThan(0.9 * matrix);
  },
);
