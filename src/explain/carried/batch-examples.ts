// The derivatives of a batch's examples, so many at a time, with ones that count nothing where it has fewer.

import type { Feeds } from "../../engine/engine.ts";
import { viewsOf } from "../../numeric/layout.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import type { Batch } from "../../run/types.ts";
import { occurrenceFeeds, partOfBatch } from "../../train/occurrences.ts";
import { examplesPerTile } from "../../train/stepper.ts";
import type { Task } from "../../train/task.ts";
import type { Derivatives } from "./derivatives.ts";

/** Products with more examples at once are no faster. */
const MOST = 512;

/** Some occurrences of a batch. */
export interface Occurrences {
  readonly start: number;
  readonly count: number;
  /** `example.I.J` of M examples, of which the first `count` are those. */
  readonly feeds: Feeds;
}

/** Runs the graph of examples on whole tiles, so that one graph of steps takes every batch. */
export class BatchExamples {
  /** M. */
  readonly tile: number;
  private readonly task: Task;
  private readonly graph: Derivatives["batch"];
  private readonly occurrences: ReturnType<typeof occurrenceFeeds>;

  /** `largest`: occurrences of the largest batch. */
  constructor(task: Task, { batch }: Pick<Derivatives, "batch">, largest: number) {
    this.task = task;
    this.graph = batch;
    this.tile = Math.max(1, Math.min(largest, MOST, examplesPerTile(batch)));
    this.occurrences = occurrenceFeeds(task);
  }

  /** The whole batch, tile by tile; one tile of nothing for an empty one. */
  async *of(params: RealArray, batch: Batch): AsyncGenerator<Occurrences> {
    const { length } = batch.indices;
    for (let start = 0; start === 0 || start < length; start += this.tile) {
      const count = Math.min(this.tile, length - start);
      const feeds = await this.feedsOf(params, partOfBatch(batch, start, start + count));
      yield { start, count, feeds: await this.task.engine.compile(this.graph).run(feeds) };
    }
  }

  private async feedsOf(params: RealArray, { indices, weights, keys, lossInputs }: Batch): Promise<Feeds> {
    const { layout, frozen } = this.task;
    const filled = {
      indices: new Int32Array(this.tile),
      weights: new Float64Array(this.tile),
      ...(keys && { keys: new BigInt64Array(this.tile) }),
      ...(lossInputs && { lossInputs }),
    };
    filled.indices.set(indices);
    filled.weights.set(weights);
    if (keys) filled.keys?.set(keys);
    return { ...frozen, ...viewsOf(layout, params), ...(await this.occurrences(filled)) };
  }
}
