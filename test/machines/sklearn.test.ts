// Kernel machines and spectra against scikit-learn and scipy, on both members of linear algebra where one is used.

import { describe, expect, it } from "vitest";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { kernelPca } from "../../src/machines/kernel-pca.ts";
import { supportVectorClassifier } from "../../src/machines/support-vector-classifier.ts";
import { supportVectorRegressor } from "../../src/machines/support-vector-regressor.ts";
import { winners } from "../../src/machines/targets.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { computed, costOf, precomputed, sklearn, sklearnKernels } from "../helpers/sklearn.ts";

const javascript = await openLinearAlgebra({ member: "javascript" });
const lapack = await openLinearAlgebra({ member: "lapack", threads: 1 }).catch(() => undefined);
const algebras = [javascript, ...(lapack ? [lapack] : [])];

const { costs, missed, epsilon, components } = sklearn.description;
const labels = sklearn.arrays.labels;
const two = integers(
  labels.shape,
  Array.from(labels.data as BigInt64Array, (label) => Math.min(1, Number(label))),
);
const values = sklearn.real("values");
const first = reals(
  [values.shape[0], 1],
  values.data.filter((_, at) => at % 2 === 0),
);
/** The stopping tolerance, on both sides. */
const tolerance = 1e-10;
const absolute = (atol: number) => ({ atol, rtol: 0 });

describe.each(sklearnKernels)("on the kernel %s", (name) => {
  const of = (key: string) => sklearn.real(`${name}.${key}`);
  const { kernel, queries } = precomputed(name);
  const valuesAt = async (machine: Parameters<typeof evaluateMachine>[0], at: Tensor = queries) =>
    (await evaluateMachine(machine, at)).value.data;

  it("this library computes the matrix that scikit-learn was given, to 1e-12 of its largest entry", async () => {
    const own = await computed(name);
    const most = Math.max(...of("kernel").data);
    expect((await own.kernel.matrix()).data).toBeAllclose(of("kernel").data, absolute(1e-12 * most));
    expect((await own.kernel.between(own.queries)).data).toBeAllclose(of("ofQueries").data, absolute(1e-12 * most));
  });

  it.each(algebras.map((algebra) => [algebra.name, algebra] as const))(
    "%s has scipy's eigenvalues to 1e-10 relative, and scikit-learn's principal components to 1e-8",
    async (_, algebra) => {
      const expected = of("eigenvalues").data;
      const found = algebra.eigenvalues(await kernel.matrix());
      // Relative to each down to rounding of the largest, which no algorithm that takes the matrix as it is goes below.
      expect(found).toBeAllclose(expected, { rtol: 1e-10, atol: 1e-14 * expected[0] });
      const pca = await kernelPca(kernel, { components, algebra });
      expect(pca.eigenvalues).toBeAllclose(of("pca.eigenvalues"), { rtol: 1e-10, atol: 0 });
      expect(pca.projections).toBeAllclose(of("pca.points"), absolute(1e-8));
      expect(await valuesAt(pca)).toBeAllclose(of("pca.queries"), absolute(1e-8));
    },
  );

  describe.each(costs)("with C = %f / mean diagonal", (cost) => {
    const key = `c${cost}`;
    const off = missed.find((own) => own.kernel === name && own.cost === cost) as (typeof missed)[number];
    const own = { cost: costOf(name, cost), tolerance };
    /** scikit-learn's to 1e-6, or where float32 in libsvm has it further away from the exact solution than that, exactly as far. */
    const expectBoth = (
      found: Float64Array,
      [theirs, exact]: readonly [Float64Array, Float64Array],
      distance: number,
    ) => {
      expect(found).toBeAllclose(exact, absolute(1e-8));
      expect(found).toBeAllclose(theirs, absolute(distance < 5e-7 ? 1e-6 : distance + 1e-8));
    };

    it("binary classification has its decision values, coefficients and support vectors", async () => {
      const machine = await supportVectorClassifier(kernel, two, own);
      expectBoth(await valuesAt(machine), [of(`svc.${key}`).data, of(`svc.${key}.exact`).data], off.svc);
      const expected = of(`svc.${key}.coefficients`).data;
      expect((machine.coefficients as Tensor<"float64">).data).toBeAllclose(expected, absolute(1e-7 * own.cost));
      expect([...machine.support]).toEqual([...expected.keys()].filter((i) => expected[i] !== 0));
    });

    it("classification of three classes has its decision values and predictions, with libsvm and without", async () => {
      const theirs = of(`ovo.${key}`).data.map((value) => -value);
      for (const solver of ["libsvm", "smo"] as const) {
        const machine = await supportVectorClassifier(kernel, labels, { ...own, solver });
        expect(machine.reports.map((report) => report.solver)).toEqual([solver, solver, solver]);
        expect(Math.max(...machine.reports.map((report) => report.gap))).toBeLessThanOrEqual(tolerance);
        expectBoth(await valuesAt(machine), [theirs, of(`ovo.${key}.exact`).data], off.ovo);
        const { output } = await evaluateMachine(machine, queries);
        expect([...winners(output, machine.classes)]).toEqual(
          Array.from(sklearn.arrays[`${name}.ovo.${key}.predicted`].data, Number),
        );
      }
    });

    it("regression has its predictions", async () => {
      const machine = await supportVectorRegressor(kernel, first, { ...own, epsilon });
      expectBoth(await valuesAt(machine), [of(`svr.${key}`).data, of(`svr.${key}.exact`).data], off.svr);
    });
  });
});
