// Vectors as long as the parameters, one for each row, that go backwards through the optimizer: Jacobian, carry and what pulls on a batch.

import type { Layout } from "../numeric/layout.ts";
import { dot } from "../numeric/sum.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { Batch, Checkpoint } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Puller } from "./pull.ts";
import type { Node, RowEvaluator } from "./segment.ts";

/** Terms of one step, each (R). */
export interface DecayTerms {
  readonly coupled: Float64Array;
  readonly decoupled: Float64Array;
}

/**
 * The carried vectors of R rows, in blocks (the rows of one parameter side by side), as graphs read and write them, in the run's dtype: in
 * float32 their rounding is that of the gradients they meet, and what it leaves shows in the closure.
 */
export class CarriedVectors {
  private readonly task: Task;
  private readonly rows: RowEvaluator;
  private readonly puller: Puller;
  private readonly jacobian: RealArray;
  private readonly carry: RealArray;
  private readonly data: RealArray;

  constructor(task: Task, rows: RowEvaluator, puller: Puller) {
    const size = rows.count * task.layout.size;
    const blocks = (needed = true): RealArray => allocate(task.engine.dtype, needed ? size : 0) as RealArray;
    this.task = task;
    this.rows = rows;
    this.puller = puller;
    this.jacobian = blocks();
    this.data = blocks();
    this.carry = blocks(task.optimizer.memory !== undefined);
  }

  /** Averages the Jacobian of every row over the nodes of the segment at hand; gives J_s (w_{s+1} - w_s), by forward mode. */
  async average(nodes: readonly Node[]): Promise<Float64Array> {
    const linear = new Float64Array(this.rows.count);
    for (const [q, node] of nodes.entries()) {
      const slopes = await this.rows.addJacobian(node, this.jacobian, q === 0);
      node.rows.forEach((row, k) => {
        linear[row] += slopes[k];
      });
    }
    return linear;
  }

  /** Takes the averaged Jacobian of step `from` through the pull-back, one parameter after the other; gives the decay terms. */
  pullBack(from: Checkpoint, to: Checkpoint, stepSize: number): DecayTerms {
    const { optimizer, layout } = this.task;
    const count = this.rows.count;
    const terms = { coupled: new Float64Array(count), decoupled: new Float64Array(count) };
    for (const { offset, size } of layout.entries) {
      const block = (blocks: RealArray): RealArray => blocks.subarray(count * offset, count * (offset + size));
      const buffers = Object.fromEntries(
        Object.entries(to.buffers).map(([name, column]) => [name, column.subarray(offset, offset + size)]),
      );
      const own = { jacobian: block(this.jacobian), carry: block(this.carry), data: block(this.data) };
      const { coupled, decoupled } = optimizer.pullback({ buffers, step: from.step, stepSize, ...own });
      for (let r = 0; r < count; r++) {
        if (coupled !== 0) terms.coupled[r] -= coupled * dot(own.data, from.params, r * size, offset, size);
        if (decoupled !== 0) terms.decoupled[r] -= decoupled * dot(own.jacobian, from.params, r * size, offset, size);
      }
    }
    return terms;
  }

  /** The pulls of the step at hand on a batch. */
  pulls(
    place: { params: RealArray; batch: Batch },
    receive: (row: number, position: number, pull: number) => void,
  ): Promise<void> {
    return this.puller.pulls(this.data, place, receive);
  }

  /** What a jump of the momentum does to each row in all later steps: -factor <z_s, m recorded - m replayed>, or nothing without one. */
  jump(replayed: Checkpoint, recorded: Checkpoint): Float64Array {
    const { layout, optimizer } = this.task;
    const count = this.rows.count;
    const terms = new Float64Array(count);
    if (!optimizer.memory) return terms;
    const { buffer, factor } = optimizer.memory;
    const before = replayed.buffers[buffer];
    const difference = Float64Array.from(recorded.buffers[buffer], (m, k) => m - before[k]);
    for (let r = 0; r < count; r++) terms[r] = -factor * dotRow(this.carry, difference, { layout, count, row: r });
    return terms;
  }
}

/** <row r of blocks, vector>. */
function dotRow(
  blocks: RealArray,
  vector: Float64Array,
  { layout, count, row }: { layout: Layout; count: number; row: number },
): number {
  return layout.entries.reduce(
    (total, { offset, size }) => total + dot(blocks, vector, count * offset + row * size, offset, size),
    0,
  );
}
