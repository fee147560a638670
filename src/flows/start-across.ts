// The path editor: a start and a rate with which one step of gradient descent crosses a chosen local minimum.

import type { RealArray } from "../numeric/tensor.ts";
import { type Task, trainableOf } from "../train/task.ts";
import { GradientField, meanRow, requireDouble } from "./field.ts";

export interface StartAcrossOptions {
  /** All parameters at the minimum w*, in the model's layout. */
  readonly minimum: RealArray;
  /** How far from the minimum the run starts, in Euclid's norm of the trained parameters. */
  readonly distance: number;
  /** How far behind the minimum the first step ends. Default: `distance`. */
  readonly beyond?: number;
  /** Where to begin looking, a direction in the trained parameters (p). Default: all ones. */
  readonly direction?: ArrayLike<number>;
  /** Evaluations of the gradient, at most. Default 500. */
  readonly iterations?: number;
}

export interface StartAcross {
  /** Trained parameters w_0 (p), for `trainInMemory` of a task whose parameters are all trained. */
  readonly params: Float64Array;
  /** The rate with which w_1 = w* - beyond u lies across the minimum from w_0 = w* + distance u. */
  readonly stepSize: number;
  /** u, a unit vector (p): along it the loss rises fastest at this distance. */
  readonly direction: Float64Array;
  /** |sin| of the angle between the gradient at w_0 and u: by how much of its length the step misses w*. */
  readonly miss: number;
  /** The same line continued at w* + distance u: <grad L, u>, positive where the minimum is one along u. */
  readonly slope: number;
}

const norm = (v: Float64Array): number => Math.sqrt(v.reduce((total, value) => total + value * value, 0));

/**
 * Finds w_0 at a given distance from a minimum w* at which the gradient of the whole loss points away from w*, so that a step of gradient descent runs
 * through it: u with grad L(w* + r u) parallel to u, the fixed point of u <- grad L / |grad L|, and eta = (r + beyond) / |grad L(w_0)|.
 *
 * The iteration climbs L on the sphere around w* (near a minimum: power iteration on its Hessian, to the direction of largest curvature); it
 * settles in one of several such directions, which `direction` chooses. With one trained parameter there are two, +1 and -1, and `miss` is 0.
 *
 * Cost: a gradient of all examples an iteration. RangeError where the gradient vanishes or points to the minimum's other side, where numbers do not fit,
 * or for an engine in float32.
 */
export async function startAcross(task: Task, options: StartAcrossOptions): Promise<StartAcross> {
  const { distance, beyond = distance, iterations = 500 } = options;
  requireDouble("startAcross", task);
  for (const [name, value] of Object.entries({ distance, beyond }))
    if (!(value > 0 && value < Infinity)) throw new RangeError(`startAcross: ${name} must be positive, got ${value}`);
  const field = await GradientField.of(task);
  const centre = Float64Array.from(trainableOf(task, options.minimum, "float64"));
  const given = Float64Array.from(options.direction ?? new Float64Array(field.size).fill(1));
  if (given.length !== field.size || !(norm(given) > 0))
    throw new RangeError(`startAcross: direction must hold ${field.size} numbers, not all 0, got ${given.length}`);
  let direction = given.map((value) => value / norm(given));
  const placeOf = (u: Float64Array): Float64Array => centre.map((w, k) => w + distance * u[k]);
  for (let k = 0; ; k++) {
    const params = placeOf(direction);
    const gradient = meanRow(await field.at(params), field.size);
    const size = norm(gradient);
    if (!(size > 0)) throw new RangeError("startAcross: the gradient must not vanish at this distance, got 0");
    const slope = gradient.reduce((total, g, i) => total + g * direction[i], 0);
    const cosine = slope / size;
    const miss = Math.sqrt(Math.max(0, 1 - cosine * cosine));
    if (miss < 1e-10 || k >= iterations) {
      if (!(slope > 0))
        throw new RangeError(`startAcross: the loss must rise away from the minimum, got slope ${slope}`);
      return { params, stepSize: (distance + beyond) / size, direction, miss, slope };
    }
    direction = gradient.map((g) => g / size);
  }
}
