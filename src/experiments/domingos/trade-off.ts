// Domingos 2020, section 6: accuracy against the cost of storing and matching examples, by ways to say what a trained network says.

import { explain } from "../../explain/explain.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { scatter } from "../../figures/scatter.ts";
import { flopsOf } from "../../graph/cost.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentMachineKernel } from "../../kernels/machine-kernel.ts";
import { nystromKernel } from "../../kernels/nystrom.ts";
import { tangentSketch } from "../../kernels/random-features.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { featureRidge } from "../../machines/feature-ridge.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, type Tensor, takeRows } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import { meanOf } from "../arrays.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend, type SmallProblem, smallTask } from "../small-problem.ts";

interface Size extends SmallProblem {
  readonly steps: number;
  readonly chords: readonly number[];
  readonly counts: readonly number[];
}

interface Way {
  readonly family: string;
  readonly name: string;
  /** Root mean square error on test points, over the deviation of their targets. */
  readonly error: number;
  /** Numbers of 8 bytes that must be kept. */
  readonly stored: number;
  /** Operations for one query. */
  readonly operations: number;
}

const RATE = 0.1;
const INPUTS = 2;
/** A pass in forward mode is about three forward passes. */
const FORWARD_MODE = 3;

/** Whether some other way is as good in all three and better in one. */
export const isDominated = (way: Way, all: readonly Way[]): boolean =>
  all.some(
    (other) =>
      other.error <= way.error &&
      other.stored <= way.stored &&
      other.operations <= way.operations &&
      (other.error < way.error || other.stored < way.stored || other.operations < way.operations),
  );

const networkOf = (ways: readonly Way[]): Way => ways[0];
const othersOf = (ways: readonly Way[]): readonly Way[] => ways.slice(1);

export const tradeOff = defineExperiment<
  Size,
  { readonly ways: readonly Way[]; readonly exact: number },
  "operations" | "stored" | "better" | "front" | "exact"
>({
  id: "domingos/trade-off",
  title: "Accuracy against the cost of storing and matching examples",
  source: "Domingos 2020, section 6 (arXiv:2012.00152)",
  rows: ["001-34"],
  claim:
    "Between capturing the target and the cost of storing and matching examples there is a trade-off to be optimised, and the superposition in a network's weights is one point of it.",
  refutedBy:
    "A network that is better than every other way in error, store and operations, or one that another way is better than in all three.",
  expectations: {
    operations: {
      measure: "operations of the network over the least of the other ways",
      most: 1,
      reason: "all others match gradients of the same network: none can be cheaper than its pass forward",
    },
    stored: {
      measure: "numbers that the network keeps over the least of the other ways",
      most: 1,
      reason: "all others keep the network's weights too, since their kernel is made of them",
    },
    better: {
      measure: "least error of another way over the network's",
      most: 0.95,
      reason: "a trade-off is open only where more cost buys a smaller error, by a twentieth at least",
      central: true,
    },
    front: {
      measure: "ways that no other one is better than in all of error, store and operations",
      least: 2,
      reason: "one alone is no trade-off",
      central: true,
    },
    exact: {
      measure: "deviation of the machine of all steps from the network's outputs, over their own",
      most: 0.02,
      reason: "or the machine that is costed is not the one that the network is",
    },
  },
  differences: [
    "The source has a question and no experiment: a small regression, full batches.",
    "Operations are counted from graphs and the kernels' plans: a forward pass; a row of the kernel for each state of the path; three forward passes for each random direction.",
    "The machine of the path keeps a state for each chord, the training inputs and a coefficient for each example and chord; that of the end keeps the weights, its examples and coefficients; Nystrom also the matrix of its landmarks; a sketch draws its directions again.",
    "Machines at the end are ridge regressions on the targets, with the ridge that leaving one out chooses.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 40, queries: 40, hidden: 16, steps: 60, chords: [1, 10], counts: [8, 20] },
    full: { examples: 128, queries: 128, hidden: 32, steps: 400, chords: [1, 10, 100, 400], counts: [16, 32, 64] },
  },
  parameters: ({ examples, queries, hidden, steps, chords, counts }) => [
    { name: "data", value: `${examples} points, ${queries} test points, sin(2 a) + b²/2`, from: "default" },
    { name: "network", value: `${INPUTS}-${hidden}-1, tanh, half the mean square`, from: "default" },
    { name: "training", value: `${steps} steps of gradient descent at ${RATE}`, from: "default" },
    { name: "chords", value: chords.join(", "), from: "default" },
    { name: "examples, landmarks, directions", value: counts.join(", "), from: "default" },
  ],
  async measure(size, context) {
    const { signal, seed, progress } = context;
    const { examples, queries: count, steps, chords, counts } = size;
    const small = await smallTask(size, context, { options: { lr: RATE } });
    const { task } = small;
    const run = await descend(small, steps, signal);
    const end = (await run.checkpoint(steps)).params;
    const { train, test } = task.dataset;
    const wanted = test.y.data as RealArray;
    const mean = meanOf(wanted);
    const spread = Math.sqrt(meanOf(Array.from(wanted, (y) => (y - mean) ** 2)));
    const errorOf = (values: ArrayLike<number>): number =>
      Math.sqrt(meanOf(Array.from(values, (value, q) => (value - wanted[q]) ** 2))) / spread;
    const one = takeRows(test.x, [0]);
    const weights = task.layout.size;
    const rowOf = async (points: Tensor): Promise<number> => {
      const { flops, algorithm } = await tangentKernel(task, end, one, points, { signal });
      return flops[algorithm] ?? Number.NaN;
    };
    const forward = flopsOf(task.model.graph, 1);
    const network = await predict(task, end, test);
    const ways: Way[] = [
      { family: "network", name: "network", error: errorOf(network), stored: weights, operations: forward },
    ];
    const all = await rowOf(train.x);
    const queries = datasetQueries(task, `test:0-${count - 1}`);
    let exact = 0;
    for (const chord of chords) {
      const e = await explain(task, run, { queries, rule: "midpoint", chord, shift: 0, signal });
      const said = Array.from(e.prior, (prior, r) => prior + e.net[r]);
      const states = Math.ceil(steps / chord);
      ways.push({
        family: "path",
        name: chord === 1 ? "path, every step" : `path, chords of ${chord}`,
        error: errorOf(said),
        stored: states * weights + examples * (INPUTS + states),
        operations: states * all + forward,
      });
      if (chord === 1)
        exact = Math.sqrt(
          meanOf(said.map((value, q) => (value - network[q]) ** 2)) / meanOf(network.map((y) => y * y)),
        );
    }
    progress(0.5);
    const options = { ridge: "leave-one-out", prior: "zero", signal } as const;
    const order = [...randomFrom(seed, "subsets").permutation(examples)];
    for (const m of [...counts, examples]) {
      const rows = order.slice(0, m).sort((a, b) => a - b);
      const [points, targets] = [takeRows(train.x, rows), takeRows(train.y as Tensor<"float64">, rows)];
      const machine = await kernelRidge(task, end, points, targets, { ...options, form: "trace" });
      ways.push({
        family: "kernel at the end",
        name: m === examples ? "end, all examples" : `end, ${m} examples`,
        error: errorOf((await evaluateMachine(machine, test.x)).value.data as RealArray),
        stored: weights + m * (INPUTS + 1),
        operations: await rowOf(points),
      });
    }
    const over = (points: Tensor) => tangentMachineKernel(task, end, points);
    for (const m of counts) {
      const landmarks = await nystromKernel(over, train.x, { landmarks: m, seed, compared: 1, signal });
      const nystrom = await featureRidge(landmarks, train.y, options);
      ways.push({
        family: "Nystrom",
        name: `Nystrom, ${m} landmarks`,
        error: errorOf((await nystrom.predict(test.x)).data),
        stored: weights + m * INPUTS + m * m + m,
        operations: (await rowOf(takeRows(train.x, order.slice(0, m)))) + 2 * m * m + 2 * m,
      });
      const sketch = await tangentSketch(task, end, train.x, { directions: m, seed, compared: 1, signal });
      ways.push({
        family: "sketch",
        name: `sketch, ${m} directions`,
        error: errorOf((await (await featureRidge(sketch, train.y, options)).predict(test.x)).data),
        stored: weights + m,
        operations: m * FORWARD_MODE * forward + 2 * m,
      });
    }
    return { ways, exact };
  },
  conclude: (measures, _size, seeds) => {
    const least = (ways: readonly Way[], of: (way: Way) => number): number => Math.min(...othersOf(ways).map(of));
    const names = measures[0].ways;
    const mean = (k: number, of: (way: Way) => number): number => meanOf(measures.map(({ ways }) => of(ways[k])));
    const families = [...new Set(names.map(({ family }) => family))];
    const panel = (label: string, of: (way: Way) => number) =>
      scatter({
        title: `Error against ${label}`,
        caption: `Means over ${seeds.length} seeds; nearer to the lower left is better. Path: the kernel machine of training itself, by every step or by chords of many; the others are ridge regressions over the kernel at the end, on examples, landmarks (Nystrom) or random directions (sketch).`,
        x: { label, scale: "log" },
        y: { label: "error over the targets' deviation", scale: "log" },
        classes: families.map((family) => {
          const own = [...names.keys()].filter((k) => names[k].family === family);
          return {
            name: family,
            x: own.map((k) => mean(k, of)),
            y: own.map((k) => mean(k, ({ error }) => error)),
            names: own.map((k) => names[k].name),
          };
        }),
      });
    return {
      values: {
        operations: measures.map(
          ({ ways }) => networkOf(ways).operations / least(ways, ({ operations }) => operations),
        ),
        stored: measures.map(({ ways }) => networkOf(ways).stored / least(ways, ({ stored }) => stored)),
        better: measures.map(({ ways }) => least(ways, ({ error }) => error) / networkOf(ways).error),
        front: measures.map(({ ways }) => ways.filter((way) => !isDominated(way, ways)).length),
        exact: measures.map(({ exact }) => exact),
      },
      table: {
        columns: [
          "way",
          "error",
          "numbers kept",
          "operations a query",
          "seeds in which nothing is better in all three",
        ],
        rows: names.map(({ name }, k) => [
          name,
          cell(mean(k, ({ error }) => error)),
          cell(Math.round(mean(k, ({ stored }) => stored))),
          cell(Math.round(mean(k, ({ operations }) => operations))),
          cell(measures.filter(({ ways }) => !isDominated(ways[k], ways)).length),
        ]),
      },
      figures: [
        {
          name: "operations",
          reads:
            "The network, far to the left, costs a fortieth of the cheapest other way. The machine of its own path gives the same error for a hundred thousand times as many operations; a machine over the kernel at the end takes three hundred times as many and has a fifth of the error.",
          figure: panel("operations a query", ({ operations }) => operations),
        },
        {
          name: "store",
          reads:
            "With half as many numbers again as the network keeps, 64 random directions (sketch, the lowest cross) have three tenths of its error: they are drawn again for each query, which is paid for in operations. Keeping every step of the path buys nothing.",
          figure: panel("numbers kept", ({ stored }) => stored),
        },
      ],
    };
  },
});
