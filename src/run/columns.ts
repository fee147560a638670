// The arrays of a run: batches and per-step numbers as flat columns that only grow.

import { allocate, type TypedArrayOf } from "../numeric/tensor.ts";
import type { Batch, StepScalars } from "./types.ts";

/** Element types of the columns. int32 counts 2^31 occurrences, more than fit into memory. */
export const COLUMN_DTYPES = {
  indices: "int32",
  weights: "float64",
  ranges: "int32",
  loss: "float64",
  stepSize: "float64",
  gradientNorm: "float64",
} as const;

export type ColumnName = keyof typeof COLUMN_DTYPES;
export const columnNames = Object.keys(COLUMN_DTYPES) as readonly ColumnName[];

/**
 * The columns as arrays: `indices` and `weights` one element an occurrence, `ranges` two a step (the step's batch is occurrences begin
 * to end, and steps with the same batch share them), the others one a step.
 */
export type Columns = { readonly [Name in ColumnName]: TypedArrayOf[(typeof COLUMN_DTYPES)[Name]] };

/** Elements of each column that the first `steps` steps take. */
function columnLengths({ ranges }: Pick<Columns, "ranges">, steps: number): Record<ColumnName, number> {
  let occurrences = 0;
  for (let s = 0; s < steps; s++) occurrences = Math.max(occurrences, ranges[2 * s + 1]);
  return {
    indices: occurrences,
    weights: occurrences,
    ranges: 2 * steps,
    loss: steps,
    stepSize: steps,
    gradientNorm: steps,
  };
}

/** The columns as they were after `steps` steps, as views. */
export function columnsAt(columns: Columns, steps: number): Columns {
  const lengths = columnLengths(columns, steps);
  return Object.fromEntries(columnNames.map((name) => [name, columns[name].subarray(0, lengths[name])])) as Columns;
}

/** The first `steps` batches, as views of the columns. */
export function batchesOf({ indices, weights, ranges }: Columns, steps: number): Batch[] {
  return Array.from({ length: steps }, (_, s) => ({
    indices: indices.subarray(ranges[2 * s], ranges[2 * s + 1]),
    weights: weights.subarray(ranges[2 * s], ranges[2 * s + 1]),
  }));
}

/** The numbers of the first `steps` steps. */
export function scalarsOf({ loss, stepSize, gradientNorm }: Columns, steps: number): StepScalars[] {
  return Array.from({ length: steps }, (_, step) => ({
    step,
    loss: loss[step],
    stepSize: stepSize[step],
    gradientNorm: gradientNorm[step],
  }));
}

/** An array with room to grow; views of it stay as they are. */
class Growing<D extends "int32" | "float64"> {
  private room: TypedArrayOf[D];
  private length = 0;

  constructor(dtype: D) {
    this.room = allocate(dtype, 64);
  }

  get data(): TypedArrayOf[D] {
    return this.room.subarray(0, this.length) as TypedArrayOf[D];
  }

  append(values: ArrayLike<number>): void {
    const length = this.length + values.length;
    if (length > this.room.length) {
      const Room = this.room.constructor as new (size: number) => TypedArrayOf[D];
      const larger = new Room(Math.max(length, 2 * this.room.length));
      larger.set(this.data);
      this.room = larger;
    }
    this.room.set(values, this.length);
    this.length = length;
  }
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Columns that are being filled, step by step. */
export class GrowingColumns {
  private readonly columns = {
    indices: new Growing("int32"),
    weights: new Growing("float64"),
    ranges: new Growing("int32"),
    loss: new Growing("float64"),
    stepSize: new Growing("float64"),
    gradientNorm: new Growing("float64"),
  };

  get steps(): number {
    return this.columns.loss.data.length;
  }

  /** The columns as they stand; what is appended later is not in these arrays. */
  get data(): Columns {
    const { indices, weights, ranges, loss, stepSize, gradientNorm } = this.columns;
    return {
      indices: indices.data,
      weights: weights.data,
      ranges: ranges.data,
      loss: loss.data,
      stepSize: stepSize.data,
      gradientNorm: gradientNorm.data,
    };
  }

  /** Copies a step in. A batch equal to the one before, as in gradient descent, takes no room of its own. */
  append(batch: Batch, { loss, stepSize, gradientNorm }: StepScalars): void {
    const { columns, steps } = this;
    const ranges = columns.ranges.data;
    let [begin, end] = [ranges[2 * steps - 2] ?? 0, ranges[2 * steps - 1] ?? 0];
    const repeated =
      steps > 0 &&
      sameNumbers(columns.indices.data.subarray(begin, end), batch.indices) &&
      sameNumbers(columns.weights.data.subarray(begin, end), batch.weights);
    if (!repeated) {
      begin = columns.indices.data.length;
      end = begin + batch.indices.length;
      columns.indices.append(batch.indices);
      columns.weights.append(batch.weights);
    }
    columns.ranges.append([begin, end]);
    columns.loss.append([loss]);
    columns.stepSize.append([stepSize]);
    columns.gradientNorm.append([gradientNorm]);
  }
}
