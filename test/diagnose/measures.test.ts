// Measures of kernels against numpy, scipy and scikit-learn, and against closed forms.

import { describe, expect, it } from "vitest";
import {
  centredKernel,
  cka,
  ckaForms,
  kernelTargetAlignment,
  labelKernel,
  targetKernel,
} from "../../src/diagnose/alignment.ts";
import { blockScore } from "../../src/diagnose/block-score.ts";
import { kernelMovement } from "../../src/diagnose/kernel-movement.ts";
import { modeEnergies, nullSpace } from "../../src/diagnose/null-space.ts";
import { classScatter, inputGram, linearSeparability } from "../../src/diagnose/separability.ts";
import { spectrumSummary } from "../../src/diagnose/spectrum-summary.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { type RealArray, reals } from "../../src/numeric/tensor.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { matrixOf, multiply, symmetricWith, transpose } from "../helpers/matrices.ts";

const fixture = readFixture("diagnose");
const {
  spectrum,
  nullSpace: empty,
  cka: alike,
  alignment,
  separability,
  blocks,
  calinskiHarabasz,
} = fixture.description;
const [features, later, residual] = ["features", "later", "residual"].map((key) => fixture.real(key));
const kernel = multiply(features, transpose(features));
const labels = Int32Array.from(fixture.arrays.labels.data as BigInt64Array, Number);
const algebra = await openLinearAlgebra({ member: "javascript" });
const modes = algebra.eigenpairs(kernel);
const exact = { atol: 0, rtol: 1e-10 };

describe("spectrumSummary", () => {
  it("has the ranks of numpy and scipy: entropy, participation, stable, numerical", () => {
    const found = spectrumSummary(modes.values);
    for (const name of ["effectiveRank", "participationRatio", "stableRank"] as const)
      expect(found[name]).toBeAllclose(spectrum[name], exact);
    expect([found.rank, found.nullity]).toEqual([spectrum.rank, 14 - spectrum.rank]);
    expect(found.values.slice(0, found.rank)).toBeAllclose(spectrum.values, exact);
    expect(found.tolerance).toBe(14 * 2 ** -52 * found.values[0]);
  });

  it("gives r for r equal eigenvalues, whatever their size, by all four counts", () => {
    const equal = spectrumSummary([...new Array<number>(7).fill(3e-5), ...new Array<number>(4).fill(0)]);
    expect([equal.effectiveRank, equal.participationRatio, equal.stableRank]).toBeAllclose([7, 7, 7], exact);
    expect([equal.rank, equal.nullity]).toEqual([7, 4]);
  });

  it("counts by the tolerance that is given or that of the dtype, and says which", () => {
    const values = [1, 1e-3, 1e-6, 1e-9];
    expect(spectrumSummary(values).rank).toBe(4);
    expect(spectrumSummary(values, { dtype: "float32" })).toMatchObject({ rank: 3, tolerance: 4 * 2 ** -23 });
    expect(spectrumSummary(values, { tolerance: 1e-3 })).toMatchObject({ rank: 1, tolerance: 1e-3 });
  });

  it("takes rounding below zero as zero, and refuses what is no kernel", () => {
    expect(spectrumSummary([2, 1, -1e-9]).shares).toBeAllclose([2 / 3, 1 / 3, 0], exact);
    expect(() => spectrumSummary([2, 1, -0.5])).toThrow(
      new InvalidDataError(
        "spectrumSummary: values must be those of a kernel, none below zero by more than rounding, got -0.5 beside 2",
      ),
    );
    expect(() => spectrumSummary([1, Number.NaN])).toThrow(InvalidDataError);
    expect(() => spectrumSummary([1], { tolerance: -1 })).toThrow(
      new RangeError("spectrumSummary: tolerance must be a number >= 0, got -1"),
    );
  });
});

describe("nullSpace", () => {
  it("has numpy's projection of the residual, and r^T K r as |J^T r|^2", () => {
    const found = nullSpace(modes, residual);
    expect(found.share).toBeAllclose(empty.share, exact);
    expect(found.quadratic).toBeAllclose(empty.quadratic, exact);
    expect(found.nullity).toBe(14 - spectrum.rank);
  });

  it("puts a residual that is an eigenvector where its eigenvalue says", () => {
    const own = algebra.eigenpairs(symmetricWith([1, 1e-2, 1e-4, 0]));
    const along = (j: number) => nullSpace(own, reals([4], own.vectors.data.slice(4 * j, 4 * j + 4)));
    expect([0, 1, 2, 3].map((j) => along(j).share)).toBeAllclose([0, 0, 0, 1], { atol: 1e-12, rtol: 0 });
    expect([0, 1, 2, 3].map((j) => along(j).weakShare)).toBeAllclose([0, 0, 1, 1], { atol: 1e-12, rtol: 0 });
    expect([0, 1, 2, 3].map((j) => along(j).stiffness)).toBeAllclose([1, 1e-2, 1e-4, 0], { atol: 1e-12, rtol: 0 });
  });

  it("shares a residual out over the modes, all of it", () => {
    const shares = modeEnergies(modes, residual);
    expect(shares.reduce((total, share) => total + share, 0)).toBeAllclose(1, exact);
    expect(modeEnergies(modes, reals([14], new Float64Array(14)))).toEqual(new Float64Array(14));
  });

  it("refuses modes that are not all there or no unit vectors, and thresholds that are none", () => {
    expect(() => nullSpace(algebra.eigenpairs(kernel, { largest: 3 }), residual)).toThrow(
      new RangeError("nullSpace: modes must be one for each row of r, and r have one, got 3 for 14 rows"),
    );
    const doubled = { values: modes.values, vectors: { data: modes.vectors.data.map((value) => 2 * value) } };
    expect(() => nullSpace(doubled, residual)).toThrow(
      /modes must be unit vectors across each other, got energies that add up to 4/,
    );
    expect(() => nullSpace(modes, residual, { weak: 2 })).toThrow(
      new RangeError("nullSpace: weak must be a number in [0, 1], got 2"),
    );
  });
});

describe("centredKernel", () => {
  it("is the kernel of features less their mean", () => {
    const [n, width] = features.shape;
    const lessMean = features.data.map((value, at) => {
      let mean = 0;
      for (let i = 0; i < n; i++) mean += features.data[i * width + (at % width)] / n;
      return value - mean;
    });
    const centred = reals([n, width], lessMean);
    expect(centredKernel(kernel)).toBeAllclose(multiply(centred, transpose(centred)), { rtol: 1e-10, atol: 1e-12 });
    expect(centredKernel(reals([1, 1], [3])).data[0]).toBe(0);
    expect(() => centredKernel(reals([0, 0], []))).toThrow(
      "centredKernel: kernel must be of an example or more, got [0,0]",
    );
  });
});

describe("cka", () => {
  const others = { labels: labelKernel(labels), later: multiply(later, transpose(later)) };

  it.each(ckaForms)("is that of the features, or of all quadruples of examples: %s", (form) => {
    for (const name of ["labels", "later"] as const)
      expect(cka(kernel, others[name], { form })).toBeAllclose(alike[name][form], exact);
  });

  it.each(ckaForms)("is 1 with itself, symmetric, and blind to size: %s", (form) => {
    const larger = reals(
      kernel.shape,
      kernel.data.map((value) => 1e3 * value),
    );
    expect(cka(kernel, larger, { form })).toBeAllclose(1, exact);
    expect(cka(others.later, kernel, { form })).toBe(cka(kernel, others.later, { form }));
  });

  it("does not see a constant that is added, but for the uncentred form; nor the order of examples", () => {
    const shifted = reals(
      kernel.shape,
      kernel.data.map((value) => value + 100),
    );
    for (const form of ckaForms) {
      const [before, after] = [kernel, shifted].map((own) => cka(own, others.labels, { form }) as number);
      if (form === "uncentred") expect(Math.abs(after - before)).toBeGreaterThan(0.05);
      else expect(after).toBeAllclose(before, { atol: 1e-10, rtol: 0 });
      const turned = (own: typeof kernel) => matrixOf(14, 14, (i, j) => own.data[(13 - i) * 14 + 13 - j]);
      expect(cka(turned(kernel), turned(others.labels), { form })).toBeAllclose(before, exact);
    }
  });

  it("knows what is constant to the rounding of float32, if told", () => {
    const noisy = matrixOf(14, 14, (i, j) => 1 + 1e-8 * Math.cos(i * j));
    expect(cka(noisy, others.labels, { dtype: "float32" })).toBeUndefined();
    expect(cka(noisy, others.labels)).toBeGreaterThan(-1);
  });

  it("refuses other forms and sizes", () => {
    expect(() => cka(kernel, labelKernel([0, 1]))).toThrow(
      new RangeError("cka: both kernels must be of as many examples, got 14 and 2"),
    );
    expect(() => cka(kernel, kernel, { form: "other" as "centred" })).toThrow(
      /form must be one of centred, uncentred, debiased, got other/,
    );
  });
});

describe("kernelTargetAlignment", () => {
  it("is Atanasov's A: tr(Y^T K Y) / (|K| |Y|^2)", () => {
    expect(kernelTargetAlignment(kernel, residual)).toBeAllclose(alignment, exact);
  });

  it("is uncentred CKA for one output, and 1 / sqrt(C) of it for one-hot labels of C equal classes", () => {
    const y = reals(
      [14, 1],
      residual.data.filter((_, k) => k % 2 === 0),
    );
    expect(kernelTargetAlignment(kernel, y)).toBeAllclose(
      cka(kernel, targetKernel(y), { form: "uncentred" }) as number,
      exact,
    );
    const onehot = matrixOf(12, 3, (i, c) => (i % 3 === c ? 1 : 0));
    const some = matrixOf(12, 12, (i, j) => kernel.data[i * 14 + j]);
    const form = { form: "uncentred" } as const;
    expect((kernelTargetAlignment(some, onehot) as number) * Math.sqrt(3)).toBeAllclose(
      cka(some, targetKernel(onehot), form) as number,
      exact,
    );
  });
});

describe("kernelMovement", () => {
  it("has the distances of angles, their speed, and drift against the first", () => {
    // In the plane of two kernels without common part: angles 0, 30 and 90 degrees, lengths 1, 2 and 3.
    const at = (degrees: number, length: number) =>
      matrixOf(2, 2, (i, j) => (i !== j ? 0 : length * (i === 0 ? Math.cos : Math.sin)((degrees * Math.PI) / 180)));
    const { distances, centred, velocity, drift, norms } = kernelMovement(
      [at(0, 1), at(30, 2), at(90, 3)],
      [0, 10, 40],
    );
    const [c30, c60] = [1 - Math.sqrt(3) / 2, 0.5];
    expect(distances.data).toBeAllclose([0, c30, 1, c30, 0, c60, 1, c60, 0], { atol: 1e-12, rtol: 0 });
    // Centred, a diagonal matrix of two is a multiple of (1, -1)(1, -1)^T.
    expect(centred as number[]).toBeAllclose([0, 0, 0], { atol: 1e-12, rtol: 0 });
    expect(velocity).toBeAllclose([c30 / 10, c60 / 30], exact);
    // |2 e^{i 30} - 1|^2 = 5 - 4 cos 30, |3 i - 1|^2 = 10.
    expect(drift as number[]).toBeAllclose([0, Math.sqrt(5 - 2 * Math.sqrt(3)), Math.sqrt(10)], exact);
    expect(norms).toBeAllclose([1, 2, 3], exact);
  });

  it("refuses steps that do not ascend, and has no drift against nothing", () => {
    expect(() => kernelMovement([kernel, kernel], [3, 3])).toThrow(
      new RangeError("kernelMovement: steps must ascend, got 3 after 3"),
    );
    const nothing = matrixOf(14, 14, () => 0);
    expect(kernelMovement([nothing, kernel], [0, 1]).drift).toEqual([0, undefined]);
  });
});

describe("linearSeparability", () => {
  it("has scikit-learn's best ridge, and each example predicted by a fit to the others", () => {
    const found = linearSeparability(modes, labels);
    expect(found?.ridge).toBeAllclose(separability.ridge, exact);
    expect(found?.accuracy).toBe(separability.accuracy);
    expect(found?.margin).toBeAllclose(separability.margin, exact);
    const scores = fixture.real("left_out").data;
    const margins = Float64Array.from(labels, (own, i) => {
      const row = Array.from(scores.subarray(3 * i, 3 * i + 3));
      return row[own] - Math.max(...row.filter((_, c) => c !== own));
    });
    expect(found?.margins).toBeAllclose(margins, { atol: 1e-9, rtol: 0 });
    expect(found?.chance).toBe(5 / 14);
  });

  it("separates two points on a line through the origin only with the intercept of inputGram", () => {
    // Classes x < 2 and x > 2 on the positive axis: no multiple of x has a sign that tells them.
    const x = reals([8, 1], [0.8, 1, 1.1, 1.3, 2.7, 2.9, 3, 3.2]);
    const own = [0, 0, 0, 0, 1, 1, 1, 1];
    const of = (k: typeof kernel) => linearSeparability(algebra.eigenpairs(k), own)?.accuracy;
    expect([of(multiply(x, transpose(x))), of(inputGram(x))]).toEqual([0.5, 1]);
  });
});

describe("classScatter", () => {
  it("has scikit-learn's Calinski-Harabasz index, and traces of Fisher's matrices that add up", () => {
    const found = classScatter(kernel, labels);
    expect(found.calinskiHarabasz).toBeAllclose(calinskiHarabasz, exact);
    const mean = Array.from(
      { length: 6 },
      (_, d) => features.data.filter((_, k) => k % 6 === d).reduce((a, b) => a + b) / 14,
    );
    const total = features.data.reduce((sum, value, k) => sum + (value - mean[k % 6]) ** 2, 0);
    expect(found.between + found.within).toBeAllclose(total, exact);
    expect(found.explained).toBeAllclose(found.between / total, exact);
  });
});

describe("blockScore", () => {
  it("has numpy's means of cosines within and between classes, and the order to show", () => {
    const { within, between, difference, ratio, order } = blockScore(kernel, labels);
    expect([within, between] as number[]).toBeAllclose([blocks.within, blocks.between], exact);
    expect([difference, ratio] as number[]).toBeAllclose(
      [blocks.within - blocks.between, blocks.within / blocks.between],
      exact,
    );
    expect(order).toMatchObject({ classes: [0, 1, 2], counts: [5, 5, 4], bounds: [0, 5, 10, 14] });
    expect([...order.order]).toEqual([0, 3, 6, 9, 12, 1, 4, 7, 10, 13, 2, 5, 8, 11]);
  });

  it("refuses labels that are none, kernels that are not symmetric", () => {
    expect(() => blockScore(kernel, [0, 1])).toThrow(new RangeError("blockScore: labels must hold 14 numbers, got 2"));
    expect(() =>
      blockScore(
        matrixOf(2, 2, (i, j) => i - j),
        [0, 1],
      ),
    ).toThrow(InvalidDataError);
    expect(() =>
      blockScore(
        matrixOf(2, 2, () => 1),
        [0, -1],
      ),
    ).toThrow(new RangeError("blockScore: labels must be whole numbers >= 0, got -1 for example 1"));
  });
});

it("the kernel of labels is that of their one-hot targets", () => {
  const onehot = matrixOf(14, 3, (i, c) => (labels[i] === c ? 1 : 0));
  expect(targetKernel(onehot)).toEqual(labelKernel(labels));
  expect((targetKernel(residual).data as RealArray)[1]).toBeAllclose(
    residual.data[0] * residual.data[2] + residual.data[1] * residual.data[3],
    exact,
  );
});
