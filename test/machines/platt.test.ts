// Platt's sigmoid and coupled probabilities against the conditions of their minima.

import { describe, expect, it } from "vitest";
import { couple, fitSigmoid, sigmoidOf } from "../../src/machines/platt.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals } from "../../src/numeric/tensor.ts";

describe("fitSigmoid(decisions, positive)", () => {
  it("is where the likelihood of Platt's targets is largest: its derivatives are zero there", () => {
    const random = randomFrom(2, "decisions");
    const decisions = Array.from({ length: 60 }, () => 2 * random.normal());
    const positive = decisions.map((f) => random.uniform() < 1 / (1 + Math.exp(-1.5 * f - 0.3)));
    const plus = positive.filter(Boolean).length;
    const target = (own: boolean) => (own ? (plus + 1) / (plus + 2) : 1 / (62 - plus));
    const found = fitSigmoid(decisions, positive);
    const misses = decisions.map((f, i) => target(positive[i]) - sigmoidOf(found, f));
    expect(misses.reduce((total, miss) => total + miss, 0)).toBeCloseTo(0, 8);
    expect(misses.reduce((total, miss, i) => total + decisions[i] * miss, 0)).toBeCloseTo(0, 8);
    expect(found.a).toBeLessThan(0);
  });

  it("is finite where the classes lie apart, and constant where decisions are", () => {
    const apart = fitSigmoid([-3, -2, 2, 3], [false, false, true, true]);
    expect([apart.a, apart.b].every(Number.isFinite)).toBe(true);
    expect(sigmoidOf(apart, 3)).toBeAllclose(0.75, { atol: 0.1, rtol: 0 });
    const constant = fitSigmoid([0, 0, 0], [true, true, false]);
    // Targets 3/4, 3/4, 1/3: their mean.
    expect(sigmoidOf(constant, 0)).toBeCloseTo((1.5 + 1 / 3) / 3, 8);
  });

  it("does not overflow", () => {
    expect(sigmoidOf({ a: -1, b: 0 }, 1e6)).toBe(1);
    expect(sigmoidOf({ a: -1, b: 0 }, -1e6)).toBe(0);
  });
});

describe("couple(r, k)", () => {
  it("gives p back from r_ij = p_i / (p_i + p_j)", () => {
    const p = [0.5, 0.3, 0.15, 0.05];
    const r = p.flatMap((own) => p.map((other) => own / (own + other)));
    expect(couple(r, 4)).toBeAllclose(p, { atol: 1e-10, rtol: 0 });
  });

  it("is the minimum of sum (r_ji p_i - r_ij p_j)^2 with sum p = 1, by its linear system", async () => {
    const random = randomFrom(4, "pairs");
    const k = 4;
    const r = new Float64Array(k * k);
    for (let i = 0; i < k; i++)
      for (let j = 0; j < i; j++) {
        r[i * k + j] = 0.02 + 0.96 * random.uniform();
        r[j * k + i] = 1 - r[i * k + j];
      }
    const system = new Float64Array((k + 1) ** 2);
    for (let i = 0; i < k; i++) {
      system[i * (k + 1) + k] = 1;
      system[k * (k + 1) + i] = 1;
      for (let j = 0; j < k; j++) {
        if (i === j) continue;
        system[i * (k + 1) + i] += r[j * k + i] ** 2;
        system[i * (k + 1) + j] = -r[j * k + i] * r[i * k + j];
      }
    }
    const { data } = (await openLinearAlgebra()).solve(reals([k + 1, k + 1], system), reals([k + 1], [0, 0, 0, 0, 1]));
    expect(couple(r, k)).toBeAllclose(data.slice(0, k), { atol: 1e-10, rtol: 0 });
  });
});
