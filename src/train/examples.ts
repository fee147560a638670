// Feeds of a model's head for any examples; outputs of a frozen part are computed once for each example and kept.

import type { Feeds } from "../engine/engine.ts";
import { InvalidDataError, InvalidModelError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import { resolveDim, sizeOfShape } from "../graph/dim.ts";
import {
  type ReusedArrays,
  sizeOf,
  sliceRows,
  type Tensor,
  toIntegers,
  toReal,
  viewRows,
  zeros,
} from "../numeric/tensor.ts";
import type { Task } from "./task.ts";

/** Bytes that cached outputs of a frozen part may take; beyond them they are computed again each time. */
export const DEFAULT_FEATURE_BUDGET = 1 << 30;

/**
 * Examples the frozen part is run on at once: tile k holds k T to (k + 1) T - 1, whichever of them are asked for. A row's last bits
 * depend on the rows beside it, and a replay in another process must meet those of training.
 */
const FEATURE_TILE = 64;

/** The part of a task that its examples' feeds depend on. */
export type ExampleModel = Pick<Task, "engine" | "split" | "frozen">;

/** Rows of a split as feeds of the head. */
export interface ExampleSource {
  readonly count: number;
  /** Views of the data where the rows lie one after another: nobody may write to them. */
  feeds(rows: ArrayLike<number>, reused?: ReusedArrays): Promise<Feeds>;
}

/** Sources by task and array: training, replay and explanation share what the frozen part gave. */
const sources = new WeakMap<ExampleModel, WeakMap<Tensor, ExampleSource>>();

/** The source of a split's examples for this task; the same one each time for the same array and the default budget. */
export function examplesOf(
  task: ExampleModel,
  split: { readonly x: Tensor },
  featureBudget = DEFAULT_FEATURE_BUDGET,
): ExampleSource {
  if (featureBudget !== DEFAULT_FEATURE_BUDGET) return newSource(task, split.x, featureBudget);
  const ofTask = sources.get(task) ?? new WeakMap<Tensor, ExampleSource>();
  sources.set(task, ofTask);
  const source = ofTask.get(split.x) ?? newSource(task, split.x, featureBudget);
  ofTask.set(split.x, source);
  return source;
}

/** Examples in the type that the model reads: real numbers in the engine's dtype, or tokens. */
function asRead({ engine, split }: ExampleModel, examples: Tensor): Tensor {
  const { dtype } = valueIn(split.features ?? split.head, "x");
  if (dtype === "real") return toReal(examples, engine.dtype);
  if (dtype !== "int64") throw new InvalidModelError(`the model must read real numbers or int64, got ${dtype}`);
  const x = toIntegers(examples);
  if (x) return x;
  throw new InvalidDataError("the examples must be whole numbers, which the model reads as tokens, got fractions");
}

function newSource(task: ExampleModel, examples: Tensor, featureBudget: number): ExampleSource {
  const x = asRead(task, examples);
  const count = x.shape[0];
  if (!task.split.features) return { count, feeds: async (rows, reused) => ({ x: viewRows(x, rows, reused) }) };
  return featureSource(task, x, featureBudget);
}

/** The values that the head reads of the frozen part; what is random is not among them. */
function featureNames({ split: { features, exampleInputs } }: ExampleModel): readonly string[] {
  return exampleInputs.filter((name) => features!.outputs.includes(`feature:${name}`));
}

/** Runs the frozen part on rows of x: one tensor for each value that the head reads. */
async function runFeatures(task: ExampleModel, x: Tensor): Promise<Record<string, Tensor>> {
  const results = await task.engine.compile(task.split.features!).run({ ...task.frozen, x });
  return Object.fromEntries(featureNames(task).map((name) => [name, results[`feature:${name}`]]));
}

function featureSource(task: ExampleModel, x: Tensor, budget: number): ExampleSource {
  const { head } = task.split;
  const names = featureNames(task);
  const count = x.shape[0];
  const shapes = names.map((name) => valueIn(head, name));
  const bytes = shapes.reduce((total, { shape }) => total + 8 * resolveDim(sizeOfShape(shape), count), 0);
  if (bytes > budget) return { count, feeds: async (rows) => runFeatures(task, viewRows(x, rows)) };
  const cache = shapes.map(({ dtype, shape }) =>
    zeros(dtype === "real" ? task.engine.dtype : dtype, [count, ...(shape.slice(1) as number[])]),
  );
  const known = new Uint8Array(Math.ceil(count / FEATURE_TILE));
  const fill = async (tile: number): Promise<void> => {
    const start = tile * FEATURE_TILE;
    const results = await runFeatures(task, sliceRows(x, start, Math.min(count, start + FEATURE_TILE)));
    names.forEach((name, i) => {
      cache[i].data.set(results[name].data as never, start * sizeOf(cache[i].shape.slice(1)));
    });
    known[tile] = 1;
  };
  return {
    count,
    async feeds(rows, reused) {
      for (const tile of new Set(Array.from(rows, (row) => Math.floor(row / FEATURE_TILE))))
        if (known[tile] === 0) await fill(tile);
      return Object.fromEntries(names.map((name, i) => [name, viewRows(cache[i], rows, reused)]));
    },
  };
}
