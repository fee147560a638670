// Conjugate gradients against dense solves, and what they say where they cannot do it.

import { describe, expect, it } from "vitest";
import { InvalidDataError, NumericalError } from "../../../src/errors.ts";
import { conjugateGradients } from "../../../src/numeric/linear-algebra/conjugate-gradients.ts";
import { openLinearAlgebra } from "../../../src/numeric/linear-algebra/load.ts";
import { productOf } from "../../../src/numeric/linear-algebra/matrix-product.ts";
import type { Matrix } from "../../../src/numeric/linear-algebra/types.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { diagonal, normalMatrix, symmetricWith } from "../../helpers/matrices.ts";

const N = 50;
const b = normalMatrix(N, 1, 11).data;
const algebra = await openLinearAlgebra();
const solved = (a: Matrix): Float64Array => algebra.cholesky(a).solve(reals([N], b)).data;
const spread = symmetricWith(Array.from({ length: N }, (_, i) => 10 ** (-(4 * i) / N)));

describe("conjugateGradients(product, b)", () => {
  it("gives what a dense solve gives, and the residual that the result has", async () => {
    const { x, residual, converged, products } = await conjugateGradients(productOf(spread), b);
    expect(x).toBeAllclose(solved(spread), { atol: 1e-5, rtol: 0 }); // residual 1e-10 times the condition, 1e4, and |b|
    const image = await productOf(spread)(x);
    const [error, size] = [Math.hypot(...b.map((value, i) => value - image[i])), Math.hypot(...b)];
    expect(residual).toBeCloseTo(error / size, 15);
    expect(residual).toBeLessThanOrEqual(1e-10);
    expect({ converged, few: products < 4 * N }).toEqual({ converged: true, few: true });
  });

  it("needs as many products as there are different eigenvalues, and one to check", async () => {
    const three = symmetricWith(Array.from({ length: N }, (_, i) => 1 + (i % 3)));
    const { x, products } = await conjugateGradients(productOf(three), b);
    expect(products).toBe(4);
    expect(x).toBeAllclose(solved(three), { atol: 1e-9, rtol: 0 });
  });

  it("needs fewer with a preconditioner: of a diagonal, none but the first", async () => {
    const values = Array.from({ length: N }, (_, i) => 10 ** ((4 * i) / N));
    const product = productOf(diagonal(values));
    const plain = await conjugateGradients(product, b);
    const made = await conjugateGradients(product, b, {
      preconditioner: (r) => r.map((value, i) => value / values[i]),
    });
    expect(plain.products).toBeGreaterThan(20);
    expect(made.products).toBe(2);
    expect(made.x).toBeAllclose(
      b.map((value, i) => value / values[i]),
      { atol: 1e-12, rtol: 0 },
    );
  });

  it("says how far it came where products are not enough", async () => {
    const told: [number, number][] = [];
    const { residual, converged, products } = await conjugateGradients(productOf(spread), b, {
      maxProducts: 6,
      onProduct: (count, reached) => told.push([count, reached]),
    });
    expect({ converged, products }).toEqual({ converged: false, products: 6 });
    expect(told.map(([count]) => count)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(told.at(-1)?.[1]).toBe(residual);
    expect(residual).toBeGreaterThan(1e-10);
  });

  it("stops where rounding of the products no longer lets the residual fall, and says so", async () => {
    const product = productOf(spread);
    const rough = async (v: Float64Array) => Float64Array.from(Float32Array.from(await product(v)));
    const { residual, converged, products, x } = await conjugateGradients(rough, b);
    expect(converged).toBe(false);
    expect(products).toBeLessThan(1000);
    const image = await rough(x);
    const error = Math.hypot(...b.map((value, i) => value - image[i])) / Math.hypot(...b);
    expect(residual).toBeCloseTo(error, 15);
    expect(residual).toBeLessThan(1e-3);
  });

  it("gives zero for b = 0, without a product", async () => {
    const zero = await conjugateGradients(productOf(spread), new Float64Array(N));
    expect(zero).toEqual({ x: new Float64Array(N), residual: 0, converged: true, products: 0 });
    expect((await conjugateGradients((v) => v, new Float64Array(0))).x).toEqual(new Float64Array(0));
  });

  it("refuses a matrix that is not positive definite, and numbers that are not finite", async () => {
    const indefinite = productOf(diagonal(Array.from({ length: N }, (_, i) => (i === 3 ? -100 : 1))));
    await expect(conjugateGradients(indefinite, b)).rejects.toThrow(NumericalError);
    await expect(conjugateGradients(indefinite, b)).rejects.toThrow(
      /^conjugateGradients: matrix must be positive definite, got v\^T A v = -\S+ in product \d+$/,
    );
    const broken = (v: Float64Array) => v.map((value, i) => (i === 7 ? Number.NaN : value));
    await expect(conjugateGradients(broken, b)).rejects.toThrow(
      new InvalidDataError("conjugateGradients: product must be finite, got NaN or infinity in product 1"),
    );
    await expect(conjugateGradients(productOf(spread), broken(b))).rejects.toThrow(
      new InvalidDataError("conjugateGradients: b must be finite, got NaN or infinity"),
    );
  });

  it("stops with the signal's reason", async () => {
    const controller = new AbortController();
    let told = 0;
    const stop = conjugateGradients(productOf(spread), b, {
      signal: controller.signal,
      onProduct: () => ++told === 3 && controller.abort(new Error("enough")),
    });
    await expect(stop).rejects.toThrow("enough");
    expect(told).toBe(3);
  });
});
