// Explains outputs of a recorded run: prior, contributions, terms and residual of every query.

import type { Feeds } from "../engine/engine.ts";
import { takeRows } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import type { StepRange } from "../train/trajectory.ts";
import { assemble } from "./assemble.ts";
import { carrierOf } from "./carried/carrier.ts";
import { type DirectPuller, directPuller } from "./direct.ts";
import { type ReadoutGraphOptions, type ReadoutGraphs, ROW } from "./graphs.ts";
import { prepareRows } from "./prepare.ts";
import { ruleOf } from "./rules.ts";
import type { SweepKeeper } from "./saved-sweep.ts";
import { RowEvaluator } from "./segment.ts";
import { type ExplainAgain, measureShift } from "./shift.ts";
import { type SweepOptions, type SweepResult, sweep } from "./sweep.ts";
import type { Explanation, Query } from "./types.ts";

export interface ExplainOptions extends Pick<SweepOptions, "signal" | "replayMemory"> {
  readonly queries: readonly Query[];
  /** Default: predicted class against runner-up for classifiers, the first output otherwise; at the last position of a sequence. */
  readonly readout?: string | undefined;
  /** Quadrature along each step; default `auto`. */
  readonly rule?: string | undefined;
  /** Residual allowed by `auto`, relative to max |output - prior|; default 1e-4. */
  readonly tolerance?: number | undefined;
  /**
   * k: Jacobians are averaged along the straight line from w_t to w_{t+k}, in the place of the lines of these k steps (theory 1.8); default 1.
   * The sum stays exact and queries cost k times less; contributions move, by as much as `shift` says.
   */
  readonly chord?: number | undefined;
  /**
   * Share of the cost of chords that may go into measuring the shift; default 1/4, of at least one chord of one row where that costs no more
   * than the explanation. 0: not measured; Infinity: every row, every step.
   */
  readonly shift?: number | undefined;
  /**
   * How pulls are computed; default `auto`: of a row's factors with an example's where the optimizer is plain gradient descent, else of carried
   * vectors with factors, or by forward mode. The other two say how carried vectors are contracted, for any optimizer.
   */
  readonly pulls?: "auto" | "factored" | "forward";
  /** Bytes that vectors carried for rows may take; more rows are explained in several sweeps. */
  readonly memoryBudget?: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Keeps what is done, and gives what an earlier call has kept: the explanation goes on from there, to the same bits. */
  readonly keeper?: SweepKeeper | undefined;
}

export const DEFAULT_TOLERANCE = 1e-4;
export const DEFAULT_SHIFT_SHARE = 0.25;
const DEFAULT_MEMORY_BUDGET = 2 ** 30;

/** Rows whose carried vectors (Jacobian, u, z in the run's dtype) fit in the budget. */
export function rowsPerSweep(
  { engine, layout }: Pick<Task, "engine" | "layout">,
  budget = DEFAULT_MEMORY_BUDGET,
): number {
  const bytes = engine.dtype === "float32" ? 4 : 8;
  return Math.max(1, Math.floor(budget / (3 * bytes * layout.size)));
}

/**
 * Writes the readout of each query as prior + sum of contributions + terms + residual (theory 1.1, eq. 3), for the optimizer that
 * was used. Exact up to `residual`, which is measured, and `closure`, which is rounding.
 *
 * Shapes: R = queries, N = training examples, S = steps. Cost: see `planExplanation`.
 * Errors: RangeError for a rule, readout or tolerance that does not fit; rejects with the signal's reason when aborted.
 *
 * @see Domingos 2020, Theorem 1, arXiv:2012.00152
 */
export async function explain(task: Task, run: Run, options: ExplainOptions): Promise<Explanation> {
  return explainPulledBy(task, task, run, options);
}

/** The same with the loss of `pulled`, which is `task` but for that, in the place of the one that was trained: contributions are those of its pull. */
export async function explainPulledBy(
  task: Task,
  pulled: Task,
  run: Run,
  options: ExplainOptions,
): Promise<Explanation> {
  const { queries, tolerance = DEFAULT_TOLERANCE, rule = "auto", chord = 1, shift = DEFAULT_SHIFT_SHARE } = options;
  if (!Number.isSafeInteger(chord) || chord < 1)
    throw new RangeError(`explain: chord must be a positive integer, got ${chord}`);
  if (!(shift >= 0)) throw new RangeError(`explain: shift must be a number >= 0, got ${shift}`);
  const prepared = await prepareRows(task, run, { queries, readout: options.readout, rule, tolerance });
  const { graphs, readoutOptions, scale } = prepared;
  const direct = (options.pulls ?? "auto") === "auto" ? directPuller(pulled, readoutOptions) : undefined;
  const allowed = (tolerance * scale) / Math.max(1, run.batches.length);
  const shared = { ...options, pulled, graphs, readoutOptions, direct, feeds: prepared.rows.feeds, allowed };
  const parts: SweepResult[] = [];
  const perSweep = direct ? queries.length : rowsPerSweep(task, options.memoryBudget);
  for (let start = 0; start < queries.length; start += perSweep) {
    const end = Math.min(queries.length, start + perSweep);
    const rows = Array.from({ length: end - start }, (_, k) => start + k);
    const kept = options.keeper && { keeper: options.keeper, sweep: parts.length };
    parts.push(await sweepRows(task, run, { ...shared, rows, kept, progress: options.onProgress }));
  }
  const explanation = assemble({ task, run, prepared, parts, rule, tolerance, chord });
  if (chord === 1 || shift === 0) return explanation;
  const again: ExplainAgain = (part) => sweepRows(task, run, { ...shared, ...part, progress: undefined });
  const memory = task.optimizer.memory?.factor ?? 0;
  const lengths = parts[0].lineLengths;
  return { ...explanation, shift: await measureShift(explanation, { share: shift, memory, lengths }, again) };
}

interface SweepRows extends Pick<ExplainOptions, "rule" | "signal" | "pulls" | "replayMemory"> {
  readonly pulled: Task;
  readonly graphs: ReadoutGraphs;
  readonly readoutOptions: ReadoutGraphOptions;
  readonly direct: DirectPuller | undefined;
  /** Feeds of all rows of the call, and those that are swept. */
  readonly feeds: Feeds;
  readonly rows: readonly number[];
  /** Residual allowed over one step, in units of the readout. */
  readonly allowed: number;
  readonly chord?: number | undefined;
  readonly range?: StepRange | undefined;
  readonly apart?: StepRange | undefined;
  readonly kept?: SweepOptions["kept"];
  readonly progress: ExplainOptions["onProgress"];
}

/** Sweeps some rows; their progress is counted among that of all. */
async function sweepRows(task: Task, run: Run, options: SweepRows): Promise<SweepResult> {
  const { feeds: all, rows: chosen, progress, signal, chord, range, apart, kept } = options;
  const count = chosen.length;
  const whole = count === all[ROW].shape[0];
  const taken = () => Object.entries(all).map(([name, tensor]) => [name, takeRows(tensor, chosen)] as const);
  const feeds = whole ? all : Object.fromEntries(taken());
  const rows = new RowEvaluator(task, options.graphs, { count, feeds });
  const how = { readout: options.readoutOptions, method: options.pulls ?? "auto", run };
  const puller = options.direct ?? carrierOf(options.pulled, rows, how);
  const steps = run.batches.length;
  const total = all[ROW].shape[0] * steps;
  return sweep(
    { task, run, rows, count, readout: options.readoutOptions, puller },
    {
      rule: ruleOf(options.rule ?? "auto"),
      tolerance: options.allowed,
      signal,
      ...(chord !== undefined && { chord }),
      ...(range && { range }),
      apart,
      kept,
      onProgress: progress && ((p) => progress({ ...p, done: chosen[0] * steps + p.done * count, total })),
      replayMemory: options.replayMemory,
    },
  );
}
