// How a model's outputs change with its inputs, for any examples.

import { vjp } from "../differentiate/reverse.ts";
import { UnsupportedError } from "../errors.ts";
import { builderOf } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, reals, sizeOf, sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import { examplesPerTile } from "./stepper.ts";
import type { Task } from "./task.ts";

const COTANGENT = "input.cotangent";

/**
 * dy_c/dx of the evaluated model at `params`, for examples (Q, ...inputShape): (Q, C, D) in float64, D the numbers of an input.
 *
 * Cost: C passes forward and backward. Memory: the result and a tile.
 * Errors: RangeError for examples of another shape; UnsupportedError for a model that reads tokens, which have no derivative.
 */
export async function inputJacobian(task: Task, params: RealArray, xs: Tensor): Promise<Tensor<"float64">> {
  const { engine, model, layout, frozen, outputs, outputShape, dataset } = task;
  const [count, ...shape] = xs.shape;
  if (shape.join() !== dataset.inputShape.join())
    throw new RangeError(`inputJacobian: xs must have shape [Q,${dataset.inputShape}], got [${xs.shape}]`);
  const { b, inputs, values } = builderOf(model.graph);
  const { x } = inputs;
  if (x.dtype !== "real")
    throw new UnsupportedError(`an input Jacobian needs a model that reads real numbers, got ${x.dtype}`);
  const y = values.get("y") as Value;
  const [cotangent] = vjp(b, [{ value: y, cotangent: b.input(COTANGENT, "real", y.shape) }], [x]);
  const size = sizeOf(shape);
  const data = new Float64Array(count * outputs * size);
  const result: Tensor<"float64"> = { dtype: "float64", shape: [count, outputs, size], data };
  if (!cotangent) return result;
  const graph = b.build({ gradient: cotangent });
  const program = engine.compile(graph);
  const tile = Math.min(1024, examplesPerTile(graph));
  for (let start = 0; start < count; start += tile) {
    const rows = toReal(sliceRows(xs, start, Math.min(count, start + tile)), engine.dtype);
    const [n] = rows.shape;
    for (let c = 0; c < outputs; c++) {
      const seeds = allocate(engine.dtype, n * outputs) as RealArray;
      for (let i = 0; i < n; i++) seeds[i * outputs + c] = 1;
      const feeds = { ...frozen, ...viewsOf(layout, params), x: rows };
      const seed = toReal(reals([n, ...outputShape], seeds), engine.dtype);
      const gradient = (await program.run({ ...feeds, [COTANGENT]: seed })).gradient.data as RealArray;
      for (let i = 0; i < n; i++)
        data.set(gradient.subarray(i * size, (i + 1) * size), ((start + i) * outputs + c) * size);
    }
  }
  return result;
}
