// Records the training of any loop, step by step: what it hands over becomes a run, and what our optimizer would have done is measured.

import { DivergedError } from "../errors.ts";
import type { Layout } from "../numeric/layout.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import { createBuffers } from "../optimizers/buffers.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import type { Optimizer } from "../optimizers/types.ts";
import { createMemoryRun } from "../run/memory-run.ts";
import { type RecordingReport, recordingOf } from "../run/recording.ts";
import type { Batch, Checkpoint, NewRun, Recording, Run, RunStatus, RunWriter } from "../run/types.ts";
import { type Jump, measureJump } from "./jump.ts";
import { newRunOf } from "./new-run.ts";
import { Stepper } from "./stepper.ts";
import { type Task, trainableOf } from "./task.ts";

/** Numbers of all trained parameters: one after another in the task's layout, or by the parameters' names. */
export type ParameterValues = RealArray | Readonly<Record<string, ArrayLike<number>>>;

/** Where the record of a loop is kept. */
export interface RecordStore {
  readonly writer: RunWriter;
  open(): Run | Promise<Run>;
}

export interface RecordOptions {
  /** All parameters w_0, in the model's layout, with the optimizer's state still zero. */
  readonly params: RealArray;
  /** Whose loop it is. */
  readonly by?: string | undefined;
  /** `recorded`: the loop hands over the optimizer's state with its parameters. Default `derived`. */
  readonly state?: Recording["state"] | undefined;
  /** Parameters come after every such step at least, and after the last. Default 1. */
  readonly checkpointEvery?: number | undefined;
  /** Steps that the loop means to make; 0, the default, where it does not know. */
  readonly plannedSteps?: number | undefined;
  /** Examples of a usual batch, for descriptions. */
  readonly batchSize?: number | undefined;
  /** Where steps have no batches: the loop's own numbers of the recorded states. */
  readonly loopSteps?: readonly number[] | undefined;
  /** Where the record is kept. Default: in memory. */
  readonly store?: ((run: NewRun) => RecordStore | Promise<RecordStore>) | undefined;
}

/** What a loop hands over of one step. */
export interface LoopStep {
  /** Parameters before the step, where the loop changed them after the last one's end. */
  readonly before?: ParameterValues | undefined;
  /** Parameters after the step. */
  readonly after?: ParameterValues | undefined;
  /**
   * Examples and what each counts in the step's loss (c_{s,i} of theory 1.0), and for a model with dropout the keys that its masks were drawn by
   * (`keyedMasks`); absent where they are not known.
   */
  readonly batch?: Batch | undefined;
  /** eta_s. Default: the `lr` of `optimizer`, else that of the task's. */
  readonly stepSize?: number | undefined;
  /** The settings that the loop's optimizer has in this step; all but the step size must be those of the task's. */
  readonly optimizer?: { readonly name: string; readonly options: OptimizerOptions } | undefined;
  /** The state columns of the optimizer after the step, where `state` is `recorded`. */
  readonly state?: Readonly<Record<string, ParameterValues>> | undefined;
}

export interface RecordedLoop extends RecordingReport {
  readonly run: Run;
  /** One for each recorded state but the first; none where batches are unknown. */
  readonly jumps: readonly Jump[];
}

const NO_BATCH: Batch = { indices: new Int32Array(), weights: new Float64Array() };

/** Milliseconds between two flushes of the record. */
const FLUSH_INTERVAL = 2000;

/**
 * Starts to record a loop that trains the task's model by itself, in this process or in another. For each step the loop hands over its
 * parameters, its batch with the weight of each example, and its step size.
 *
 * The gradient of each batch is computed here, at the recorded parameters: losses, and where `state` is `derived` the optimizer's state,
 * are functions of the recorded path. What the loop did otherwise than our optimizer (rounding, clipping, other settings) is the jump
 * from where that optimizer arrives to the next recorded state: it is measured, kept in the path, and the term `replay` of explanations.
 *
 * Cost: one gradient a step with a batch. Errors: RangeError for what does not fit the task or comes out of order.
 *
 * @example const recorder = await record(task, { params }); await recorder.step({ batch, stepSize, after }); const { run } = await recorder.finish();
 */
export async function record(task: Task, options: RecordOptions): Promise<LoopRecorder> {
  const { params, by = "a loop of its own", state = "derived", loopSteps } = options;
  const { checkpointEvery = 1, plannedSteps = 0, batchSize = 0, store = memoryStore } = options;
  const recording = { by, state, ...(loopSteps && { loopSteps }) };
  const started = newRunOf(task, params, {
    batchSize,
    plannedSteps,
    checkpointEvery,
    recording,
    reduction: "weighted",
    schedule: { name: "recorded", options: {} },
  });
  const recorder = new LoopRecorder(task, await store(started), { state, checkpointEvery });
  await recorder.start(trainableOf(task, params, task.engine.dtype));
  return recorder;
}

function memoryStore(run: NewRun): RecordStore {
  const writer = createMemoryRun(run);
  return {
    writer,
    open() {
      const opened = writer.open();
      if (!opened) throw new Error("internal: a finished run must be readable");
      return opened;
    },
  };
}

/** Takes what a loop hands over, step by step. Obtained by `record`. */
export class LoopRecorder {
  private readonly task: Task;
  private readonly store: RecordStore;
  private readonly options: { readonly state: Recording["state"]; readonly checkpointEvery: number };
  private readonly jumps: Jump[] = [];
  /** Present once a step had a batch. */
  private stepper: Stepper | undefined;
  /** The state recorded last. */
  private last: Checkpoint;
  /** The state that our optimizer makes of it by the batches since, where they are known. */
  private made: RealArray | undefined;
  /** The recorded state before `last`. */
  private from: RealArray | undefined;
  /** Of the last batch. */
  private examples: Int32Array = NO_BATCH.indices;
  private done = 0;
  private nextFlush = Date.now() + FLUSH_INTERVAL;

  constructor(task: Task, store: RecordStore, options: LoopRecorder["options"]) {
    this.task = task;
    this.store = store;
    this.options = options;
    this.last = { step: 0, params: new Float64Array(), buffers: {} };
  }

  /** Steps handed over. */
  get steps(): number {
    return this.done;
  }

  /** Stores w_0. Called by `record`. */
  async start(params: RealArray): Promise<void> {
    const { optimizer, layout, engine } = this.task;
    this.last = { step: 0, params, buffers: createBuffers(optimizer, layout.size, engine.dtype) };
    await this.store.writer.writeCheckpoint(this.last);
  }

  /**
   * Records one step. DivergedError where the loss or our own step is not finite, RangeError where something is missing or does not fit;
   * the record up to the step before stays.
   */
  async step(step: LoopStep): Promise<void> {
    this.requireFit(step);
    if (step.before) await this.moveTo(step.before);
    if (step.batch) await this.advance(step.batch, this.stepSizeOf(step));
    else this.store.writer.appendStep(NO_BATCH, { step: this.done, loss: NaN, stepSize: NaN, gradientNorm: NaN });
    this.done++;
    if (step.after) await this.arrive(step.after, step.state);
  }

  /** Ends the record. The parameters after the last step must have been handed over. */
  async finish(status: Exclude<RunStatus, "running"> = "complete"): Promise<RecordedLoop> {
    if (this.last.step !== this.done)
      throw new RangeError(
        `finish: the parameters after step ${this.done - 1}, the last, must be handed over, got those before step ${this.last.step}`,
      );
    await this.store.writer.finish(status);
    const run = await this.store.open();
    return { ...(recordingOf(run) as RecordingReport), run, jumps: this.jumps };
  }

  /** Gives up; what was flushed stays readable. Never throws. */
  abort(): Promise<void> {
    return this.store.writer.abort();
  }

  private requireFit({ batch, after, state, optimizer }: LoopStep): void {
    const s = this.done;
    const { checkpointEvery } = this.options;
    if (!after && (s + 1) % checkpointEvery === 0)
      throw new RangeError(`record: parameters must come after every ${checkpointEvery} steps, got none after ${s}`);
    if (s > 0 && (batch === undefined) !== (this.stepper === undefined))
      throw new RangeError(`record: all steps or none must have a batch, got ${batch ? "one" : "none"} at step ${s}`);
    if (!batch && !after)
      throw new RangeError(`record: a step without a batch must have its parameters, got step ${s}`);
    if (
      after &&
      (state !== undefined) !== (this.options.state === "recorded") &&
      this.task.optimizer.buffers.length > 0
    )
      throw new RangeError(
        `record: the optimizer's state must come with the parameters where state is "recorded" and only there, got ${state ? "it" : "none"} at step ${s}`,
      );
    if (optimizer) requireSameOptimizer(this.task.optimizer, optimizer, s);
  }

  private stepSizeOf({ stepSize, optimizer }: LoopStep): number {
    const eta = stepSize ?? optimizer?.options.lr ?? this.task.optimizer.stepSize;
    if (Number.isFinite(eta) && eta >= 0) return eta;
    throw new RangeError(`record: the step size must be a finite number >= 0, got ${eta} at step ${this.done}`);
  }

  private async advance(batch: Batch, stepSize: number): Promise<void> {
    if (this.task.model.training && batch.keys === undefined)
      throw new RangeError(
        `record: batches must have keys, by which the masks of a model with dropout are drawn, got none at step ${this.done}; a loop with masks of its own is recorded without batches: kernels are left, contributions, terms and residuals are not`,
      );
    const stepper = this.stepper ?? new Stepper(this.task);
    if (!this.stepper || stepper.step !== this.done) stepper.restore(this.last);
    this.stepper = stepper;
    const { fault, ...result } = await stepper.advance(batch, stepSize);
    if (fault)
      throw new DivergedError(`step ${this.done} of the recorded loop must stay finite: ${fault}`, this.done, {
        hint: "the steps before it are recorded; loss, batches and data must be those of the loop",
      });
    this.store.writer.appendStep(batch, { step: this.done, stepSize, ...result });
    this.examples = batch.indices;
  }

  /** The loop's own state after the step that was handed over last. */
  private async arrive(values: ParameterValues, state: LoopStep["state"]): Promise<void> {
    const { layout, engine, optimizer } = this.task;
    const params = this.flat(values, `parameters after step ${this.done - 1}`);
    const column = (name: string): RealArray => this.flat(state?.[name], `${name} after step ${this.done - 1}`);
    const zeros = (): Checkpoint["buffers"] => createBuffers(optimizer, layout.size, engine.dtype);
    const derived = this.stepper ? this.stepper.checkpoint().buffers : zeros();
    const buffers = state ? Object.fromEntries(optimizer.buffers.map((name) => [name, column(name)])) : derived;
    this.made = this.stepper?.params.slice();
    this.from = this.last.params;
    await this.keep({ step: this.done, params, buffers });
    if (Date.now() < this.nextFlush) return;
    await this.store.writer.flush();
    this.nextFlush = Date.now() + FLUSH_INTERVAL;
  }

  /** The loop changed its parameters between two steps: that is the state that the next one begins from. */
  private async moveTo(values: ParameterValues): Promise<void> {
    const params = this.flat(values, `parameters before step ${this.done}`);
    const known = this.last.step === this.done;
    if (known && params.every((w: number, k: number) => w === this.last.params[k])) return;
    if (this.done === 0)
      throw new RangeError("record: step 0 must begin from the parameters of the record, got others");
    if (!known) {
      this.made = this.stepper?.params.slice();
      this.from = this.last.params;
    }
    const buffers = known ? this.last.buffers : (this.stepper?.checkpoint().buffers ?? {});
    if (known) this.jumps.pop();
    await this.keep({ step: this.done, params, buffers });
  }

  private async keep(state: Checkpoint): Promise<void> {
    await this.store.writer.writeCheckpoint(state);
    if (this.made && this.from) {
      const [made, before] = [this.made, this.from];
      const place = { step: state.step, recorded: state.params, made, before, examples: this.examples };
      this.jumps.push(await measureJump(this.task, place));
    }
    this.last = state;
    this.stepper?.restore(state);
  }

  private flat(values: ParameterValues | undefined, what: string): RealArray {
    const { layout, engine } = this.task;
    if (values === undefined) throw new RangeError(`record: ${what} must be given, got none`);
    const flat = allocate(engine.dtype, layout.size) as RealArray;
    if (ArrayBuffer.isView(values)) {
      if (values.length !== flat.length)
        throw new RangeError(`record: ${what} must be ${flat.length} numbers, got ${values.length}`);
      flat.set(values as RealArray);
    } else setNamed(flat, values, { layout, what });
    return flat;
  }
}

function setNamed(
  flat: RealArray,
  values: Readonly<Record<string, ArrayLike<number>>>,
  { layout, what }: { layout: Layout; what: string },
): void {
  for (const { name, offset, size } of layout.entries) {
    const given = values[name];
    if (given?.length !== size)
      throw new RangeError(`record: ${what} must have ${size} numbers of ${name}, got ${given?.length ?? "none"}`);
    flat.set(given, offset);
  }
}

/** RangeError where anything but the step size differs: theory 1.2 has one recursion for all steps. */
function requireSameOptimizer(task: Optimizer, given: NonNullable<LoopStep["optimizer"]>, step: number): void {
  const { options } = createOptimizer(given.name, given.options);
  const keys = new Set([...Object.keys(options), ...Object.keys(task.options)]);
  for (const key of keys) {
    if (key === "lr" || options[key] === task.options[key]) continue;
    throw new RangeError(
      `record: settings of the optimizer must be those of ${task.name} but for the step size, got ${key} ${options[key]} at step ${step} for ${task.options[key]}`,
    );
  }
}
