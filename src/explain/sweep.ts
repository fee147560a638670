// One sweep backwards through training: residuals on the query side, contributions on the side of the examples.

import type { QuadratureRule } from "../numeric/gauss.ts";
import { ColumnAccumulator, VectorAccumulator } from "../numeric/sum.ts";
import { allocate, type RealArray, type Tensor } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { type Line, type PathOptions, pathBackwards } from "../train/path.ts";
import { regulariserGradients } from "../train/regularised.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import { alongGraph, alongNodes } from "./along.ts";
import { type AverageCost, stepNodes } from "./average.ts";
import type { Carried } from "./carried/types.ts";
import { DirectPuller } from "./direct.ts";
import type { DirectLine, ReceivePull } from "./direct-line.ts";
import type { ReadoutGraphOptions } from "./graphs.ts";
import { kept, keptAs, type SavedSweep, type SweepKeeper, takeUp } from "./saved-sweep.ts";
import type { Node, RowEvaluator } from "./segment.ts";
import { regulariserTerm, termNames } from "./terms.ts";

export interface SweepOptions extends PathOptions {
  readonly rule: QuadratureRule | undefined;
  /** Residual allowed for each step of a line, in units of the readout. */
  readonly tolerance: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Where what is done is kept, and by which number; of a sweep over all steps. */
  readonly kept?: { readonly keeper: SweepKeeper; readonly sweep: number } | undefined;
}

export interface SweepResult {
  /** (R, N). */
  readonly contributions: Float64Array;
  /** (R, S). */
  readonly residualByStep: Float64Array;
  readonly lineEnds: Int32Array;
  /** ||w_end - w_first|| of every line. */
  readonly lineLengths: Float64Array;
  /** By the names of the task's terms, (R) each. */
  readonly terms: Readonly<Record<string, Float64Array>>;
  readonly cost: AverageCost;
}

export interface SweepParts {
  readonly task: Task;
  readonly run: Run;
  readonly rows: RowEvaluator;
  readonly count: number;
  readonly readout: ReadoutGraphOptions;
  /** Vectors that are carried through the optimizer, or, where it carries none and scales none, pulls of Jacobians as they are. */
  readonly puller: Carried | DirectPuller;
}

/**
 * Contributions, terms and residuals of R rows over a whole run (theory 1.1 eq. 3, 1.2): for s = S-1 .. 0 the averaged Jacobian
 * J_s enters the optimizer's pull-back, which gives u_s; example i of batch s receives -<u_s, g_{s,i}>. With chords (theory 1.8) J_s is that of
 * the line of which step s is a part; every gradient is still that of its own step.
 *
 * Cost: for each line the quadrature's derivatives of R rows, and for each step one contraction with its batch. Memory: at most 3 R p numbers of
 * the run's dtype, none of it for direct pulls, one stretch of the trajectory within `replayMemory`, and for chords
 * 2 p. The result is the same, bit for bit, whichever checkpoints are stored, as long as steps are replayed as they were taken.
 */
export async function sweep(parts: SweepParts, options: SweepOptions): Promise<SweepResult> {
  const { kept: keeping, signal } = options;
  const state = new Sweep(parts, options);
  const found = keeping?.keeper.found(keeping.sweep);
  if (found) await state.restore(found);
  const range = found && { first: 0, end: found.step };
  const keep = (): void => {
    const saved = keeping && state.save();
    if (saved) keeping.keeper.keep(keeping.sweep, saved);
  };
  const onReplay = (step: number): void => state.tellReplay(step);
  try {
    for await (const event of pathBackwards(parts.task, parts.run, { ...options, ...(range && { range }), onReplay })) {
      signal?.throwIfAborted();
      if (event.kind === "jump") await state.jump(event.replayed, event.recorded);
      else if (event.kind === "line") await state.enter(event);
      else {
        await state.step(event.from, event.to);
        if (keeping?.keeper.isDue()) keep();
      }
    }
  } catch (error) {
    if (signal?.aborted) keep();
    throw error;
  }
  const result = await state.result();
  if (found?.step !== 0) keep();
  return result;
}

const COST = ["probes", "nodes", "atNoiseFloor", "unresolved"] as const satisfies readonly (keyof AverageCost)[];

/** The line whose steps are being taken. */
interface Entered {
  readonly line: Line;
  readonly nodes: readonly Node[];
  /** What the readouts change by, from its beginning to its end. */
  readonly change: Float64Array;
  /** Undefined for carried vectors. */
  readonly direct: DirectLine | undefined;
  /** The sum of the jumps in the middle of it. */
  jumped: RealArray | undefined;
}

function distance(a: RealArray, b: RealArray): number {
  let square = 0;
  for (let k = 0; k < a.length; k++) square += (a[k] - b[k]) * (a[k] - b[k]);
  return Math.sqrt(square);
}

class Sweep {
  private readonly parts: SweepParts;
  private readonly options: SweepOptions;
  /** Undefined for direct pulls. */
  private readonly carried: Carried | undefined;
  private readonly orders: number[];
  private readonly contributions: ColumnAccumulator;
  /** By name. */
  private readonly terms: Readonly<Record<string, VectorAccumulator>>;
  private readonly residualByStep: Float64Array;
  private readonly cost: AverageCost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  /** Steps explained. */
  private done = 0;
  /** The last step of every line and ||w_end - w_first||, in ascending order once all are done. */
  private readonly lines: { readonly last: number; readonly length: number }[] = [];
  private entered: Entered | undefined;
  /** Where the line done last begins, while nothing has been done beyond it. */
  private between: number | undefined;
  /** Values at the start of the line done last, which is where the line before it ends. */
  private known: { step: number; values: Float64Array } | undefined;

  constructor(parts: SweepParts, options: SweepOptions) {
    const { task, run, count, puller } = parts;
    this.parts = parts;
    this.options = options;
    this.carried = puller instanceof DirectPuller ? undefined : puller;
    // Three nodes are exact to the rounding of float32 on most steps; the count then follows each row.
    this.orders = new Array(count).fill(task.engine.dtype === "float32" ? 3 : 2);
    this.contributions = new ColumnAccumulator(count, task.dataset.train.x.shape[0]);
    this.terms = Object.fromEntries(termNames(task).map((name) => [name, new VectorAccumulator(count)]));
    this.residualByStep = new Float64Array(count * run.batches.length);
  }

  /** What there is between two lines; undefined in the middle of one, behind a jump, and while steps are put off. */
  save(): SavedSweep | undefined {
    const carried = this.carried?.save();
    if (this.between === undefined || (this.carried && !carried)) return undefined;
    const { terms, cost, lines, orders } = this;
    const totals = { contributions: this.contributions.totals, ...terms };
    const arrays: Record<string, Tensor> = {
      residualByStep: kept(this.residualByStep),
      cost: kept(COST.map((key) => cost[key])),
      lines: kept(lines.flatMap(({ last, length }) => [last, length])),
      orders: kept(orders),
      carriedNumbers: kept(carried?.numbers ?? []),
    };
    for (const [name, { state }] of Object.entries(totals)) {
      arrays[`${name}.sums`] = kept(state[0]);
      arrays[`${name}.compensations`] = kept(state[1]);
    }
    carried?.arrays.forEach((array, k) => {
      arrays[`carried.${k}`] = keptAs(array);
    });
    return { step: this.between, arrays };
  }

  /** Goes on from what was saved. InvalidDataError where it is of another explanation. */
  async restore(saved: SavedSweep): Promise<void> {
    const { terms, cost, orders, residualByStep } = this;
    for (const [name, total] of Object.entries({ contributions: this.contributions.totals, ...terms })) {
      const size = total.state[0].length;
      total.restore([takeUp(saved, `${name}.sums`, size), takeUp(saved, `${name}.compensations`, size)]);
    }
    residualByStep.set(takeUp(saved, "residualByStep", residualByStep.length));
    takeUp(saved, "cost", COST.length).forEach((value, k) => {
      cost[COST[k]] = value;
    });
    takeUp(saved, "orders", orders.length).forEach((order, r) => {
      orders[r] = order;
    });
    const lines = takeUp(saved, "lines");
    for (let k = 0; k < lines.length; k += 2) this.lines.push({ last: lines[k], length: lines[k + 1] });
    const names = Object.keys(saved.arrays).filter((name) => name.startsWith("carried."));
    const carried = names.map((_, k) => saved.arrays[`carried.${k}`].data as RealArray);
    await this.carried?.restore({ numbers: [...takeUp(saved, "carriedNumbers")], arrays: carried });
    this.between = saved.step;
    this.done = this.parts.run.batches.length - saved.step;
  }

  async result(): Promise<SweepResult> {
    await this.carried?.flush();
    const { residualByStep, cost, terms } = this;
    const contributions = this.contributions.values();
    return {
      contributions,
      residualByStep,
      lineEnds: Int32Array.from(this.lines, ({ last }) => last).reverse(),
      lineLengths: Float64Array.from(this.lines, ({ length }) => length).reverse(),
      cost,
      terms: Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.values()])),
    };
  }

  /**
   * The path jumps from where a replay ended to the recorded state. The jump has a term of its own: f(recorded) - f(replayed), in the middle of a
   * chord J (recorded - replayed), and what the jump of the momentum does to the output in all later steps, -factor <z_s, m recorded - m replayed>.
   */
  async jump(replayed: Checkpoint, recorded: Checkpoint): Promise<void> {
    this.between = undefined;
    if (this.entered && recorded.step > this.entered.line.first) this.jumpInside(this.entered, replayed, recorded);
    else {
      const to = this.known?.step === recorded.step ? this.known.values : await this.valuesAt(recorded.params);
      const from = await this.valuesAt(replayed.params);
      for (let r = 0; r < this.parts.count; r++) this.terms.replay.add(r, to[r] - from[r]);
      this.known = { step: replayed.step, values: from };
    }
    const carried = await this.carried?.jump(replayed, recorded);
    carried?.forEach((value, r) => {
      this.terms.replay.add(r, value);
    });
  }

  /** A chord leads over the jump: what it does to the output is its own share of the line, J (recorded - replayed). */
  private jumpInside(entered: Entered, { params: replayed }: Checkpoint, { params: recorded }: Checkpoint): void {
    entered.jumped ??= allocate(this.parts.task.engine.dtype, recorded.length) as RealArray;
    for (let k = 0; k < recorded.length; k++) entered.jumped[k] += recorded[k] - replayed[k];
  }

  /** Between two steps that are explained many may be replayed. */
  tellReplay(step: number): void {
    this.tell(`replaying step ${step}`);
  }

  private tell(note?: string): void {
    const { end } = this.options.range ?? { end: this.parts.run.batches.length };
    this.options.onProgress?.({ stage: "explain", done: this.done, total: end, ...(note && { note }) });
  }

  /** Begins a line: the Jacobian of every row is averaged along it. */
  async enter(line: Line): Promise<void> {
    const { rows, puller } = this.parts;
    this.between = undefined;
    const end = this.known?.step === line.end ? this.known.values : await this.valuesAt(line.to);
    rows.enter(line.from, line.to);
    const start = await rows.start();
    this.known = { step: line.first, values: start };
    const nodes = await this.nodesOf(line, start, end);
    const change = end.map((value, r) => value - start[r]);
    const receive: ReceivePull = (row, example, pull) => this.addContribution(row, example, -pull);
    const direct = puller instanceof DirectPuller ? puller.line(rows, nodes, receive) : undefined;
    this.entered = { line, nodes, change, direct, jumped: undefined };
    if (this.carried) this.setResidual(await this.carried.average(nodes));
    this.lines.push({ last: line.end - 1, length: distance(line.from, line.to) });
  }

  async step(from: Checkpoint, to: Checkpoint): Promise<void> {
    const { run } = this.parts;
    const { direct, line, nodes, jumped } = this.entered as Entered;
    if (direct) await this.bookDirect(from, direct, line);
    else await this.bookCarried(from, to, this.carried as Carried);
    if (jumped && from.step === line.first) await this.bookJumped(nodes, jumped);
    if (from.step === line.first) this.between = line.first;
    const { end } = this.options.range ?? { end: run.batches.length };
    this.done = end - from.step;
    this.tell();
  }

  /** u_s = eta_s J: pulls are booked as they come. */
  private async bookDirect({ step, params }: Checkpoint, direct: DirectLine, { first }: Line): Promise<void> {
    const { run, task } = this.parts;
    const { stepSize, gradientNorm } = run.scalars[step];
    // A clip by value is no plain gradient descent.
    const { share } = shareOf(task.optimizer, { gradientNorm, buffers: {} });
    const regularisers = regulariserGradients(task, params);
    await direct.step({ params, batch: run.batches[step], stepSize, share, regularisers });
    if (step > first) return;
    const { linear, pushed } = await direct.end();
    this.setResidual(linear);
    for (const [name, amounts] of Object.entries(pushed))
      for (let r = 0; r < amounts.length; r++) this.terms[name].add(r, -amounts[r]);
  }

  private async bookJumped(nodes: readonly Node[], vector: RealArray): Promise<void> {
    const { rows, task, readout } = this.parts;
    const along = await alongNodes(rows, nodes, { graph: alongGraph(readout), vector, layout: task.layout });
    along.forEach((value, r) => {
      this.terms.replay.add(r, value);
    });
  }

  /** The averaged Jacobian goes through the optimizer's pull-back. */
  private async bookCarried(from: Checkpoint, to: Checkpoint, carried: Carried): Promise<void> {
    const { run, task } = this.parts;
    const [{ stepSize, gradientNorm }, batch] = [run.scalars[from.step], run.batches[from.step]];
    const { share, shares } = shareOf(task.optimizer, { gradientNorm, buffers: to.buffers });
    const regularisers = regulariserGradients(task, from.params);
    const names = task.regularisers.map(regulariserTerm);
    await carried.step(
      { from, to, stepSize, batch, shares, regularisers },
      {
        pull: (row, position, pull) => this.addContribution(row, batch.indices[position], -share * pull),
        decay: (row, coupled, decoupled) => {
          this.terms["coupled decay"].add(row, coupled);
          this.terms["decoupled decay"].add(row, decoupled);
        },
        regulariser: (row, j, pull) => this.terms[names[j]].add(row, -share * pull),
      },
    );
  }

  private valuesAt(params: RealArray): Promise<Float64Array> {
    return this.parts.rows.values(params);
  }

  private async nodesOf(line: Line, start: Float64Array, end: Float64Array): Promise<readonly Node[]> {
    const { rule } = this.options;
    const tolerance = this.options.tolerance * (line.end - line.first);
    const epsilon = this.parts.task.engine.dtype === "float32" ? 2 ** -23 : Number.EPSILON;
    const { orders } = this;
    const { nodes, cost } = await stepNodes(this.parts.rows, { start, end, rule, tolerance, epsilon, orders });
    for (const key of Object.keys(cost) as (keyof AverageCost)[]) this.cost[key] += cost[key];
    return nodes;
  }

  /** [f(w_end) - f(w_first)] - J . (w_end - w_first): from the query side and the record alone. It stands at the last step of the line. */
  private setResidual(linear: Float64Array): void {
    const { line, change } = this.entered as Entered;
    const steps = this.parts.run.batches.length;
    for (let r = 0; r < change.length; r++) this.residualByStep[r * steps + line.end - 1] = change[r] - linear[r];
  }

  private addContribution(row: number, example: number, value: number): void {
    this.contributions.add(row, example, value);
  }
}
