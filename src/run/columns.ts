// The arrays of a run: batches and per-step numbers as flat columns that only grow.

import { allocate, type TypedArrayOf } from "../numeric/tensor.ts";
import type { Batch, StepScalars } from "./types.ts";

/** Element types of the columns. int32 counts 2^31 occurrences, more than fit into memory. Only runs with something random have keys. */
export const COLUMN_DTYPES = {
  indices: "int32",
  weights: "float64",
  ranges: "int32",
  loss: "float64",
  stepSize: "float64",
  gradientNorm: "float64",
  keys: "int64",
} as const;

export type ColumnName = keyof typeof COLUMN_DTYPES;
export type ColumnOf<Name extends ColumnName> = TypedArrayOf[(typeof COLUMN_DTYPES)[Name]];

/** Of every run. */
export const columnNames = Object.keys(COLUMN_DTYPES).filter((name) => name !== "keys") as Exclude<
  ColumnName,
  "keys"
>[];

/** The columns of a run that has keys, or has none. */
export function columnsOfRun(keyed: boolean): readonly ColumnName[] {
  return keyed ? [...columnNames, "keys"] : columnNames;
}

/**
 * The columns as arrays: `indices`, `weights` and `keys` one element an occurrence, `ranges` two a step (the step's batch is occurrences begin
 * to end, and steps with the same batch share them), the others one a step.
 */
export type Columns = { readonly [Name in (typeof columnNames)[number]]: ColumnOf<Name> } & {
  readonly keys?: ColumnOf<"keys"> | undefined;
};

/** Elements of each column that the first `steps` steps take. */
function columnLengths({ ranges }: Pick<Columns, "ranges">, steps: number): Record<ColumnName, number> {
  let occurrences = 0;
  for (let s = 0; s < steps; s++) occurrences = Math.max(occurrences, ranges[2 * s + 1]);
  return {
    indices: occurrences,
    weights: occurrences,
    keys: occurrences,
    ranges: 2 * steps,
    loss: steps,
    stepSize: steps,
    gradientNorm: steps,
  };
}

/** The columns as they were after `steps` steps, as views. */
export function columnsAt(columns: Columns, steps: number): Columns {
  const lengths = columnLengths(columns, steps);
  const names = columnsOfRun(columns.keys !== undefined);
  return Object.fromEntries(
    names.map((name) => [name, columns[name]?.subarray(0, lengths[name])]),
  ) as unknown as Columns;
}

/** The first `steps` batches, as views of the columns. */
export function batchesOf({ indices, weights, keys, ranges }: Columns, steps: number): Batch[] {
  return Array.from({ length: steps }, (_, s) => ({
    indices: indices.subarray(ranges[2 * s], ranges[2 * s + 1]),
    weights: weights.subarray(ranges[2 * s], ranges[2 * s + 1]),
    ...(keys && { keys: keys.subarray(ranges[2 * s], ranges[2 * s + 1]) }),
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
class Growing<D extends "int32" | "int64" | "float64"> {
  private room: TypedArrayOf[D];
  private length = 0;

  constructor(dtype: D) {
    this.room = allocate(dtype, 64);
  }

  get data(): TypedArrayOf[D] {
    return this.room.subarray(0, this.length) as TypedArrayOf[D];
  }

  append(values: ArrayLike<D extends "int64" ? bigint : number>): void {
    const length = this.length + values.length;
    if (length > this.room.length) {
      const Room = this.room.constructor as new (size: number) => TypedArrayOf[D];
      const larger = new Room(Math.max(length, 2 * this.room.length));
      larger.set(this.data as never);
      this.room = larger;
    }
    this.room.set(values as never, this.length);
    this.length = length;
  }
}

function sameNumbers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
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
  private readonly keys: Growing<"int64"> | undefined;

  /** `keyed`: occurrences have keys. */
  constructor(keyed: boolean) {
    this.keys = keyed ? new Growing("int64") : undefined;
  }

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
      ...(this.keys && { keys: this.keys.data }),
    };
  }

  /** Copies a step in. A batch equal to the one before, as in gradient descent, takes no room of its own. */
  append(batch: Batch, { loss, stepSize, gradientNorm }: StepScalars): void {
    const { columns, steps, keys } = this;
    const ownKeys = batch.keys ?? new BigInt64Array();
    const ranges = columns.ranges.data;
    let [begin, end] = [ranges[2 * steps - 2] ?? 0, ranges[2 * steps - 1] ?? 0];
    const repeated =
      steps > 0 &&
      sameNumbers(columns.indices.data.subarray(begin, end), batch.indices) &&
      sameNumbers(columns.weights.data.subarray(begin, end), batch.weights) &&
      (keys === undefined || sameNumbers(keys.data.subarray(begin, end), ownKeys));
    if (!repeated) {
      begin = columns.indices.data.length;
      end = begin + batch.indices.length;
      columns.indices.append(batch.indices);
      columns.weights.append(batch.weights);
      keys?.append(ownKeys);
    }
    columns.ranges.append([begin, end]);
    columns.loss.append([loss]);
    columns.stepSize.append([stepSize]);
    columns.gradientNorm.append([gradientNorm]);
  }
}
