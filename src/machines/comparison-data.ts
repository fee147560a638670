// What machines are compared on: some training and test examples of a task, their targets, and what outputs are right.

import type { Split } from "../data/types.ts";
import { UnsupportedError } from "../errors.ts";
import { axesOf } from "../graph/outputs.ts";
import { randomFrom } from "../numeric/random.ts";
import { type RealArray, reals, type Tensor, takeRows } from "../numeric/tensor.ts";
import { classesOf } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

export interface ComparedPart {
  readonly x: Tensor;
  /** Classes (N), or none of a regression. */
  readonly labels: Int32Array;
  /** What a regression is to say: of classes a one in the place of each (N, C). */
  readonly targets: Tensor<"float64">;
}

export interface ComparedData {
  readonly kind: "classification" | "regression";
  readonly train: ComparedPart;
  readonly test: ComparedPart;
}

/** So many of a split by seed, in their order; all where there are no more. */
function someOf({ x, y }: Split, count: number, { seed, name }: { seed: number; name: string }): Split {
  const [all] = x.shape;
  if (count >= all) return { x, y };
  const chosen = randomFrom(seed, name).permutation(all).slice(0, count).sort();
  return { x: takeRows(x as Tensor, chosen) as Split["x"], y: takeRows(y as Tensor, chosen) as Split["y"] };
}

function partOf({ x, y }: Split, classes: number): ComparedPart {
  const [count] = x.shape;
  if (y.dtype !== "int64")
    return { x, labels: new Int32Array(0), targets: reals([count, y.data.length / Math.max(1, count)], y.data) };
  const labels = Int32Array.from(y.data, Number);
  const targets = new Float64Array(count * classes);
  for (const [i, label] of labels.entries()) targets[i * classes + label] = 1;
  return { x, labels, targets: reals([count, classes], targets) };
}

/** Parts of a task's data. UnsupportedError for outputs with positions; RangeError where there is no test part. */
export function comparedData(
  task: Task,
  { train, test, seed }: { readonly train: number; readonly test: number; readonly seed: number },
): ComparedData {
  const { dataset, outputShape } = task;
  if (axesOf(outputShape).positions !== 1 || dataset.train.y.shape.length > 2)
    throw new UnsupportedError(
      `compareMachines: outputs must be one vector an example, got shape [${outputShape}] of positions and classes`,
    );
  const parts = [
    someOf(dataset.train, train, { seed, name: "compared training examples" }),
    someOf(dataset.test, test, { seed, name: "compared test examples" }),
  ];
  if (parts[1].x.shape[0] === 0)
    throw new RangeError(`compareMachines: ${dataset.source} must have test examples, got none`);
  const [own, others] = parts.map((part) => partOf(part, dataset.classes.length));
  return { kind: dataset.task, train: own, test: others };
}

/** Outputs of machines (Q, C) or of the network as they are compared. */
export interface Said {
  /** Named classes (Q); none of a regression. */
  readonly classes: Int32Array;
  /** (Q, k): of several classes less the mean of the row, which names none; of two one number; of a regression as they are. */
  readonly scores: Tensor<"float64">;
}

/** What outputs (Q, C) of a machine say, one for each class, or numbers. */
export function saidByMachine(kind: ComparedData["kind"], { shape: [count, c], data }: Tensor<"float64">): Said {
  if (kind === "regression") return { classes: new Int32Array(0), scores: reals([count, c], data) };
  const classes = Int32Array.from({ length: count }, (_, q) => {
    const row = data.subarray(q * c, (q + 1) * c);
    return row.indexOf(row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
  });
  if (c === 2)
    return {
      classes,
      scores: reals(
        [count, 1],
        Float64Array.from({ length: count }, (_, q) => data[2 * q + 1] - data[2 * q]),
      ),
    };
  return { classes, scores: reals([count, c], centred(data, c)) };
}

/** What outputs (Q, C) of the task's model say. */
export function saidByModel(task: Task, outputs: RealArray): Said {
  const width = task.outputs;
  const count = outputs.length / width;
  if (task.dataset.task === "regression") return { classes: new Int32Array(0), scores: reals([count, width], outputs) };
  const classes = classesOf(outputs, task);
  if (width === 1) return { classes, scores: reals([count, 1], outputs) };
  return { classes, scores: saidByMachine("classification", reals([count, width], outputs)).scores };
}

function centred(data: Float64Array, c: number): Float64Array {
  const to = data.slice();
  for (let start = 0; start < data.length; start += c) {
    let mean = 0;
    for (let k = 0; k < c; k++) mean += data[start + k] / c;
    for (let k = 0; k < c; k++) to[start + k] -= mean;
  }
  return to;
}
