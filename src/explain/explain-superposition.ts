// Explains outputs from a superposition: one chord from w_0 to w_S, and an inner product with each example's displacement.

import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/types.ts";
import { dot } from "../numeric/sum.ts";
import { allocate, type RealArray, sliceRows, type Tensor } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { assemble, type ExplainedPart } from "./assemble.ts";
import { stepNodes } from "./average.ts";
import { DEFAULT_TOLERANCE, type ExplainOptions, explain, rowsPerSweep } from "./explain.ts";
import { type PreparedRows, prepareRows } from "./prepare.ts";
import { ruleOf } from "./rules.ts";
import { RowEvaluator } from "./segment.ts";
import { difference } from "./shift.ts";
import { endsOf, type Superposition } from "./superposition.ts";
import { termNames } from "./terms.ts";
import type { Explanation, Query, Shift } from "./types.ts";

export type ExplainSuperpositionOptions = Omit<ExplainOptions, "chord" | "shift" | "pulls">;

/** Bytes of displacements that are read and multiplied at once. */
const TILE = 64 * 2 ** 20;

/** The graph of J D' for R rows of Jacobians and any number of displacements: `pulls` (R, N). */
function productGraph(rows: number, size: number): Graph {
  const b = new GraphBuilder();
  const [jacobian, displacements] = [
    b.input("jacobian", "real", [rows, size]),
    b.input("displacements", "real", ["N", size]),
  ];
  return b.build({ pulls: b.op("Gemm", [jacobian, displacements], { transB: 1 }) });
}

/** Rows of R from blocks, in which the rows of one parameter lie side by side. */
function rowsOfBlocks({ layout, engine }: Task, blocks: RealArray, count: number): RealArray {
  const rows = allocate(engine.dtype, blocks.length) as RealArray;
  for (const { offset, size } of layout.entries) {
    for (let r = 0; r < count; r++) {
      const from = count * offset + r * size;
      rows.set(blocks.subarray(from, from + size), r * layout.size + offset);
    }
  }
  return rows;
}

interface Parts {
  readonly task: Task;
  readonly run: Run;
  readonly superposition: Superposition;
  readonly prepared: PreparedRows;
}

/** The rows `start` to `end` - 1: J averaged from w_0 to w_S, J delta_i for every example, J delta for every term. */
async function explainRows(
  { task, run, superposition, prepared }: Parts,
  { start, end, rule, tolerance }: { start: number; end: number; rule: string; tolerance: number },
): Promise<ExplainedPart> {
  const { engine, layout } = task;
  const count = end - start;
  const slice = (tensor: Tensor): Tensor => sliceRows(tensor, start, end);
  const feeds = Object.fromEntries(Object.entries(prepared.rows.feeds).map(([name, t]) => [name, slice(t)]));
  const rows = new RowEvaluator(task, prepared.graphs, { count, feeds });
  const { first, last } = await endsOf(run);
  rows.enter(first, last);
  const [from, to] = [prepared.prior.subarray(start, end), prepared.output.subarray(start, end)];
  const { nodes, cost } = await stepNodes(rows, {
    start: from,
    end: to,
    rule: ruleOf(rule),
    tolerance: tolerance * prepared.scale,
    epsilon: engine.dtype === "float32" ? 2 ** -23 : Number.EPSILON,
    orders: new Array(count).fill(4),
  });
  const blocks = allocate(engine.dtype, count * layout.size) as RealArray;
  const linear = new Float64Array(count);
  for (const [q, node] of nodes.entries()) {
    const slopes = await rows.addJacobian(node, blocks, q === 0);
    node.rows.forEach((row, k) => {
      linear[row] += slopes[k];
    });
  }
  const jacobian = rowsOfBlocks(task, blocks, count);
  const along = (name: string): Float64Array => {
    const term = superposition.terms.find((candidate) => candidate.name === name);
    const part = (r: number): number => (term ? dot(jacobian, term.values, r * layout.size, 0, layout.size) : 0);
    return Float64Array.from({ length: count }, (_, r) => part(r));
  };
  const steps = run.batches.length;
  const residualByStep = new Float64Array(count * steps);
  // Without a step there is no change, and no residual.
  if (steps > 0) for (let r = 0; r < count; r++) residualByStep[(r + 1) * steps - 1] = to[r] - from[r] - linear[r];
  return {
    contributions: await contributionsOf(task, superposition, { jacobian, count }),
    residualByStep,
    terms: Object.fromEntries(termNames(task).map((name) => [name, along(name)])),
    lineEnds: Int32Array.from(steps > 0 ? [steps - 1] : []),
    cost,
  };
}

/** J delta_i: (R, N). */
async function contributionsOf(
  { engine, layout }: Task,
  superposition: Superposition,
  { jacobian, count }: { jacobian: RealArray; count: number },
): Promise<Float64Array> {
  const { examples } = superposition;
  const contributions = new Float64Array(count * examples);
  const program = engine.compile(productGraph(count, layout.size));
  const tile = Math.max(1, Math.floor(TILE / (jacobian.BYTES_PER_ELEMENT * layout.size)));
  for (let start = 0; start < examples; start += tile) {
    const end = Math.min(examples, start + tile);
    const { pulls } = await program.run({
      jacobian: { dtype: engine.dtype, shape: [count, layout.size], data: jacobian } as Tensor,
      displacements: {
        dtype: engine.dtype,
        shape: [end - start, layout.size],
        data: superposition.rows(start, end),
      } as Tensor,
    });
    for (let r = 0; r < count; r++) {
      for (let n = 0; n < end - start; n++)
        contributions[r * examples + start + n] = Number(pulls.data[r * (end - start) + n]);
    }
  }
  return contributions;
}

/** RangeError unless the superposition is as large as the task and the run. */
function requireFit({ task, run, superposition }: Omit<Parts, "prepared">): void {
  const wanted = [task.dataset.train.x.shape[0], task.layout.size, run.batches.length];
  const got = [superposition.examples, superposition.parameters, superposition.steps];
  if (wanted.join() === got.join() && superposition.dtype === task.engine.dtype) return;
  throw new RangeError(
    `explain: a superposition of ${wanted[0]} examples, ${wanted[1]} parameters and ${wanted[2]} steps in ${task.engine.dtype} must be given, got ${got.join(", ")} in ${superposition.dtype}`,
  );
}

/**
 * Writes the readout of each query as prior + sum of contributions + terms + residual from a superposition: contribution i is J delta_i, J averaged
 * along the one chord from w_0 to w_S (theory 1.8). As exact as along steps, with another split among examples: `shift` says by how much, where
 * it was measured when the superposition was made.
 *
 * Cost: the nodes of one line for each query, and n inner products of p numbers. Memory: two vectors as long as the parameters for each row.
 * Errors: as `explain`; RangeError for a superposition of another size.
 */
export async function explainSuperposition(
  task: Task,
  run: Run,
  superposition: Superposition,
  options: ExplainSuperpositionOptions,
): Promise<Explanation> {
  const { queries, tolerance = DEFAULT_TOLERANCE, rule = "auto", readout, signal, onProgress } = options;
  requireFit({ task, run, superposition });
  const prepared = await prepareRows(task, run, { queries, readout, rule, tolerance });
  const parts: ExplainedPart[] = [];
  const perSweep = rowsPerSweep(task, options.memoryBudget);
  for (let start = 0; start < queries.length; start += perSweep) {
    signal?.throwIfAborted();
    const end = Math.min(queries.length, start + perSweep);
    parts.push(await explainRows({ task, run, superposition, prepared }, { start, end, rule, tolerance }));
    onProgress?.({ stage: "explain", done: end, total: queries.length });
  }
  const chord = Math.max(1, run.batches.length);
  const explanation = assemble({ task, run, prepared, parts, rule, tolerance, chord, path: "superposition" });
  return { ...explanation, shift: superposition.shift };
}

/**
 * How far contributions from a superposition lie from those along the run's steps, on some queries. Cost: an explanation of these along every
 * step, which is the number of steps times that from the superposition.
 */
export async function superpositionShift(
  task: Task,
  run: Run,
  superposition: Superposition,
  options: ExplainSuperpositionOptions & { readonly queries: readonly Query[] },
): Promise<Shift> {
  const { onProgress: _, ...quiet } = options;
  const chordwise = await explainSuperposition(task, run, superposition, quiet);
  const stepwise = await explain(task, run, options);
  return {
    ...difference(chordwise.contributions, stepwise.contributions),
    queries: options.queries.map(({ id }) => id),
    chords: 1,
    ofChords: 1,
    cost: stepwise.cost.nodes / Math.max(1, chordwise.cost.nodes),
  };
}
