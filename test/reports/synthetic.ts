// Reports of made-up runs: pictures, rows of numbers or a regression, with an explanation whose parts add up by construction.

import type { Dataset } from "../../src/data/types.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { type Random, randomFrom } from "../../src/numeric/random.ts";
import { sum } from "../../src/numeric/sum.ts";
import { integers, reals, sizeOf, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import type { ReportInput } from "../../src/reports/types.ts";

export interface SyntheticOptions {
  /** [1, 8, 8] and the like for pictures, [d] for rows. */
  readonly inputShape?: readonly number[];
  /** Empty for a regression. */
  readonly classes?: readonly string[];
  readonly examples?: number;
  readonly steps?: number;
  readonly queries?: number;
  readonly rule?: string;
  /** Size of the residual of one step. */
  readonly residual?: number;
  readonly readout?: (q: number) => string;
}

type Made = Required<SyntheticOptions>;

const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Pictures get a bright diagonal whose place is their class, so that they can be told apart by eye. */
function inputsOf(random: Random, count: number, { inputShape, classes }: Made): Tensor<"float64"> {
  const width = inputShape[inputShape.length - 1];
  const values = Array.from({ length: count * sizeOf(inputShape) }, (_, k) => {
    const example = Math.floor(k / sizeOf(inputShape));
    const place = (k % width) + Math.floor((k % sizeOf(inputShape)) / width);
    const bright = inputShape.length === 3 && place % width === example % Math.max(1, classes.length) ? 0.7 : 0;
    return bright + 0.3 * random.uniform();
  });
  return reals([count, ...inputShape], values);
}

function datasetOf(random: Random, made: Made): Dataset {
  const { classes, examples, inputShape, queries } = made;
  const isClass = classes.length > 0;
  const split = (count: number): Dataset["train"] => ({
    x: inputsOf(random, count, made),
    y: isClass
      ? integers(
          [count],
          Array.from({ length: count }, (_, i) => i % classes.length),
        )
      : reals(
          [count, 1],
          Array.from({ length: count }, () => random.normal()),
        ),
  });
  const task = isClass ? "classification" : "regression";
  return {
    source: "synthetic",
    task,
    classes,
    inputShape,
    train: split(examples),
    test: split(queries),
    sha256: "d".repeat(64),
  };
}

function explanationOf(random: Random, { examples, queries, readout, residual, rule, steps }: Made): Explanation {
  const normals = (count: number, scale: number): Float64Array =>
    Float64Array.from({ length: count }, () => scale * random.normal());
  const contributions = normals(queries * examples, 0.4);
  // An example that never was in a batch.
  for (let q = 0; q < queries; q++) contributions[q * examples] = 0;
  const residualByStep = normals(queries * steps, residual);
  const row = (values: Float64Array, q: number, width: number): Float64Array =>
    values.subarray(q * width, (q + 1) * width);
  const each = (f: (q: number) => number): Float64Array => Float64Array.from({ length: queries }, (_, q) => f(q));
  const prior = normals(queries, 0.1);
  const decay = normals(queries, 0.02);
  const net = each((q) => sum(row(contributions, q, examples)));
  const total = each((q) => sum(row(residualByStep, q, steps)));
  const output = each((q) => prior[q] + net[q] + decay[q] + total[q]);
  return {
    rows: Array.from({ length: queries }, (_, q) => ({ query: `test:${q}`, readout: readout(q) })),
    examples,
    steps,
    output,
    prior,
    contributions,
    terms: [{ name: "coupled decay", values: decay }],
    residual: total,
    residualByStep,
    closure: each((q) => sum([output[q], -prior[q], -net[q], -decay[q], -total[q]])),
    gross: each((q) => sum(row(contributions, q, examples).map(Math.abs))),
    net,
    rule,
    path: "steps",
    chord: 1,
    lineEnds: Int32Array.from({ length: steps }, (_, s) => s),
    shift: undefined,
    tolerance: 1e-4,
    scale: Math.max(...each((q) => Math.abs(output[q] - prior[q]))),
    cost: { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 },
  };
}

/** A report's input from a seed; every number of it is a function of the options. */
export function syntheticReport(options: SyntheticOptions = {}): ReportInput {
  const classes = options.classes ?? DIGITS;
  const made: Made = {
    inputShape: [1, 8, 8],
    examples: 60,
    steps: 40,
    queries: 3,
    rule: "auto",
    residual: 1e-7,
    readout: (q) => (classes.length === 0 ? "output:0" : `margin:${q % classes.length}-${(q + 1) % classes.length}`),
    ...options,
    classes,
  };
  const random = randomFrom(0, "synthetic report");
  const dataset = datasetOf(random, made);
  const explanation = explanationOf(random, made);
  const isClass = classes.length > 0;
  const queries = explanation.rows.map(({ query }, q) => ({
    id: query,
    x: takeRows(dataset.test.x, [q]),
    label: Number(dataset.test.y.data[q]),
    predicted: isClass ? (q === 1 ? 0 : q % classes.length) : explanation.output[q],
    probability: isClass ? 0.5 + q / 10 : undefined,
  }));
  return {
    title: "Outputs of a made-up run",
    accuracy: isClass ? { train: 0.984, test: 0.951 } : undefined,
    dataset,
    explanation,
    queries,
    run: {
      schema: "pathkernel.run/1",
      software: "pathkernel 0.1.0",
      createdAt: "2026-01-02T03:04:05.000Z",
      dtype: "float64",
      seed: 3,
      generator: "philox4x32-10",
      engine: { name: "onnxruntime-node", version: "1.30.0", threads: 2 },
      model: { spec: "mlp:16:tanh", sha256: "e".repeat(64), parameters: ["a", "b", "c"], trainable: ["b", "c"] },
      loss: isClass ? "cross-entropy" : "mse",
      optimizer: {
        name: "adam",
        options: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, amsgrad: false, weightDecay: 0.01 },
      },
      data: {
        source: "synthetic",
        limit: null,
        directory: null,
        targetColumn: null,
        sha256: dataset.sha256,
        task: dataset.task,
        classes,
        trainExamples: made.examples,
        testExamples: made.queries,
      },
      batchSize: 8,
      plannedSteps: made.steps,
      steps: made.steps,
      status: "complete",
      checkpointEvery: 1,
    },
  };
}
