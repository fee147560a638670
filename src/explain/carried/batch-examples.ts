// The derivatives of a batch's examples, so many at a time, with ones that count nothing where it has fewer.

import type { Feeds } from "../../engine/engine.ts";
import { viewsOf } from "../../numeric/layout.ts";
import { type RealArray, reals, toReal } from "../../numeric/tensor.ts";
import type { Batch } from "../../run/types.ts";
import { type ExampleSource, examplesOf } from "../../train/examples.ts";
import { TARGET, WEIGHTS } from "../../train/gradient-graph.ts";
import { examplesPerTile } from "../../train/stepper.ts";
import { type Task, targetsOf } from "../../train/task.ts";
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
  private readonly examples: ExampleSource;

  /** `largest`: occurrences of the largest batch. */
  constructor(task: Task, { batch }: Pick<Derivatives, "batch">, largest: number) {
    this.task = task;
    this.graph = batch;
    this.tile = Math.max(1, Math.min(largest, MOST, examplesPerTile(batch)));
    this.examples = examplesOf(task, task.dataset.train);
  }

  /** The whole batch, tile by tile; one tile of nothing for an empty one. */
  async *of(params: RealArray, { indices, weights }: Batch): AsyncGenerator<Occurrences> {
    for (let start = 0; start === 0 || start < indices.length; start += this.tile) {
      const count = Math.min(this.tile, indices.length - start);
      const feeds = await this.feedsOf(params, {
        indices: indices.subarray(start, start + count),
        weights: weights.subarray(start, start + count),
      });
      yield { start, count, feeds: await this.task.engine.compile(this.graph).run(feeds) };
    }
  }

  private async feedsOf(params: RealArray, { indices, weights }: Batch): Promise<Feeds> {
    const { engine, layout, frozen, dataset } = this.task;
    const [taken, counts] = [new Int32Array(this.tile), new Float64Array(this.tile)];
    taken.set(indices);
    counts.set(weights);
    return {
      ...frozen,
      ...viewsOf(layout, params),
      ...(await this.examples.feeds(taken)),
      [TARGET]: targetsOf(this.task, dataset.train, taken),
      [WEIGHTS]: toReal(reals([this.tile], counts), engine.dtype),
    };
  }
}
