// What a graph that is trained is fed of the occurrences of a batch: their examples, targets, what each counts, and what is random of each.

import type { Feeds } from "../engine/engine.ts";
import { LOSS_INPUT } from "../losses/loss-inputs.ts";
import type { MaskInput } from "../models/types.ts";
import { keyedMasks } from "../numeric/keyed-masks.ts";
import {
  allocate,
  type RealArray,
  type ReusedArrays,
  sizeOf,
  type Tensor,
  tensor,
  toReal,
  zeros,
} from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { type ExampleModel, type ExampleSource, examplesOf } from "./examples.ts";
import { TARGET, WEIGHTS } from "./gradient-graph.ts";
import { type Task, targetsOf } from "./task.ts";

/** The occurrences `start` to `end` - 1 of a batch, as views. */
export function partOfBatch({ indices, weights, keys, lossInputs }: Batch, start: number, end: number): Batch {
  return {
    indices: indices.subarray(start, end),
    weights: weights.subarray(start, end),
    ...(keys && { keys: keys.subarray(start, end) }),
    ...(lossInputs && { lossInputs }),
  };
}

/** The occurrences at these positions of a batch. */
export function pickedFrom({ indices, weights, keys, lossInputs }: Batch, positions: readonly number[]): Batch {
  return {
    indices: Int32Array.from(positions, (n) => indices[n]),
    weights: Float64Array.from(positions, (n) => weights[n]),
    ...(keys && { keys: BigInt64Array.from(positions, (n) => keys[n]) }),
    ...(lossInputs && { lossInputs }),
  };
}

/** Of the training examples, for the graph that is trained: its frozen part may end elsewhere than that of the one that is evaluated. */
const trained = new WeakMap<Task, ExampleModel>();

function trainedModel(task: Task): ExampleModel {
  const { engine, split, training, frozen } = task;
  if (training === split) return task;
  const model = trained.get(task) ?? { engine, split: training, frozen };
  trained.set(task, model);
  return model;
}

/** Masks of occurrences, (N, ...shape) each. RangeError for a batch without keys where there are any. */
function masksOf(masks: readonly MaskInput[], { indices, keys }: Batch): Feeds {
  if (masks.length === 0) return {};
  if (keys?.length !== indices.length)
    throw new RangeError(
      `a batch must have one key an index for a model with dropout, got ${keys?.length ?? 0} for ${indices.length}`,
    );
  return Object.fromEntries(
    masks.map(({ name, ratio, shape }, layer) => {
      const data = keyedMasks(keys, { layer, ratio, size: sizeOf(shape) });
      return [name, tensor("bool", [keys.length, ...shape], data)] as const;
    }),
  );
}

/** The inputs of `task.training`'s head that belong to examples: those, and the masks of each occurrence. */
export function occurrenceInputs(task: Task, reused?: ReusedArrays): (batch: Batch) => Promise<Feeds> {
  const examples: ExampleSource = examplesOf(trainedModel(task), task.dataset.train);
  const { masks = [] } = task.model.training ?? {};
  return async (batch) => ({ ...(await examples.feeds(batch.indices, reused)), ...masksOf(masks, batch) });
}

/** What the loss reads at the step of a batch. RangeError where it is missing; zeros for a batch of no occurrences, which nothing reads. */
export function lossFeeds({ loss, engine }: Pick<Task, "loss" | "engine">, { indices, lossInputs }: Batch): Feeds {
  const feeds = Object.entries(loss.inputs ?? {}).map(([name, shape]) => {
    const given = lossInputs?.[name] ?? (indices.length === 0 ? zeros(engine.dtype, shape) : undefined);
    if (given?.shape.join() !== shape.join())
      throw new RangeError(
        `a batch must have ${name} of shape [${shape}] for loss ${loss.name}, got ${given ? `[${given.shape}]` : "none"}`,
      );
    return [LOSS_INPUT + name, toReal(given, engine.dtype)] as const;
  });
  return Object.fromEntries(feeds);
}

/**
 * The same with `target` and `example.weights`: everything that a gradient's graph is fed, but for parameters. In `reused` arrays they last until
 * the next batch.
 */
export function occurrenceFeeds(task: Task, reused?: ReusedArrays): (batch: Batch) => Promise<Feeds> {
  const inputs = occurrenceInputs(task, reused);
  const { dtype } = task.engine;
  let counts: RealArray | undefined;
  return async (batch) => {
    const { indices, weights } = batch;
    if (!reused || counts?.length !== indices.length) counts = allocate(dtype, indices.length) as RealArray;
    counts.set(weights);
    return {
      ...(await inputs(batch)),
      ...lossFeeds(task, batch),
      [TARGET]: targetsOf(task, task.dataset.train, indices, reused),
      [WEIGHTS]: { dtype, shape: [indices.length], data: counts } as Tensor,
    };
  };
}
