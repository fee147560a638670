// The few operations on vectors that iterations are made of.

export function innerProduct(x: Float64Array, y: Float64Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i] * y[i];
  return total;
}

export const lengthOf = (x: Float64Array): number => Math.sqrt(innerProduct(x, x));

/** y becomes y + factor x. */
export function addTo(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}
