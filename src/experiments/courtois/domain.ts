// Courtois, Morel and Arias 2022: explained as a kernel machine, a network interpolates within its training domain and does not extrapolate beyond it.

import { explain } from "../../explain/explain.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { decisionRegions } from "../../figures/decision-regions.ts";
import { dots } from "../../figures/dots.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { spearman } from "../../numeric/correlation.ts";
import { reals, type Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { meanOf, spaced } from "../arrays.ts";
import { bandOf, cutBand, dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { closureShare, descend, residualShare } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";
import { EDGE, HALF, insideBy, insideData, placesOf, pointsOf } from "./curves.ts";

interface Size {
  readonly examples: number;
  readonly tests: number;
  readonly queries: number;
  readonly hidden: readonly number[];
  readonly steps: number;
}

interface OfCurve {
  /** Error within the training domain, and by distance from it. */
  readonly within: number;
  readonly beyond: readonly number[];
  /** Share of |contributions| that comes from the quarter of the examples nearest the curve, and nearest the query. */
  readonly boundary: number;
  readonly near: number;
  readonly closure: number;
  readonly residual: number;
  /** Error over the whole square, trained on points beside the curve alone, and on as many everywhere. */
  readonly fromBoundary: number;
  readonly fromAll: number;
  /** Outputs on the plane: trained on the left part, and beside the curve; of the first seed. */
  readonly planes?: readonly (readonly number[])[];
}

interface Measure {
  readonly curves: readonly OfCurve[];
}

const LOBES = [0, 5] as const;
const NAMES = ["circle", "five lobes"];
const BANDS = 5;
const WIDTH = (HALF - EDGE) / BANDS;
const CENTRES = Array.from({ length: BANDS }, (_, k) => (k + 0.5) * WIDTH);
/** Points beside the curve are at most so far from it. */
const BESIDE = 0.15;
const RATE = 0.1;
const CELLS = 50;
const SPOTS = spaced(-HALF + HALF / CELLS, HALF - HALF / CELLS, CELLS);
const PLANE = reals(
  [CELLS * CELLS, 2],
  SPOTS.flatMap((b) => SPOTS.flatMap((a) => [a, b])),
);

const errorOf = (outputs: ArrayLike<number>, places: readonly number[]): number =>
  meanOf(places.map((by, n) => Number(outputs[n] > 0 !== by > 0)));

/** A network trained on some points, and what it says of others. */
async function trained(
  { hidden, steps }: Size,
  {
    train,
    test,
    lobes,
  }: { readonly train: Tensor<"float64">; readonly test: Tensor<"float64">; readonly lobes: number },
  { seed, engine, signal }: MeasureContext,
) {
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: [2], outputs: 1, hidden, activation: "tanh" }),
    loss: lossOf("binary-cross-entropy"),
    optimizer: createOptimizer("momentum", { lr: RATE, momentum: 0.9 }),
    dataset: insideData(train, test, lobes),
    seed,
  });
  const run = await descend({ task, params }, steps, signal);
  const { params: w } = await run.checkpoint(steps);
  return { task, run, says: (x: Tensor) => predict(task, w, { x }) };
}

/** Of |contributions| of all rows, the share of the quarter of the examples with the least `distance` to the query. */
function quarterShare(contributions: Float64Array, n: number, distance: (q: number, i: number) => number): number {
  let [own, all] = [0, 0];
  for (let q = 0; q * n < contributions.length; q++) {
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => distance(q, a) - distance(q, b));
    order.forEach((i, rank) => {
      const size = Math.abs(contributions[q * n + i]);
      all += size;
      if (rank < n / 4) own += size;
    });
  }
  return own / all;
}

async function ofCurve(size: Size, lobes: number, context: MeasureContext): Promise<OfCurve> {
  const { seed, signal } = context;
  const { examples: n, tests } = size;
  const draw = (count: number, part: string, keep?: (x: number, by: number) => boolean) =>
    pointsOf(count, lobes, { seed, part: `${part} ${lobes}`, ...(keep && { keep }) });
  const left = await trained(size, { train: draw(n, "left", (x) => x < EDGE), test: draw(1, "none"), lobes }, context);
  const errorAt = async (part: string, keep: (x: number) => boolean): Promise<number> => {
    const x = draw(tests, part, keep);
    return errorOf(await left.says(x), placesOf(x, lobes));
  };
  const within = await errorAt("within", (x) => x < EDGE);
  const beyond: number[] = [];
  for (let k = 0; k < BANDS; k++)
    beyond.push(await errorAt(`beyond ${k}`, (x) => x >= EDGE + k * WIDTH && x < EDGE + (k + 1) * WIDTH));
  const queries = draw(size.queries, "queries");
  const everywhere = draw(n, "everywhere");
  const all = await trained(size, { train: everywhere, test: queries, lobes }, context);
  const e = await explain(all.task, all.run, {
    queries: datasetQueries(all.task, `test:0-${size.queries - 1}`),
    rule: "trapezoid",
    signal,
  });
  const places = placesOf(everywhere, lobes);
  const [a, b] = [queries.data, everywhere.data];
  const beside = await trained(
    size,
    { train: draw(n, "beside", (_, by) => Math.abs(by) < BESIDE), test: draw(1, "none"), lobes },
    context,
  );
  const truth = placesOf(PLANE, lobes);
  const [ofLeft, ofBeside] = [await left.says(PLANE), await beside.says(PLANE)];
  const rounded = (plane: Float64Array) => Array.from(plane, (value) => Number(value.toFixed(2)));
  return {
    within,
    beyond,
    boundary: quarterShare(e.contributions, n, (_, i) => Math.abs(places[i])),
    near: quarterShare(e.contributions, n, (q, i) => Math.hypot(a[2 * q] - b[2 * i], a[2 * q + 1] - b[2 * i + 1])),
    closure: closureShare(e),
    residual: residualShare(e),
    fromBoundary: errorOf(ofBeside, truth),
    fromAll: errorOf(await all.says(PLANE), truth),
    ...(seed === 1 && { planes: [rounded(ofLeft), rounded(ofBeside)] }),
  };
}

type Name = "within" | "beyond" | "rises" | "boundary" | "shape" | "lobes" | "closure" | "residual";

export const domain = defineExperiment<Size, Measure, Name>({
  id: "courtois/domain",
  title: "Inside and outside of a curve, within and beyond the training domain",
  source: "Courtois, Morel and Arias 2022, Can neural networks extrapolate? (arXiv:2211.03566)",
  rows: [],
  claim:
    "As a kernel machine a network interpolates between its training examples and does not extrapolate beyond their domain: it tells inside from outside where it was trained, a shape from its boundary, and the more wrongly the farther from its examples.",
  refutedBy:
    "Errors beyond the training domain that are as small as within it, or contributions that do not come from the boundary.",
  expectations: {
    within: {
      measure: "error within the training domain, the larger of both curves",
      most: 0.1,
      reason:
        "interpolation must work for the comparison to say anything: nine of ten points right beside a curved boundary",
      central: true,
    },
    beyond: {
      measure: "error beyond the domain, mean over distances, less that within it, the smaller of both curves",
      least: 0.1,
      reason: "not extrapolating is an error that is larger by as much as all that is allowed within",
      central: true,
    },
    rises: {
      measure: "rank correlation of distance from the domain and error, mean of both curves",
      least: 0.8,
      reason: "the farther, the worse: nearly all of five distances in order",
    },
    boundary: {
      measure: "share of |contributions| from the quarter of the examples nearest the curve, the smaller of both",
      least: 0.5,
      reason: "the shape is had from its boundary: twice what a quarter would have if all contributed alike",
      central: true,
    },
    shape: {
      measure: "circle: error over the whole square, trained beside the curve alone",
      most: 0.05,
      reason: "a simple shape is recovered from its boundary, with nothing trained in its middle or far outside",
    },
    lobes: {
      measure: "five lobes: the same",
      most: 0.05,
      reason: "the same bound for a shape that is not simple",
    },
    closure: {
      measure: "|output - prior - contributions - residual| / gross",
      most: 1e-10,
      reason: "rounding: the contributions are those of this training",
    },
    residual: {
      measure: "residual / change, the larger of both curves, trapezoid",
      most: 0.05,
      reason: "what the kernel machine of the trapezoid rule misses must be small beside what it explains",
    },
  },
  differences: [
    "The source recovers shapes in images; here are points of the plane, labelled by a curve, as in its simple examples. Its settings are not in our copy.",
    "The training domain is the part of the square left of x = 0.2, distance is counted from there; curves are a circle and r = 0.8 (1 + 0.3 cos 5θ).",
    "Contributions are those of the exact account with momentum, which the source's discrete theorem does not have.",
    "Steps and explained points were cut for time.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 100, tests: 100, queries: 10, hidden: [24], steps: 400 },
    full: { examples: 300, tests: 500, queries: 30, hidden: [32, 32], steps: 1000 },
  },
  parameters: ({ examples, tests, queries, hidden, steps }) => [
    { name: "task", value: "inside or outside of a closed curve", from: "source" },
    { name: "examples, test points at each distance", value: `${examples}, ${tests}`, from: "default" },
    { name: "explained points", value: `${queries}`, from: "default" },
    { name: "network", value: `2-${hidden.join("-")}-1, tanh, logistic loss`, from: "default" },
    { name: "optimizer", value: `momentum 0.9 at ${RATE}, ${steps} steps of all examples`, from: "default" },
    { name: "beside the curve", value: `at most ${BESIDE} along the ray`, from: "default" },
  ],
  async measure(size, context) {
    const curves: OfCurve[] = [];
    for (const lobes of LOBES) {
      curves.push(await ofCurve(size, lobes, context));
      context.progress(curves.length / LOBES.length);
    }
    return { curves };
  },
  conclude: (measures, _, seeds) => {
    const over = intervalWords(seeds.length);
    const of = (value: (own: OfCurve) => number, join: (...values: number[]) => number): number[] =>
      measures.map(({ curves }) => join(...curves.map(value)));
    const cells = (values: ArrayLike<number>) => ({ rows: CELLS, columns: CELLS, values });
    return {
      values: {
        within: of(({ within }) => within, Math.max),
        beyond: of(({ within, beyond }) => meanOf(beyond) - within, Math.min),
        rises: of(
          ({ beyond }) => spearman(CENTRES, beyond) ?? 0,
          (...values) => meanOf(values),
        ),
        boundary: of(({ boundary }) => boundary, Math.min),
        shape: measures.map(({ curves }) => curves[0].fromBoundary),
        lobes: measures.map(({ curves }) => curves[1].fromBoundary),
        closure: of(({ closure }) => closure, Math.max),
        residual: of(({ residual }) => residual, Math.max),
      },
      table: {
        columns: [
          "seed",
          "curve",
          "error within",
          ...CENTRES.map((distance) => `at distance ${distance.toFixed(2)}`),
          "from the curve's quarter",
          "from the query's quarter",
          "error, trained beside the curve",
          "error, trained everywhere",
          "residual / change",
        ],
        rows: measures.flatMap(({ curves }, s) =>
          curves.map((own, c) => [
            `${seeds[s]}`,
            NAMES[c],
            ...[own.within, ...own.beyond, own.boundary, own.near, own.fromBoundary, own.fromAll, own.residual].map(
              (value) => cell(value),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "distance",
          reads:
            "Within the domain few points are wrong; beyond it errors rise with every step away from it, for both curves, until most are.",
          figure: lines({
            title: "Errors by distance from the training domain",
            caption: `Share of points on the wrong side, trained left of x1 = ${EDGE}; distance 0: within the domain. Bands, cut off at 1: ${over}.`,
            x: { label: "distance from the domain" },
            y: { label: "share of errors", domain: [0, 1] },
            series: LOBES.map((_lobes, c) =>
              cutBand(
                bandOf(
                  NAMES[c],
                  [0, ...CENTRES],
                  measures.map(({ curves }) => [curves[c].within, ...curves[c].beyond]),
                ),
                [0, 1],
              ),
            ),
          }),
        },
        {
          name: "contributions",
          reads:
            "Three quarters and more of what contributes to a point comes from the quarter of the examples that lies nearest the curve; from the quarter nearest the point itself, which may overlap with it, comes half.",
          figure: dots({
            title: "Where contributions come from, trained everywhere",
            caption: `Share of the sum of |contributions| to points of the square that a quarter of the examples has; if all contributed alike it were 0.25. Bars: ${over}.`,
            x: { label: "share of |contributions|", domain: [0, 1] },
            interval: over,
            rows: LOBES.flatMap((_lobes, c) => [
              {
                name: "quarter nearest the curve",
                group: NAMES[c],
                dots: [dotOf(measures.map(({ curves }) => curves[c].boundary))],
              },
              {
                name: "quarter nearest the query",
                group: NAMES[c],
                dots: [dotOf(measures.map(({ curves }) => curves[c].near))],
              },
            ]),
          }),
        },
        {
          name: "decisions",
          reads:
            "Trained on the left, the decision goes on beyond the domain's edge as it happens to, and does not close the curve. Trained beside the curve alone, it fills the shape and leaves the rest outside.",
          figure: panels({
            title: "What the networks call inside",
            caption: `Seed 1. Dark: called inside; line: output zero; dashed: the true curve. Trained left of x1 = ${EDGE}, and beside the curve alone.`,
            columns: 2,
            least: 300,
            panels: LOBES.flatMap((lobes, c) =>
              ["trained on the left", "trained beside the curve"].map((what, p) => ({
                head: `${NAMES[c]}, ${what}`,
                figure: decisionRegions({
                  title: `${NAMES[c]}, ${what}`,
                  caption: "",
                  quantity: "logit of inside",
                  domain: [-6, 6],
                  keyed: false,
                  x: [-HALF, HALF],
                  y: [-HALF, HALF],
                  grid: cells(measures[0].curves[c].planes?.[p] ?? []),
                  outline: cells(SPOTS.flatMap((y) => SPOTS.map((x) => insideBy(lobes, x, y)))),
                  classes: [],
                }),
              })),
            ),
          }),
        },
      ],
    };
  },
});
