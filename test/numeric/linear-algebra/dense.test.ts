// Both members of linear algebra: each by reconstruction, and one against the other.

import { describe, expect, it } from "vitest";
import { UnsupportedError } from "../../../src/errors.ts";
import { openLinearAlgebra } from "../../../src/numeric/linear-algebra/load.ts";
import type { LinearAlgebra } from "../../../src/numeric/linear-algebra/types.ts";
import { linearAlgebraConformance } from "../../conformance/linear-algebra.ts";
import { minima, multiply, normalMatrix, symmetricWith, transpose } from "../../helpers/matrices.ts";

linearAlgebraConformance("javascript", () => openLinearAlgebra({ member: "javascript" }));

const lapack = await openLinearAlgebra({ member: "lapack", threads: 1 }).catch((error: Error) => error);

if (lapack instanceof Error) {
  it(`lapack was not tested, since it is not here: ${lapack.message}`, (context) => context.skip(lapack.message));
} else {
  linearAlgebraConformance("lapack", async () => lapack);

  describe("lapack and javascript", () => {
    it("agree to 1e-10 of the largest value, on every quantity that is unique", async () => {
      const javascript = await openLinearAlgebra({ member: "javascript" });
      const features = normalMatrix(90, 30);
      const gram = multiply(features, transpose(features)); // rank 30 of 90
      const both = [lapack, javascript] as const;
      const [a, b] = [symmetricWith(Array.from({ length: 60 }, (_, i) => 2 ** -i)), normalMatrix(90, 4)];
      const agree = (quantity: (own: LinearAlgebra) => Float64Array): void => {
        const [found, expected] = both.map(quantity);
        const atol = 1e-10 * Math.max(...expected.map(Math.abs));
        expect(found).toBeAllclose(expected, { atol, rtol: 0 });
      };
      agree((own) => own.eigenvalues(a));
      agree((own) => own.eigenvalues(gram));
      agree((own) => own.eigenpairs(gram, { largest: 5 }).vectors.data.map(Math.abs));
      agree((own) => own.cholesky(minima(90)).solve(b).data);
      agree((own) => own.svd(features).values);
      agree((own) => own.leastSquares(gram, b).x.data);
      agree((own) => own.solve(minima(90), b).data);
    });
  });
}

describe("openLinearAlgebra(options)", () => {
  it("takes the system's library where it is there, else JavaScript", async () => {
    const { name, library } = await openLinearAlgebra();
    if (lapack instanceof Error) expect({ name, library }).toEqual({ name: "javascript", library: "ml-matrix" });
    else expect({ name, library }).toEqual({ name: "lapack", library: lapack.library });
  });

  it("takes JavaScript where the library is missing, and says why not where lapack is asked for", async () => {
    const library = "libnowhere.so.9";
    expect((await openLinearAlgebra({ library })).name).toBe("javascript");
    const asked = openLinearAlgebra({ library, member: "lapack" });
    await expect(asked).rejects.toThrow(UnsupportedError);
    await expect(asked).rejects.toMatchObject({
      message: expect.stringMatching(/^openLinearAlgebra: lapack must be there, got /),
      hint: expect.stringContaining("libopenblas0-pthread"),
    });
  });

  it("refuses options that do not fit", async () => {
    await expect(openLinearAlgebra({ member: "eigen" as never })).rejects.toThrow(
      new RangeError("openLinearAlgebra: member must be one of auto, lapack, javascript, got eigen"),
    );
    await expect(openLinearAlgebra({ threads: 0 })).rejects.toThrow(
      new RangeError("openLinearAlgebra: threads must be a whole number >= 1, got 0"),
    );
  });
});
