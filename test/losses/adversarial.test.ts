import { describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type AdversarialForm, adversarialForms, GENERATED, optimalLoss } from "../../src/losses/adversarial.ts";
import type { Loss } from "../../src/losses/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { objectiveOn, TARGET, WEIGHTS } from "../../src/train/gradient-graph.ts";
import { lossFeeds } from "../../src/train/occurrences.ts";
import { engineOf } from "../helpers/tasks.ts";

const CENTRES = [
  [1, 0],
  [-0.5, 0.8],
  [0.2, -0.9],
];
const OPTIONS = { data: { centres: CENTRES, deviation: 0.3 }, bandwidth: 0.4, points: 4 };
const CLOUD = [
  [0.1, 0.2],
  [-0.4, 0.3],
  [0.9, -0.2],
  [0, 0],
];
const POINTS = [
  [0.3, 0.1],
  [-0.8, 0.6],
  [1.2, -0.4],
];

/** l and l' of some points, by the library. */
async function pulled(loss: Loss, points: readonly (readonly number[])[], cloud: Tensor) {
  const engine = await engineOf("float64");
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", 2]);
  const { losses, seeds } = objectiveOn(b, y, loss);
  const [pull] = vjp(b, seeds(), [y]);
  const n = points.length;
  const feeds = {
    y: reals([n, 2], points.flat()),
    [TARGET]: reals([n, 2], new Float64Array(2 * n)),
    [WEIGHTS]: reals([n], new Float64Array(n).fill(1)),
    ...lossFeeds(
      { loss, engine },
      {
        indices: new Int32Array(n),
        weights: new Float64Array(n),
        lossInputs: { [GENERATED]: cloud },
      },
    ),
  };
  const found = await engine.compile(b.build({ losses, pull: pull! })).run(feeds);
  return { losses: found.losses.data as Float64Array, pull: found.pull.data as Float64Array };
}

const cloud = reals([4, 2], CLOUD.flat());

/** Density and score of Gaussians of one deviation, written out. */
function density([x, y]: readonly number[], centres: readonly (readonly number[])[], s: number) {
  const parts = centres.map(([a, c]) => Math.exp(-((x - a) ** 2 + (y - c) ** 2) / (2 * s * s)) / (2 * Math.PI * s * s));
  const p = parts.reduce((sum, q) => sum + q, 0) / centres.length;
  const score = [0, 1].map(
    (k) => centres.reduce((sum, c, i) => sum + (parts[i] * (c[k] - [x, y][k])) / (s * s), 0) / centres.length / p,
  );
  return { p, score };
}

/** D* and both scores at a point. */
function best(point: readonly number[]) {
  const data = density(point, CENTRES, Math.hypot(0.3, 0.4));
  const own = density(point, CLOUD, 0.4);
  return { d: data.p / (data.p + own.p), data: data.score, own: own.score };
}

const factorOf = (form: AdversarialForm, d: number): number => (form === "saturating" ? d : 1 - d);

describe("the loss through the best discriminator", () => {
  it.each(adversarialForms)("is that of the densities written out, and pulls by their scores: %s", async (form) => {
    const { whole, attraction, repulsion } = optimalLoss(form, OPTIONS);
    const [all, towards, away] = await Promise.all([whole, attraction, repulsion].map((l) => pulled(l, POINTS, cloud)));
    POINTS.forEach((point, n) => {
      const { d, data, own } = best(point);
      const loss = form === "saturating" ? Math.log(1 - d) : -Math.log(d);
      expect(all.losses[n]).toBeAllclose(loss, { rtol: 1e-12 });
      for (const k of [0, 1]) {
        expect(towards.pull[2 * n + k]).toBeAllclose(-factorOf(form, d) * data[k], { atol: 1e-12, rtol: 1e-10 });
        expect(away.pull[2 * n + k]).toBeAllclose(factorOf(form, d) * own[k], { atol: 1e-12, rtol: 1e-10 });
      }
    });
    expect(all.pull).toBeAllclose(
      towards.pull.map((value, k) => value + away.pull[k]),
      { atol: 1e-13, rtol: 1e-11 },
    );
  });

  it("has the differences of its values as its pull", async () => {
    const { whole } = optimalLoss("non-saturating", OPTIONS);
    const h = 1e-5;
    const { pull } = await pulled(whole, POINTS, cloud);
    for (const k of [0, 1]) {
      const moved = (by: number) => POINTS.map((point) => point.map((value, c) => value + (c === k ? by : 0)));
      const [up, down] = [await pulled(whole, moved(h), cloud), await pulled(whole, moved(-h), cloud)];
      POINTS.forEach((_, n) => {
        expect(pull[2 * n + k]).toBeAllclose((up.losses[n] - down.losses[n]) / (2 * h), { atol: 1e-9 });
      });
    }
  });

  it("does not pull where data and generated points have one density", async () => {
    // A cloud at the centres of data without width of their own, as near as the options allow.
    const data = { centres: CLOUD, deviation: 1e-9 };
    const { pull } = await pulled(optimalLoss("saturating", { ...OPTIONS, data }).whole, POINTS, cloud);
    expect(pull).toBeAllclose(new Float64Array(6), { atol: 1e-12 });
  });

  it("refuses mixtures, bandwidths and forms that are none", () => {
    const of = (options: object) => () => optimalLoss("saturating", { ...OPTIONS, ...options });
    expect(of({ data: { centres: [], deviation: 1 } })).toThrow(
      "optimalLoss: centres must be points of one dimension, got []",
    );
    expect(of({ bandwidth: 0 })).toThrow("optimalLoss: bandwidth must be a finite number > 0, got 0");
    expect(of({ points: 0 })).toThrow("optimalLoss: points must be a positive integer, got 0");
    expect(() => optimalLoss("hinge" as AdversarialForm, OPTIONS)).toThrow(
      "adversarialLoss: form must be one of saturating, non-saturating, got hinge",
    );
  });

  it("needs its points at every step", async () => {
    const { whole } = optimalLoss("saturating", OPTIONS);
    await expect(pulled(whole, POINTS, reals([3, 2], new Float64Array(6)))).rejects.toThrow(
      "a batch must have generated of shape [4,2] for loss saturating density ratio, got [3,2]",
    );
  });
});
