// Compensated sums (Neumaier 1974): sums over examples and steps lose at most a rounding or two, whatever the cancellation.

/** What is left of a summand beside infinity is NaN: an infinite sum stays what a plain one is. */
function compensated(total: number, compensation: number): number {
  return Number.isFinite(total) ? total + compensation : total;
}

/** A compensated accumulator of one number. */
export class Accumulator {
  private sum = 0;
  private compensation = 0;
  add(value: number): void {
    const total = this.sum + value;
    this.compensation += Math.abs(this.sum) >= Math.abs(value) ? this.sum - total + value : value - total + this.sum;
    this.sum = total;
  }
  get value(): number {
    return compensated(this.sum, this.compensation);
  }
}

/** A compensated accumulator of `size` numbers: `add(i, v)`, then `values()`. */
export class VectorAccumulator {
  private readonly sums: Float64Array;
  private readonly compensations: Float64Array;
  constructor(size: number) {
    this.sums = new Float64Array(size);
    this.compensations = new Float64Array(size);
  }
  add(i: number, value: number): void {
    const sum = this.sums[i];
    const total = sum + value;
    this.compensations[i] += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    this.sums[i] = total;
  }
  valueAt(i: number): number {
    return compensated(this.sums[i], this.compensations[i]);
  }
  /** All that it holds, as it lies: for keeping a sum that is not done. */
  get state(): readonly [sums: Float64Array, compensations: Float64Array] {
    return [this.sums, this.compensations];
  }
  /** Takes up a sum that was kept. RangeError for another size. */
  restore([sums, compensations]: readonly [Float64Array, Float64Array]): void {
    this.sums.set(sums);
    this.compensations.set(compensations);
  }
  values(): Float64Array {
    return this.sums.map((_, i) => this.valueAt(i));
  }
}

/** Elements of one side of the squares in which a matrix is turned: they stay in the first-level cache. */
const SQUARE = 32;

/**
 * A compensated accumulator of (rows, columns) numbers whose additions come column by column: each column lies together, so that adding to all
 * of its rows reads and writes whole cache lines. Row by row, 100 rows and 60,000 columns took 1.3 us an addition; this takes 0.01.
 */
export class ColumnAccumulator {
  private readonly rows: number;
  private readonly columns: number;
  /** Column by column. */
  readonly totals: VectorAccumulator;
  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.totals = new VectorAccumulator(rows * columns);
  }
  add(row: number, column: number, value: number): void {
    this.totals.add(column * this.rows + row, value);
  }
  /** (rows, columns) row-major. */
  values(): Float64Array {
    const { rows, columns, totals } = this;
    const result = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r += SQUARE) {
      for (let c = 0; c < columns; c += SQUARE) {
        const [rowEnd, columnEnd] = [Math.min(rows, r + SQUARE), Math.min(columns, c + SQUARE)];
        for (let i = r; i < rowEnd; i++)
          for (let j = c; j < columnEnd; j++) result[i * columns + j] = totals.valueAt(j * rows + i);
      }
    }
    return result;
  }
}

/** Compensated sum of a list. */
export function sum(values: Iterable<number>): number {
  const total = new Accumulator();
  // Iterators of typed arrays take several times as long as a counted loop.
  if (values instanceof Float64Array) for (let i = 0; i < values.length; i++) total.add(values[i]);
  else for (const value of values) total.add(value);
  return total.value;
}

/** Compensated dot product: products are rounded once, their sum is compensated. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, aStart = 0, bStart = 0, size = a.length): number {
  let total = 0;
  let compensation = 0;
  for (let i = 0; i < size; i++) {
    const value = a[aStart + i] * b[bStart + i];
    const next = total + value;
    compensation += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return compensated(total, compensation);
}
