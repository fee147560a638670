// What the last layer of a task's model reads, for any examples.

import { lastFeatures } from "../models/last-features.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sizeOf, type Tensor } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import { examplesPerTile } from "./stepper.ts";
import type { Task } from "./task.ts";

/**
 * h(x; w) in y = W h + b: the activations that the last trained layer reads, (Q, ...). Cost: a forward pass.
 * Errors: UnsupportedError where the model has no such layer.
 */
export async function hiddenFeatures(task: Task, params: RealArray, xs: Tensor): Promise<Tensor> {
  const { engine, split, layout, frozen } = task;
  const trainable = layout.entries.map(({ name }) => name);
  const graph = lastFeatures(split.head, { examples: split.exampleInputs, trainable });
  const source = examplesOf(task, { x: xs });
  const program = engine.compile(graph);
  const tile = Math.min(1024, examplesPerTile(graph));
  let result: Tensor | undefined;
  for (let start = 0; start < source.count; start += tile) {
    const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
    const { h } = await program.run({ ...frozen, ...viewsOf(layout, params), ...(await source.feeds(rows)) });
    const shape = [source.count, ...h.shape.slice(1)];
    result ??= { dtype: engine.dtype, shape, data: allocate(engine.dtype, sizeOf(shape)) };
    (result.data as RealArray).set(h.data as RealArray, start * sizeOf(shape.slice(1)));
  }
  return result ?? { dtype: engine.dtype, shape: [0], data: allocate(engine.dtype, 0) };
}
