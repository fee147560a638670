// Domingos 2020, Fig. 1: a path of two weights on the plane, the gradients of x, x1 and x2 along it, and the kernels as running integrals.

import { explain } from "../../explain/explain.ts";
import { inputQueries } from "../../explain/queries.ts";
import { arrows } from "../../figures/arrows.ts";
import { lines } from "../../figures/lines.ts";
import { flowFields } from "../../flows/field.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { matmul, mul, neg, reduceSum } from "../../graph/ops.ts";
import { pathKernel } from "../../kernels/path-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import type { Loss } from "../../losses/types.ts";
import { modelFromBuilder } from "../../models/from-graph.ts";
import { randomFrom } from "../../numeric/random.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { fullBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { createTask, type Task } from "../../train/task.ts";
import { column, largestOf, meanOf, regression, spaced } from "../arrays.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import type { ExperimentFigure, MeasureContext } from "../types.ts";

interface Size {
  /** Random triples (x, x1, x2), each with targets and a start of its own. */
  readonly triples: number;
  readonly steps: number;
  readonly rate: number;
}

/** K^p(x, x1), K^p(x, x2), and the contributions of both examples to f(x). */
interface Triple {
  readonly kernel: readonly number[];
  readonly contributions: readonly number[];
}

interface Path {
  /** w_0, ..., w_S. */
  readonly weights: readonly (readonly number[])[];
  /** At each of them, of x, x1 and x2. */
  readonly gradients: readonly (readonly (readonly number[])[])[];
  /** The integrals up to each step. */
  readonly integrals: readonly (readonly number[])[];
}

interface Measure {
  readonly linear: readonly Triple[];
  readonly squared: readonly Triple[];
  readonly closure: number;
  /** Of the first seed. */
  readonly path?: Path;
}

/** y = v tanh(u x). */
function twoWeights() {
  const b = new GraphBuilder();
  const hidden = b.op("Tanh", [matmul(b, b.input("x", "real", ["N", 1]), b.input("u", "real", [1, 1]))]);
  return modelFromBuilder("two weights", b, matmul(b, hidden, b.input("v", "real", [1, 1])));
}

/** -t y: its derivative is -t all along, so that all else is equal between examples with targets of one size. */
const linearLoss: Loss = {
  name: "linear",
  target: "real",
  value: (b, y, target) => reduceSum(b, neg(b, mul(b, y, target)), [1]),
};

interface Problem {
  readonly points: readonly number[];
  readonly targets: readonly number[];
  readonly start: readonly number[];
  readonly loss: Loss;
}

async function trained({ engine }: MeasureContext, { steps, rate }: Size, { points, targets, start, loss }: Problem) {
  const model = twoWeights();
  const params = Float64Array.from(start);
  const task = createTask({
    engine: await engine("float64"),
    model,
    trainable: ["u", "v"],
    params,
    loss,
    optimizer: createOptimizer("gd", { lr: rate }),
    dataset: regression(column(points.slice(1)), targets),
  });
  return { task, run: await trainInMemory(task, { params, batches: [...fullBatches(2, steps)] }) };
}

async function tripleOf(context: MeasureContext, size: Size, problem: Problem): Promise<Triple & { closure: number }> {
  const { task, run } = await trained(context, size, problem);
  const x = column(problem.points.slice(0, 1));
  const { unweighted } = await pathKernel(task, run, x);
  const e = await explain(task, run, { queries: inputQueries(task, x, { name: "x" }), tolerance: 1e-10 });
  const closure = largestOf(e.closure) / Math.max(e.gross[0], 1e-300);
  return { kernel: [...unweighted.data], contributions: [...e.contributions], closure };
}

async function pathOf(task: Task, run: Run, points: readonly number[]): Promise<Path> {
  const fields = await flowFields(task, column(points));
  const [weights, gradients, integrals]: [number[][], number[][][], number[][]] = [[], [], [[0, 0]]];
  for (let s = 0; s <= run.batches.length; s++) {
    const { params } = await run.checkpoint(s);
    const j = await fields.jacobians(params as Float64Array);
    weights.push([...params]);
    gradients.push([0, 1, 2].map((k) => [j[2 * k], j[2 * k + 1]]));
    if (s === run.batches.length) break;
    const before = integrals[s];
    const kernel = [1, 2].map((k) => j[0] * j[2 * k] + j[1] * j[2 * k + 1]);
    integrals.push(kernel.map((value, k) => before[k] + run.scalars[s].stepSize * value));
  }
  return { weights, gradients, integrals };
}

/** The picture: x1 on the same side as x, x2 on the other and nearer to 0. */
const PICTURE: Problem = {
  points: [1, 1.6, -0.5],
  targets: [1.5, -0.2],
  start: [0.3, 0.4],
  loss: lossOf("half-mse"),
};

async function measure(size: Size, context: MeasureContext): Promise<Measure> {
  const random = randomFrom(context.seed, "triples");
  const [linear, squared]: [Triple[], Triple[]] = [[], []];
  let closure = 0;
  for (let k = 0; k < size.triples; k++) {
    context.signal.throwIfAborted();
    const draw = (count: number): number[] => Array.from({ length: count }, () => random.normal());
    const [points, start, targets] = [draw(3), draw(2), draw(2)];
    const signs = targets.map(Math.sign);
    for (const [found, loss, own] of [
      [linear, linearLoss, signs],
      [squared, lossOf("half-mse"), targets],
    ] as const) {
      const { closure: left, ...triple } = await tripleOf(context, size, { points, start, targets: own, loss });
      closure = Math.max(closure, left);
      found.push(triple);
    }
    context.progress((k + 1) / size.triples);
  }
  if (context.seed !== 1) return { linear, squared, closure };
  const { task, run } = await trained(context, size, PICTURE);
  return { linear, squared, closure, path: await pathOf(task, run, PICTURE.points) };
}

/** Share of triples in which the example with the larger |K^p| has the larger |contribution|. */
const agreement = (triples: readonly Triple[]): number =>
  meanOf(
    triples.map(({ kernel, contributions }) => {
      const larger = (values: readonly number[]): boolean => Math.abs(values[0]) > Math.abs(values[1]);
      return Number(larger(kernel) === larger(contributions));
    }),
  );

/** How many places of the path have arrows. */
const ARROWS = 6;

function figuresOf(path: Path | undefined): ExperimentFigure[] {
  if (path === undefined) return [];
  const { weights, gradients, integrals } = path;
  const places = spaced(0, weights.length - 1, ARROWS).map(Math.round);
  const steps = integrals.map((_, s) => s);
  return [
    {
      name: "plane",
      reads:
        "Along the whole path the gradient of x1 points where that of x points, and the gradient of x2 does not: the products of the first pair add up, those of the second are small or negative.",
      figure: arrows({
        title: "The path of two weights, with the gradients of x, x1 and x2",
        caption: `y = v tanh(u x) with x = ${PICTURE.points[0]}, x1 = ${PICTURE.points[1]}, x2 = ${PICTURE.points[2]}; gradients at ${ARROWS} places of the path, from the circle to the square.`,
        x: { label: "weight u" },
        y: { label: "weight v" },
        kinds: ["x", "x1", "x2"].map((name, k) => ({
          name: `gradient of ${name}`,
          x: places.map((s) => weights[s][0]),
          y: places.map((s) => weights[s][1]),
          dx: places.map((s) => gradients[s][k][0]),
          dy: places.map((s) => gradients[s][k][1]),
        })),
        paths: [{ name: "path of the weights", x: weights.map(([u]) => u), y: weights.map(([, v]) => v) }],
      }),
    },
    {
      name: "integrals",
      reads:
        "The two kernels as they grow along the path: the upper line is the example whose gradient goes with that of x.",
      figure: lines({
        title: "The kernels as running integrals along the path",
        caption: "Sums of step size times the product of gradients, up to each step.",
        x: { label: "step", scale: "whole" },
        y: { label: "kernel so far", zero: true },
        series: [0, 1].map((k) => ({ name: `K(x, x${k + 1})`, x: steps, y: integrals.map((pair) => pair[k]) })),
      }),
    },
  ];
}

export const pathOfTwoWeights = defineExperiment<Size, Measure, "equal" | "squared" | "closure">({
  id: "domingos/fig-1",
  title: "The path of two weights, and the kernel as an integral along it",
  source: "Domingos 2020, Fig. 1 (arXiv:2012.00152)",
  rows: ["001-07"],
  claim:
    "Where the gradient of x lies closer to that of x1 than to that of x2 along the path of the weights, K(x, x1) is the larger integral and x1 has more influence on f(x).",
  refutedBy: "Triples in which the example with the smaller path kernel contributes more.",
  expectations: {
    equal: {
      measure: "share of triples where the larger kernel contributes more, loss derivatives of equal size",
      least: 0.99,
      reason:
        "all else being equal it is the theorem itself; what is left is the difference between a sum and an integral",
      central: true,
    },
    squared: {
      measure: "share of triples where the larger kernel contributes more, squared errors of random targets",
      least: 0.75,
      reason:
        "half-way between a coin (0.5) and certainty: the caption leaves out that loss derivatives differ, and only more than that would carry the figure",
    },
    closure: {
      measure: "largest |closure| / gross",
      most: 1e-10,
      reason: "rounding of sums in float64, with room for cancellation",
    },
  },
  differences: [
    "The source's figure is a sketch without a model; here it is y = v tanh(u x), trained by gradient descent on two examples.",
    "Influence is read as |contribution|, kernels are compared by size: signs of targets turn the one and not the other.",
  ],
  seeds: { quick: 3, full: 5 },
  sizes: { quick: { triples: 6, steps: 20, rate: 0.1 }, full: { triples: 40, steps: 60, rate: 0.1 } },
  parameters: ({ triples, steps, rate }) => [
    { name: "model", value: "v tanh(u x), two weights", from: "default" },
    { name: "triples of x, x1, x2 a seed, normal", value: `${triples}`, from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${rate}`, from: "default" },
  ],
  measure,
  conclude: (measures, _size, seeds) => ({
    values: {
      equal: measures.map(({ linear }) => agreement(linear)),
      squared: measures.map(({ squared }) => agreement(squared)),
      closure: measures.map(({ closure }) => closure),
    },
    table: {
      columns: ["seed", "triples", "share, equal derivatives", "share, squared errors", "largest closure / gross"],
      rows: measures.map(({ linear, squared, closure }, k) => [
        `${seeds[k]}`,
        cell(linear.length),
        cell(agreement(linear)),
        cell(agreement(squared)),
        cell(closure),
      ]),
    },
    figures: figuresOf(measures[0].path),
  }),
});
