// Books a superposition while a model trains: the transpose of the backward recursion, with a momentum for every example.

import { allocate, type RealArray } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import type { Coefficient } from "../optimizers/types.ts";
import type { Run } from "../run/types.ts";
import { ExampleGradients } from "../train/example-gradients.ts";
import { regulariserGradients } from "../train/regularised.ts";
import type { Task } from "../train/task.ts";
import type { ObservedStep } from "../train/train.ts";
import {
  DEFAULT_SUPERPOSITION_MEMORY,
  DisplacementCheck,
  endsOf,
  inMemory,
  requireRoom,
  type Superposition,
  type SuperpositionMemory,
  termsOf,
  zeroTerms,
} from "./superposition.ts";
import { regulariserTerm } from "./terms.ts";
import type { Term } from "./types.ts";

/** The recursion of one step forwards, element by element of the parameters; a number counts for all of them. */
interface StepCoefficients {
  readonly own: Coefficient;
  readonly later: Coefficient;
  readonly entering: Coefficient;
  readonly kept: number;
  readonly coupled: number;
  readonly decoupled: number;
}

/** The gradient of a term, and where its momentum is kept. */
interface Source {
  readonly term: Float64Array;
  readonly account: number;
  readonly gradient: (k: number) => number;
}

const at = (coefficient: Coefficient, k: number): number =>
  typeof coefficient === "number" ? coefficient : coefficient[k];

/**
 * The transpose of the pull-back z_s = into J_s + keep z_{s+1}, u_s = direct J_s + out z_s: of a gradient g_s, direct + out into moves
 * with step s, and out keep goes into what later steps apply, each its own `into`.
 */
function coefficientsOf({ optimizer, layout }: Task, { step, stepSize, after }: ObservedStep): StepCoefficients {
  const { into, keep, direct, out, coupled, decoupled } = optimizer.form({ buffers: after.buffers, step, stepSize });
  const combined = (f: (k: number) => number, ...parts: readonly Coefficient[]): Coefficient =>
    parts.every((part) => typeof part === "number") ? f(0) : Float64Array.from({ length: layout.size }, (_, k) => f(k));
  const own = combined((k) => at(direct, k) + at(out, k) * at(into, k), direct, out, into);
  const later = combined((k) => at(out, k) * keep, out);
  return { own, later, entering: into, kept: keep, coupled, decoupled };
}

/**
 * Follows a training from its first step: `observe` each, then `finish`. With q_i the momentum of example i, each step does
 *
 *     delta_i -= entering q_i + own g_{s,i},   q_i = kept q_i + later g_{s,i}
 *
 * Memory: the displacements of all examples, twice where the optimizer has a memory. Cost of a step: a gradient of each example of its batch, and, with
 * a memory, O(N p) on the host.
 *
 * RangeError where that does not fit in the budget; `superposeInto` takes any amount of memory.
 */
export class SuperpositionRecorder {
  private readonly task: Task;
  private readonly gradients: ExampleGradients;
  private readonly displacements: RealArray;
  /** q_i, in the run's dtype; behind those of the examples, that of the coupled decay and those of the regularisers. */
  private readonly momenta: RealArray;
  private readonly terms: ReadonlyMap<Term["name"], Float64Array>;
  private done = 0;

  constructor(task: Task, { memoryBudget = DEFAULT_SUPERPOSITION_MEMORY }: SuperpositionMemory = {}) {
    const { layout, engine, dataset, optimizer, regularisers } = task;
    requireRoom(task, memoryBudget, optimizer.memory ? 2 : 1);
    const examples = dataset.train.x.shape[0];
    this.task = task;
    this.gradients = new ExampleGradients(task);
    this.displacements = allocate(engine.dtype, examples * layout.size) as RealArray;
    this.momenta = allocate(
      engine.dtype,
      optimizer.memory ? (examples + 1 + regularisers.length) * layout.size : 0,
    ) as RealArray;
    this.terms = zeroTerms(task);
  }

  /** The next step, with the states around it; nothing of it is kept. */
  async observe(observed: ObservedStep): Promise<void> {
    const { step, batch, before } = observed;
    if (step !== this.done) throw new RangeError(`superposition: step must be ${this.done}, got ${step}`);
    this.done++;
    const { layout, dataset } = this.task;
    const [p, examples] = [layout.size, dataset.train.x.shape[0]];
    const { own, later, entering, kept, coupled, decoupled } = coefficientsOf(this.task, observed);
    const { displacements, momenta } = this;
    const { gradientNorm, after } = observed;
    const alpha = shareOf(this.task.optimizer, { gradientNorm, buffers: after.buffers });
    const share = (k: number): number => alpha.shares?.[k] ?? alpha.share;
    const sources = this.sourcesOf(before, { coupled, share });
    if (momenta.length > 0) {
      const apply = (target: RealArray, to: number, account: number): void => {
        const from = account * p;
        for (let k = 0; k < p; k++) {
          const q = momenta[from + k];
          if (q === 0) continue;
          target[to + k] -= at(entering, k) * q;
          momenta[from + k] = kept * q;
        }
      };
      for (let i = 0; i < examples; i++) apply(displacements, i * p, i);
      for (const { term, account } of sources) apply(term, 0, account);
    }
    await this.gradients.of(before, batch, [...batch.indices.keys()], (n, part, { from, offset, size }) => {
      const row = batch.indices[n] * p + offset;
      for (let k = 0; k < size; k++) {
        const g = share(offset + k) * part[from + k];
        displacements[row + k] -= at(own, offset + k) * g;
        if (momenta.length > 0) momenta[row + k] += at(later, offset + k) * g;
      }
    });
    for (const { term, account, gradient } of sources) {
      for (let k = 0; k < p; k++) {
        const g = gradient(k);
        term[k] -= at(own, k) * g;
        if (momenta.length > 0) momenta[account * p + k] += at(later, k) * g;
      }
    }
    const decay = this.terms.get("decoupled decay") as Float64Array;
    if (decoupled !== 0) for (let k = 0; k < p; k++) decay[k] -= decoupled * before[k];
  }

  /** What enters the gradient of a step beside the examples. */
  private sourcesOf(
    before: RealArray,
    { coupled, share }: { coupled: number; share: (k: number) => number },
  ): Source[] {
    const { task, terms } = this;
    const examples = task.dataset.train.x.shape[0];
    const source = (name: Term["name"], account: number, gradient: Source["gradient"]): Source => {
      return { term: terms.get(name) as Float64Array, account, gradient };
    };
    const decay = source("coupled decay", examples, (k) => coupled * before[k]);
    const added = regulariserGradients(task, before).map((rho, j) =>
      source(regulariserTerm(task.regularisers[j]), examples + 1 + j, (k) => share(k) * rho[k]),
    );
    return coupled === 0 ? added : [decay, ...added];
  }

  /** The superposition of the run that was observed. RangeError where the run has other steps. */
  async finish(run: Run): Promise<Superposition> {
    const { layout, engine, dataset } = this.task;
    if (run.batches.length !== this.done)
      throw new RangeError(
        `superposition: the run must have the ${this.done} steps observed, got ${run.batches.length}`,
      );
    const terms = termsOf(this.terms);
    const check = new DisplacementCheck(layout.size);
    check.add(this.displacements);
    const { first, last } = await endsOf(run);
    const closure = check.closure(first, last, terms);
    const shape = { examples: dataset.train.x.shape[0], parameters: layout.size, steps: this.done };
    return inMemory({ ...shape, dtype: engine.dtype, terms, closure, madeBy: "training" }, this.displacements);
  }
}
