// Lanczos against dense decompositions, where eigenvalues are equal, crowd or vanish, and where the basis is small.

import { describe, expect, it } from "vitest";
import { InvalidDataError, NumericalError } from "../../../src/errors.ts";
import { type LanczosOptions, lanczos } from "../../../src/numeric/linear-algebra/lanczos.ts";
import { productOf } from "../../../src/numeric/linear-algebra/matrix-product.ts";
import type { Matrix } from "../../../src/numeric/linear-algebra/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { identity, matrixOf, multiply, secondDifferences, symmetricWith, transpose } from "../../helpers/matrices.ts";

const N = 80;
const times = (count: number, values: readonly number[]): number[] =>
  values.flatMap((value) => Array<number>(count).fill(value));
const padded = (...values: number[]): number[] => [...values, ...new Array<number>(N - values.length).fill(0)];

const matrices: readonly (readonly [string, Matrix, number[]])[] = (
  [
    ["that fall fast", Array.from({ length: N }, (_, i) => 2 ** -i)],
    ["that fall slowly", Array.from({ length: N }, (_, i) => 1 / (1 + i))],
    [
      "of which each occurs five times",
      times(
        5,
        Array.from({ length: N / 5 }, (_, i) => 10 * 0.8 ** i),
      ),
    ],
    ["that are all the same", new Array<number>(N).fill(3)],
    ["of which four are not zero", padded(5, 4, 4, 1)],
    ["of both signs, the larger magnitudes below zero", Array.from({ length: N }, (_, i) => 5 - i / 4)],
  ] as const
).map(([label, values]) => [label, symmetricWith(values), [...values]]);

const small: LanczosOptions = { basis: 12 };

describe("lanczos(product, n, k)", () => {
  it.each(matrices)("finds the ten largest of eigenvalues %s, with or without restarts", async (_, a, values) => {
    for (const options of [{}, small]) {
      const found = await lanczos(productOf(a), N, 10, options);
      expect(found.values).toBeAllclose(values.slice(0, 10), { atol: 1e-9, rtol: 0 });
      expect(found.vectors.shape).toEqual([10, N]);
      const gram = multiply(found.vectors, transpose(found.vectors));
      expect(gram.data).toBeAllclose(identity(10).data, { atol: 1e-9, rtol: 0 });
      // The residual is within its bound, to rounding, and that within the tolerance.
      const images = multiply(found.vectors, a).data;
      const size = Math.max(...values.map(Math.abs));
      for (let i = 0; i < 10; i++) {
        const own = images.subarray(i * N, (i + 1) * N);
        const residual = Math.hypot(...own.map((value, j) => value - found.values[i] * found.vectors.data[i * N + j]));
        expect(residual).toBeLessThanOrEqual(found.bounds[i] + 1e-13 * size);
        // Bounds of what is found later carry those of what was found before.
        expect(found.bounds[i]).toBeLessThanOrEqual(1e-9 * size);
      }
    }
  });

  it.each([1, 2, 3, 7])("finds all %i of as many", async (n) => {
    const a = symmetricWith(Array.from({ length: n }, (_, i) => n - i));
    const { values } = await lanczos(productOf(a), n, n);
    expect(values).toBeAllclose(
      Array.from({ length: n }, (_, i) => n - i),
      { atol: 1e-12, rtol: 0 },
    );
  });

  it("finds none of none, and a zero matrix's zeros", async () => {
    expect((await lanczos((v) => v, 5, 0)).values).toEqual(new Float64Array(0));
    const { values, vectors } = await lanczos((v) => new Float64Array(v.length), 5, 3);
    expect(values).toEqual(new Float64Array(3));
    expect(multiply(vectors, transpose(vectors)).data).toBeAllclose(identity(3).data, { atol: 1e-12, rtol: 0 });
  });

  it("finds eigenvalues that crowd: second differences, whose largest are 0.0015 apart", async () => {
    const n = 100;
    const { values } = await lanczos(productOf(secondDifferences(n)), n, 4);
    const sines = Array.from({ length: 4 }, (_, k) => 2 - 2 * Math.cos((Math.PI * (n - k)) / (n + 1)));
    expect(values).toBeAllclose(sines, { atol: 1e-10, rtol: 0 });
  });

  it("is a function of its random numbers", async () => {
    const [, a] = matrices[1];
    const run = async (seed: number) =>
      (await lanczos(productOf(a), N, 3, { random: randomFrom(seed, "s") })).vectors.data;
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it("is content with single precision where the tolerance is", async () => {
    const [, a, values] = matrices[0];
    const product = productOf(a);
    const rough = async (v: Float64Array) => Float64Array.from(Float32Array.from(await product(v)));
    const found = await lanczos(rough, N, 5, { tolerance: 1e-6 });
    expect(found.values).toBeAllclose(values.slice(0, 5), { atol: 1e-6, rtol: 0 });
  });

  it("tells of every product, and says where they are not enough", async () => {
    const [, a] = matrices[1];
    const told: number[] = [];
    const few = lanczos(productOf(a), N, 10, { maxProducts: 9, onProduct: (products) => told.push(products) });
    await expect(few).rejects.toThrow(
      new NumericalError("lanczos: 10 eigenvalues must be found within 9 products, got 0", {
        hint: "allow more products, a larger basis or a looser tolerance",
      }),
    );
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("refuses numbers that are not finite and options that do not fit, and stops with the signal's reason", async () => {
    const nan = () => new Float64Array(N).fill(Number.NaN);
    await expect(lanczos(nan, N, 2)).rejects.toThrow(
      new InvalidDataError("lanczos: product must be finite, got NaN or infinity in product 1"),
    );
    const refused = (k: number, options: LanczosOptions) => expect(lanczos((v) => v, N, k, options)).rejects;
    await refused(81, {}).toThrow(new RangeError("lanczos: k must be a whole number from 0 to 80, got 81"));
    await refused(2, { basis: 3 }).toThrow(new RangeError("lanczos: basis must be a whole number >= 4, got 3"));
    await refused(2, { tolerance: 0 }).toThrow(new RangeError("lanczos: tolerance must be a number > 0, got 0"));
    const product = productOf(matrixOf(N, N, (i, j) => 1 / (1 + i + j)));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(lanczos(product, N, 2, { signal })).rejects.toThrow("enough");
  });
});
