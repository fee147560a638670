// Direct pulls: where u_s = eta_s J_s, contributions are pairs of a row's and an example's factors, and no vector of parameters is formed.

import type { Feeds } from "../engine/engine.ts";
import { resolveDim, sizeOfShape } from "../graph/dim.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { occurrenceFeeds, partOfBatch } from "../train/occurrences.ts";
import { examplesPerTile } from "../train/stepper.ts";
import type { Task } from "../train/task.ts";
import { type BatchFactors, batchFactors, DECAYED, directGraph } from "./direct-graphs.ts";
import { type AtNode, DirectLine, type FactorSource, type Meeting, type ReceivePull } from "./direct-line.ts";
import type { ReadoutGraphOptions } from "./graphs.ts";
import type { Node, RowEvaluator } from "./segment.ts";

/** Bytes that what a graph of pairs makes of a batch's factors alone may take; so many examples of a chord meet the rows at once. */
const GATHERED_BUDGET = 64 * 2 ** 20;

/** Computes <J, g_n> of rows on the segment that their evaluator has entered. Obtained by `directPuller`. */
export class DirectPuller implements FactorSource {
  /** Examples whose factors are computed at once. */
  readonly tile: number;
  readonly decays: boolean;
  private readonly task: Task;
  private readonly options: ReadoutGraphOptions;
  private readonly batch: BatchFactors;
  private readonly occurrences: ReturnType<typeof occurrenceFeeds>;
  private most: number | undefined;

  constructor(task: Task, options: ReadoutGraphOptions, batch: BatchFactors) {
    this.task = task;
    this.options = options;
    this.batch = batch;
    this.decays = (task.optimizer.plain?.weightDecay ?? 0) !== 0;
    this.occurrences = occurrenceFeeds(task);
    this.tile = examplesPerTile(batch.graph);
  }

  get dtype(): RealDType {
    return this.task.engine.dtype;
  }

  /** p. */
  get size(): number {
    return this.task.layout.size;
  }

  /** Examples that meet the rows at once: depends on the model alone. */
  get capacity(): number {
    this.most ??= Math.min(this.tile, examplesPerMeeting(this.options, this.batch));
    return this.most;
  }

  /**
   * A line along which pulls are received, once for each node. Cost of a step: a forward and a backward pass of its batch; for each node and
   * `capacity` examples a forward and a backward pass of its rows, one in forward mode, and the products of factors.
   */
  line(rows: RowEvaluator, nodes: readonly Node[], receive: ReceivePull): DirectLine {
    return new DirectLine(this, rows, { nodes, receive });
  }

  /** The values of the factors of c_n dl_n/dw for some examples of a batch. */
  async factors(params: RealArray, batch: Batch, { start, end }: { start: number; end: number }): Promise<Feeds> {
    const { engine, layout, frozen } = this.task;
    return engine.compile(this.batch.graph).run({
      ...frozen,
      ...viewsOf(layout, params),
      ...(await this.occurrences(partOfBatch(batch, start, end))),
    });
  }

  /** Of no examples: what holds of a line without any is computed with them. */
  noFactors(): Promise<Feeds> {
    const none = { indices: new Int32Array(0), weights: new Float64Array(0), keys: new BigInt64Array(0) };
    return this.factors(allocate(this.dtype, this.size) as RealArray, none, { start: 0, end: 0 });
  }

  /** The rows of a node meet the examples. */
  async atNode(rows: RowEvaluator, node: Node, { factors, count, decayed, receive }: Meeting): Promise<AtNode> {
    const graph = directGraph({ ...this.options, batch: this.batch, count, decays: this.decays })!;
    const own = { ...factors, ...(decayed && viewsOf(this.task.layout, decayed, DECAYED)) };
    const tile = examplesPerTile(graph);
    const found = { linear: new Float64Array(node.rows.length), decay: new Float64Array(node.rows.length) };
    for (let start = 0; start < node.rows.length; start += tile) {
      const part = node.rows.slice(start, start + tile);
      const weights = node.weights.slice(start, start + tile);
      const { pulls, slope, decay } = await rows.runAtNode(graph, { t: node.t, rows: part, weights }, { own });
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

/** Examples whose share of a graph of pairs, all that grows with them and not with the rows, fits in the budget. */
function examplesPerMeeting(options: ReadoutGraphOptions, batch: BatchFactors): number {
  const bytesOf = (count: number): number => {
    const graph = directGraph({ ...options, batch, count, decays: false })!;
    return [...graph.values.values()].reduce((bytes, { shape }) => bytes + 8 * resolveDim(sizeOfShape(shape), 1), 0);
  };
  return Math.max(1, Math.floor(GATHERED_BUDGET / Math.max(1, bytesOf(2) - bytesOf(1))));
}

/** The direct puller of a task for a readout; undefined where the optimizer is not plain, or some use of a parameter has no factored form. */
export function directPuller(task: Task, options: ReadoutGraphOptions): DirectPuller | undefined {
  if (!task.optimizer.plain) return undefined;
  const { head, exampleInputs } = task.training;
  const batch = batchFactors({ head, exampleInputs, loss: task.loss, layout: task.layout });
  if (!batch || !directGraph({ ...options, batch, count: 1, decays: false })) return undefined;
  return new DirectPuller(task, options, batch);
}
