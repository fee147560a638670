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
  values(): Float64Array {
    return this.sums.map((sum, i) => compensated(sum, this.compensations[i]));
  }
}

/** Compensated sum of a list. */
export function sum(values: Iterable<number>): number {
  const total = new Accumulator();
  for (const value of values) total.add(value);
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
