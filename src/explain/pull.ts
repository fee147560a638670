// The pull of carried vectors on the gradients of a batch: <u_r, g_n> for every row r and example n.

import type { Feeds } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { blocksOf, viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { occurrenceFeeds, partOfBatch } from "../train/occurrences.ts";
import { examplesPerTile } from "../train/stepper.ts";
import type { Task } from "../train/task.ts";
import { forwardPullGraph, pullGraph } from "./graphs.ts";

export interface PullOptions {
  /** Which algorithm: factored contraction, or forward mode row by row (the reference). */
  readonly method: "auto" | "factored" | "forward";
}

/** Computes pulls of R carried vectors; one object for a whole sweep. */
export class Puller {
  private readonly task: Task;
  private readonly rows: number;
  private readonly factored: Graph | undefined;
  private readonly forward: Graph;
  private readonly tile: number;
  private readonly occurrences: ReturnType<typeof occurrenceFeeds>;

  constructor(task: Task, rows: number, { method }: PullOptions = { method: "auto" }) {
    const { training, loss, layout } = task;
    const options = { head: training.head, exampleInputs: training.exampleInputs, loss, layout, rows };
    this.task = task;
    this.rows = rows;
    this.factored = method === "forward" ? undefined : pullGraph(options);
    this.forward = forwardPullGraph(options);
    this.tile = examplesPerTile(this.factored ?? this.forward);
    this.occurrences = occurrenceFeeds(task);
  }

  /** Calls `receive(row, position in the batch, <u_row, g_position>)`; `directions` are blocks of R rows in the engine's dtype. */
  async pulls(
    directions: RealArray,
    { params, batch }: { params: RealArray; batch: Batch },
    receive: (row: number, position: number, pull: number) => void,
  ): Promise<void> {
    const { layout, frozen } = this.task;
    const fixed = { ...frozen, ...viewsOf(layout, params), ...this.directionFeeds(directions) };
    for (let start = 0; start < batch.indices.length; start += this.tile) {
      const end = Math.min(batch.indices.length, start + this.tile);
      const feeds = { ...fixed, ...(await this.occurrences(partOfBatch(batch, start, end))) };
      if (this.factored) await this.runFactored(feeds, (row, n, pull) => receive(row, start + n, pull));
      else await this.runForward(feeds, directions, (row, n, pull) => receive(row, start + n, pull));
    }
  }

  private directionFeeds(directions: RealArray): Feeds {
    return this.factored ? blocksOf(this.task.layout, directions, this.rows, "direction.") : {};
  }

  private async runFactored(feeds: Feeds, receive: (row: number, n: number, pull: number) => void): Promise<void> {
    const { pulls } = await this.task.engine.compile(this.factored!).run(feeds);
    const count = pulls.shape[1];
    // Example by example, as contributions lie together.
    for (let n = 0; n < count; n++)
      for (let r = 0; r < this.rows; r++) receive(r, n, Number(pulls.data[r * count + n]));
  }

  private async runForward(
    feeds: Feeds,
    directions: RealArray,
    receive: (row: number, n: number, pull: number) => void,
  ): Promise<void> {
    const { layout, engine } = this.task;
    const tangent = allocate(engine.dtype, layout.size) as RealArray;
    for (let r = 0; r < this.rows; r++) {
      for (const { offset, size } of layout.entries) {
        const from = this.rows * offset + r * size;
        tangent.set(directions.subarray(from, from + size), offset);
      }
      const { pulls } = await engine.compile(this.forward).run({ ...feeds, ...viewsOf(layout, tangent, "tangent.") });
      pulls.data.forEach((pull: number | bigint, n: number) => {
        receive(r, n, Number(pull));
      });
    }
  }
}
