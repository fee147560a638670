// The queries of `pathkernel neighbors`: examples of the run's data, of another source, or of the user's own file.

import { labelText } from "../data/label-text.ts";
import type { Dataset } from "../data/types.ts";
import { inputQueries, namedExamples } from "../explain/queries.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import { sourceFlag } from "./source-flag.ts";

/** One example that neighbours are sought of. */
export interface NeighbourQuery {
  /** "test:7", "printed-digits test:7", "input:0". */
  readonly id: string;
  /** (1, ...inputShape). */
  readonly x: Tensor;
  /** Its own label in words, where it has one. */
  readonly label: string | undefined;
  /** Class of the run's data of the same name, -1 where there is none. */
  readonly classIndex: number;
  /** The training example that it is, -1 where it is none. */
  readonly self: number;
}

export interface QueryFlags {
  readonly query?: readonly string[] | undefined;
  readonly input?: string | undefined;
  readonly other?: string | undefined;
  readonly dataDir?: string | undefined;
}

const number = (value: number): string => String(Number(value.toPrecision(4)));

/** Class index of each example; undefined where examples have no one class each. */
export function classLabels(dataset: Dataset, part: "train" | "test"): Int32Array | undefined {
  const { x, y } = dataset[part];
  if (dataset.task !== "classification" || y.dtype !== "int64" || y.data.length !== x.shape[0]) return undefined;
  return Int32Array.from(y.data as BigInt64Array, Number);
}

async function sourceOf(task: Task, { other, dataDir }: QueryFlags): Promise<Dataset> {
  if (other === undefined) return task.dataset;
  return sourceFlag("--other", other, { dataDir, inputShape: task.dataset.inputShape });
}

function namedQueries(task: Task, dataset: Dataset, spec: string): NeighbourQuery[] {
  const isOwn = dataset === task.dataset;
  return namedExamples({ dataset }, /^\d[\d,\s-]*$/.test(spec) ? `test:${spec}` : spec).map(({ part, index }) => {
    const split = dataset[part];
    const label = labelText(dataset, split, { index, number });
    const hasClass = classLabels(dataset, part) !== undefined;
    return {
      id: `${isOwn ? "" : `${dataset.source} `}${part}:${index}`,
      x: toReal(sliceRows(split.x, index, index + 1), task.engine.dtype),
      label,
      classIndex: hasClass ? task.dataset.classes.indexOf(label) : -1,
      self: isOwn && part === "train" ? index : -1,
    };
  });
}

/** What the flags name, in their order. */
export async function neighbourQueries(task: Task, given: QueryFlags): Promise<NeighbourQuery[]> {
  const { query = [], input } = given;
  const dataset = await sourceOf(task, given);
  const own = query.flatMap((spec) => namedQueries(task, dataset, spec));
  if (input === undefined) return own;
  const others = inputQueries(task, decodeNpy(readFileBytes(input), input), { name: input });
  return [...own, ...others.map(({ id, x }) => ({ id, x, label: undefined, classIndex: -1, self: -1 }))];
}
