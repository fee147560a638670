// One step's straight line from w_s to w_{s+1}, seen by the query rows: values, slopes, switches and Jacobians along it.

import type { Feeds } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sliceRows, type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import { DELTA, POSITION, type ReadoutGraphs } from "./graphs.ts";
import type { Probe } from "./refine.ts";

const NOTHING = new Float64Array(0);

/**
 * Bytes of Jacobians in one run: they stay in the cache until they are added up. Arrays above 32 MB are also mapped and unmapped by
 * malloc each time: 100 rows of the MNIST MLP take 24 ms at once and 9 in tiles.
 */
const JACOBIAN_TILE = 8 * 2 ** 20;

/** target += weight source, over `size` elements. */
function addScaled(
  target: Float64Array,
  source: RealArray,
  { to, from, size, weight }: { to: number; from: number; size: number; weight: number },
): void {
  for (let i = 0; i < size; i++) target[to + i] += weight * source[from + i];
}

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
  private readonly delta: RealArray;
  /** Rows whose Jacobians are taken in one run. */
  private readonly tile: number;
  private from: RealArray;

  constructor(task: Task, graphs: ReadoutGraphs, rows: RowFeeds) {
    this.task = task;
    this.graphs = graphs;
    this.rows = rows;
    this.delta = allocate(task.engine.dtype, task.layout.size) as RealArray;
    this.from = this.delta;
    const bytes = task.layout.size * this.delta.BYTES_PER_ELEMENT;
    this.tile = graphs.perRow ? Math.max(1, Math.floor(JACOBIAN_TILE / bytes)) : 1;
  }

  /** Number of rows. */
  get count(): number {
    return this.rows.count;
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
    for (let k = 0; k < from.length; k++) this.delta[k] = to[k] - from[k];
  }

  /** Runs a graph along the segment for some rows at t; `own` are inputs of that graph alone. */
  runAt(graph: Graph, t: number, rows: readonly number[], own: Feeds = {}): Promise<Record<string, Tensor>> {
    return this.run(graph, this.from, { ...this.feedsOf(rows), ...this.at(t), ...own });
  }

  /** phi and phi' at t for some rows, with switching functions where asked for. */
  async probe(t: number, rows: readonly number[], switches: boolean): Promise<Probe[]> {
    const graph = switches && this.graphs.switches ? this.graphs.switches : this.graphs.slope;
    const results = await this.runAt(graph, t, rows);
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
  async addJacobian(
    t: number,
    rows: readonly number[],
    { weights, sum }: { weights: ArrayLike<number>; sum: Float64Array },
  ): Promise<void> {
    for (let start = 0; start < rows.length; start += this.tile) {
      const part = rows.slice(start, start + this.tile);
      const results = await this.runAt(this.graphs.jacobian, t, part);
      part.forEach((row, k) => {
        this.accumulate(results, row, { k, weight: weights[start + k], sum });
      });
    }
  }

  /** Adds result row k to row `row` of the sum. */
  private accumulate(
    results: Feeds,
    row: number,
    { k, weight, sum }: { k: number; weight: number; sum: Float64Array },
  ): void {
    const { layout } = this.task;
    for (const { name, offset, size } of layout.entries) {
      const source = results[`jacobian.${name}`].data as RealArray;
      // A parameter that no row sees has one row of zeros for all; row by row there is nothing else but row 0.
      if ((k + 1) * size > source.length) continue;
      addScaled(sum, source, { to: row * layout.size + offset, from: k * size, size, weight });
    }
  }

  /** What puts a graph at w(t) = w_s + t (w_{s+1} - w_s): the engine adds, at a fraction of what the host would take. */
  private at(t: number): Feeds {
    const { engine, layout } = this.task;
    const data = allocate(engine.dtype, 1) as RealArray;
    data[0] = t;
    return { ...viewsOf(layout, this.delta, DELTA), [POSITION]: { dtype: engine.dtype, shape: [], data } as Tensor };
  }

  private feedsOf(rows: readonly number[]): Feeds {
    if (rows.length === this.rows.count) return this.rows.feeds;
    const take = (tensor: Tensor): Tensor =>
      rows.length === 1 ? sliceRows(tensor, rows[0], rows[0] + 1) : takeRows(tensor, rows);
    return Object.fromEntries(Object.entries(this.rows.feeds).map(([name, tensor]) => [name, take(tensor)]));
  }

  private run(graph: Graph, params: RealArray, feeds: Feeds): Promise<Record<string, Tensor>> {
    const { engine, layout, frozen } = this.task;
    return engine.compile(graph).run({ ...frozen, ...viewsOf(layout, params), ...feeds });
  }
}
