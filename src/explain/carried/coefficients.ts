// The pull-back's coefficients as graphs take them: the carry is kept in units that shrink with it, so that keeping costs nothing.

import { allocate, type RealArray, type RealDType } from "../../numeric/tensor.ts";
import { createBuffers } from "../../optimizers/buffers.ts";
import type { Coefficient, PullbackForm } from "../../optimizers/types.ts";
import type { Task } from "../../train/task.ts";
import { type CoefficientKind, DIRECT_BY_OUT, type FormKinds } from "./step-graph.ts";

const kindOf = (coefficient: Coefficient): CoefficientKind =>
  typeof coefficient !== "number" ? "vector" : coefficient === 0 ? "none" : "number";

/** What the coefficients of a task's optimizer are at every step; at step 0 none of its numbers happens to be zero. */
export function kindsOf({ optimizer, regularisers }: Pick<Task, "optimizer" | "regularisers">): FormKinds {
  const { into, direct, out, coupled, decoupled } = optimizer.form({
    buffers: createBuffers(optimizer, 1, "float64"),
    step: 0,
    stepSize: 1,
  });
  return {
    into: kindOf(into),
    direct: kindOf(direct),
    out: kindOf(out),
    coupled: coupled !== 0,
    decoupled: decoupled !== 0,
    share: optimizer.clipping?.name === "value" ? "vector" : "none",
    regularisers: regularisers.length,
  };
}

/** Units of the carry are not smaller: what entered at a unit of 1 has then decayed to next to nothing beside what enters now. */
const SMALLEST_UNIT = 1e-8;

/** Coefficients of one step on a carry in units: z_s = unit c_s. */
export interface StepCoefficients {
  readonly numbers: Readonly<Record<string, number>>;
  readonly vectors: Readonly<Record<string, RealArray>>;
}

/**
 * The unit of the carry. With z_s = unit_s c_s and unit_s = keep_s unit_{s+1}, c_s = c_{s+1} + (into_s / unit_s) J_s: one pass over memory less
 * than with a product.
 */
export class Unit {
  private unit = 1;
  private readonly dtype: RealDType;

  constructor(dtype: RealDType) {
    this.dtype = dtype;
  }

  get value(): number {
    return this.unit;
  }

  restore(unit: number): void {
    this.unit = unit;
  }

  /** By what every carry must be multiplied before a step that keeps so much; undefined where the unit can shrink. */
  renewal(keep: number): number | undefined {
    return this.unit * keep < SMALLEST_UNIT ? this.unit * keep : undefined;
  }

  /** Enters a step; with a `renewal` once that was done. */
  enter(keep: number): void {
    this.unit = this.renewal(keep) === undefined ? this.unit * keep : 1;
  }

  /** The coefficients of the step that was entered; `first`: else nothing goes into the carry any more. */
  coefficients({ into, direct, out }: PullbackForm, first: boolean): StepCoefficients {
    const numbers: Record<string, number> = {};
    const vectors: Record<string, RealArray> = {};
    const put = (name: string, coefficient: Coefficient, factor: number): void => {
      if (typeof coefficient === "number") numbers[name] = coefficient * factor;
      else {
        const vector = allocate(this.dtype, coefficient.length) as RealArray;
        for (let k = 0; k < vector.length; k++) vector[k] = coefficient[k] * factor;
        vectors[name] = vector;
      }
    };
    put("into", into, first ? 1 / this.unit : 0);
    put("direct", direct, 1);
    put("out", out, this.unit);
    if (typeof direct === "number" && typeof out === "number") numbers[DIRECT_BY_OUT] = direct / (out * this.unit);
    return { numbers, vectors };
  }
}
