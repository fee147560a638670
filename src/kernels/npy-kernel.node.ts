// A kernel in .npy files as a machine's kernel: rows are read where they lie, and no file is held as a whole.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { InvalidDataError } from "../errors.ts";
import { bytesOf } from "../numeric/bytes.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";
import { MAX_NPY_HEADER, type NpyLayout, npyLayout } from "../numeric/npy.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";
import type { MachineKernel } from "./machine-kernel.ts";
import { type KernelRowSource, streamedMachineKernel } from "./precomputed-kernel.ts";

export interface NpyKernelFiles {
  /** K(query, x_i) of M queries: a file of (M, N). */
  readonly queries?: string;
  /** K(query, query): (M). */
  readonly queryDiagonal?: RealArray;
  /** Default: the path. */
  readonly name?: string;
}

/**
 * The kernel of N points in a .npy file (N, N), float32 or float64, as `pathkernel kernel` and `numpy.save` write them. Points and queries
 * are numbers of rows, as in `streamedMachineKernel`.
 *
 * Memory: a row. Cost: a file opened for each row.
 * Errors: FileError for what cannot be read; InvalidDataError for files that hold no such matrix, or are cut off.
 */
export function npyMachineKernel(
  path: string,
  { queries, queryDiagonal, name = path }: NpyKernelFiles = {},
): MachineKernel {
  const own = matrixFile(path);
  if (own.rows !== own.columns)
    throw new InvalidDataError(`${path}: a kernel of points must be square, got shape (${own.rows}, ${own.columns})`);
  const others = queries === undefined ? undefined : matrixFile(queries);
  if (others && others.columns !== own.rows)
    throw new InvalidDataError(
      `${queries}: rows must have ${own.rows} numbers, as many as points, got ${others.columns}`,
    );
  const source: KernelRowSource = {
    points: own.rows,
    queries: others?.rows ?? 0,
    row: (r) => (r < own.rows ? own.read(r) : (others as MatrixFile).read(r - own.rows)),
    ...(queryDiagonal && { queryDiagonal }),
  };
  return streamedMachineKernel(source, name);
}

interface MatrixFile {
  readonly rows: number;
  readonly columns: number;
  readonly read: (row: number) => RealArray;
}

function matrixFile(path: string): MatrixFile {
  const { dtype, shape, fortran, start } = layoutOf(path);
  if ((dtype !== "float64" && dtype !== "float32") || shape.length !== 2 || fortran)
    throw new InvalidDataError(
      `${path}: a kernel must be a matrix of float32 or float64 by rows, got ${dtype} (${shape.join(", ")})${fortran ? " by columns" : ""}`,
    );
  const [rows, columns] = shape;
  return { rows, columns, read: (row) => readRow(path, dtype, { columns, start, row }) };
}

function layoutOf(path: string): NpyLayout {
  return withFile(path, (descriptor) => {
    const bytes = new Uint8Array(MAX_NPY_HEADER);
    const layout = npyLayout(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0)), path);
    const [expected, got] = [layout.end, fstatSync(descriptor).size];
    if (got !== expected) throw new InvalidDataError(`${path}: the file must have ${expected} bytes, got ${got}`);
    return layout;
  });
}

function readRow(
  path: string,
  dtype: RealDType,
  { columns, start, row }: { readonly columns: number; readonly start: number; readonly row: number },
): RealArray {
  const numbers = allocate(dtype, columns) as RealArray;
  const bytes = bytesOf(numbers);
  withFile(path, (descriptor) => {
    const from = start + row * bytes.length;
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(descriptor, bytes, done, bytes.length - done, from + done);
      if (read === 0)
        throw new InvalidDataError(`${path}: row ${row} must have ${columns} numbers, got the end of the file`);
      done += read;
    }
  });
  return numbers;
}

function withFile<T>(path: string, action: (descriptor: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return action(descriptor);
  } catch (cause) {
    throw fileErrorFrom("read", path, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
