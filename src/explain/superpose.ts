// Builds a superposition from a recorded run: one sweep backwards in which every step's gradients meet all that they will move.

import { allocate, type RealArray } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import type { Checkpoint, Run, StepScalars } from "../run/types.ts";
import { ExampleGradients } from "../train/example-gradients.ts";
import { pathBackwards } from "../train/path.ts";
import { regulariserGradients } from "../train/regularised.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import {
  DEFAULT_SUPERPOSITION_MEMORY,
  DisplacementCheck,
  type DisplacementRest,
  type DisplacementSink,
  endsOf,
  inMemory,
  memorySink,
  requireRoom,
  type Superposition,
  type SuperpositionMemory,
  termsOf,
  zeroTerms,
} from "./superposition.ts";
import { regulariserTerm } from "./terms.ts";
import type { Term } from "./types.ts";

export interface SuperposeOptions extends SuperpositionMemory {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * sum_{s >= r} A_{s,r} of theory 1.2 for r = S-1 .. 0, element by element of the parameters. A is diagonal, so this is the optimizer's
 * pull-back of a Jacobian of ones: no buffer for each example is needed, for any optimizer. Memory: 3 p in float64.
 */
class Reach {
  /** alpha_r sum_{s >= r} A_{s,r} of the step taken last. */
  readonly data: Float64Array;
  readonly terms: ReadonlyMap<Term["name"], Float64Array>;
  private readonly task: Task;
  private readonly ones: Float64Array;
  private readonly carry: Float64Array;

  constructor(task: Task) {
    const p = task.layout.size;
    const zeros = () => new Float64Array(p);
    this.task = task;
    this.data = zeros();
    this.ones = zeros().fill(1);
    this.carry = new Float64Array(task.optimizer.memory ? p : 0);
    this.terms = zeroTerms(task);
  }

  step(from: Checkpoint, to: Checkpoint, scalars: StepScalars): void {
    const { data, ones: jacobian, carry, terms } = this;
    const { optimizer, regularisers } = this.task;
    const [{ buffers }, { stepSize }] = [to, scalars];
    const { coupled, decoupled } = optimizer.pullback({ buffers, step: from.step, stepSize, jacobian, carry, data });
    const w = from.params;
    const subtract = (name: Term["name"], amount: (k: number) => number): void => {
      const term = terms.get(name) as Float64Array;
      for (let k = 0; k < term.length; k++) term[k] -= amount(k);
    };
    if (coupled !== 0) subtract("coupled decay", (k) => coupled * data[k] * w[k]);
    if (decoupled !== 0) subtract("decoupled decay", (k) => decoupled * w[k]);
    const { share, shares } = shareOf(optimizer, { ...scalars, buffers });
    if (share !== 1) for (let k = 0; k < data.length; k++) data[k] *= share;
    if (shares) for (let k = 0; k < data.length; k++) data[k] *= shares[k];
    regulariserGradients(this.task, w).forEach((rho, j) => {
      subtract(regulariserTerm(regularisers[j]), (k) => data[k] * rho[k]);
    });
  }

  /** The jump of the parameters, and what that of the momentum does in all later steps. */
  jump(replayed: Checkpoint, recorded: Checkpoint): void {
    const replay = this.terms.get("replay") as Float64Array;
    for (let k = 0; k < replay.length; k++) replay[k] += recorded.params[k] - replayed.params[k];
    const { memory } = this.task.optimizer;
    if (!memory) return;
    const [before, after] = [replayed.buffers[memory.buffer], recorded.buffers[memory.buffer]];
    for (let k = 0; k < replay.length; k++) replay[k] -= memory.factor * this.carry[k] * (after[k] - before[k]);
  }
}

/** target -= factor * part, element by element. */
function take(
  target: RealArray,
  factor: Float64Array,
  part: RealArray,
  { to, offset, from, size }: Record<"to" | "offset" | "from" | "size", number>,
): void {
  for (let k = 0; k < size; k++) target[to + k] -= factor[offset + k] * part[from + k];
}

/**
 * Hands the displacement of every example to `sink`. Memory: what the budget says, for as many examples at once as fit, beside one stretch of the
 * trajectory. Cost: for each such tile of examples a walk over the run, and over all tiles one gradient of each occurrence and a
 * multiplication for each of its p numbers.
 */
export async function superposeInto(
  task: Task,
  run: Run,
  sink: DisplacementSink,
  options: SuperposeOptions = {},
): Promise<DisplacementRest> {
  const { memoryBudget = DEFAULT_SUPERPOSITION_MEMORY, signal, onProgress } = options;
  const { layout, engine, dataset } = task;
  const [p, examples, steps] = [layout.size, dataset.train.x.shape[0], run.batches.length];
  const width = engine.dtype === "float32" ? 4 : 8;
  const tile = Math.min(examples, Math.max(1, Math.floor(memoryBudget / (width * p))));
  const gradients = new ExampleGradients(task);
  const check = new DisplacementCheck(p);
  const passes = Math.ceil(examples / tile);
  let reach = new Reach(task);
  for (let pass = 0; pass < passes; pass++) {
    const start = pass * tile;
    const rows = allocate(engine.dtype, Math.min(tile, examples - start) * p) as RealArray;
    reach = new Reach(task);
    for await (const event of pathBackwards(task, run)) {
      signal?.throwIfAborted();
      if (event.kind === "jump") reach.jump(event.replayed, event.recorded);
      if (event.kind !== "step") continue;
      const { from, to } = event;
      reach.step(from, to, run.scalars[from.step]);
      const batch = run.batches[from.step];
      const positions = Array.from(batch.indices.keys()).filter(
        (n) => batch.indices[n] >= start && batch.indices[n] < start + tile,
      );
      await gradients.of(from.params, batch, positions, (n, part, place) => {
        take(rows, reach.data, part, { ...place, to: (batch.indices[n] - start) * p + place.offset });
      });
      onProgress?.({ stage: "superpose", done: pass * steps + steps - from.step, total: passes * steps });
    }
    check.add(rows);
    sink(start, rows);
  }
  const terms = termsOf(reach.terms);
  const { first, last } = await endsOf(run);
  const closure = check.closure(first, last, terms);
  return { examples, parameters: p, steps, dtype: engine.dtype, terms, closure, madeBy: "replay" };
}

/** The superposition of a run in memory: RangeError where it does not fit in the budget. */
export async function superpose(task: Task, run: Run, options: SuperposeOptions = {}): Promise<Superposition> {
  requireRoom(task, options.memoryBudget ?? DEFAULT_SUPERPOSITION_MEMORY, 2);
  const { sink, displacements } = memorySink(task);
  const rest = await superposeInto(task, run, sink, options);
  return inMemory(rest, displacements);
}
