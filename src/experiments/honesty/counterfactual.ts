// Counterfactual honesty: what an example contributed, against what leaving it out changes, as training goes on.

import { explain } from "../../explain/explain.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { lines } from "../../figures/lines.ts";
import { scatter } from "../../figures/scatter.ts";
import { pearson } from "../../numeric/correlation.ts";
import { predict } from "../../train/accuracy.ts";
import { retrainWithout } from "../../train/retrain.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend, smallTask } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly lengths: readonly number[];
}

/** By length of training. */
interface Measure {
  readonly correlation: readonly number[];
  /** Standard deviation of contributions over that of influences. */
  readonly ratio: readonly number[];
  readonly loss: readonly number[];
  /** Of the first seed: contributions and -influences at the shortest and at the longest training. */
  readonly pairs?: readonly (readonly (readonly [number, number])[])[];
}

const RATE = 0.1;

const deviation = (values: readonly number[]): number => {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
};

export const honesty = defineExperiment<Size, Measure, "early" | "late" | "size">({
  id: "honesty/counterfactual",
  title: "Contribution and influence, as training goes on",
  source: "docs/theory.md, counterfactuals; Domingos 2020 reads contributions as the influence of examples",
  rows: [],
  claim:
    "What an example contributed to a prediction is what the prediction would lose without it, however long training lasts.",
  refutedBy: "Contributions that no longer go with the effects of leaving examples out once training is long.",
  expectations: {
    early: {
      measure: "correlation of contribution and leave-one-out effect after the shortest training",
      least: 0.95,
      reason: "after a step or two all others push as before: then the two are the same up to second order",
    },
    late: {
      measure: "correlation of contribution and leave-one-out effect after the longest training",
      least: 0.8,
      reason: "below it a ranking by contributions is no ranking by influence",
      central: true,
    },
    size: {
      measure: "spread of contributions over spread of effects, after the longest training",
      least: 0.5,
      most: 2,
      reason: "the claim is of size, too: a factor of two is generous",
    },
  },
  differences: [
    "No source makes the test; the claim is the reading that the word influence invites.",
    "Retraining keeps start, order and step sizes, and averages over the examples that are left.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { examples: 8, queries: 3, hidden: 8, lengths: [1, 10, 100] },
    full: { examples: 16, queries: 8, hidden: 16, lengths: [1, 3, 10, 30, 100, 300] },
  },
  parameters: ({ examples, queries, hidden, lengths }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples, queries", value: `${examples}, ${queries}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "steps of gradient descent", value: `${lengths.join(", ")} at ${RATE}`, from: "default" },
  ],
  async measure(size, context) {
    const { signal } = context;
    const found = { correlation: [] as number[], ratio: [] as number[], loss: [] as number[] };
    const pairs: (readonly [number, number])[][] = [];
    for (const [k, steps] of size.lengths.entries()) {
      const small = await smallTask(size, context, { options: { lr: RATE } });
      const run = await descend(small, steps, signal);
      const queries = datasetQueries(small.task, `test:0-${size.queries - 1}`);
      const { contributions, output } = await explain(small.task, run, { queries, rule: "trapezoid", signal });
      const effects = new Float64Array(contributions.length);
      for (let i = 0; i < size.examples; i++) {
        const without = await retrainWithout(small.task, run, { without: [i], signal });
        const other = await predict(small.task, without.params, small.task.dataset.test);
        other.forEach((value, q) => {
          effects[q * size.examples + i] = output[q] - value;
        });
        context.progress((k + (i + 1) / size.examples) / size.lengths.length);
      }
      found.correlation.push(pearson(contributions, effects) ?? 0);
      found.ratio.push(deviation([...contributions]) / deviation([...effects]));
      found.loss.push(run.scalars[steps - 1].loss);
      if (k === 0 || k === size.lengths.length - 1)
        pairs.push(Array.from(contributions, (value, at) => [effects[at], value]));
    }
    return { ...found, ...(context.seed === 1 && { pairs }) };
  },
  conclude: (measures, { lengths }, seeds) => {
    const last = lengths.length - 1;
    const [, late = []] = measures[0].pairs ?? [];
    return {
      values: {
        early: measures.map(({ correlation }) => correlation[0]),
        late: measures.map(({ correlation }) => correlation[last]),
        size: measures.map(({ ratio }) => ratio[last]),
      },
      table: {
        columns: ["seed", "steps", "loss", "correlation", "spread of contributions / of effects"],
        rows: measures.flatMap(({ correlation, ratio, loss }, s) =>
          lengths.map((steps, k) => [`${seeds[s]}`, cell(steps), cell(loss[k]), cell(correlation[k]), cell(ratio[k])]),
        ),
      },
      figures: [
        {
          name: "correlation",
          reads:
            "At the left contribution and influence are one thing; to the right, with training longer, they are two.",
          figure: lines({
            title: "Do contributions say what leaving an example out would do?",
            caption: `Correlation over all pairs of query and example, of contributions with minus the effects of retraining without the example; band: ${intervalWords(seeds.length)}.`,
            x: { label: "steps of training", scale: "log" },
            y: { label: "correlation", domain: [-1, 1] },
            series: [
              bandOf(
                "correlation",
                lengths,
                measures.map(({ correlation }) => correlation),
              ),
            ],
            guides: [{ axis: "y", value: 0.8, label: "expected" }],
          }),
        },
        {
          name: "pairs",
          reads:
            "Each point is a query and an example after the longest training: the cloud does not lie along a line.",
          figure: scatter({
            title: `Contribution against leave-one-out effect after ${lengths[last]} steps`,
            caption: "Seed 1, all pairs of query and training example, in units of the output.",
            x: { label: "output lost without the example" },
            y: { label: "contribution" },
            classes: [{ name: "pairs", x: late.map(([x]) => x), y: late.map(([, y]) => y) }],
          }),
        },
      ],
    };
  },
});
