// One step's straight line from w_s to w_{s+1}, seen by the query rows: values, slopes, switches and Jacobians along it.

import type { Feeds } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, reals, sliceRows, type Tensor, takeRows, toReal } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import { DELTA, JACOBIAN, NODE, POSITION, type ReadoutGraphs } from "./graphs.ts";
import type { Probe } from "./refine.ts";

const NOTHING = new Float64Array(0);

/**
 * Bytes of Jacobians in one run: they stay in the cache until they are added up or pulled back. New arrays above 32 MB are also mapped
 * and unmapped by malloc each time: 100 rows of the MNIST MLP take 24 ms at once and 9 in tiles.
 */
const JACOBIAN_TILE = 8 * 2 ** 20;

/** target += source, over `size` elements. */
function addTo(
  target: RealArray,
  source: RealArray,
  { to, from, size }: { to: number; from: number; size: number },
): void {
  for (let i = 0; i < size; i++) target[to + i] += source[from + i];
}

/** A node of quadrature along a segment: at t, the weight of each of some rows. */
export interface Node {
  readonly t: number;
  readonly rows: number[];
  readonly weights: number[];
}

/** What a run along the segment takes beside rows and place: inputs of that graph alone, and arrays for its results. */
interface Extra {
  readonly own?: Feeds | undefined;
  readonly into?: Feeds | undefined;
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

  /** Runs a graph along the segment for some rows at t. */
  runAt(graph: Graph, t: number, rows: readonly number[], { own, into }: Extra = {}): Promise<Record<string, Tensor>> {
    return this.run(graph, this.from, { ...this.feedsOf(rows), ...this.at(t), ...own }, into);
  }

  /** The same for a graph that weighs each row. */
  runAtNode(graph: Graph, { t, rows, weights }: Node, { own, into }: Extra = {}): Promise<Record<string, Tensor>> {
    const weighed = toReal(reals([weights.length], Float64Array.from(weights)), this.task.engine.dtype);
    return this.runAt(graph, t, rows, { own: { ...own, [NODE]: weighed }, into });
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

  /**
   * Adds weight_r J_r(w(t)) of a node to `sum`, blocks of R rows in the engine's dtype; where it is the `first` and has all rows, writes it
   * there. Gives weight_r J_r Delta by forward mode, row by row of the node.
   */
  async addJacobian(node: Node, sum: RealArray, first = false): Promise<Float64Array> {
    const { rows, weights } = node;
    const written = first && rows.length === this.count && rows.every((row, k) => row === k);
    if (first && !written) sum.fill(0);
    const slopes = new Float64Array(rows.length);
    for (let start = 0; start < rows.length; start += this.tile) {
      const end = Math.min(rows.length, start + this.tile);
      const part = { t: node.t, rows: rows.slice(start, end), weights: weights.slice(start, end) };
      const into = written ? this.placesOf(sum, start, end) : undefined;
      const results = await this.runAtNode(this.graphs.jacobian, part, { into });
      slopes.set(results.slope.data as RealArray, start);
      if (written) continue;
      for (const [k, row] of part.rows.entries()) this.accumulate(results, row, { k, sum });
    }
    return slopes;
  }

  /** Where rows start to end lie in blocks of all rows, as the graph of Jacobians gives them. */
  private placesOf(blocks: RealArray, start: number, end: number): Feeds {
    const places: Record<string, Tensor> = {};
    for (const { name, shape, offset, size } of this.task.layout.entries) {
      const at = this.count * offset;
      const data = blocks.subarray(at + start * size, at + end * size);
      const rows = this.graphs.perRow ? [end - start] : [];
      places[JACOBIAN + name] = { dtype: this.task.engine.dtype, shape: [...rows, ...shape], data } as Tensor;
    }
    return places;
  }

  /** Adds result row k to row `row` of the sum. */
  private accumulate(results: Feeds, row: number, { k, sum }: { k: number; sum: RealArray }): void {
    for (const { name, offset, size } of this.task.layout.entries) {
      const source = results[JACOBIAN + name].data as RealArray;
      addTo(sum, source, { to: this.count * offset + row * size, from: k * size, size });
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

  private run(graph: Graph, params: RealArray, feeds: Feeds, into?: Feeds): Promise<Record<string, Tensor>> {
    const { engine, layout, frozen } = this.task;
    return engine.compile(graph).run({ ...frozen, ...viewsOf(layout, params), ...feeds }, into);
  }
}
