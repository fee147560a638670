// Takes recorded steps again and holds them against everything that the record says of them.

import type { Layout } from "../numeric/layout.ts";
import { encodeCheckpoint } from "../run/checkpoint-format.ts";
import { requireBatches } from "../run/recording.ts";
import type { Checkpoint, Run } from "../run/types.ts";
import type { ReplayDifference } from "./engine-differences.ts";
import { type ReplayPlace, replayDifferences, replayPlace } from "./replay-differences.ts";
import { Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";
import type { Progress } from "./train.ts";
import { advanceRecorded, sameState, storedBefore } from "./trajectory.ts";

export interface ReplayOptions {
  /** Default: the first step. */
  readonly from?: number | undefined;
  /** The state before this step is the last; default: after all steps. */
  readonly to?: number | undefined;
  /** What is known of this machine; default: the task's engine, with nothing of the processor. */
  readonly here?: ReplayPlace | undefined;
  /** SHA-256 in hexadecimal digits, for checkpoints that are not stored but whose hashes are. */
  readonly hash?: ((bytes: Uint8Array) => string) | undefined;
  /** Told what differs before anything is replayed; not called where nothing does. */
  readonly onDifferences?: ((differences: readonly ReplayDifference[]) => void) | undefined;
  /** Given a copy of the state before each step from `from` to `to`, both included. */
  readonly onState?: ((state: Checkpoint) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A checkpoint of the record that the replay met, or did not. */
export interface CheckpointCheck {
  readonly step: number;
  /** What it was held against: all numbers of the stored file, or the hash of a file that is not stored. */
  readonly by: "file" | "hash";
  /** Whether all bits are the same. */
  readonly equal: boolean;
  /** The largest difference of a parameter, where the file is stored. */
  readonly largest: number | undefined;
}

/** Loss and gradient norm of the steps, which are functions of the parameters before each. */
export interface ScalarCheck {
  readonly compared: number;
  readonly equal: number;
  /** The first step that has other bits. */
  readonly firstDifferent: number | undefined;
}

export interface ReplayReport {
  readonly from: number;
  readonly to: number;
  /** The stored checkpoint that it began with: at `from` or before. */
  readonly start: number;
  /** Steps that were taken again. */
  readonly replayed: number;
  readonly differences: readonly ReplayDifference[];
  readonly checkpoints: readonly CheckpointCheck[];
  readonly scalars: ScalarCheck;
  /** Whether every check held: then the replay is the training, bit for bit. */
  readonly exact: boolean;
  /** Parameters and optimizer state before step `to`: as recorded where that is stored, else as replayed. */
  readonly state: Checkpoint;
}

function largestDifference(a: Checkpoint["params"], b: Checkpoint["params"]): number {
  let most = 0;
  for (let k = 0; k < a.length; k++) most = Math.max(most, Math.abs(a[k] - b[k]));
  return most;
}

/** The replay of one run, and what has been checked so far. */
class CheckedReplay {
  readonly checkpoints: CheckpointCheck[] = [];
  private readonly stored: ReadonlySet<number>;
  private readonly stepper: Stepper;
  private readonly run: Run;
  private readonly hash: ReplayOptions["hash"];
  private compared = 0;
  private equal = 0;
  private firstDifferent: number | undefined;

  constructor(task: Task, run: Run, hash: ReplayOptions["hash"]) {
    this.stepper = new Stepper(task);
    this.stored = new Set(run.checkpoints);
    this.run = run;
    this.hash = hash;
  }

  get scalars(): ScalarCheck {
    const { compared, equal, firstDifferent } = this;
    return { compared, equal, firstDifferent };
  }

  restore(checkpoint: Checkpoint): void {
    this.stepper.restore(checkpoint);
  }

  state(): Checkpoint {
    return this.stepper.checkpoint();
  }

  /** Takes one step and compares what comes of it; goes on from the stored state where that is another one. */
  async step(): Promise<void> {
    const { stepper, run } = this;
    const s = stepper.step;
    const { loss, gradientNorm } = await advanceRecorded(stepper, run);
    const recorded = run.scalars[s];
    this.compared++;
    if (Object.is(loss, recorded.loss) && Object.is(gradientNorm, recorded.gradientNorm)) this.equal++;
    else this.firstDifferent ??= s;
    if (this.stored.has(s + 1)) await this.compareStored(s + 1);
    else this.compareHash(s + 1);
  }

  private async compareStored(step: number): Promise<void> {
    const stored = await this.run.checkpoint(step);
    const equal = sameState(this.stepper, stored);
    const largest = equal ? 0 : largestDifference(this.stepper.params, stored.params);
    this.checkpoints.push({ step, by: "file", equal, largest });
    if (!equal) this.stepper.restore(stored);
  }

  private compareHash(step: number): void {
    const expected = this.run.checkpointHashes?.get(step);
    if (expected === undefined || this.hash === undefined) return;
    const equal = this.hash(encodeCheckpoint(this.stepper.checkpoint())) === expected;
    this.checkpoints.push({ step, by: "hash", equal, largest: undefined });
  }
}

function requireRange(from: number, to: number, steps: number): void {
  for (const [name, step] of Object.entries({ from, to })) {
    if (!Number.isInteger(step) || step < 0 || step > steps)
      throw new RangeError(`replay: ${name} must lie in 0..${steps}, got ${step}`);
  }
  if (from > to) throw new RangeError(`replay: from must not lie behind to, got ${from} and ${to}`);
}

/** The arrays of a run must be those that the task's steps are made of. */
function requireFit({ layout, optimizer }: Task, run: Run, { buffers }: Checkpoint): void {
  const shapes = (of: Layout) => of.entries.map(({ name, shape }) => `${name} [${shape}]`).join(", ");
  if (shapes(layout) !== shapes(run.layout))
    throw new RangeError(`replay: task must train ${shapes(run.layout)} as the run does, got ${shapes(layout)}`);
  const [recorded, own] = [Object.keys(buffers), [...optimizer.buffers]].map((names) => names.sort().join(", "));
  if (recorded !== own)
    throw new RangeError(
      `replay: the optimizer must have the state ${recorded || "(none)"} of the run, got ${own || "none"}`,
    );
}

/**
 * Replays the steps `from` to `to` of a run from the stored checkpoint at or before `from`, and proves it: loss and gradient norm of
 * every step, and parameters and optimizer state at every checkpoint on the way, bit for bit. Where a stored checkpoint is not met
 * the replay goes on from what is stored, as explanations do.
 *
 * Bits are the same on the same engine, instruction sets, number of threads and dtype; `differences` says what of it is not the same here.
 * Checks that do not hold are part of the result, not errors. Cost: that of training over these steps. Memory: a few states.
 *
 * Errors: UnsupportedError for a run without batches; RangeError for steps that the run does not have, or for a task with other parameters or another optimizer's state; InvalidRunError where a checkpoint is broken or a step leaves the finite
 * numbers; rejects with the signal's reason when aborted.
 */
export async function replay(task: Task, run: Run, options: ReplayOptions = {}): Promise<ReplayReport> {
  requireBatches(run, "replay");
  const { from = 0, to = run.batches.length, signal, onProgress, onState, hash } = options;
  requireRange(from, to, run.batches.length);
  const differences = replayDifferences(run.manifest, options.here ?? replayPlace(task));
  if (differences.length > 0) options.onDifferences?.(differences);
  const start = storedBefore(run, from);
  const first = await run.checkpoint(start);
  requireFit(task, run, first);
  const checked = new CheckedReplay(task, run, hash);
  checked.restore(first);
  if (start === from) await onState?.(first);
  for (let s = start; s < to; s++) {
    signal?.throwIfAborted();
    await checked.step();
    if (onState && s + 1 >= from) await onState(checked.state());
    onProgress?.({ stage: "replay", done: s + 1 - start, total: to - start });
  }
  const { checkpoints, scalars } = checked;
  const exact = scalars.firstDifferent === undefined && checkpoints.every(({ equal }) => equal);
  const facts = { from, to, start, replayed: to - start, differences, checkpoints, scalars, exact };
  return { ...facts, state: checked.state() };
}
