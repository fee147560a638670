// The forward alternative to the backward sweep: a momentum vector for every training example, carried through training, as in ExPLAIND.

import { readoutGraphs } from "../../src/explain/graphs.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { rowsOf } from "../../src/explain/rows.ts";
import { ruleOf } from "../../src/explain/rules.ts";
import { RowEvaluator } from "../../src/explain/segment.ts";
import type { Query } from "../../src/explain/types.ts";
import { dot, sum, VectorAccumulator } from "../../src/numeric/sum.ts";
import type { Checkpoint, Run } from "../../src/run/types.ts";
import type { Task } from "../../src/train/task.ts";
import { type ApplyStep, applicationOf } from "./forward-optimizers.ts";
import { perExampleGradients } from "./per-example-gradients.ts";
import { rowsFromBlocks } from "./row-blocks.ts";

export interface ForwardOptions {
  readonly queries: readonly Query[];
  /** Default gauss3. */
  readonly rule?: string;
  /**
   * Whose a momentum is: the example's whose gradient entered it (`source`, right), or only of the examples that are in the
   * batch when it is applied (`application`: the misprint of theory 1.2).
   */
  readonly membership?: "source" | "application";
  /** Steps whose Jacobian is that of the straight line over all of them; default 1. */
  readonly chord?: number;
}

export interface ForwardExplanation {
  /** (R, N). */
  readonly contributions: Float64Array;
  /** The optimizer's decay, coupled and decoupled: (R). */
  readonly decay: Float64Array;
  /** Of each regulariser in the loss: (R). */
  readonly regularisers: readonly Float64Array[];
  /** output - prior - contributions - decay - residual: (R). */
  readonly closure: Float64Array;
  /** Sum of the absolute values of all that was booked: what rounding is relative to. (R). */
  readonly gross: Float64Array;
  /** What each example's gradients did to the parameters: (N, p). */
  readonly displacements: Float64Array;
  /** What the decay did to the parameters: (p). */
  readonly regularisation: Float64Array;
}

type SegmentJacobian = (from: Checkpoint, to: Checkpoint) => Promise<Float64Array>;

/** Averaged Jacobians of steps: each step's own, or that of its chord. */
function jacobiansBySteps(run: Run, jacobianOf: SegmentJacobian, chord: number): (s: number) => Promise<Float64Array> {
  let known: Float64Array | undefined;
  return async (s) => {
    if (s % chord === 0 || !known) {
      const end = Math.min(run.batches.length, s - (s % chord) + chord);
      known = await jacobianOf(await run.checkpoint(s - (s % chord)), await run.checkpoint(end));
    }
    return known;
  };
}

/** Averaged Jacobians (R, p) of segments by a fixed rule. */
async function segmentJacobians(
  task: Task,
  run: Run,
  { queries, rule }: { queries: readonly Query[]; rule: string },
): Promise<SegmentJacobian> {
  const quadrature = ruleOf(rule);
  if (!quadrature) throw new RangeError(`explainForward: rule must be fixed, got ${rule}`);
  const { head, exampleInputs } = task.split;
  const readout = taskReadout(task, undefined);
  const last = await run.checkpoint(run.batches.length);
  const rows = await rowsOf(task, queries, { readout, params: last.params });
  const graphs = readoutGraphs({ head, exampleInputs, readout, targetType: task.loss.target, layout: task.layout });
  const evaluator = new RowEvaluator(task, graphs, { count: queries.length, feeds: rows.feeds });
  const all = queries.map((_, r) => r);
  return async (from, to) => {
    const total = new Float64Array(queries.length * task.layout.size);
    evaluator.enter(from.params, to.params);
    for (const [q, t] of quadrature.nodes.entries()) {
      await evaluator.addJacobian({ t, rows: all, weights: all.map(() => quadrature.weights[q]) }, total);
    }
    return rowsFromBlocks(total, task.layout, queries.length);
  };
}

/** What the steps so far are booked on. Memory: 4 N p. */
class Ledger {
  readonly momenta: Float64Array[];
  readonly displaced: VectorAccumulator;
  readonly contributions: VectorAccumulator;
  readonly gross: Float64Array;
  private readonly size: number;
  private readonly rows: number;

  /** One account for each training example and regulariser, and the last one for the decay. */
  constructor({ accounts, size, rows }: { accounts: number; size: number; rows: number }) {
    this.size = size;
    this.rows = rows;
    this.momenta = Array.from({ length: accounts }, () => new Float64Array(size));
    this.displaced = new VectorAccumulator(accounts * size);
    this.contributions = new VectorAccumulator(accounts * rows);
    this.gross = new Float64Array(rows);
  }

  /** Books -applied on an account: its displacement, and -J_s . applied for each row. */
  book(account: number, applied: Float64Array, jacobian: Float64Array): void {
    for (let k = 0; k < this.size; k++) this.displaced.add(account * this.size + k, -applied[k]);
    for (let r = 0; r < this.rows; r++) {
      const share = -dot(jacobian, applied, r * this.size, 0, this.size);
      this.contributions.add(account * this.rows + r, share);
      this.gross[r] += Math.abs(share);
    }
  }
}

/**
 * The output of each query as prior + contributions + decay + residual, booked forwards when updates are applied.
 * Memory O(N p), cost O(N p R) a step: a reference for small runs.
 */
export async function explainForward(task: Task, run: Run, options: ForwardOptions): Promise<ForwardExplanation> {
  const { queries, rule = "gauss3", membership = "source", chord = 1 } = options;
  const [examples, size, rows] = [task.dataset.train.x.shape[0], task.layout.size, queries.length];
  const jacobianAt = jacobiansBySteps(run, await segmentJacobians(task, run, { queries, rule }), chord);
  const gradientsOf = perExampleGradients(task);
  const apply = applicationOf(task.optimizer);
  const others = task.regularisers.length;
  const ledger = new Ledger({ accounts: examples + others + 1, size, rows });
  const linear = new VectorAccumulator(rows);
  let from = await run.checkpoint(0);
  for (let s = 0; s < run.batches.length; s++) {
    const to = await run.checkpoint(s + 1);
    const jacobian = await jacobianAt(s);
    const delta = Float64Array.from(to.params, (w, k) => w - from.params[k]);
    for (let r = 0; r < rows; r++) linear.add(r, dot(jacobian, delta, r * size, 0, size));
    const batch = run.batches[s];
    const gradients = await gradientsOf(from.params, batch);
    const own = bySource(batch.indices, gradients, { examples, size });
    const present = new Set(batch.indices);
    for (const [j, regulariser] of task.regularisers.entries()) {
      const rho = new Float64Array(size);
      regulariser.gradient(from.params, task.reference, rho);
      own.set(examples + j, rho);
      present.add(examples + j);
    }
    clip(own, task.optimizer);
    const step = { step: s, stepSize: run.scalars[s].stepSize, from, to };
    bookStep(ledger, { apply, own, jacobian, step, books: (i) => membership === "source" || present.has(i) });
    from = to;
  }
  return summary(ledger, { examples, others, size, rows, linear: linear.values() });
}

/** Multiplies all shares of the gradient by what a clip leaves of their sum, by PyTorch's formulas, written out. */
function clip(own: ReadonlyMap<number, Float64Array>, { clipping }: Task["optimizer"]): void {
  if (!clipping) return;
  const shares = [...own.values()];
  const total = shares[0].map((_, k) => sum(shares.map((share) => share[k])));
  const { maximum } = clipping.options;
  const whole = Math.min(1, maximum / (Math.hypot(...total) + 1e-6));
  const single = (g: number): number => (g === 0 ? 1 : Math.min(maximum, Math.max(-maximum, g)) / g);
  for (const share of shares)
    for (let k = 0; k < share.length; k++) share[k] *= clipping.name === "norm" ? whole : single(total[k]);
}

/** Gradients of a batch added up by example: those that are in it. */
function bySource(
  indices: Int32Array,
  gradients: Float64Array,
  { examples, size }: { examples: number; size: number },
) {
  const own = new Map<number, Float64Array>();
  indices.forEach((example, n) => {
    if (example >= examples) throw new RangeError(`explainForward: indices must be below ${examples}, got ${example}`);
    const total = own.get(example) ?? new Float64Array(size);
    for (let k = 0; k < size; k++) total[k] += gradients[n * size + k];
    own.set(example, total);
  });
  return own;
}

interface BookStep {
  readonly apply: ApplyStep;
  readonly own: ReadonlyMap<number, Float64Array>;
  readonly jacobian: Float64Array;
  readonly step: {
    readonly step: number;
    readonly stepSize: number;
    readonly from: Checkpoint;
    readonly to: Checkpoint;
  };
  readonly books: (example: number) => boolean;
}

function bookStep(ledger: Ledger, { apply, own, jacobian, step, books }: BookStep): void {
  const decayAccount = ledger.momenta.length - 1;
  ledger.momenta.forEach((momentum, account) => {
    const isDecay = account === decayAccount;
    const applied = apply({ ...step, momentum, gradient: own.get(account), isDecay });
    if (isDecay || books(account)) ledger.book(account, applied, jacobian);
  });
}

interface Sizes {
  readonly examples: number;
  /** Regularisers. */
  readonly others: number;
  readonly size: number;
  readonly rows: number;
  /** sum over steps of J_s . (w_{s+1} - w_s): the change of the output less the residual. */
  readonly linear: Float64Array;
}

function summary(ledger: Ledger, { examples, others, size, rows, linear }: Sizes): ForwardExplanation {
  const booked = ledger.contributions.values();
  const displaced = ledger.displaced.values();
  const contributions = new Float64Array(rows * examples);
  for (let i = 0; i < examples; i++)
    for (let r = 0; r < rows; r++) contributions[r * examples + i] = booked[i * rows + r];
  const account = (i: number): Float64Array => booked.slice(i * rows, (i + 1) * rows);
  const decay = account(examples + others);
  const regularisers = Array.from({ length: others }, (_, j) => account(examples + j));
  // output - prior - residual is `linear`, whatever the quadrature left.
  const closure = linear.map(
    (value, r) =>
      value -
      sum(contributions.subarray(r * examples, (r + 1) * examples)) -
      sum([decay, ...regularisers].map((part) => part[r])),
  );
  return {
    contributions,
    decay,
    regularisers,
    closure,
    gross: ledger.gross,
    displacements: displaced.subarray(0, examples * size),
    regularisation: displaced.slice((examples + others) * size),
  };
}
