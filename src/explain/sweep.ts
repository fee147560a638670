// One sweep backwards through training: residuals on the query side, contributions on the side of the examples.

import { ColumnAccumulator, VectorAccumulator } from "../numeric/sum.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import { stretchesBackwards } from "../train/trajectory.ts";
import { type AverageCost, stepNodes } from "./average.ts";
import type { Carried } from "./carried/types.ts";
import { DirectPuller } from "./direct.ts";
import type { QuadratureRule } from "./gauss.ts";
import type { Node, RowEvaluator } from "./segment.ts";

export interface SweepOptions {
  readonly rule: QuadratureRule | undefined;
  /** Residual allowed over one step, in units of the readout. */
  readonly tolerance: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface SweepResult {
  /** (R, N). */
  readonly contributions: Float64Array;
  /** (R, S). */
  readonly residualByStep: Float64Array;
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
  /** Vectors that are carried through the optimizer, or, where it carries none and scales none, pulls of Jacobians as they are. */
  readonly puller: Carried | DirectPuller;
}

/**
 * Contributions, terms and residuals of R rows over a whole run (theory 1.1 eq. 3, 1.2): for s = S-1 .. 0 the averaged Jacobian
 * J_s enters the optimizer's pull-back, which gives u_s; example i of batch s receives -<u_s, g_{s,i}>.
 *
 * Cost: for each step the quadrature's derivatives of R rows and one contraction with the batch. Memory: at most 3 R p numbers of the run's
 * dtype, none of it for direct pulls, and one stretch of the trajectory.
 */
export async function sweep(parts: SweepParts, options: SweepOptions): Promise<SweepResult> {
  const state = new Sweep(parts, options);
  for await (const { states, jumpTo } of stretchesBackwards(parts.task, parts.run)) {
    if (jumpTo) await state.jump(states[states.length - 1], jumpTo);
    for (let k = states.length - 2; k >= 0; k--) {
      options.signal?.throwIfAborted();
      await state.step(states[k], states[k + 1]);
    }
  }
  return state.result();
}

class Sweep {
  private readonly parts: SweepParts;
  private readonly options: SweepOptions;
  /** Undefined for direct pulls. */
  private readonly carried: Carried | undefined;
  private readonly orders: number[];
  private readonly contributions: ColumnAccumulator;
  private readonly terms: Readonly<Record<"coupled" | "decoupled" | "replay", VectorAccumulator>>;
  private readonly residualByStep: Float64Array;
  private readonly cost: AverageCost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  /** Values at the start of the step done last, which is where the step before it ends. */
  private known: { params: RealArray; values: Float64Array } | undefined;

  constructor(parts: SweepParts, options: SweepOptions) {
    const { task, run, count, puller } = parts;
    this.parts = parts;
    this.options = options;
    this.carried = puller instanceof DirectPuller ? undefined : puller;
    // Three nodes are exact to the rounding of float32 on most steps; the count then follows each row.
    this.orders = new Array(count).fill(task.engine.dtype === "float32" ? 3 : 2);
    this.contributions = new ColumnAccumulator(count, task.dataset.train.x.shape[0]);
    this.terms = {
      coupled: new VectorAccumulator(count),
      decoupled: new VectorAccumulator(count),
      replay: new VectorAccumulator(count),
    };
    this.residualByStep = new Float64Array(count * run.batches.length);
  }

  async result(): Promise<SweepResult> {
    await this.carried?.flush();
    const { residualByStep, cost, terms } = this;
    const contributions = this.contributions.values();
    return {
      contributions,
      residualByStep,
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
    const to = this.known?.params === recorded.params ? this.known.values : await this.valuesAt(recorded.params);
    const from = await this.valuesAt(replayed.params);
    for (let r = 0; r < this.parts.count; r++) this.terms.replay.add(r, to[r] - from[r]);
    this.known = { params: replayed.params, values: from };
    const carried = await this.carried?.jump(replayed, recorded);
    carried?.forEach((value, r) => {
      this.terms.replay.add(r, value);
    });
  }

  async step(from: Checkpoint, to: Checkpoint): Promise<void> {
    const { run, rows } = this.parts;
    const end = this.known?.params === to.params ? this.known.values : await this.valuesAt(to.params);
    const start = await this.valuesAt(from.params);
    this.known = { params: from.params, values: start };
    rows.enter(from.params, to.params);
    const nodes = await this.nodesOf(start, end);
    const change = end.map((value, r) => value - start[r]);
    const { puller } = this.parts;
    if (puller instanceof DirectPuller) await this.bookDirect(from, { nodes, change, puller });
    if (this.carried) await this.bookCarried(from, to, { nodes, change, carried: this.carried });
    const total = run.batches.length;
    this.options.onProgress?.({ stage: "explain", done: total - from.step, total });
  }

  /** u_s = eta_s J_s: each node's pulls are booked as they come. */
  private async bookDirect(
    { step, params }: Checkpoint,
    { nodes, change, puller }: { nodes: readonly Node[]; change: Float64Array; puller: DirectPuller },
  ): Promise<void> {
    const { run, task, rows } = this.parts;
    const { stepSize } = run.scalars[step];
    const batch = run.batches[step];
    const { linear, decay } = await puller.pulls(rows, nodes, { params, batch }, (row, position, pull) => {
      this.addContribution(row, batch.indices[position], -stepSize * pull);
    });
    this.setResidual(step, change, linear);
    const rate = stepSize * (task.optimizer.plain?.weightDecay ?? 0);
    if (rate !== 0) for (let r = 0; r < decay.length; r++) this.terms.coupled.add(r, -rate * decay[r]);
  }

  /** The averaged Jacobian goes through the optimizer's pull-back. */
  private async bookCarried(
    from: Checkpoint,
    to: Checkpoint,
    { nodes, change, carried }: { nodes: readonly Node[]; change: Float64Array; carried: Carried },
  ): Promise<void> {
    const { run } = this.parts;
    this.setResidual(from.step, change, await carried.average(nodes));
    const [{ stepSize }, batch] = [run.scalars[from.step], run.batches[from.step]];
    await carried.step(
      { from, to, stepSize, batch },
      {
        pull: (row, position, pull) => this.addContribution(row, batch.indices[position], -pull),
        decay: (row, coupled, decoupled) => {
          this.terms.coupled.add(row, coupled);
          this.terms.decoupled.add(row, decoupled);
        },
      },
    );
  }

  private valuesAt(params: RealArray): Promise<Float64Array> {
    return this.parts.rows.values(params);
  }

  private async nodesOf(start: Float64Array, end: Float64Array): Promise<readonly Node[]> {
    const { rule, tolerance } = this.options;
    const epsilon = this.parts.task.engine.dtype === "float32" ? 2 ** -23 : Number.EPSILON;
    const { orders } = this;
    const { nodes, cost } = await stepNodes(this.parts.rows, { start, end, rule, tolerance, epsilon, orders });
    for (const key of Object.keys(cost) as (keyof AverageCost)[]) this.cost[key] += cost[key];
    return nodes;
  }

  /** [f(w_{s+1}) - f(w_s)] - J_s . (w_{s+1} - w_s): from the query side and the record alone. */
  private setResidual(step: number, change: Float64Array, linear: Float64Array): void {
    const steps = this.parts.run.batches.length;
    for (let r = 0; r < change.length; r++) this.residualByStep[r * steps + step] = change[r] - linear[r];
  }

  private addContribution(row: number, example: number, value: number): void {
    this.contributions.add(row, example, value);
  }
}
