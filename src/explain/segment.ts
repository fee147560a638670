// One step's straight line from w_s to w_{s+1}, seen by the query rows: values, slopes, switches and Jacobians along it.

import type { Feeds } from "../engine/engine.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sliceRows, takeRows, type Tensor } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import type { ReadoutGraphs } from "./graphs.ts";
import type { Probe } from "./refine.ts";

const NOTHING = new Float64Array(0);

/** The query rows of a call: feeds of the row graphs, one row each. */
export interface RowFeeds {
  readonly count: number;
  readonly feeds: Feeds;
}

/** Evaluates rows anywhere; owns the scratch arrays of a segment. */
export class RowEvaluator {
  private readonly task: Task;
  private readonly graphs: ReadoutGraphs;
  private readonly rows: RowFeeds;
  private readonly point: RealArray;
  private readonly delta: RealArray;
  private from: RealArray;
  private to: RealArray;

  constructor(task: Task, graphs: ReadoutGraphs, rows: RowFeeds) {
    this.task = task;
    this.graphs = graphs;
    this.rows = rows;
    this.point = allocate(task.engine.dtype, task.layout.size) as RealArray;
    this.delta = allocate(task.engine.dtype, task.layout.size) as RealArray;
    this.from = this.point;
    this.to = this.point;
  }

  get piecewise(): boolean {
    return this.graphs.switches !== undefined;
  }

  /** The readout of every row at given parameters: (R). */
  async values(params: RealArray): Promise<Float64Array> {
    const { value } = await this.run(this.graphs.value, params, this.rows.feeds);
    return Float64Array.from(value.data as RealArray);
  }

  /** Moves to the segment from `from` to `to`. */
  enter(from: RealArray, to: RealArray): void {
    this.from = from;
    this.to = to;
    for (let k = 0; k < from.length; k++) this.delta[k] = to[k] - from[k];
  }

  /** phi and phi' at t for some rows, with switching functions where asked for. */
  async probe(t: number, rows: readonly number[], switches: boolean): Promise<Probe[]> {
    const graph = switches && this.graphs.switches ? this.graphs.switches : this.graphs.slope;
    const tangents = viewsOf(this.task.layout, this.delta, "tangent.");
    const results = await this.run(graph, this.at(t), { ...this.feedsOf(rows), ...tangents });
    const [value, slope] = [results.value.data as RealArray, results.slope.data as RealArray];
    const width = results.switches?.shape[1] ?? 0;
    const part = (tensor: Tensor | undefined, k: number): ArrayLike<number> =>
      tensor ? (tensor.data as RealArray).subarray(k * width, (k + 1) * width) : NOTHING;
    return rows.map((_, k) => ({
      t,
      value: value[k],
      slope: slope[k],
      switches: part(results.switches, k),
      switchSlopes: part(results.switchSlopes, k),
    }));
  }

  /** Adds weight_r J_r(w(t)) to `sum` (R, p) for the rows given. */
  async addJacobian(t: number, rows: readonly number[], { weights, sum }: { weights: ArrayLike<number>; sum: Float64Array }): Promise<void> {
    const params = this.at(t);
    if (this.graphs.perRow) {
      this.accumulate(await this.run(this.graphs.jacobian, params, this.feedsOf(rows)), rows, { weights, sum });
      return;
    }
    for (let k = 0; k < rows.length; k++) {
      const results = await this.run(this.graphs.jacobian, params, this.feedsOf([rows[k]]));
      this.accumulate(results, [rows[k]], { weights: [weights[k]], sum });
    }
  }

  private accumulate(results: Feeds, rows: readonly number[], { weights, sum }: { weights: ArrayLike<number>; sum: Float64Array }): void {
    const { layout } = this.task;
    for (const { name, offset, size } of layout.entries) {
      const { data } = results[`jacobian.${name}`];
      const source = data as RealArray;
      // An output with one row for all is the zero derivative of a parameter that no row sees.
      if (source.length !== rows.length * size) continue;
      rows.forEach((row, k) => {
        const weight = weights[k];
        const [to, from] = [row * layout.size + offset, k * size];
        for (let i = 0; i < size; i++) sum[to + i] += weight * source[from + i];
      });
    }
  }

  /** w(t) = w_s + t (w_{s+1} - w_s); the recorded parameters themselves at both ends. */
  private at(t: number): RealArray {
    if (t === 0) return this.from;
    if (t === 1) return this.to;
    const { from, delta, point } = this;
    for (let k = 0; k < point.length; k++) point[k] = from[k] + t * delta[k];
    return point;
  }

  private feedsOf(rows: readonly number[]): Feeds {
    if (rows.length === this.rows.count) return this.rows.feeds;
    const take = (tensor: Tensor): Tensor =>
      rows.length === 1 ? sliceRows(tensor, rows[0], rows[0] + 1) : takeRows(tensor, rows);
    return Object.fromEntries(Object.entries(this.rows.feeds).map(([name, tensor]) => [name, take(tensor)]));
  }

  private run(graph: ReadoutGraphs["value"], params: RealArray, feeds: Feeds): Promise<Record<string, Tensor>> {
    const { engine, layout, frozen } = this.task;
    return engine.compile(graph).run({ ...frozen, ...viewsOf(layout, params), ...feeds });
  }
}

