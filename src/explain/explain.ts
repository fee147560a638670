// Explains outputs of a recorded run: prior, contributions, terms and residual of every query.

import { InvalidDataError } from "../errors.ts";
import { Accumulator, sum } from "../numeric/sum.ts";
import { sliceRows, type Tensor } from "../numeric/tensor.ts";
import { defaultReadout, readoutOf } from "../readouts/registry.ts";
import type { Readout } from "../readouts/types.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import { carrierOf } from "./carried/carrier.ts";
import { type DirectPuller, directPuller } from "./direct.ts";
import { type ReadoutGraphOptions, type ReadoutGraphs, readoutGraphs } from "./graphs.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { ruleOf } from "./rules.ts";
import { RowEvaluator } from "./segment.ts";
import { type SweepOptions, type SweepResult, sweep } from "./sweep.ts";
import type { Explanation, Query, Term } from "./types.ts";

export interface ExplainOptions extends Pick<SweepOptions, "signal"> {
  readonly queries: readonly Query[];
  /** Default: predicted class against runner-up for classifiers, the first output otherwise; at the last position of a sequence. */
  readonly readout?: string | undefined;
  /** Quadrature along each step; default `auto`. */
  readonly rule?: string | undefined;
  /** Residual allowed by `auto`, relative to max |output - prior|; default 1e-4. */
  readonly tolerance?: number | undefined;
  /**
   * How pulls are computed; default `auto`: of a row's factors with an example's where the optimizer is plain gradient descent, else of carried
   * vectors with factors, or by forward mode. The other two say how carried vectors are contracted, for any optimizer.
   */
  readonly pulls?: "auto" | "factored" | "forward";
  /** Bytes that vectors carried for rows may take; more rows are explained in several sweeps. */
  readonly memoryBudget?: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export const DEFAULT_TOLERANCE = 1e-4;
const DEFAULT_MEMORY_BUDGET = 2 ** 30;

/** The readout of a call, fitted to the task. */
export function taskReadout(task: Pick<Task, "outputShape" | "loss">, spec: string | undefined): Readout {
  const context = { outputShape: task.outputShape, loss: task.loss };
  return readoutOf(spec ?? defaultReadout(context), context);
}

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
  const { queries, tolerance = DEFAULT_TOLERANCE, rule = "auto" } = options;
  if (queries.length === 0) throw new RangeError("explain: queries must not be empty");
  if (!(tolerance > 0)) throw new RangeError(`explain: tolerance must be positive, got ${tolerance}`);
  ruleOf(rule);
  requireBatches(run, "explain");
  const readout = taskReadout(task, options.readout);
  const last = await run.checkpoint(run.checkpoints[run.checkpoints.length - 1]);
  const first = await run.checkpoint(0);
  const rows = await rowsOf(task, queries, { readout, params: last.params });
  const { head, exampleInputs } = task.split;
  const readoutOptions = { head, exampleInputs, readout, targetType: task.loss.target, layout: task.layout };
  const graphs = readoutGraphs(readoutOptions);
  const direct = (options.pulls ?? "auto") === "auto" ? directPuller(task, readoutOptions) : undefined;
  const all = new RowEvaluator(task, graphs, { count: queries.length, feeds: rows.feeds });
  const [output, prior] = [await all.values(last.params), await all.values(first.params)];
  requireFiniteRows(rows, output, prior);
  const scale = scaleOf(output, prior);
  const parts: SweepResult[] = [];
  const perSweep = direct ? queries.length : rowsPerSweep(task, options.memoryBudget);
  for (let start = 0; start < queries.length; start += perSweep) {
    const range = { start, end: Math.min(queries.length, start + perSweep) };
    parts.push(
      await sweepRows(task, run, {
        ...options,
        graphs,
        readoutOptions,
        direct,
        rows,
        range,
        allowed: (tolerance * scale) / Math.max(1, run.batches.length),
      }),
    );
  }
  return assemble({ task, run, rows, output, prior, parts, rule, tolerance, scale });
}

/** A row whose output overflows has no sum: InvalidDataError naming it. */
function requireFiniteRows({ labels }: Rows, output: Float64Array, prior: Float64Array): void {
  const bad = output.findIndex((value, r) => !Number.isFinite(value - prior[r]));
  if (bad < 0) return;
  const { query, readout } = labels[bad];
  throw new InvalidDataError(
    `${readout} of ${query} must be finite before and after training, got ${prior[bad]} and ${output[bad]}`,
    {
      hint: "leave this query out; a run that diverged has such outputs",
    },
  );
}

/** max |output - prior| over the rows; 1 where that is next to nothing, so that tolerances are absolute there (design decision 8). */
function scaleOf(output: Float64Array, prior: Float64Array): number {
  let [change, size] = [0, 0];
  output.forEach((value, r) => {
    change = Math.max(change, Math.abs(value - prior[r]));
    size = Math.max(size, Math.abs(value));
  });
  return change < 1e-6 * size || change === 0 ? 1 : change;
}

interface SweepRows extends ExplainOptions {
  readonly graphs: ReadoutGraphs;
  readonly readoutOptions: ReadoutGraphOptions;
  readonly direct: DirectPuller | undefined;
  readonly rows: Rows;
  readonly range: { readonly start: number; readonly end: number };
  /** Residual allowed over one step, in units of the readout. */
  readonly allowed: number;
}

async function sweepRows(task: Task, run: Run, options: SweepRows): Promise<SweepResult> {
  const { start, end } = options.range;
  const count = end - start;
  const slice = (tensor: Tensor): Tensor => sliceRows(tensor, start, end);
  const feeds = Object.fromEntries(Object.entries(options.rows.feeds).map(([name, tensor]) => [name, slice(tensor)]));
  const rows = new RowEvaluator(task, options.graphs, { count, feeds });
  const how = { readout: options.readoutOptions, method: options.pulls ?? "auto", run };
  const puller = options.direct ?? carrierOf(task, rows, how);
  const { onProgress, signal } = options;
  const total = options.queries.length * run.batches.length;
  return sweep(
    { task, run, rows, count, puller },
    {
      rule: ruleOf(options.rule ?? "auto"),
      tolerance: options.allowed,
      signal,
      onProgress: onProgress && ((p) => onProgress({ ...p, done: start * run.batches.length + p.done * count, total })),
    },
  );
}

interface Assembly {
  readonly task: Task;
  readonly run: Run;
  readonly rows: Rows;
  readonly output: Float64Array;
  readonly prior: Float64Array;
  readonly parts: readonly SweepResult[];
  readonly rule: string;
  readonly tolerance: number;
  readonly scale: number;
}

function joined(
  parts: readonly SweepResult[],
  key: "contributions" | "residualByStep" | "coupled" | "decoupled" | "replay",
): Float64Array {
  if (parts.length === 1) return parts[0][key];
  const result = new Float64Array(parts.reduce((size, part) => size + part[key].length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part[key], offset);
    offset += part[key].length;
  }
  return result;
}

function assemble({ task, run, rows, output, prior, parts, rule, tolerance, scale }: Assembly): Explanation {
  const examples = task.dataset.train.x.shape[0];
  const steps = run.batches.length;
  const contributions = joined(parts, "contributions");
  const residualByStep = joined(parts, "residualByStep");
  const terms: Term[] = [
    { name: "coupled decay" as const, values: joined(parts, "coupled") },
    { name: "decoupled decay" as const, values: joined(parts, "decoupled") },
    { name: "replay" as const, values: joined(parts, "replay") },
  ].filter((term) => term.values.some((value) => value !== 0));
  const rowsOfMatrix = (matrix: Float64Array, width: number): Float64Array[] =>
    Array.from(output, (_, r) => matrix.subarray(r * width, (r + 1) * width));
  const net = Float64Array.from(rowsOfMatrix(contributions, examples), sum);
  const gross = Float64Array.from(rowsOfMatrix(contributions, examples), (row) => sum(row.map(Math.abs)));
  const residual = Float64Array.from(rowsOfMatrix(residualByStep, steps), sum);
  const closure = output.map((value, r) => {
    const left = new Accumulator();
    for (const part of [value, -prior[r], -net[r], -residual[r], ...terms.map((term) => -term.values[r])])
      left.add(part);
    return left.value;
  });
  const cost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  for (const part of parts) for (const key of Object.keys(cost) as (keyof typeof cost)[]) cost[key] += part.cost[key];
  return {
    rows: rows.labels,
    examples,
    steps,
    output,
    prior,
    contributions,
    terms,
    residual,
    residualByStep,
    closure,
    gross,
    net,
    rule,
    tolerance,
    scale,
    cost,
  };
}
