// The weights as a superposition: w_S = w_0 + one displacement for each training example + regularisation (theory 1.8; Domingos 2020, Fig. 2).

import { VectorAccumulator } from "../numeric/sum.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { termNames } from "./terms.ts";
import type { Shift, Term } from "./types.ts";

/** What else moved the parameters: (p) each. */
export interface DisplacementTerm {
  readonly name: Term["name"];
  readonly values: Float64Array;
}

/**
 * What each example's gradients, as the optimizer applied them, did to the parameters of a run:
 *
 *     w_S = w_0 + sum_i delta_i + sum of terms,   delta_i = - sum_{r: i in B_r} (sum_{s >= r} A_{s,r}) g_{r,i}
 *
 * exact to rounding, for every optimizer. Decay is not absorbed into the delta_i: the terms have it, as they do in an explanation.
 */
export interface Superposition {
  /** N. */
  readonly examples: number;
  /** p. */
  readonly parameters: number;
  /** S. */
  readonly steps: number;
  readonly dtype: RealDType;
  /** Those that are not zero. */
  readonly terms: readonly DisplacementTerm[];
  /** max |w_S - w_0 - sum delta_i - terms| / max |w_S - w_0|: rounding. */
  readonly closure: number;
  /** Whether it was booked while training, or by replay. */
  readonly madeBy: "training" | "replay";
  /** How far contributions from it lie from those along steps, where it was measured. */
  readonly shift: Shift | undefined;
  /** delta_i of examples `start` to `end` - 1: (end - start, p). */
  rows(start: number, end: number): RealArray;
}

/** Receives displacements of the examples `first`, `first` + 1, ...: (count, p), once for each example, ascending; they are copied. */
export type DisplacementSink = (first: number, rows: RealArray) => void;

/** A superposition without its displacements, which a sink has received. */
export type DisplacementRest = Omit<Superposition, "rows" | "shift">;

export interface SuperpositionMemory {
  /** Bytes for displacements that are being added up; default 1 GiB. */
  readonly memoryBudget?: number | undefined;
}

export const DEFAULT_SUPERPOSITION_MEMORY = 2 ** 30;

/** Bytes of the displacements of all examples. */
export function superpositionBytes({ engine, layout, dataset }: Task): number {
  return dataset.train.x.shape[0] * layout.size * (engine.dtype === "float32" ? 4 : 8);
}

/** RangeError unless `copies` times the displacements of all examples fit in the budget. */
export function requireRoom(task: Task, budget: number, copies: number): void {
  const bytes = copies * superpositionBytes(task);
  if (bytes <= budget) return;
  const what = `${task.dataset.train.x.shape[0]} examples and ${task.layout.size} parameters`;
  throw new RangeError(`superposition: memoryBudget must be at least ${bytes} bytes for ${what}, got ${budget}`);
}

/** A superposition whose displacements are in memory. */
export function inMemory(rest: DisplacementRest, displacements: RealArray): Superposition {
  const p = rest.parameters;
  return { ...rest, shift: undefined, rows: (start, end) => displacements.subarray(start * p, end * p) as RealArray };
}

/** Checks w_S = w_0 + displacements + terms while the displacements pass by. Memory: 2 p in float64. */
export class DisplacementCheck {
  private readonly total: VectorAccumulator;
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.total = new VectorAccumulator(size);
  }

  add(rows: ArrayLike<number>): void {
    for (let k = 0; k < rows.length; k++) this.total.add(k % this.size, rows[k]);
  }

  /** The closure, with what is not an example's. */
  closure(first: RealArray, last: RealArray, terms: readonly DisplacementTerm[]): number {
    for (const { values } of terms) this.add(values);
    let [left, way] = [0, 0];
    this.total.values().forEach((moved, k) => {
      const change = last[k] - first[k];
      // Not max, which would lose a NaN.
      if (!(Math.abs(change - moved) <= left)) left = Math.abs(change - moved);
      way = Math.max(way, Math.abs(change));
    });
    return left === 0 ? 0 : left / way;
  }
}

/** Collects displacements in one array. */
export function memorySink(task: Task): { readonly sink: DisplacementSink; readonly displacements: RealArray } {
  const { engine, layout, dataset } = task;
  const displacements = allocate(engine.dtype, dataset.train.x.shape[0] * layout.size) as RealArray;
  return { displacements, sink: (first, rows) => displacements.set(rows, first * layout.size) };
}

/** Terms of which something is left. */
export function termsOf(values: ReadonlyMap<Term["name"], Float64Array>): DisplacementTerm[] {
  return Array.from(values, ([name, part]) => ({ name, values: part })).filter((term) =>
    term.values.some((v) => v !== 0),
  );
}

/** A vector as long as the parameters for each term of the task, all zero. */
export function zeroTerms(task: Task): ReadonlyMap<Term["name"], Float64Array> {
  return new Map(termNames(task).map((name) => [name, new Float64Array(task.layout.size)]));
}

/** The first and the last state of a run. */
export async function endsOf(run: Run): Promise<{ readonly first: RealArray; readonly last: RealArray }> {
  const [first, last] = [await run.checkpoint(0), await run.checkpoint(run.checkpoints[run.checkpoints.length - 1])];
  return { first: first.params, last: last.params };
}
