// Runs training steps on flat arrays: gradient by the engine, update by the optimizer. Training and replay share it.

import type { Feeds, Program } from "../engine/engine.ts";
import { resolveDim, sizeOfShape } from "../graph/dim.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { sum } from "../numeric/sum.ts";
import { allocate, type RealArray, type RealDType, ReusedArrays, type Tensor, zeros } from "../numeric/tensor.ts";
import { createBuffers } from "../optimizers/buffers.ts";
import type { Batch, Checkpoint } from "../run/types.ts";
import { gradientGraph } from "./gradient-graph.ts";
import { occurrenceFeeds, partOfBatch } from "./occurrences.ts";
import { addRegularisers } from "./regularised.ts";
import { NEXT, SQUARE, STEP_SIZE, stepGraph } from "./step-graph.ts";
import type { Task } from "./task.ts";

/** Bytes that the intermediate values of one run may take; larger batches are cut into tiles. */
const TILE_BUDGET = 256 * 2 ** 20;

/**
 * The same for a step of training, whose values are never there all at once: of 290 MiB that are counted so for 64 images of the MNIST CNN, 20
 * live in float32. As one tile the step is taken in the engine (29 ms; in tiles of 56 and 8 examples, with the update on the host, 33).
 */
const STEP_BUDGET = 2 ** 30;

/** Examples that fit into one run of a graph: depends on the graph alone, so that results never depend on free memory. */
export function examplesPerTile(graph: Graph, budget = TILE_BUDGET): number {
  let bytes = 0;
  for (const { shape } of graph.values.values()) {
    bytes += 8 * (resolveDim(sizeOfShape(shape), 2) - resolveDim(sizeOfShape(shape), 1));
  }
  return Math.max(1, Math.floor(budget / Math.max(1, bytes)));
}

// Counted loops, `for (const g of gradient)` takes ten times as long; four sums at once, since each addition waits for the one before.
function normOf(gradient: RealArray): number {
  const whole = gradient.length - (gradient.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0; k < whole; k += 4) {
    a += gradient[k] * gradient[k];
    b += gradient[k + 1] * gradient[k + 1];
    c += gradient[k + 2] * gradient[k + 2];
    d += gradient[k + 3] * gradient[k + 3];
  }
  for (let k = whole; k < gradient.length; k++) a += gradient[k] * gradient[k];
  return Math.sqrt(a + b + c + d);
}

/** A sum is finite only if every summand is, and overflows only where training has left all sense. */
function allFinite(params: RealArray): boolean {
  const whole = params.length - (params.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0; k < whole; k += 4) {
    a += params[k];
    b += params[k + 1];
    c += params[k + 2];
    d += params[k + 3];
  }
  for (let k = whole; k < params.length; k++) a += params[k];
  return Number.isFinite(a + b + c + d);
}

export interface StepResult {
  /** sum_n c_n l_n of the batch at w_s. */
  readonly loss: number;
  /** Euclidean norm of the gradient of the loss, regularisers included, before any clip. */
  readonly gradientNorm: number;
}

export interface Advance extends StepResult {
  /** Why the step was not taken: what is no longer finite. The state is as it was. */
  readonly fault: string | undefined;
}

/** The largest gradient whose square, which Adam and RMSprop keep, is finite in the dtype. */
const LARGEST_GRADIENT: Readonly<Record<RealDType, number>> = { float32: 1.8e19, float64: 1.3e154 };

function faultOf({ loss, gradientNorm }: StepResult, dtype: RealDType): string | undefined {
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
    return `loss must be finite, got loss ${loss} and gradient norm ${gradientNorm}`;
  if (gradientNorm <= LARGEST_GRADIENT[dtype]) return undefined;
  return `the gradient norm must be at most ${LARGEST_GRADIENT[dtype].toExponential(1)} in ${dtype}, got ${gradientNorm}`;
}

const NOT_FINITE = "a parameter is no longer finite";

/** The engine squares eta G in float32: with smaller steps the squares of a gradient of 1e-9 fall below its smallest number. */
const SMALLEST_IN_ENGINE = 1e-10;

/** The state of training: parameters, optimizer columns, and the step they stand before. */
export class Stepper {
  readonly buffers: Readonly<Record<string, RealArray>>;
  /** Number of updates done. */
  step = 0;
  private readonly task: Task;
  private readonly gradient: RealArray;
  /** Of the gradient that `evaluate` left. */
  private gradientNorm = 0;
  private readonly tileGradient: RealArray;
  private readonly program: Program;
  /** The whole step in the engine; undefined where the host updates. */
  private readonly whole: Program | undefined;
  private readonly occurrences: (batch: Batch) => Promise<Feeds>;
  private readonly tile: number;
  /** The parameters as they stand, and a second array that the engine writes the next ones to. */
  private current: RealArray;
  private other: RealArray;
  /** What the engine reads and says of a step beside parameters: in arrays that the next one of as many examples writes over. */
  private readonly eta: Tensor<RealDType>;
  private said: Feeds | undefined;
  /** The state before the last update on the host, to go back to. */
  private readonly previous: readonly RealArray[];

  /** Batches whose values take more than `tileBudget` bytes, counted in float64, are cut into tiles. */
  constructor(task: Task, tileBudget = STEP_BUDGET) {
    const { engine, layout, optimizer, regularisers, training, loss } = task;
    const column = (): RealArray => allocate(engine.dtype, layout.size) as RealArray;
    this.task = task;
    this.current = column();
    this.other = column();
    this.eta = zeros(engine.dtype, []);
    this.gradient = column();
    this.tileGradient = column();
    this.buffers = createBuffers(optimizer, layout.size, engine.dtype);
    this.previous = optimizer.buffers.map(column);
    const trainable = layout.entries.map(({ name }) => name);
    const graph = gradientGraph(training.head, loss, trainable);
    this.program = engine.compile(graph);
    // In float64 the host's update is PyTorch's to the last bits or nearly so, and speed is not what float64 is chosen for.
    // A clip needs the norm of the gradient before anything is made of it, and regularisers are the host's.
    const isBare = !optimizer.clipping && regularisers.length === 0;
    if (optimizer.plain && isBare && engine.dtype === "float32")
      this.whole = engine.compile(stepGraph({ head: training.head, loss, trainable, ...optimizer.plain }));
    this.tile = examplesPerTile(graph, tileBudget);
    this.occurrences = occurrenceFeeds(task, new ReusedArrays());
  }

  /** w_s; another array after each step. */
  get params(): RealArray {
    return this.current;
  }

  /** The parameters before the step taken last. */
  get before(): RealArray {
    return this.other;
  }

  /** Puts the state of a checkpoint in place. */
  restore({ step, params, buffers }: Checkpoint): void {
    this.step = step;
    this.params.set(params);
    for (const [name, column] of Object.entries(this.buffers)) column.set(buffers[name]);
  }

  /** The state as it stands, in the stepper's own arrays: another one after the next step. */
  state(): Checkpoint {
    return { step: this.step, params: this.params, buffers: this.buffers };
  }

  /** A copy of the state. */
  checkpoint(): Checkpoint {
    const buffers = Object.fromEntries(Object.entries(this.buffers).map(([name, column]) => [name, column.slice()]));
    return { step: this.step, params: this.params.slice(), buffers };
  }

  /**
   * One step of training on a batch, or, with a `fault`, none. The same state, batch and step size give the same bits: replay takes the
   * same way, in the engine where the optimizer is plain, the dtype float32, the batch one tile and the step not tiny, else on the host.
   */
  async advance(batch: Batch, stepSize: number): Promise<Advance> {
    const { dtype } = this.task.engine;
    const inEngine =
      this.whole && stepSize >= SMALLEST_IN_ENGINE && batch.indices.length > 0 && batch.indices.length <= this.tile;
    if (inEngine) return this.advanceInEngine(batch, stepSize);
    const result = await this.evaluate(batch);
    const fault = faultOf(result, dtype) ?? (this.update(stepSize) ? undefined : NOT_FINITE);
    return { ...result, fault };
  }

  /** Loss of a batch and gradient, with that of the regularisers, at the present parameters; the gradient is kept for `update`. */
  async evaluate(batch: Batch): Promise<StepResult> {
    const { indices, weights } = batch;
    const losses: number[] = [];
    if (indices.length === 0) this.gradient.fill(0);
    for (let start = 0; start < indices.length; start += this.tile) {
      const end = Math.min(indices.length, start + this.tile);
      const target = start === 0 ? this.gradient : this.tileGradient;
      const c = weights.subarray(start, end);
      const feeds = await this.feedsOf(partOfBatch(batch, start, end));
      const { losses: values } = await this.program.run(feeds, viewsOf(this.task.layout, target, "gradient."));
      if (start > 0) for (let k = 0; k < target.length; k++) this.gradient[k] += target[k];
      for (let n = 0; n < c.length; n++) losses.push(c[n] * Number(values.data[n]));
    }
    addRegularisers(this.task, this.current, { gradient: this.gradient, scratch: this.tileGradient });
    this.gradientNorm = normOf(this.gradient);
    return { loss: sum(losses), gradientNorm: this.gradientNorm };
  }

  /** Applies the optimizer to the gradient that `evaluate` left; false, and nothing changed, when a parameter would not be finite. */
  update(stepSize: number): boolean {
    const { params, gradient, gradientNorm, buffers, step } = this;
    const columns = [params, ...Object.values(buffers)];
    const kept = [this.other, ...this.previous];
    columns.forEach((column, i) => {
      kept[i].set(column);
    });
    this.task.optimizer.update({ params, gradient, gradientNorm, buffers, step, stepSize });
    if (!allFinite(params)) {
      columns.forEach((column, i) => {
        column.set(kept[i]);
      });
      return false;
    }
    this.step++;
    return true;
  }

  /** Goes back to the state before the step that was taken last; once after each step. */
  undo(): void {
    [this.current, this.other] = [this.other, this.current];
    Object.values(this.buffers).forEach((column, i) => {
      column.set(this.previous[i]);
    });
    this.step--;
  }

  private async advanceInEngine(batch: Batch, stepSize: number): Promise<Advance> {
    const { engine, layout, optimizer } = this.task;
    this.eta.data[0] = stepSize;
    const feeds = { ...(await this.feedsOf(batch)), [STEP_SIZE]: this.eta };
    const said = this.said?.losses.data.length === batch.indices.length ? this.said : {};
    const results = await this.whole!.run(feeds, { ...viewsOf(layout, this.other, NEXT), ...said });
    this.said = Object.fromEntries(
      Object.entries(results).filter(([name]) => name === "losses" || name.startsWith(SQUARE)),
    );
    const loss = sum(Array.from(batch.weights, (c, n) => c * Number(results.losses.data[n])));
    const squares = layout.entries.map(({ name }) => Number(results[SQUARE + name].data[0]));
    const result = { loss, gradientNorm: Math.sqrt(sum(squares)) / stepSize };
    // Decay by a factor of at most 1 and a finite gradient keep finite parameters finite: no other check is needed.
    const grows = Math.abs(1 - stepSize * optimizer.plain!.weightDecay) > 1;
    const fault = faultOf(result, engine.dtype) ?? (grows && !allFinite(this.other) ? NOT_FINITE : undefined);
    if (fault === undefined) {
      [this.current, this.other] = [this.other, this.current];
      this.step++;
    }
    return { ...result, fault };
  }

  private async feedsOf(batch: Batch): Promise<Feeds> {
    const { layout, frozen } = this.task;
    return { ...frozen, ...viewsOf(layout, this.current), ...(await this.occurrences(batch)) };
  }
}
