// Checks on real examples that a model treats each row of a batch by itself.

import type { Feeds } from "../engine/engine.ts";
import { InvalidModelError } from "../errors.ts";
import { builderOf } from "../graph/builder.ts";
import { targetShape } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import { TARGET } from "./gradient-graph.ts";
import { type Task, targetsOf } from "./task.ts";

const ROWS = 3;
/** Rows in a batch and rows alone differ by rounding only; batch statistics move outputs by far more than this. */
const LIMITS = { float32: 1e-3, float64: 1e-9 } as const;

/**
 * Compares outputs of the first training examples in one batch with those of each alone. InvalidModelError when they differ:
 * then no output belongs to one query, and no gradient to one example.
 */
export async function requireRowsApart(task: Task, params: RealArray): Promise<void> {
  const program = task.engine.compile(task.split.head);
  const apart = await rowApart(task, params, async (feeds) => (await program.run(feeds)).y.data as RealArray);
  if (!apart) return;
  throw new InvalidModelError(
    `${task.model.spec} must treat each example by itself, got an output of example ${apart.example} that differs by ${apart.by.toExponential(1)} when others are in its batch`,
    { hint: "export it in evaluation mode (frozen batch normalisation), or use group or layer normalisation" },
  );
}

/** The same of a loss that a user brings: InvalidModelError where the loss of an example depends on the others of its batch. */
export async function requireLossesApart(task: Task, params: RealArray): Promise<void> {
  const { split, loss, engine, dataset } = task;
  const { b, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const target = b.input(TARGET, loss.target === "class" ? "int64" : "real", targetShape(y, loss.target));
  const program = engine.compile(b.build({ losses: loss.value(b, y, target) }));
  const apart = await rowApart(task, params, async (feeds, rows) => {
    const targets = { [TARGET]: targetsOf(task, dataset.train, rows) };
    return (await program.run({ ...feeds, ...targets })).losses.data as RealArray;
  });
  if (!apart) return;
  throw new InvalidModelError(
    `${loss.name} must give each example a loss of its own, got one of example ${apart.example} that differs by ${apart.by.toExponential(1)} when others are in its batch`,
    { hint: "reduce over the axes of an example only: the mean over the batch is taken in training" },
  );
}

/** The first of some training examples whose numbers depend on those beside it. */
async function rowApart(
  task: Task,
  params: RealArray,
  evaluate: (feeds: Feeds, rows: readonly number[]) => Promise<RealArray>,
): Promise<{ readonly example: number; readonly by: number } | undefined> {
  const source = examplesOf(task, task.dataset.train);
  const count = Math.min(ROWS, source.count);
  const outputs = async (rows: readonly number[]): Promise<number[]> => {
    const feeds = { ...task.frozen, ...viewsOf(task.layout, params), ...(await source.feeds(rows)) };
    return Array.from(await evaluate(feeds, rows));
  };
  const together = await outputs(Array.from({ length: count }, (_, n) => n));
  const scale = together.reduce((most, y) => Math.max(most, Math.abs(y)), 1);
  for (let n = 0; n < count; n++) {
    const alone = await outputs([n]);
    const apart = alone.reduce((most, y, c) => Math.max(most, Math.abs(y - together[n * alone.length + c])), 0);
    if (apart > LIMITS[task.engine.dtype] * scale) return { example: n, by: apart };
  }
  return undefined;
}
