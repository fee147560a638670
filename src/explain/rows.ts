// Turns queries and a readout into rows: what is fed for each, and what each is called.

import type { Feeds } from "../engine/engine.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { findNonFinite, sliceRows, type Tensor, toReal, zeros } from "../numeric/tensor.ts";
import type { Readout } from "../readouts/types.ts";
import { examplesOf } from "../train/examples.ts";
import type { Task } from "../train/task.ts";
import { ROW } from "./graphs.ts";
import type { ExplanationRow, Query } from "./types.ts";

export interface Rows {
  readonly labels: readonly ExplanationRow[];
  /** Feeds of the head and of `readout.row`, one row a query. */
  readonly feeds: Feeds;
}

/** Stacks tensors of one row each. */
function stack(tensors: readonly Tensor[], dtype: Tensor["dtype"]): Tensor {
  const first = tensors[0];
  const result = zeros(dtype, [tensors.length, ...first.shape.slice(1)]);
  tensors.forEach((tensor, k) => {
    const source = dtype === "int64" ? tensor : toReal(tensor, dtype as "float32" | "float64");
    result.data.set(source.data as never, k * source.data.length);
  });
  return result;
}

/** Outputs f(x; w) of stacked queries: (Q, ...outputShape). */
export async function outputsOf(task: Task, params: RealArray, feeds: Feeds): Promise<Tensor> {
  const program = task.engine.compile(task.split.head);
  return (await program.run({ ...task.frozen, ...viewsOf(task.layout, params), ...feeds })).y;
}

/** The head's feeds of some queries, in order. */
export async function queryFeeds(task: Task, queries: readonly Query[]): Promise<Feeds> {
  for (const { id, x } of queries) {
    const expected = [1, ...task.dataset.inputShape];
    if (x.shape.join() !== expected.join())
      throw new RangeError(`query ${id}: x must have shape [${expected}], got [${x.shape}]`);
    const bad = findNonFinite(x);
    if (bad >= 0) throw new RangeError(`query ${id}: x must be finite, got ${x.data[bad]} at element ${bad}`);
  }
  const x = stack(
    queries.map((query) => query.x),
    task.engine.dtype,
  );
  const source = examplesOf(task, { x: x as never });
  return source.feeds(Int32Array.from({ length: queries.length }, (_, k) => k));
}

/** One row for each query, with the readout's classes fixed by the trained model's outputs. */
export async function rowsOf(
  task: Task,
  queries: readonly Query[],
  { readout, params }: { readout: Readout; params: RealArray },
): Promise<Rows> {
  const feeds = await queryFeeds(task, queries);
  const y = (await outputsOf(task, params, feeds)) as Tensor<"float64">;
  const resolved = queries.map((_, k) => readout.resolve(sliceRows(y, k, k + 1).data));
  const labels = queries.map((query, k) => ({ query: query.id, readout: resolved[k].name }));
  return {
    labels,
    feeds: {
      ...feeds,
      [ROW]: rowInput(task, queries, { readout, coefficients: resolved.map((row) => row.coefficients) }),
    },
  };
}

function rowInput(
  task: Task,
  queries: readonly Query[],
  { readout, coefficients }: { readout: Readout; coefficients: readonly (readonly number[])[] },
): Tensor {
  const { dtype } = task.engine;
  if (readout.needs === "coefficients") {
    const rows = zeros(dtype, [queries.length, ...task.outputShape]);
    (rows.data as RealArray).set(coefficients.flat());
    return rows;
  }
  const targets = queries.map(({ id, target }) => {
    if (!target) throw new RangeError(`readout ${readout.spec}: query ${id} needs a target; give one with --target`);
    return target;
  });
  return stack(targets, task.loss.target === "class" ? "int64" : dtype);
}
