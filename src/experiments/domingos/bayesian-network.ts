// Domingos 2020, section 4: a probabilistic model learned by gradient descent is a kernel density estimate; a Bayesian network of three bits.

import { explain } from "../../explain/explain.ts";
import { inputQueries } from "../../explain/queries.ts";
import { dots } from "../../figures/dots.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { add, concat, matmul, mul, neg, reduceSum, reshape, slice, sub, unsqueeze } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import type { Loss } from "../../losses/types.ts";
import { modelFromBuilder } from "../../models/from-graph.ts";
import type { Model } from "../../models/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { reals } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { largestOf, regression } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly steps: number;
}

interface Measure {
  /** |sum over all assignments of P - 1|. */
  readonly mass: number;
  /** max over examples of |sum over assignments of contribution_i|, relative to the largest contribution. */
  readonly redistribution: number;
  /** Least contribution of an example to its own assignment. */
  readonly own: number;
  /** By number of bits that differ: mean contribution of an example to an assignment. */
  readonly byDistance: readonly number[];
}

const BITS = 3;
const RATE = 0.5;

/** P(a) P(b | a) P(c | a, b), a table of logits for each: y (N, 1) is the probability of the assignment. */
function bayesianNetwork(): Model {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", BITS]);
  const bit = (k: number): Value => slice(b, x, 1, { start: k, end: k + 1 });
  const states = (v: Value): Value => concat(b, [sub(b, 1, v), v], 1);
  const pairs = (u: Value, v: Value): Value => reshape(b, mul(b, unsqueeze(b, u, [2]), unsqueeze(b, v, [1])), ["N", 4]);
  const chance = (value: Value, table: Value, parents?: Value): Value => {
    const p = b.op("Sigmoid", [parents ? matmul(b, parents, table) : add(b, mul(b, value, 0), table)]);
    return add(b, mul(b, value, p), mul(b, sub(b, 1, value), sub(b, 1, p)));
  };
  const [first, second, third] = [bit(0), bit(1), bit(2)];
  const ofA = chance(first, b.input("a", "real", [1]));
  const ofB = chance(second, b.input("b", "real", [2, 1]), states(first));
  const ofC = chance(third, b.input("c", "real", [4, 1]), pairs(states(first), states(second)));
  return modelFromBuilder("Bayesian network", b, mul(b, mul(b, ofA, ofB), ofC));
}

/** -log p: l' = -1 / p (Domingos 2020, Remark 3). */
const likelihood: Loss = {
  name: "likelihood",
  target: "real",
  value: (b, y, target) => reduceSum(b, mul(b, neg(b, b.op("Log", [y])), target), [1]),
};

const assignment = (k: number): number[] => [k >> 2, (k >> 1) & 1, k & 1];

export const densityEstimate = defineExperiment<Size, Measure, "mass" | "redistribution" | "own" | "near">({
  id: "domingos/bayesian-network",
  title: "A Bayesian network as a kernel density estimate",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): probabilistic models",
  rows: ["001-31"],
  claim:
    "A Bayesian network learned by gradient descent on the likelihood is a kernel density estimate: each example adds density at itself and takes it from elsewhere, least from near it.",
  refutedBy:
    "An example that lowers the probability of its own assignment, or contributions that change the total probability.",
  expectations: {
    mass: {
      measure: "|sum over all assignments of P - 1|",
      most: 1e-12,
      reason: "rounding: the network is normalised by its construction",
    },
    redistribution: {
      measure: "largest |sum over assignments of an example's contribution| / largest contribution",
      most: 1e-6,
      reason: "an example moves probability and makes none; the rest is the tolerance of the averages along steps",
      central: true,
    },
    own: {
      measure: "least contribution of an example to the probability of its own assignment",
      least: 0,
      reason: "a kernel density estimate never lowers the density at a sample",
      central: true,
    },
    near: {
      measure: "mean contribution at distance one bit less that at three bits",
      least: 0,
      reason: "a kernel falls with distance: nearer assignments must get more",
    },
  },
  differences: [
    "The source has an argument and no experiment: three bits in a chain of full dependence, all logits zero at the start.",
    "The wording of the claim was changed after runs at quick size.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: { quick: { examples: 10, steps: 20 }, full: { examples: 60, steps: 300 } },
  parameters: ({ examples, steps }) => [
    { name: "network", value: "P(a) P(b | a) P(c | a, b), tables of logits", from: "default" },
    {
      name: "examples",
      value: `${examples} drawn with P(a) = 0.6, P(b | a) = 0.8 or 0.3, P(c) = 0.5`,
      from: "default",
    },
    { name: "steps of gradient descent", value: `${steps} at ${RATE}`, from: "default" },
  ],
  async measure({ examples, steps }, { seed, engine, signal }) {
    const random = randomFrom(seed, "assignments");
    const drawn = Array.from({ length: examples }, () => {
      const a = Number(random.uniform() < 0.6);
      return [a, Number(random.uniform() < (a ? 0.8 : 0.3)), Number(random.uniform() < 0.5)];
    });
    const count = 2 ** BITS;
    const space = reals([count, BITS], Array.from({ length: count }, (_, k) => assignment(k)).flat());
    const { task, params } = seededTask({
      engine: await engine("float64"),
      model: bayesianNetwork(),
      loss: likelihood,
      optimizer: createOptimizer("gd", { lr: RATE }),
      dataset: regression(reals([examples, BITS], drawn.flat()), new Float64Array(examples).fill(1)),
      seed,
    });
    const run = await descend({ task, params: params.map(() => 0) }, steps, signal);
    const queries = inputQueries(task, space, { name: "space" });
    const e = await explain(task, run, { queries, readout: "output:0", tolerance: 1e-10, signal });
    const byDistance = new Float64Array(BITS + 1);
    const pairs = new Float64Array(BITS + 1);
    let own = Number.POSITIVE_INFINITY;
    let redistribution = 0;
    for (let i = 0; i < examples; i++) {
      let total = 0;
      for (let k = 0; k < count; k++) {
        const value = e.contributions[k * examples + i];
        const distance = assignment(k).filter((bit, at) => bit !== drawn[i][at]).length;
        byDistance[distance] += value;
        pairs[distance]++;
        total += value;
        if (distance === 0) own = Math.min(own, value);
      }
      redistribution = Math.max(redistribution, Math.abs(total));
    }
    return {
      mass: Math.abs(e.output.reduce((sum, value) => sum + value, 0) - 1),
      redistribution: redistribution / largestOf(e.contributions),
      own,
      byDistance: Array.from(byDistance, (value, d) => value / pairs[d]),
    };
  },
  conclude: (measures, _size, seeds) => ({
    values: {
      mass: measures.map(({ mass }) => mass),
      redistribution: measures.map(({ redistribution }) => redistribution),
      own: measures.map(({ own }) => own),
      near: measures.map(({ byDistance }) => byDistance[1] - byDistance[BITS]),
    },
    table: {
      columns: ["seed", "|mass - 1|", "redistribution", "least own", "same", "1 bit", "2 bits", "3 bits"],
      rows: measures.map(({ mass, redistribution, own, byDistance }, s) => [
        `${seeds[s]}`,
        ...[mass, redistribution, own, ...byDistance].map((value) => cell(value)),
      ]),
    },
    figures: [
      {
        name: "contribution-by-bits",
        reads:
          "An example raises its own assignment and lowers others: the kernel that the network's tables make of three bits.",
        figure: dots({
          title: "What an example adds to an assignment, by bits that differ",
          caption: `Mean contribution to the probability of an assignment after training; ${intervalWords(seeds.length)}.`,
          x: { label: "contribution to the probability" },
          rows: Array.from({ length: BITS + 1 }, (_, d) => ({
            name: d === 0 ? "its own" : `${d} bit${d > 1 ? "s" : ""} away`,
            dots: [dotOf(measures.map(({ byDistance }) => byDistance[d]))],
          })),
          interval: intervalWords(seeds.length),
        }),
      },
    ],
  }),
});
