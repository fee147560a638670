// Queries from the data of a run, or from the user's own array.

import { InvalidDataError } from "../errors.ts";
import { IGNORED } from "../graph/outputs.ts";
import { findNonFinite, integers, reals, sizeOf, sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import { type Task, targetsOf } from "../train/task.ts";
import type { Query } from "./types.ts";

/** Indices written as "7,12,20-29". */
function indicesOf(text: string, spec: string, count: number): number[] {
  return text.split(",").flatMap((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) throw new RangeError(`query ${spec}: indices must be written like 7,12 or 0-19, got "${part}"`);
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first) throw new RangeError(`query ${spec}: a range must go upwards, got ${part}`);
    if (last >= count) throw new RangeError(`query ${spec}: the index must lie in 0..${count - 1}, got ${last}`);
    return Array.from({ length: last - first + 1 }, (_, k) => first + k);
  });
}

/** An example of the data, by its part and its place there. */
export interface NamedExample {
  readonly part: "train" | "test";
  readonly index: number;
}

/**
 * Examples that a spec names: `test:7,12`, `train:3`, `test:0-19`, several joined by `;`. RangeError for an index or a part that is not there.
 */
export function namedExamples({ dataset }: Pick<Task, "dataset">, spec: string): NamedExample[] {
  return spec.split(";").flatMap((text) => {
    const [part, indices, ...more] = text.trim().split(":");
    if ((part !== "test" && part !== "train") || !indices || more.length > 0) {
      throw new RangeError(`query must be written test:INDICES or train:INDICES, got "${text}"`);
    }
    const count = dataset[part].x.shape[0];
    if (count === 0) throw new RangeError(`query ${text}: ${dataset.source} has no ${part} part`);
    return indicesOf(indices, text, count).map((index) => ({ part, index }) as const);
  });
}

/** Queries that a spec names, as in `namedExamples`. Their targets are those of the data. */
export function datasetQueries(task: Task, spec: string): Query[] {
  return namedExamples(task, spec).map(({ part, index }) => {
    const split = task.dataset[part];
    return {
      id: `${part}:${index}`,
      x: sliceRows(split.x, index, index + 1),
      target: targetsOf(task, split, [index]),
    };
  });
}

export interface InputQueryOptions {
  /** Name of the array, for messages. */
  readonly name: string;
  /** Class index (one for each position, separated by commas), or the numbers of a regression target, for the `loss` readout. */
  readonly target?: string | undefined;
}

function shapedLikeExamples(task: Task, x: Tensor, name: string): Tensor {
  const { inputShape } = task.dataset;
  const fits = (shape: readonly number[]): boolean => shape.join() === inputShape.join();
  if (fits(x.shape)) return { ...x, shape: [1, ...x.shape] };
  if (fits(x.shape.slice(1))) return x;
  throw new InvalidDataError(`${name} must have shape [${inputShape}] or [n, ${inputShape}], got [${x.shape}]`);
}

/** Bytes become what the data made of bytes: b / byteScale in float32. */
function asData(task: Task, x: Tensor): Tensor {
  const { byteScale } = task.dataset;
  if (x.dtype !== "uint8" || byteScale === undefined) return x;
  return {
    dtype: "float32",
    shape: x.shape,
    data: Float32Array.from(x.data as Uint8Array, (byte) => byte / byteScale),
  };
}

function givenTarget(task: Task, text: string): Tensor {
  const { dataset, outputShape } = task;
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const classes = dataset.task === "classification";
  const shape = classes ? outputShape.slice(0, -1) : outputShape;
  const top = dataset.classes.length - 1;
  const isClass = (k: number) => (Number.isInteger(k) && k >= 0 && k <= top) || (shape.length > 0 && k === IGNORED);
  const holds = numbers.length === sizeOf(shape) && numbers.every(classes ? isClass : Number.isFinite);
  if (!holds && classes) {
    const what = shape.length === 0 ? "a class index" : `${sizeOf(shape)} class indices separated by commas, each`;
    throw new RangeError(`target must be ${what} in 0..${top}, got "${text}"`);
  }
  if (!holds) throw new RangeError(`target must be ${task.outputs} numbers separated by commas, got "${text}"`);
  const y = classes ? integers([1, ...shape], numbers) : reals([1, ...shape], numbers);
  return targetsOf(task, { x: dataset.train.x, y }, [0]);
}

/** Queries `input:0`, `input:1`, ... from an array of one example or of n; InvalidDataError where shape or numbers do not fit. */
export function inputQueries(task: Task, x: Tensor, { name, target }: InputQueryOptions): Query[] {
  if (x.shape[0] === 0) throw new InvalidDataError(`${name} must hold an example, got shape [${x.shape}]`);
  const examples = toReal(asData(task, shapedLikeExamples(task, x, name)), task.engine.dtype);
  const bad = findNonFinite(examples);
  if (bad >= 0)
    throw new InvalidDataError(`${name} must hold finite numbers, got ${examples.data[bad]} at element ${bad}`);
  const given = target === undefined ? undefined : givenTarget(task, target);
  return Array.from({ length: examples.shape[0] }, (_, k) => ({
    id: `input:${k}`,
    x: sliceRows(examples, k, k + 1),
    target: given,
  }));
}
