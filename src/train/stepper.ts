// Runs training steps on flat arrays: gradient by the engine, update by the optimizer. Training and replay share it.

import type { Program } from "../engine/engine.ts";
import { resolveDim, sizeOfShape } from "../graph/dim.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { sum } from "../numeric/sum.ts";
import { allocate, type RealArray, type Tensor } from "../numeric/tensor.ts";
import { createBuffers } from "../optimizers/buffers.ts";
import type { Batch, Checkpoint } from "../run/types.ts";
import { type ExampleSource, examplesOf } from "./examples.ts";
import { gradientGraph, TARGET, WEIGHTS } from "./gradient-graph.ts";
import { type Task, targetsOf } from "./task.ts";

/** Bytes that the intermediate values of one run may take; larger batches are cut into tiles. */
const TILE_BUDGET = 256 * 2 ** 20;

/** Examples that fit into one run of a graph: depends on the graph alone, so that results never depend on free memory. */
export function examplesPerTile(graph: Graph, budget = TILE_BUDGET): number {
  let bytes = 0;
  for (const { shape } of graph.values.values()) {
    bytes += 8 * (resolveDim(sizeOfShape(shape), 2) - resolveDim(sizeOfShape(shape), 1));
  }
  return Math.max(1, Math.floor(budget / Math.max(1, bytes)));
}

// A counted loop: over 670,000 parameters 0.7 ms, `for (const g of gradient)` 8.1; the gradient itself takes 3.
function normOf(gradient: RealArray): number {
  let square = 0;
  for (let k = 0; k < gradient.length; k++) square += gradient[k] * gradient[k];
  return Math.sqrt(square);
}

/** A sum is finite only if every summand is, and overflows only where training has left all sense. */
function allFinite(params: RealArray): boolean {
  let total = 0;
  for (let k = 0; k < params.length; k++) total += params[k];
  return Number.isFinite(total);
}

export interface StepResult {
  /** sum_n c_n l_n of the batch at w_s. */
  readonly loss: number;
  /** Euclidean norm of the data gradient. */
  readonly gradientNorm: number;
}

/** The state of training: parameters, optimizer columns, and the step they stand before. */
export class Stepper {
  readonly params: RealArray;
  readonly buffers: Readonly<Record<string, RealArray>>;
  /** Number of updates done. */
  step = 0;
  private readonly task: Task;
  private readonly gradient: RealArray;
  private readonly tileGradient: RealArray;
  private readonly program: Program;
  private readonly examples: ExampleSource;
  private readonly tile: number;
  private readonly paramViews: Record<string, Tensor>;
  /** The state before the last update, to go back to. */
  private readonly previous: readonly RealArray[];

  constructor(task: Task) {
    const { engine, layout, optimizer, split, loss } = task;
    const column = (): RealArray => allocate(engine.dtype, layout.size) as RealArray;
    this.task = task;
    this.params = column();
    this.gradient = column();
    this.tileGradient = column();
    this.buffers = createBuffers(optimizer, layout.size, engine.dtype);
    this.previous = [column(), ...optimizer.buffers.map(column)];
    const graph = gradientGraph(
      split.head,
      loss,
      layout.entries.map(({ name }) => name),
    );
    this.program = engine.compile(graph);
    this.tile = examplesPerTile(graph);
    this.examples = examplesOf(task, task.dataset.train);
    this.paramViews = viewsOf(layout, this.params);
  }

  /** Puts the state of a checkpoint in place. */
  restore({ step, params, buffers }: Checkpoint): void {
    this.step = step;
    this.params.set(params);
    for (const [name, column] of Object.entries(this.buffers)) column.set(buffers[name]);
  }

  /** A copy of the state. */
  checkpoint(): Checkpoint {
    const buffers = Object.fromEntries(Object.entries(this.buffers).map(([name, column]) => [name, column.slice()]));
    return { step: this.step, params: this.params.slice(), buffers };
  }

  /** Loss and gradient of a batch at the present parameters; the gradient is kept for `update`. */
  async evaluate({ indices, weights }: Batch): Promise<StepResult> {
    const losses: number[] = [];
    if (indices.length === 0) this.gradient.fill(0);
    for (let start = 0; start < indices.length; start += this.tile) {
      const end = Math.min(indices.length, start + this.tile);
      const target = start === 0 ? this.gradient : this.tileGradient;
      const c = weights.subarray(start, end);
      const values = await this.runTile(indices.subarray(start, end), c, target);
      if (start > 0) for (let k = 0; k < target.length; k++) this.gradient[k] += target[k];
      for (let n = 0; n < c.length; n++) losses.push(c[n] * values[n]);
    }
    return { loss: sum(losses), gradientNorm: normOf(this.gradient) };
  }

  /** Applies the optimizer to the gradient that `evaluate` left; false, and nothing changed, when a parameter would not be finite. */
  update(stepSize: number): boolean {
    const { params, gradient, buffers, step } = this;
    const columns = [params, ...Object.values(buffers)];
    columns.forEach((column, i) => {
      this.previous[i].set(column);
    });
    this.task.optimizer.update({ params, gradient, buffers, step, stepSize });
    if (!allFinite(params)) {
      columns.forEach((column, i) => {
        column.set(this.previous[i]);
      });
      return false;
    }
    this.step++;
    return true;
  }

  private async runTile(rows: Int32Array, weights: Float64Array, gradient: RealArray): Promise<ArrayLike<number>> {
    const { engine, dataset, layout, frozen } = this.task;
    const c = allocate(engine.dtype, rows.length) as RealArray;
    c.set(weights);
    const feeds = {
      ...frozen,
      ...this.paramViews,
      ...(await this.examples.feeds(rows)),
      [TARGET]: targetsOf(this.task, dataset.train, rows),
      [WEIGHTS]: { dtype: engine.dtype, shape: [rows.length], data: c } as Tensor,
    };
    const { losses } = await this.program.run(feeds, viewsOf(layout, gradient, "gradient."));
    return losses.data as RealArray;
  }
}
