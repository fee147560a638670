// One step's straight line from w_s to w_{s+1}, seen by the query rows: values, slopes, switches and Jacobians along it.

import { LINE, type LineFront } from "../differentiate/line-front.ts";
import type { Feeds } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, reals, sliceRows, type Tensor, takeRows, toReal, zeros } from "../numeric/tensor.ts";
import { examplesPerTile } from "../train/stepper.ts";
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
  /** J_r Delta of each of them, where probes have given it already: by forward mode, as everything that residuals are made of. */
  readonly slopes?: number[];
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
  private readonly front: LineFront;
  /** Feeds of w_s and w_{s+1} - w_s. */
  private place: Feeds = {};
  /** What graphs along the segment take of all rows that was computed before; empty until one is run. */
  private line: Readonly<Record<string, Tensor>> = {};

  constructor(task: Task, graphs: ReadoutGraphs, rows: RowFeeds) {
    this.task = task;
    this.graphs = graphs;
    this.rows = rows;
    this.delta = allocate(task.engine.dtype, task.layout.size) as RealArray;
    this.enter(this.delta, this.delta);
    const bytes = task.layout.size * this.delta.BYTES_PER_ELEMENT;
    this.front = graphs.front(rows.count, this.delta.BYTES_PER_ELEMENT);
    // What any graph will want is known before the front is compiled.
    for (const graph of [graphs.value, graphs.slope, graphs.switches]) if (graph) this.front.split(graph);
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
    const { value } = await this.run(this.graphs.value, { ...viewsOf(this.task.layout, params), ...this.rows.feeds });
    return Float64Array.from(value.data as RealArray);
  }

  /** Moves to the segment from `from` to `to`. */
  enter(from: RealArray, to: RealArray): void {
    const { layout } = this.task;
    for (let k = 0; k < from.length; k++) this.delta[k] = to[k] - from[k];
    this.place = { ...viewsOf(layout, from), ...viewsOf(layout, this.delta, DELTA) };
    this.line = {};
  }

  /** The readout of every row where the segment begins: (R). */
  async start(): Promise<Float64Array> {
    const all = Array.from({ length: this.count }, (_, r) => r);
    const { value } = await this.runAt(this.graphs.value, 0, all);
    return Float64Array.from(value.data as RealArray);
  }

  /** Runs a graph along the segment for some rows at t. */
  async runAt(
    graph: Graph,
    t: number,
    rows: readonly number[],
    { own, into }: Extra = {},
  ): Promise<Record<string, Tensor>> {
    const rest = this.front.split(graph);
    const line = rest === graph ? {} : await this.lineOf(rest, rows);
    return this.run(rest, { ...this.place, ...this.feedsOf(rows), ...line, ...this.at(t), ...own }, into);
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
    const { dtype } = this.task.engine;
    const data = allocate(dtype, 1) as RealArray;
    data[0] = t;
    return { [POSITION]: { dtype, shape: [], data } as Tensor };
  }

  private feedsOf(rows: readonly number[]): Feeds {
    return this.taken(this.rows.feeds, rows);
  }

  /** What the rest of a graph takes of the segment for some rows. */
  private async lineOf(rest: Graph, rows: readonly number[]): Promise<Feeds> {
    const names = rest.inputs.filter((name) => name.startsWith(LINE));
    if (names.some((name) => !this.line[name])) this.line = await this.alongLine();
    return this.taken(Object.fromEntries(names.map((name) => [name, this.line[name]])), rows);
  }

  /** Runs the front at w for all rows. */
  private async alongLine(): Promise<Record<string, Tensor>> {
    const graph = this.front.graph as Graph;
    const [count, tile] = [this.count, examplesPerTile(graph)];
    if (count <= tile) return this.run(graph, { ...this.place, ...this.rows.feeds });
    const whole: Record<string, Tensor> = {};
    for (let start = 0; start < count; start += tile) {
      const rows = Array.from({ length: Math.min(count, start + tile) - start }, (_, k) => start + k);
      const results = await this.run(graph, { ...this.place, ...this.feedsOf(rows) });
      for (const [name, { dtype, shape, data }] of Object.entries(results)) {
        whole[name] ??= zeros(dtype, [count, ...shape.slice(1)]);
        whole[name].data.set(data as never, start * (data.length / rows.length));
      }
    }
    return whole;
  }

  private taken(feeds: Feeds, rows: readonly number[]): Feeds {
    if (rows.length === this.rows.count && rows.every((row, k) => row === k)) return feeds;
    const take = (tensor: Tensor): Tensor =>
      rows.length === 1 ? sliceRows(tensor, rows[0], rows[0] + 1) : takeRows(tensor, rows);
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, take(tensor)]));
  }

  private run(graph: Graph, feeds: Feeds, into?: Feeds): Promise<Record<string, Tensor>> {
    const { engine, frozen } = this.task;
    return engine.compile(graph).run({ ...frozen, ...feeds }, into);
  }
}
