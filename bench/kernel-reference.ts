// What kernels are checked against: rows of the Jacobian in float64, and central differences of outputs along them.

import { vjp } from "../src/differentiate/reverse.ts";
import { openEngine } from "../src/engine/engine.ts";
import { builderOf } from "../src/graph/builder.ts";
import { fullLike } from "../src/graph/ops.ts";
import type { Graph, Value } from "../src/graph/types.ts";
import { viewsOf } from "../src/numeric/layout.ts";
import { dot } from "../src/numeric/sum.ts";
import { type RealArray, sliceRows, type Tensor, takeRows, toReal, zeros } from "../src/numeric/tensor.ts";
import type { Task } from "../src/train/task.ts";
import { agree, centralDifference, randomDirection, referenceOf } from "./reference.ts";
import type { BenchTask } from "./tasks.ts";

/** So short that of 100,000 ReLUs none is likely to switch in between. */
const H = 1e-8;
/**
 * Relative to the largest entry: rounding of float32 shows as 1e-6 at most, and entries between different examples are some
 * hundredths of those on the diagonal.
 */
const LIMIT = 1e-5;

/** From one example and a cotangent of its outputs to `row.NAME`, for a model all of whose parameters are trained. */
function rowGraph({ model, layout }: Task): Graph {
  const { b, inputs, values } = builderOf(model.graph);
  const y = values.get("y") as Value;
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const rows = vjp(b, [{ value: y, cotangent: b.input("cotangent", "real", y.shape) }], parameters);
  return b.build(
    Object.fromEntries(parameters.map((value, i) => [`row.${value.name}`, rows[i] ?? fullLike(b, value, 0)])),
  );
}

/** What the check needs of a task in float64. */
interface Slow {
  readonly c: number;
  /** J of one example and output by reverse mode: (p). */
  row(x: Tensor, example: number, output: number): Promise<Float64Array>;
  /** d f(x_n; w + t along) / dt of all examples: (n, C). */
  slopes(x: Tensor, along: ArrayLike<number>): Promise<Float64Array>;
  release(): Promise<void>;
}

async function slowOf({ task, params }: BenchTask): Promise<Slow> {
  const reference = await referenceOf(task, params);
  const engine = await openEngine({ dtype: "float64", threads: 2 });
  const program = engine.compile(rowGraph(task));
  const fixed = viewsOf(task.layout, Float64Array.from(params));
  return {
    c: task.outputs,
    async row(x, example, output) {
      const row = new Float64Array(params.length);
      const cotangent = zeros("float64", [1, task.outputs]);
      cotangent.data[output] = 1;
      const feeds = { ...fixed, x: toReal(sliceRows(x, example, example + 1), "float64"), cotangent };
      await program.run(feeds, viewsOf(task.layout, row, "row."));
      return row;
    },
    slopes: (x, along) =>
      centralDifference((w) => reference.outputs(w, { x: x as Tensor<"float32"> }), { at: params, along, h: H }),
    release: async () => {
      await engine.release();
      await reference.release();
    },
  };
}

/** Whether a row is the derivative of its output: one random direction for each parameter. */
async function checkRow({ task }: BenchTask, row: Float64Array, slopeOf: (along: Float64Array) => Promise<number>) {
  for (const { name, offset, size } of task.layout.entries) {
    const along = new Float64Array(row.length);
    along.set(randomDirection(size, offset), offset);
    const norm = Math.sqrt(dot(row, row, offset, offset, size));
    // Another output's bias has no part in this one.
    if (norm > 0) agree(`a row of the Jacobian by ${name}`, [dot(row, along)], [await slopeOf(along)], { scale: norm });
  }
}

export interface KernelCheck {
  /** The examples on both sides. */
  readonly x: Tensor;
  /** (n, n, C, C) or (n, n). */
  readonly kernel: RealArray;
  readonly form: "blocks" | "trace";
  /** Columns that are compared. */
  readonly columns: readonly number[];
  /** Rows of these columns. */
  readonly rows: readonly number[];
}

/**
 * Compares columns (m, d) of a kernel with central differences of all outputs along J_{m,d}; one of these rows for each column with
 * central differences along random directions. Gives the largest difference relative to the largest entry.
 */
export async function checkKernel(made: BenchTask, { x, kernel, form, columns, rows }: KernelCheck): Promise<number> {
  const slow = await slowOf(made);
  const { c } = slow;
  const examples = takeRows(x, rows);
  let worst = 0;
  for (const m of columns) {
    const expected = new Float64Array(rows.length * (form === "trace" ? 1 : c * c));
    for (let d = 0; d < c; d++) {
      const along = await slow.row(x, m, d);
      if (d === m % c) await checkRow(made, along, async (v) => (await slow.slopes(sliceRows(x, m, m + 1), v))[d]);
      const slopes = await slow.slopes(examples, along);
      for (let n = 0; n < rows.length; n++) {
        if (form === "trace") expected[n] += slopes[n * c + d];
        else for (let e = 0; e < c; e++) expected[(n * c + e) * c + d] = slopes[n * c + e];
      }
    }
    const size = expected.length / rows.length;
    const measured = rows.flatMap((n) => {
      const start = (n * x.shape[0] + m) * size;
      return Array.from(kernel.subarray(start, start + size));
    });
    worst = Math.max(worst, agree(`column ${m} of the kernel`, measured, expected, { limit: LIMIT }));
  }
  await slow.release();
  return worst;
}
