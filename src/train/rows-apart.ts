// Checks on real examples that a model treats each row of a batch by itself.

import { InvalidModelError } from "../errors.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import type { Task } from "./task.ts";

const ROWS = 3;
/** Rows in a batch and rows alone differ by rounding only; batch statistics move outputs by far more than this. */
const LIMITS = { float32: 1e-3, float64: 1e-9 } as const;

/**
 * Compares outputs of the first training examples in one batch with those of each alone. InvalidModelError when they differ:
 * then no output belongs to one query, and no gradient to one example.
 */
export async function requireRowsApart(task: Task, params: RealArray): Promise<void> {
  const source = examplesOf(task, task.dataset.train);
  const count = Math.min(ROWS, source.count);
  const program = task.engine.compile(task.split.head);
  const outputs = async (rows: number[]): Promise<number[]> => {
    const feeds = { ...task.frozen, ...viewsOf(task.layout, params), ...(await source.feeds(rows)) };
    return Array.from((await program.run(feeds)).y.data as RealArray);
  };
  const together = await outputs(Array.from({ length: count }, (_, n) => n));
  const scale = together.reduce((most, y) => Math.max(most, Math.abs(y)), 1);
  for (let n = 0; n < count; n++) {
    const alone = await outputs([n]);
    const apart = alone.reduce((most, y, c) => Math.max(most, Math.abs(y - together[n * task.outputs + c])), 0);
    if (apart <= LIMITS[task.engine.dtype] * scale) continue;
    throw new InvalidModelError(
      `${task.model.spec} must treat each example by itself, got an output of example ${n} that differs by ${apart.toExponential(1)} when others are in its batch`,
      { hint: "export it in evaluation mode (frozen batch normalisation), or use group or layer normalisation" },
    );
  }
}
