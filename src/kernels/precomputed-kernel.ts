// A kernel whose numbers exist already, as a machine's kernel: a matrix in memory, or rows that are handed over one at a time.

import { InvalidDataError } from "../errors.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite, type RealArray, type RealDType, reals, type Tensor } from "../numeric/tensor.ts";
import type { MachineKernel, MachineKernelCall } from "./machine-kernel.ts";

/** Rows of a kernel against N fixed points: those of the points themselves, then those of M queries. */
export interface KernelRowSource {
  /** N. */
  readonly points: number;
  /** M; default 0. */
  readonly queries?: number;
  /** K(x_r, x_i) of all N points for r < N, of query r - N from there on: (N), read before the next row is asked for. */
  readonly row: (r: number) => RealArray | Promise<RealArray>;
  /** K(x, x) of the queries (M), which rows do not hold; only what needs it asks for it. */
  readonly queryDiagonal?: RealArray;
}

/**
 * A kernel of which every row can be had from somewhere: a file, another process, a function.
 *
 * A point is the number of its row: `points` are 0..N-1 as (N, 1), queries (Q, 1) are rows too, of points below N and of queries from N on.
 *
 * Memory: a row; `matrix` makes the (N, N). Rows are asked for one after another, each again at each call.
 * Errors: RangeError for numbers of rows that are not there, rows of another length, and K(x, x) of queries where it is not given;
 * InvalidDataError for numbers that are not finite and a matrix that is not symmetric; rejects with the signal's reason when aborted.
 */
export function streamedMachineKernel(source: KernelRowSource, name = "streamed kernel"): MachineKernel {
  const { points: n, queries: m = 0, queryDiagonal } = source;
  requireSizes(source);
  const where = `the ${name}`;
  const numbersOf = ({ shape, data }: Tensor): number[] =>
    Array.from(data as ArrayLike<number | bigint>, (value) => rowNumber(value, shape));
  const rowNumber = (value: number | bigint, shape: readonly number[]): number => {
    const r = Number(value);
    if (shape.length === 2 && shape[1] === 1 && Number.isInteger(r) && r >= 0 && r < n + m) return r;
    throw new RangeError(
      `${where}: queries must be numbers of rows (Q, 1) from 0 to ${n + m - 1}, got ${r} [${shape}]`,
    );
  };
  const rowOf = async (r: number, call?: MachineKernelCall): Promise<RealArray> => {
    call?.signal?.throwIfAborted();
    const row = await source.row(r);
    if (row.length !== n) throw new RangeError(`${where}: row ${r} must have ${n} numbers, got ${row.length}`);
    const dtype: RealDType = row instanceof Float32Array ? "float32" : "float64";
    const at = findNonFinite({ dtype, shape: [n], data: row } as Tensor);
    if (at >= 0)
      throw new InvalidDataError(`${where}: numbers must be finite, got ${row[at]} in row ${r}, column ${at}`);
    return row;
  };
  const rowsOf = async (rows: readonly number[], call?: MachineKernelCall): Promise<Matrix> => {
    const data = new Float64Array(rows.length * n);
    for (const [q, r] of rows.entries()) {
      data.set(await rowOf(r, call), q * n);
      call?.onProgress?.({ stage: "kernel", done: q + 1, total: rows.length });
    }
    return { dtype: "float64", shape: [rows.length, n], data };
  };
  const own = Array.from({ length: n }, (_, i) => i);
  return {
    name,
    points: reals([n, 1], own),
    matrix: async (call) => {
      const matrix = await rowsOf(own, call);
      requireSymmetric(where, matrix);
      return matrix;
    },
    between: async (queries, call) => rowsOf(numbersOf(queries), call),
    diagonal: async (queries, call) => {
      const values: number[] = [];
      for (const r of numbersOf(queries)) {
        if (r >= n && !queryDiagonal)
          throw new RangeError(`${where}: K(x, x) of queries must be given, got none (queryDiagonal)`);
        values.push(r < n ? (await rowOf(r, call))[r] : Number(queryDiagonal?.[r - n]));
      }
      return Float64Array.from(values);
    },
  };
}

function requireSizes({ points, queries = 0, queryDiagonal }: KernelRowSource): void {
  for (const [what, size] of Object.entries({ points, queries }))
    if (!Number.isSafeInteger(size) || size < 0)
      throw new RangeError(`streamedMachineKernel: ${what} must be a whole number >= 0, got ${size}`);
  if (queryDiagonal && queryDiagonal.length !== queries)
    throw new RangeError(
      `streamedMachineKernel: queryDiagonal must have ${queries} numbers, got ${queryDiagonal.length}`,
    );
}

export interface PrecomputedKernelOptions {
  /** Default: `precomputed kernel`. */
  readonly name?: string;
  /** K(query, x_i): (M, N). */
  readonly queries?: Matrix;
  /** K(query, query): (M). */
  readonly queryDiagonal?: RealArray;
}

/**
 * A matrix that exists already, K(x_i, x_j): (N, N), with the rows of queries where there are any. Points and queries are numbers of rows, as in
 * `streamedMachineKernel`.
 *
 * Memory: the arrays given; `matrix` gives a copy.
 * Errors: RangeError for shapes that do not fit; InvalidDataError for NaN, infinities and a matrix that is not symmetric.
 */
export function precomputedMachineKernel(matrix: Matrix, options: PrecomputedKernelOptions = {}): MachineKernel {
  const { name = "precomputed kernel", queries, queryDiagonal } = options;
  const n = requireSymmetric("precomputedMachineKernel", matrix);
  if (queries && (queries.shape.length !== 2 || queries.shape[1] !== n))
    throw new RangeError(`precomputedMachineKernel: queries must have shape [M,${n}], got [${queries.shape}]`);
  const row = (r: number): RealArray =>
    r < n ? matrix.data.subarray(r * n, (r + 1) * n) : (queries as Matrix).data.subarray((r - n) * n, (r - n + 1) * n);
  return streamedMachineKernel(
    { points: n, queries: queries?.shape[0] ?? 0, row, ...(queryDiagonal && { queryDiagonal }) },
    name,
  );
}
