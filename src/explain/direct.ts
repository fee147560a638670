// Direct pulls: where u_s = eta_s J_s, contributions are pairs of a row's and an example's factors, and no vector of parameters is formed.

import type { Feeds } from "../engine/engine.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, reals, toReal } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { type ExampleSource, examplesOf } from "../train/examples.ts";
import { TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { examplesPerTile } from "../train/stepper.ts";
import { type Task, targetsOf } from "../train/task.ts";
import { type BatchFactors, batchFactors, directGraph } from "./direct-graphs.ts";
import type { ReadoutGraphOptions } from "./graphs.ts";
import type { Node, RowEvaluator } from "./segment.ts";

/** What the rows' derivatives give along a step, beside the pulls: each (R). */
export interface AlongStep {
  /** J_s (w_{s+1} - w_s), by forward mode. */
  readonly linear: Float64Array;
  /** J_s w_s. */
  readonly decay: Float64Array;
}

export interface DirectPlace {
  /** w_s, at which the batch's gradients are taken. */
  readonly params: RealArray;
  readonly batch: Batch;
}

/** Computes <J_s, g_n> of rows on the segment that their evaluator has entered. Obtained by `directPuller`. */
export class DirectPuller {
  private readonly task: Task;
  private readonly options: ReadoutGraphOptions;
  private readonly batch: BatchFactors;
  private readonly decays: boolean;
  private readonly examples: ExampleSource;
  private readonly tile: number;

  constructor(task: Task, options: ReadoutGraphOptions, batch: BatchFactors) {
    this.task = task;
    this.options = options;
    this.batch = batch;
    this.decays = (task.optimizer.plain?.weightDecay ?? 0) !== 0;
    this.examples = examplesOf(task, task.dataset.train);
    this.tile = examplesPerTile(batch.graph);
  }

  /**
   * Calls `receive(row, position in the batch, weighted <J_row, g_position>)` once for each node. Cost: a forward and a backward pass of the
   * batch, and for each node one of its rows, a forward-mode pass, and the products of factors.
   */
  async pulls(
    rows: RowEvaluator,
    nodes: readonly Node[],
    { params, batch }: DirectPlace,
    receive: (row: number, position: number, pull: number) => void,
  ): Promise<AlongStep> {
    const along = { linear: new Float64Array(rows.count), decay: new Float64Array(rows.count) };
    const count = batch.indices.length;
    for (let start = 0; start < Math.max(1, count); start += this.tile) {
      const end = Math.min(count, start + this.tile);
      const factors = await this.factors(params, batch, { start, end });
      for (const node of nodes) {
        const paired = (row: number, n: number, pull: number) => receive(row, start + n, pull);
        const found = await this.atNode(rows, node, { factors, count: end - start, receive: paired });
        if (start === 0) add(along, node, found);
      }
    }
    return along;
  }

  /** The factors of the gradients of some occurrences of a batch. */
  private async factors(
    params: RealArray,
    batch: Batch,
    { start, end }: { start: number; end: number },
  ): Promise<Feeds> {
    const { engine, layout, frozen, dataset } = this.task;
    const indices = batch.indices.subarray(start, end);
    return engine.compile(this.batch.graph).run({
      ...frozen,
      ...viewsOf(layout, params),
      ...(await this.examples.feeds(indices)),
      [TARGET]: targetsOf(this.task, dataset.train, indices),
      [WEIGHTS]: toReal(reals([indices.length], batch.weights.subarray(start, end)), engine.dtype),
    });
  }

  private async atNode(
    rows: RowEvaluator,
    node: Node,
    pairs: { factors: Feeds; count: number; receive: (row: number, n: number, pull: number) => void },
  ): Promise<AlongStep> {
    const { factors, count, receive } = pairs;
    const graph = directGraph({ ...this.options, batch: this.batch, count, decays: this.decays })!;
    const tile = examplesPerTile(graph);
    const found = { linear: new Float64Array(node.rows.length), decay: new Float64Array(node.rows.length) };
    for (let start = 0; start < node.rows.length; start += tile) {
      const part = node.rows.slice(start, start + tile);
      const weights = node.weights.slice(start, start + tile);
      const { pulls, slope, decay } = await rows.runAtNode(graph, { t: node.t, rows: part, weights }, { own: factors });
      // Example by example, as contributions lie together.
      for (let n = 0; n < count; n++)
        for (const [k, row] of part.entries()) receive(row, n, Number(pulls.data[k * count + n]));
      part.forEach((_, k) => {
        found.linear[start + k] = Number(slope.data[k]);
        if (decay) found.decay[start + k] = Number(decay.data[k]);
      });
    }
    return found;
  }
}

function add(total: AlongStep, node: Node, found: AlongStep): void {
  node.rows.forEach((row, k) => {
    total.linear[row] += found.linear[k];
    total.decay[row] += found.decay[k];
  });
}

/** The direct puller of a task for a readout; undefined where the optimizer is not plain, or some use of a parameter has no factored form. */
export function directPuller(task: Task, options: ReadoutGraphOptions): DirectPuller | undefined {
  if (!task.optimizer.plain) return undefined;
  const { head, exampleInputs } = task.split;
  const batch = batchFactors({ head, exampleInputs, loss: task.loss, layout: task.layout });
  if (!batch || !directGraph({ ...options, batch, count: 1, decays: false })) return undefined;
  return new DirectPuller(task, options, batch);
}
