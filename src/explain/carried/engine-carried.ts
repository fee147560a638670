// Carried vectors in the engine: Jacobian, pull-back and contraction with the batch are one graph of several steps, run for tiles of rows.

import type { Feeds } from "../../engine/engine.ts";
import { valueIn } from "../../graph/builder.ts";
import { resolveDim } from "../../graph/dim.ts";
import type { Graph } from "../../graph/types.ts";
import { viewsOf } from "../../numeric/layout.ts";
import { allocate, type RealArray, reals, sizeOf, type Tensor, toReal } from "../../numeric/tensor.ts";
import type { Batch, Checkpoint } from "../../run/types.ts";
import { examplesPerTile } from "../../train/stepper.ts";
import type { Task } from "../../train/task.ts";
import type { Node, RowEvaluator } from "../segment.ts";
import { BatchExamples, type Occurrences } from "./batch-examples.ts";
import { kindsOf, type StepCoefficients, Unit } from "./coefficients.ts";
import { type Derivatives, movedName } from "./derivatives.ts";
import { type Group, groupsOf, type Tile } from "./groups.ts";
import { Moved, nodesKept } from "./moved.ts";
import {
  alongGraph,
  carryName,
  type FormKinds,
  nextName,
  ofStep,
  regulariserName,
  stepGraph,
  turnedName,
  turningGraph,
  VECTOR,
} from "./step-graph.ts";
import type { Booking, Carried, CarriedStep, SavedCarry } from "./types.ts";

/** Steps that a graph takes at once where they fit: each run reads and writes the carries, and the binding copies them. */
const STEPS = 8;
/** Seconds that taking steps at once saves for a tile and step, and for a byte of its carries; and those that opening such a graph takes. */
const SECONDS_PER_RUN = 1e-4;
const SECONDS_PER_BYTE = 3e-10;
const SECONDS_TO_OPEN = 3e-2;
/** Bytes that steps which wait for the others may take. */
const WAITING_BYTES = 64 * 2 ** 20;
/** Bytes of a run's derivatives of rows. */
const ROWS_BYTES = 8 * 2 ** 20;

/** A step, or a further tile of its batch, that waits for its turn. */
interface Waiting {
  readonly moved: Moved;
  readonly coefficients: StepCoefficients;
  /** w_s. */
  readonly params: RealArray;
  readonly occurrences: Occurrences;
  readonly booking: Booking;
  /** What multiplies <u_s, w_s> and <J_s, w_s>; undefined for further tiles. */
  readonly decay: { readonly coupled: number; readonly decoupled: number } | undefined;
  /** (R, M), and (R) each. */
  readonly pulls: Float64Array;
  readonly coupled: Float64Array;
  readonly decoupled: Float64Array;
  readonly regularisers: readonly Float64Array[];
}

export interface EngineCarriedOptions {
  readonly derivatives: Derivatives;
  /** Of the whole run. */
  readonly batches: readonly Batch[];
}

/** Obtained by `carrierOf`; memory: R p numbers of carries at most, a tile of Jacobians and 64 MiB of steps that wait. */
export class EngineCarried implements Carried {
  private readonly task: Task;
  private readonly rows: RowEvaluator;
  private readonly derivatives: Derivatives;
  private readonly kinds: FormKinds;
  private readonly examples: BatchExamples;
  private readonly unit: Unit;
  private readonly graphs = new Map<string, Graph>();
  private readonly rowsPerRun: number;
  /** S. */
  private readonly steps: number;
  private groups: readonly Group[] = [];
  private waiting: Waiting[] = [];
  private moved: Moved | undefined;
  private nodes = 1;

  constructor(task: Task, rows: RowEvaluator, { derivatives, batches }: EngineCarriedOptions) {
    const { dtype } = task.engine;
    this.task = task;
    this.rows = rows;
    this.derivatives = derivatives;
    this.kinds = kindsOf(task);
    this.steps = batches.length;
    const largest = batches.reduce((most, { indices }) => Math.max(most, indices.length), 0);
    this.examples = new BatchExamples(task, derivatives, largest);
    this.unit = new Unit(dtype);
    const bytes = Moved.bytesOf({ held: derivatives.held, rows: 1, nodes: 1, dtype });
    this.rowsPerRun = Math.max(1, Math.min(Math.floor(ROWS_BYTES / bytes), examplesPerTile(derivatives.rowsAndSlope)));
  }

  async average(nodes: readonly Node[]): Promise<Float64Array> {
    if (this.groups.length === 0) this.groups = await this.open();
    const moved = await this.roomFor(nodes);
    const linear = new Float64Array(this.rows.count);
    for (const { t, rows, weights, slopes } of nodes) {
      const graph = slopes ? this.derivatives.rows : this.derivatives.rowsAndSlope;
      for (let start = 0; start < rows.length; start += this.rowsPerRun) {
        const end = start + this.rowsPerRun;
        const part = { t, rows: rows.slice(start, end), weights: weights.slice(start, end) };
        const results = await this.rows.runAtNode(graph, part);
        moved.add(part.rows, results);
        part.rows.forEach((row, k) => {
          linear[row] += slopes ? part.weights[k] * slopes[start + k] : Number(results.slope.data[k]);
        });
      }
    }
    return linear;
  }

  async step({ from, to, stepSize, batch, shares, regularisers }: CarriedStep, booking: Booking): Promise<void> {
    const form = this.task.optimizer.form({ buffers: to.buffers, step: from.step, stepSize });
    if (this.kinds.into !== "none") await this.enter(form.keep);
    const [count, moved] = [this.rows.count, this.moved as Moved];
    const rhos = Object.fromEntries(regularisers.map((rho, j) => [regulariserName(j), rho]));
    const added = { ...(shares && { share: shares }), ...rhos };
    for await (const occurrences of this.examples.of(from.params, batch)) {
      const first = occurrences.start === 0;
      const { numbers, vectors } = this.unit.coefficients(form, first);
      this.waiting.push({
        moved,
        coefficients: { numbers, vectors: { ...vectors, ...added } },
        params: from.params,
        occurrences,
        booking,
        decay: first ? form : undefined,
        pulls: new Float64Array(count * this.examples.tile),
        coupled: new Float64Array(count),
        decoupled: new Float64Array(count),
        regularisers: regularisers.map(() => new Float64Array(count)),
      });
      if (this.waiting.length >= this.stepsAtOnce(this.waiting[0])) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const waiting = this.waiting;
    if (waiting.length === 0) return;
    this.waiting = [];
    const whole = waiting.length === this.stepsAtOnce(waiting[0]);
    for (const steps of whole ? [waiting] : waiting.map((one) => [one])) {
      for (const group of this.groups) {
        const given: Feeds[] = [];
        for (const step of steps) given.push(await this.givenBy(step, group));
        for (const tile of group.tiles) await this.run(group, tile, { steps, given });
      }
      steps.forEach((step) => {
        this.book(step);
      });
    }
  }

  async jump(replayed: Checkpoint, recorded: Checkpoint): Promise<Float64Array> {
    await this.flush();
    const terms = new Float64Array(this.rows.count);
    const { layout, optimizer, engine } = this.task;
    if (!optimizer.memory) return terms;
    const { buffer, factor } = optimizer.memory;
    const difference = allocate(engine.dtype, layout.size) as RealArray;
    for (let k = 0; k < difference.length; k++)
      difference[k] = recorded.buffers[buffer][k] - replayed.buffers[buffer][k];
    for (const group of this.groups) {
      const graph = this.known(`along ${this.groups.indexOf(group)}`, () => alongGraph({ ...group, layout }));
      for (const tile of group.tiles) {
        const feeds = { ...tile.feeds, ...this.carriesOf(graph, group, tile), ...viewsOf(layout, difference, VECTOR) };
        const { along } = await engine.compile(graph).run(feeds);
        for (let row = tile.start; row < tile.end; row++)
          terms[row] -= factor * this.unit.value * Number(along.data[row - tile.start]);
      }
    }
    return terms;
  }

  save(): SavedCarry | undefined {
    if (this.waiting.length > 0) return undefined;
    return { numbers: [this.unit.value, this.nodes], arrays: this.carries() };
  }

  async restore({ numbers: [unit, nodes], arrays }: SavedCarry): Promise<void> {
    this.groups = await this.open();
    this.unit.restore(unit);
    this.nodes = nodes;
    this.carries().forEach((carry, k) => {
      carry.set(arrays[k]);
    });
  }

  /** Of all tiles, in their order. */
  private carries(): RealArray[] {
    return this.groups.flatMap(({ tiles }) => tiles.flatMap(({ carries }) => carries));
  }

  private async open(): Promise<Group[]> {
    const { derivatives, kinds, rows, task } = this;
    const all = Array.from({ length: rows.count }, (_, r) => r);
    const anywhere = { t: 0, rows: all, weights: all.map(() => 0) };
    const still = derivatives.still ? await rows.runAtNode(derivatives.still, anywhere) : {};
    return groupsOf({ derivatives, kinds, still, count: rows.count, dtype: task.engine.dtype });
  }

  /** Where the derivatives at these nodes go: not where those of steps that wait are. */
  private async roomFor(nodes: readonly Node[]): Promise<Moved> {
    const counts = new Int32Array(this.rows.count);
    for (const { rows } of nodes) for (const row of rows) counts[row]++;
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    if (most > this.nodes) {
      await this.flush();
      this.nodes = nodesKept(most);
    }
    if (this.moved?.nodes === this.nodes && this.waiting.length === 0) this.moved.clear();
    else this.moved = new Moved(this.movedOptions());
    return this.moved;
  }

  private movedOptions() {
    const rows = Math.max(this.rows.count, ...this.groups.map((group) => group.rows * group.tiles.length));
    return { held: this.derivatives.held, rows, nodes: this.nodes, dtype: this.task.engine.dtype };
  }

  private stepsAtOnce({ occurrences, coefficients }: Waiting): number {
    const arrays = [
      ...Object.values(occurrences.feeds).map(({ data }) => data),
      ...Object.values(coefficients.vectors),
    ];
    const bytes = arrays.reduce((total, { byteLength }) => total + byteLength, Moved.bytesOf(this.movedOptions()));
    const tiles = this.groups.flatMap((group) => group.tiles);
    const carried = tiles.flatMap(({ carries }) => carries).reduce((total, { byteLength }) => total + byteLength, 0);
    const saved = this.steps * (tiles.length * SECONDS_PER_RUN + carried * SECONDS_PER_BYTE);
    if (saved < this.groups.length * SECONDS_TO_OPEN) return 1;
    return Math.max(1, Math.min(STEPS, Math.floor(WAITING_BYTES / bytes)));
  }

  /** Moves the unit of the carries to the step that is taken next. */
  private async enter(keep: number): Promise<void> {
    const renewal = this.unit.renewal(keep);
    if (renewal !== undefined) {
      await this.flush();
      for (const { tiles } of this.groups)
        for (const { carries } of tiles)
          for (const carry of carries) for (let k = 0; k < carry.length; k++) carry[k] *= renewal;
    }
    this.unit.enter(keep);
  }

  /** What a step gives to every tile of a group. */
  private async givenBy({ occurrences, coefficients, params }: Waiting, { channels }: Group): Promise<Feeds> {
    const { engine, layout } = this.task;
    const vectors = Object.entries(coefficients.vectors).map(([name, vector]) => viewsOf(layout, vector, `${name}.`));
    const numbers = Object.entries(coefficients.numbers).map(
      ([name, number]) => [name, toReal(reals([], [number]), engine.dtype)] as const,
    );
    const given = Object.assign(
      {},
      Object.fromEntries(numbers),
      occurrences.feeds,
      viewsOf(layout, params, VECTOR),
      ...vectors,
    );
    if (!channels.some(({ space }) => space === "entries")) return given;
    const graph = this.known(`turning ${channels[0].i}`, () => turningGraph(channels[0], this.graphOptions()));
    const turned = await engine.compile(graph).run(given);
    const renamed = graph.outputs.map((name) => [name.slice(turnedName("").length), turned[name]]);
    return { ...given, ...Object.fromEntries(renamed) };
  }

  private async run(
    group: Group,
    tile: Tile,
    { steps, given }: { steps: readonly Waiting[]; given: readonly Feeds[] },
  ) {
    const key = `steps ${this.groups.indexOf(group)} ${steps.length} ${this.nodes}`;
    const graph = this.known(key, () => stepGraph({ ...group, ...this.graphOptions(), steps: steps.length }));
    const carries = this.carriesOf(graph, group, tile);
    const feeds: Record<string, Tensor> = { ...tile.feeds, ...carries };
    steps.forEach(({ moved }, k) => {
      const own = { ...given[k], ...this.movedOf(graph, tile, { group, moved, k }) };
      for (const [name, tensor] of Object.entries(own)) feeds[ofStep(k, name)] = tensor;
    });
    // The graph has read a carry once it writes the next one, which may therefore take its place.
    const into = Object.fromEntries(
      group.channels.flatMap(({ i }) => (carries[carryName(i)] ? [[nextName(i), carries[carryName(i)]]] : [])),
    );
    const results = await this.task.engine.compile(graph).run(feeds, into);
    for (const [k, step] of steps.entries()) this.receive(step, tile, (name) => results[ofStep(k, name)]);
  }

  /** Adds what a run gave for the rows of a tile. */
  private receive(step: Waiting, { start, end }: Tile, resultOf: (name: string) => Tensor | undefined): void {
    const width = this.examples.tile;
    const add = (name: string, total: Float64Array, size: number): void => {
      const data = resultOf(name)?.data as RealArray | undefined;
      if (data) for (let e = 0; e < (end - start) * size; e++) total[start * size + e] += data[e];
    };
    add("pulls", step.pulls, width);
    add("coupled", step.coupled, 1);
    add("decoupled", step.decoupled, 1);
    for (const [j, total] of step.regularisers.entries()) add(regulariserName(j), total, 1);
  }

  private graphOptions() {
    return { kinds: this.kinds, layout: this.task.layout, examples: this.examples.tile, nodes: this.nodes };
  }

  private known(key: string, make: () => Graph): Graph {
    const graph = this.graphs.get(key) ?? make();
    this.graphs.set(key, graph);
    return graph;
  }

  private carriesOf(graph: Graph, { channels }: Group, { axis, carries }: Tile): Record<string, Tensor> {
    const { dtype } = this.task.engine;
    const named = carries.map((data, c) => {
      const name = carryName(channels[c].i);
      return [name, { dtype, shape: valueIn(graph, name).shape.map((dim) => resolveDim(dim, axis)), data } as Tensor];
    });
    return Object.fromEntries(named);
  }

  /** What moved of the rows of a tile, as step k takes it. */
  private movedOf(graph: Graph, tile: Tile, { group, moved, k }: { group: Group; moved: Moved; k: number }): Feeds {
    const { dtype } = this.task.engine;
    const feeds: Record<string, Tensor> = {};
    for (const { i } of group.channels) {
      for (const [j, values] of moved.values[i].entries()) {
        const name = movedName(i, j);
        const shape = valueIn(graph, ofStep(k, name)).shape.map((dim) => resolveDim(dim, tile.axis));
        const size = sizeOf(shape.slice(1));
        const data = values.subarray(tile.start * size, (tile.start + shape[0]) * size);
        feeds[name] = { dtype, shape, data } as Tensor;
      }
    }
    return feeds;
  }

  /** Example by example, as contributions lie together. */
  private book({
    booking,
    occurrences: { start, count },
    pulls,
    coupled,
    decoupled,
    regularisers,
    decay,
  }: Waiting): void {
    const width = this.examples.tile;
    for (let n = 0; n < count; n++)
      for (let row = 0; row < this.rows.count; row++) booking.pull(row, start + n, pulls[row * width + n]);
    if (!decay) return;
    for (let row = 0; row < this.rows.count; row++)
      booking.decay(row, -decay.coupled * coupled[row], -decay.decoupled * decoupled[row]);
    for (const [j, pulls] of regularisers.entries())
      for (let row = 0; row < this.rows.count; row++) booking.regulariser(row, j, pulls[row]);
  }
}
