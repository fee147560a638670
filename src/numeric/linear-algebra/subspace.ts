// The subspace of a Lanczos iteration: an orthonormal basis, the matrix within it, and what it knows of eigenvalues.

import { symmetricEigenpairs } from "./symmetric.ts";
import { addTo, innerProduct, lengthOf } from "./vectors.ts";

/** An eigenvalue that is known, with its unit vector and a bound on the length of the residual. */
export interface Found {
  readonly value: number;
  readonly vector: Float64Array;
  readonly bound: number;
}

/** Approximate eigenpairs from a subspace, descending; rows of `weights` (size, size) are vectors in its basis. */
export interface RitzPairs {
  readonly values: Float64Array;
  readonly weights: Float64Array;
  readonly bounds: Float64Array;
}

/** The k largest of both, descending. */
export function merged(found: readonly Found[], more: readonly Found[], k: number): readonly Found[] {
  return [...found, ...more].sort((a, b) => b.value - a.value).slice(0, k);
}

/** How many of `values` (descending) are among the k largest of them and what was found; equal ones are not. */
export function wantedOf(found: readonly Found[], values: Float64Array, k: number): number {
  let wanted = 0;
  const above = (value: number): number => found.filter((own) => own.value >= value).length;
  while (wanted < values.length && wanted + above(values[wanted]) < k) wanted++;
  return wanted;
}

/** What is left of a vector's length below which it is rounding. */
const ROUNDING = 1e-14;

export class Subspace {
  private readonly basis: Float64Array[] = [];
  /** Rows of the lower triangle. */
  private matrix: number[][] = [];
  private rest: Float64Array = new Float64Array(0);
  private readonly n: number;
  private readonly across: readonly Float64Array[];

  /** All of it is kept orthogonal to `across`, which are orthonormal. */
  constructor(n: number, across: readonly Float64Array[]) {
    this.n = n;
    this.across = across;
  }

  get size(): number {
    return this.basis.length;
  }

  get last(): Float64Array {
    return this.basis[this.basis.length - 1];
  }

  /** Appends what of a vector is outside; false where nothing is. */
  append(vector: Float64Array): boolean {
    const before = lengthOf(vector);
    this.orthogonalise(vector);
    const length = lengthOf(vector);
    if (!(length > ROUNDING * before)) return false;
    this.basis.push(vector.map((value) => value / length));
    return true;
  }

  /** Takes the image of the last basis vector, whose array is kept; the length of what is outside, 0 where that is rounding. */
  extend(image: Float64Array): number {
    const before = lengthOf(image);
    this.matrix.push(this.orthogonalise(image));
    this.rest = image;
    const length = lengthOf(image);
    const full = this.size + this.across.length === this.n;
    return full || length <= ROUNDING * before ? 0 : length;
  }

  /** Appends what was outside of the last image, which must have been more than rounding. */
  appendRest(): void {
    const length = lengthOf(this.rest);
    this.basis.push(this.rest.map((value) => value / length));
  }

  /** Approximate eigenpairs; `rest` is the length of what was outside of the last image. */
  pairs(rest: number): RitzPairs {
    const { size } = this;
    const whole = new Float64Array(size * size);
    this.matrix.forEach((row, i) => void whole.set(row, i * size));
    const { values, vectors: weights } = symmetricEigenpairs(whole, size, size);
    values.reverse();
    for (let i = 0, j = size - 1; i < j; i++, j--)
      for (let c = 0; c < size; c++)
        [weights[i * size + c], weights[j * size + c]] = [weights[j * size + c], weights[i * size + c]];
    const bounds = values.map((_, i) => rest * Math.abs(weights[i * size + size - 1]));
    return { values, weights, bounds };
  }

  /** The first `count` pairs as vectors. `carried`: sum of squared bounds of `across`, which theirs do not know of. */
  found({ values, weights, bounds }: RitzPairs, count: number, carried: number): readonly Found[] {
    return Array.from({ length: count }, (_, i) => {
      const vector = new Float64Array(this.n);
      this.basis.forEach((own, j) => void addTo(vector, weights[i * this.size + j], own));
      const length = lengthOf(vector);
      const bound = Math.sqrt(bounds[i] ** 2 + carried);
      return { value: values[i], vector: vector.map((value) => value / length), bound };
    });
  }

  /** Keeps the best `count` approximate vectors alone, in the arrays that are there. */
  restart({ values, weights }: RitzPairs, count: number): void {
    const { basis, size } = this;
    const old = new Float64Array(size);
    for (let c = 0; c < this.n; c++) {
      for (let j = 0; j < size; j++) old[j] = basis[j][c];
      for (let i = 0; i < count; i++) {
        let total = 0;
        for (let j = 0; j < size; j++) total += weights[i * size + j] * old[j];
        basis[i][c] = total;
      }
    }
    basis.length = count;
    this.matrix = Array.from({ length: count }, (_, i) => [...new Array<number>(i).fill(0), values[i]]);
  }

  /** Makes a vector orthogonal to everything, twice (once leaves rounding of what it was); its coefficients in the basis. */
  private orthogonalise(vector: Float64Array): number[] {
    const coefficients = new Array<number>(this.size).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      for (const own of this.across) addTo(vector, -innerProduct(own, vector), own);
      this.basis.forEach((own, i) => {
        const part = innerProduct(own, vector);
        coefficients[i] += part;
        addTo(vector, -part, own);
      });
    }
    return coefficients;
  }
}
