// Domingos 2020, Fig. 2: the weights of a network as a superposition of training examples, and a query matched against all of them.

import { explain } from "../../explain/explain.ts";
import { explainSuperposition } from "../../explain/explain-superposition.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { superpose } from "../../explain/superpose.ts";
import { bars } from "../../figures/bars.ts";
import { dots } from "../../figures/dots.ts";
import { lines } from "../../figures/lines.ts";
import { pearson } from "../../numeric/correlation.ts";
import type { OptimizerOptions } from "../../optimizers/options.ts";
import { largestOf } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell, numberText } from "../number-text.ts";
import { descend, smallTask } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly steps: number;
}

interface OfOptimizer {
  /** max |w_S - w_0 - sum of displacements - terms| / max |w_S - w_0|. */
  readonly weights: number;
  /** max |output - prior - sum J delta - terms| / scale over queries. */
  readonly outputs: number;
  /** Correlation of J delta_i with the contributions along the steps. */
  readonly correlation: number;
}

interface Measure {
  /** By optimizer. */
  readonly found: readonly OfOptimizer[];
  /** Of the first seed and gradient descent: contributions along steps, and by matching displacements. */
  readonly pairs?: readonly (readonly [number, number])[];
}

const OPTIMIZERS: readonly (readonly [name: string, options: OptimizerOptions])[] = [
  ["gd", { lr: 0.1 }],
  ["momentum", { lr: 0.02, momentum: 0.9 }],
  ["adam", { lr: 0.01 }],
  ["adamw", { lr: 0.01, weightDecay: 0.1 }],
];

const worst = ({ found }: Measure, of: (own: OfOptimizer) => number): number => Math.max(...found.map(of));

export const superposition = defineExperiment<Size, Measure, "weights" | "outputs" | "matching">({
  id: "domingos/fig-2",
  title: "Weights as a superposition of the training examples",
  source: "Domingos 2020, Fig. 2 and section 3 (arXiv:2012.00152)",
  rows: ["001-20"],
  claim:
    "A network's weights are a superposition of its training examples in gradient space, and a prediction matches the query against all of them at once.",
  refutedBy:
    "Displacements of examples that do not add up to the weights, or matches that are not what the examples contribute.",
  expectations: {
    weights: {
      measure: "largest |w_N - w_0 - Σ δ_i - terms| / max |w_N - w_0|, over four optimizers",
      most: 1e-10,
      reason: "rounding of float64 sums over the steps",
      central: true,
    },
    outputs: {
      measure: "largest |output - prior - Σ J δ_i - terms - residual| / change",
      most: 1e-8,
      reason: "the tolerance of 1e-10 of the averaged Jacobian, a hundred times over",
      central: true,
    },
    matching: {
      measure: "least correlation of J δ_i with the contributions along the steps",
      least: 0.9,
      reason:
        "the figure matches gradients at the end of training against sums over the path: it is a picture of the theorem only if both say the same of the examples",
    },
  },
  differences: [
    "The source's figure is a sketch: model and data are ours, a small regression.",
    "J is averaged along the straight line from w_0 to w_N: the source's text matches the gradient of the query with those that were stored.",
    "Momentum, Adam and AdamW too, whose displacements are made of their pull-backs.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { examples: 12, queries: 4, hidden: 8, steps: 30 },
    full: { examples: 32, queries: 8, hidden: 32, steps: 150 },
  },
  parameters: ({ examples, queries, hidden, steps }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples, queries", value: `${examples}, ${queries}, normal, sin(2 a) + b²/2`, from: "default" },
    {
      name: "optimizers",
      value: `${OPTIMIZERS.map(([name]) => name).join(", ")}; ${steps} steps each`,
      from: "default",
    },
  ],
  async measure(size, context) {
    const { signal } = context;
    const found: OfOptimizer[] = [];
    let pairs: (readonly [number, number])[] = [];
    for (const [k, [name, options]] of OPTIMIZERS.entries()) {
      const small = await smallTask(size, context, { name, options });
      const run = await descend(small, size.steps, signal);
      const store = await superpose(small.task, run, { signal });
      const queries = datasetQueries(small.task, `test:0-${size.queries - 1}`);
      const matched = await explainSuperposition(small.task, run, store, { queries, tolerance: 1e-10, signal });
      const stepped = await explain(small.task, run, { queries, tolerance: 1e-6, signal });
      found.push({
        weights: store.closure,
        outputs: largestOf(matched.closure) / matched.scale + largestOf(matched.residual) / matched.scale,
        correlation: pearson(matched.contributions, stepped.contributions) ?? 0,
      });
      if (k === 0 && context.seed === 1)
        pairs = Array.from(stepped.contributions, (value, at) => [value, matched.contributions[at]]);
      context.progress((k + 1) / OPTIMIZERS.length);
    }
    return { found, ...(pairs.length > 0 && { pairs }) };
  },
  conclude: (measures, { examples }, seeds) => {
    const { pairs = [] } = measures[0];
    // Row by row: the first query's are the first ones.
    const one = pairs.slice(0, examples).map(([, match], i) => ({ name: `example ${i}`, value: match }));
    one.sort((a, b) => b.value - a.value);
    const along = pairs.map(([value]) => value);
    const ends = along.length === 0 ? [] : [Math.min(...along), Math.max(...along)];
    return {
      values: {
        weights: measures.map((own) => worst(own, ({ weights }) => weights)),
        outputs: measures.map((own) => worst(own, ({ outputs }) => outputs)),
        matching: measures.map((own) => -worst(own, ({ correlation }) => -correlation)),
      },
      table: {
        columns: ["seed", "optimizer", "weights, closure", "outputs, left over", "correlation with steps"],
        rows: measures.flatMap(({ found }, s) =>
          found.map((own, k) => [
            `${seeds[s]}`,
            OPTIMIZERS[k][0],
            ...[own.weights, own.outputs, own.correlation].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "matching",
          reads:
            "Each dot is an optimizer: the nearer to 1, the more one match of the query against stored examples says what the path says. All are within a hundredth of it.",
          figure: dots({
            title: "Matching the superposition, against contributions along the path",
            caption: `Correlation over all pairs of query and example; ${intervalWords(seeds.length)}.`,
            x: { label: "correlation", domain: [0, 1.0001] },
            rows: OPTIMIZERS.map(([name], k) => ({
              name,
              dots: [dotOf(measures.map(({ found }) => found[k].correlation))],
            })),
            interval: intervalWords(seeds.length),
          }),
        },
        {
          name: "one-query",
          reads:
            "The query is matched against every stored example at once. All of them answer, for and against; the output is what they come to together, and no example alone.",
          figure: bars({
            title: "One query, matched against all stored examples",
            caption: `Seed 1, gradient descent, the first query: J δ_i, the query's averaged gradient times the displacement δ_i of the weights that an example caused, of each of the ${examples} training examples, largest first, in units of the output; together ${numberText(one.reduce((sum, { value }) => sum + value, 0))}, what training changed of it.`,
            x: { label: "match J δ_i" },
            rows: one,
          }),
        },
        {
          name: "pairs",
          reads:
            "Points on the dashed diagonal are examples of which the match says exactly what the path says; the little by which others lie beside it is what one straight line from the first weights to the last leaves out of the path.",
          figure: lines({
            title: "What an example contributed, and how it matches the query",
            caption: "Seed 1, gradient descent, all pairs of query and training example, in units of the output.",
            height: 420,
            x: { label: "contribution along the steps" },
            y: { label: "match J δ_i" },
            series: [
              { name: "pairs", x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y), pointsOnly: true },
              { name: "equal", x: ends, y: ends, reference: true },
            ],
          }),
        },
      ],
    };
  },
});
