// One sweep backwards through training: residuals on the query side, contributions on the side of the examples.

import { VectorAccumulator } from "../numeric/sum.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import { type Line, type PathOptions, pathBackwards } from "../train/path.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import { type AverageCost, stepNodes } from "./average.ts";
import { CarriedVectors } from "./carried.ts";
import { DirectPuller } from "./direct.ts";
import type { DirectLine, ReceivePull } from "./direct-line.ts";
import type { QuadratureRule } from "./gauss.ts";
import type { Puller } from "./pull.ts";
import type { Node, RowEvaluator } from "./segment.ts";

export interface SweepOptions extends PathOptions {
  readonly rule: QuadratureRule | undefined;
  /** Residual allowed for each step of a line, in units of the readout. */
  readonly tolerance: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface SweepResult {
  /** (R, N). */
  readonly contributions: Float64Array;
  /** (R, S). */
  readonly residualByStep: Float64Array;
  readonly lineEnds: Int32Array;
  /** ||w_end - w_first|| of every line. */
  readonly lineLengths: Float64Array;
  readonly coupled: Float64Array;
  readonly decoupled: Float64Array;
  readonly replay: Float64Array;
  readonly cost: AverageCost;
}

export interface SweepParts {
  readonly task: Task;
  readonly run: Run;
  readonly rows: RowEvaluator;
  readonly count: number;
  /** Pulls of carried vectors, or, where the optimizer carries none and scales none, of Jacobians as they are. */
  readonly puller: Puller | DirectPuller;
}

/**
 * Contributions, terms and residuals of R rows over a whole run (theory 1.1 eq. 3, 1.2): for s = S-1 .. 0 the averaged Jacobian
 * J_s enters the optimizer's pull-back, which gives u_s; example i of batch s receives -<u_s, g_{s,i}>. With chords (theory 1.8) J_s is that of
 * the line of which step s is a part; every gradient is still that of its own step.
 *
 * Cost: for each line the quadrature's derivatives of R rows, and for each step one contraction with its batch. Memory: 3 R p numbers of
 * the run's dtype, none of it for direct pulls, one stretch of the trajectory, and for chords 2 p.
 */
export async function sweep(parts: SweepParts, options: SweepOptions): Promise<SweepResult> {
  const state = new Sweep(parts, options);
  for await (const event of pathBackwards(parts.task, parts.run, options)) {
    options.signal?.throwIfAborted();
    if (event.kind === "jump") await state.jump(event.replayed, event.recorded);
    else if (event.kind === "line") await state.enter(event);
    else await state.step(event.from, event.to);
  }
  return state.result();
}

/** The line whose steps are being taken. */
interface Entered {
  readonly line: Line;
  /** What the readouts change by, from its beginning to its end. */
  readonly change: Float64Array;
  /** Undefined for carried vectors. */
  readonly direct: DirectLine | undefined;
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
  private readonly carried: CarriedVectors | undefined;
  private readonly orders: number[];
  private readonly contributions: VectorAccumulator;
  private readonly terms: Readonly<Record<"coupled" | "decoupled" | "replay", VectorAccumulator>>;
  private readonly residualByStep: Float64Array;
  private readonly cost: AverageCost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  /** The last step of every line and ||w_end - w_first||, in ascending order once all are done. */
  private readonly lines: { readonly last: number; readonly length: number }[] = [];
  private entered: Entered | undefined;
  /** Values at the start of the line done last, which is where the line before it ends. */
  private known: { step: number; values: Float64Array } | undefined;

  constructor(parts: SweepParts, options: SweepOptions) {
    const { task, run, rows, count, puller } = parts;
    this.parts = parts;
    this.options = options;
    this.carried = puller instanceof DirectPuller ? undefined : new CarriedVectors(task, rows, puller);
    // Three nodes are exact to the rounding of float32 on most steps; the count then follows each row.
    this.orders = new Array(count).fill(task.engine.dtype === "float32" ? 3 : 2);
    this.contributions = new VectorAccumulator(count * task.dataset.train.x.shape[0]);
    this.terms = {
      coupled: new VectorAccumulator(count),
      decoupled: new VectorAccumulator(count),
      replay: new VectorAccumulator(count),
    };
    this.residualByStep = new Float64Array(count * run.batches.length);
  }

  result(): SweepResult {
    const { residualByStep, cost, terms } = this;
    const contributions = this.contributions.values();
    return {
      contributions,
      residualByStep,
      lineEnds: Int32Array.from(this.lines, ({ last }) => last).reverse(),
      lineLengths: Float64Array.from(this.lines, ({ length }) => length).reverse(),
      cost,
      coupled: terms.coupled.values(),
      decoupled: terms.decoupled.values(),
      replay: terms.replay.values(),
    };
  }

  /**
   * The path jumps from where a replay ended to the recorded state. The jump has a term of its own: f(recorded) - f(replayed), and
   * what the jump of the momentum does to the output in all later steps, -factor <z_s, m recorded - m replayed>.
   */
  async jump(replayed: Checkpoint, recorded: Checkpoint): Promise<void> {
    const [from, to] = [await this.valuesAt(replayed.params), await this.valuesAt(recorded.params)];
    for (let r = 0; r < this.parts.count; r++) this.terms.replay.add(r, to[r] - from[r]);
    this.known = undefined;
    this.carried?.jump(replayed, recorded).forEach((value, r) => {
      this.terms.replay.add(r, value);
    });
  }

  /** Begins a line: the Jacobian of every row is averaged along it. */
  async enter(line: Line): Promise<void> {
    const { rows, puller } = this.parts;
    const end = this.known?.step === line.end ? this.known.values : await this.valuesAt(line.to);
    const start = await this.valuesAt(line.from);
    this.known = { step: line.first, values: start };
    rows.enter(line.from, line.to);
    const nodes = await this.nodesOf(line, start, end);
    const change = end.map((value, r) => value - start[r]);
    const receive: ReceivePull = (row, example, pull) => this.addContribution(row, example, -pull);
    const direct = puller instanceof DirectPuller ? puller.line(rows, nodes, receive) : undefined;
    this.entered = { line, change, direct };
    if (this.carried) this.setResidual(await this.carried.average(nodes));
    this.lines.push({ last: line.end - 1, length: distance(line.from, line.to) });
  }

  async step(from: Checkpoint, to: Checkpoint): Promise<void> {
    const { run } = this.parts;
    const { direct, line } = this.entered as Entered;
    if (direct) await this.bookDirect(from, direct, line);
    else await this.bookCarried(from, to, this.carried as CarriedVectors);
    const { end } = this.options.range ?? { end: run.batches.length };
    this.options.onProgress?.({ stage: "explain", done: end - from.step, total: end });
  }

  /** u_s = eta_s J: pulls are booked as they come. */
  private async bookDirect({ step, params }: Checkpoint, direct: DirectLine, { first }: Line): Promise<void> {
    const { run, task } = this.parts;
    await direct.step({ params, batch: run.batches[step], stepSize: run.scalars[step].stepSize });
    if (step > first) return;
    const { linear, decay } = await direct.end();
    this.setResidual(linear);
    const weightDecay = task.optimizer.plain?.weightDecay ?? 0;
    if (weightDecay !== 0) for (let r = 0; r < decay.length; r++) this.terms.coupled.add(r, -weightDecay * decay[r]);
  }

  /** The averaged Jacobian goes through the optimizer's pull-back. */
  private async bookCarried(from: Checkpoint, to: Checkpoint, carried: CarriedVectors): Promise<void> {
    const { run } = this.parts;
    const { coupled, decoupled } = carried.pullBack(from, to, run.scalars[from.step].stepSize);
    for (let r = 0; r < coupled.length; r++) {
      this.terms.coupled.add(r, coupled[r]);
      this.terms.decoupled.add(r, decoupled[r]);
    }
    const batch = run.batches[from.step];
    await carried.pulls({ params: from.params, batch }, (row, position, pull) => {
      this.addContribution(row, batch.indices[position], -pull);
    });
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
    this.contributions.add(row * this.parts.task.dataset.train.x.shape[0] + example, value);
  }
}
