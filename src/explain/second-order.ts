// The second order of a step: what the hyperplane of the rule left misses, by derivatives of derivatives (arXiv:2606.07495; theory 1.9).

import { jvp } from "../differentiate/forward.ts";
import type { Program } from "../engine/engine.ts";
import { GradientField, requireDouble, requireLossAlone } from "../flows/field.ts";
import { centre, requireBatchSize } from "../flows/noise.ts";
import { fullLike } from "../graph/ops.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, reals, toReal } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { stretchesBackwards } from "../train/trajectory.ts";
import { DELTA, once, POSITION, type ReadoutGraphOptions, readoutAlong } from "./graphs.ts";
import { type PreparedRows, prepareRows } from "./prepare.ts";
import { RowEvaluator } from "./segment.ts";
import type { Query } from "./types.ts";

export interface SecondOrderOptions {
  readonly queries: readonly Query[];
  /** As of `explain`. */
  readonly readout?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Along a run, each (R, S) row-major. */
export interface SecondOrder {
  /** f(x; w_{s+1}) - f(x; w_s). */
  readonly changes: Float64Array;
  /** J_s Delta_s, what the rule left makes of it. */
  readonly linear: Float64Array;
  /** 1/2 Delta_s^T Hess f(x; w_s) Delta_s: what the rule left leaves, up to O(|Delta|^3). */
  readonly quadratic: Float64Array;
}

/** Outputs `slope` (N) and `curvature` (N) of each row in the direction of Delta. */
function curvatureGraph(options: ReadoutGraphOptions): Graph {
  const { b, value, tangents } = readoutAlong(options);
  const [slope] = jvp(b, tangents, [value]);
  const first = slope ?? fullLike(b, value, 0);
  const [second] = jvp(b, tangents, [first]);
  return b.build({ slope: first, curvature: second ?? fullLike(b, value, 0) });
}

/** J d and d^T Hess f d of every row, for any direction. */
class Curvature {
  private readonly task: Task;
  private readonly feeds: PreparedRows["rows"]["feeds"];
  private readonly program: Program;

  constructor(task: Task, { rows, readoutOptions }: PreparedRows) {
    const { readout, targetType, layout, head } = readoutOptions;
    const key = `curvature ${readout.key} ${targetType} ${layout.entries.map(({ name }) => name).join()}`;
    this.task = task;
    this.feeds = rows.feeds;
    this.program = task.engine.compile(once(head, key, () => curvatureGraph(readoutOptions)));
  }

  async along(params: RealArray, direction: RealArray): Promise<{ slope: RealArray; curvature: RealArray }> {
    const { engine, frozen, layout } = this.task;
    const results = await this.program.run({
      ...frozen,
      ...viewsOf(layout, params),
      ...viewsOf(layout, direction, DELTA),
      [POSITION]: toReal(reals([], [0]), engine.dtype),
      ...this.feeds,
    });
    return { slope: results.slope.data as RealArray, curvature: results.curvature.data as RealArray };
  }
}

const LEFT = { rule: "left", tolerance: 1 } as const;

/**
 * Splits each step's change of each row into its linear part, its quadratic part and what is beyond:
 *
 *     f(x; w_{s+1}) - f(x; w_s) = J_s Delta_s + 1/2 Delta_s^T Hess f(x; w_s) Delta_s + O(|Delta_s|^3)           (theory 1.9)
 *
 * The residual of the rule left is the change without its linear part. Holds for any optimizer, as it looks at the path alone; where a step crosses
 * a kink of a piecewise model (ReLU) the quadratic part misses it, and the jump of the slope is first order.
 *
 * Cost: for each step and row a forward pass and two tangent passes. Memory: three numbers a step and row.
 *
 * @see "Second-Order Path Kernel Interpolation Formulas in Machine Learning", arXiv:2606.07495; Lhermitte, (9)
 */
export async function secondOrder(task: Task, run: Run, options: SecondOrderOptions): Promise<SecondOrder> {
  const { queries, signal } = options;
  const prepared = await prepareRows(task, run, { queries, readout: options.readout, ...LEFT });
  const [steps, count] = [run.batches.length, queries.length];
  const rows = new RowEvaluator(task, prepared.graphs, { count, feeds: prepared.rows.feeds });
  const curvature = new Curvature(task, prepared);
  const [changes, linear, quadratic] = [0, 0, 0].map(() => new Float64Array(count * steps));
  const delta = allocate(task.engine.dtype, task.layout.size) as RealArray;
  for await (const { states } of stretchesBackwards(task, run, { signal })) {
    let after = await rows.values(states[states.length - 1].params);
    for (let k = states.length - 2; k >= 0; k--) {
      signal?.throwIfAborted();
      const { step, params } = states[k];
      for (let i = 0; i < delta.length; i++) delta[i] = states[k + 1].params[i] - params[i];
      const before = await rows.values(params);
      const { slope, curvature: second } = await curvature.along(params, delta);
      for (let r = 0; r < count; r++) {
        changes[r * steps + step] = after[r] - before[r];
        linear[r * steps + step] = slope[r];
        quadratic[r * steps + step] = second[r] / 2;
      }
      after = before;
    }
  }
  return { changes, linear, quadratic };
}

/** Of a run by plain minibatch descent, each (R, S) row-major. */
export interface ExpectedSecondOrder {
  /** eta^2 / 2 grad L^T Hess f grad L at w_s. */
  readonly curvature: Float64Array;
  /** eta^2 / 2 tr(Sigma Hess f) at w_s. */
  readonly noise: Float64Array;
}

/**
 * The expectation, over the batch of each step, of the quadratic part of a step of plain descent, at the parameters that the run went through:
 *
 *     E_B 1/2 Delta_s^T Hess f Delta_s = eta_s^2 / 2 [grad L^T Hess f grad L + tr(Sigma Hess f)]             (theory 1.9)
 *
 * for batches of b examples drawn uniformly without replacement, all examples counting alike in L. Averaged over runs, the sum of both is the expected
 * residual of the rule left up to O(eta^2).
 *
 * Cost: for each step gradients of all n examples, and n + 1 times two tangent passes for all rows; memory n p. RangeError for a run in float32, with an optimizer
 * that has a state, a clip or decay, or a batch size that does not fit; UnsupportedError for regularisers and dropout.
 */
export async function expectedSecondOrder(
  task: Task,
  run: Run,
  options: SecondOrderOptions & { readonly batchSize: number },
): Promise<ExpectedSecondOrder> {
  const { queries, batchSize, signal } = options;
  requireDouble("expectedSecondOrder", task);
  if (task.optimizer.plain?.weightDecay !== 0)
    throw new RangeError(
      `expectedSecondOrder: the optimizer must be plain descent without decay, got ${task.optimizer.name}`,
    );
  if (task.optimizer.clipping) throw new RangeError("expectedSecondOrder: gradients must not be clipped, got a clip");
  requireLossAlone("expectedSecondOrder", task);
  const prepared = await prepareRows(task, run, { queries, readout: options.readout, ...LEFT });
  const field = await GradientField.of(task);
  requireBatchSize("expectedSecondOrder", batchSize, field.examples);
  const curve = new Curvature(task, prepared);
  const [steps, count, p] = [run.batches.length, queries.length, field.size];
  const [curvature, noise] = [0, 0].map(() => new Float64Array(count * steps));
  for await (const { states } of stretchesBackwards(task, run, { signal }))
    for (const { step, params } of states.slice(0, -1)) {
      signal?.throwIfAborted();
      const half = run.scalars[step].stepSize ** 2 / 2;
      const rows = await field.at(params as Float64Array);
      const mean = centre(rows, p, batchSize);
      const along = async (direction: Float64Array, into: Float64Array): Promise<void> => {
        const { curvature: second } = await curve.along(params, direction);
        for (let r = 0; r < count; r++) into[r * steps + step] += half * second[r];
      };
      await along(mean, curvature);
      for (let i = 0; i < field.examples; i++) await along(rows.subarray(i * p, (i + 1) * p), noise);
    }
  return { curvature, noise };
}
