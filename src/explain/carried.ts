// Vectors as long as the parameters on the host, one for each row, that go backwards through the optimizer: the reference of those in the engine.

import type { Layout } from "../numeric/layout.ts";
import { dot } from "../numeric/sum.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { Checkpoint } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Booking, Carried, CarriedStep, SavedCarry } from "./carried/types.ts";
import type { Puller } from "./pull.ts";
import type { Node, RowEvaluator } from "./segment.ts";

/** Terms of one step, each (R). */
interface DecayTerms {
  readonly coupled: Float64Array;
  readonly decoupled: Float64Array;
}

/**
 * The carried vectors of R rows, in blocks (the rows of one parameter side by side), as graphs read and write them, in the run's dtype: in
 * float32 their rounding is that of the gradients they meet, and what it leaves shows in the closure.
 */
export class CarriedVectors implements Carried {
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
  private pullBack({ from, to, stepSize, shares }: CarriedStep): DecayTerms {
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
        if (shares) for (let k = 0; k < size; k++) own.data[r * size + k] *= shares[offset + k];
      }
    }
    return terms;
  }

  async step(step: CarriedStep, booking: Booking): Promise<void> {
    const { coupled, decoupled } = this.pullBack(step);
    for (let r = 0; r < coupled.length; r++) booking.decay(r, coupled[r], decoupled[r]);
    const { from, batch, regularisers } = step;
    const { layout } = this.task;
    const count = this.rows.count;
    for (const [j, rho] of regularisers.entries())
      for (let row = 0; row < count; row++) booking.regulariser(row, j, dotRow(this.data, rho, { layout, count, row }));
    await this.puller.pulls(this.data, { params: from.params, batch }, (row, position, pull) => {
      booking.pull(row, position, pull);
    });
  }

  async flush(): Promise<void> {}

  save(): SavedCarry {
    return { numbers: [], arrays: [this.carry] };
  }

  async restore({ arrays }: SavedCarry): Promise<void> {
    this.carry.set(arrays[0]);
  }

  async jump(replayed: Checkpoint, recorded: Checkpoint): Promise<Float64Array> {
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
  vector: RealArray,
  { layout, count, row }: { layout: Layout; count: number; row: number },
): number {
  return layout.entries.reduce(
    (total, { offset, size }) => total + dot(blocks, vector, count * offset + row * size, offset, size),
    0,
  );
}
