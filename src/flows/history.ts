// The integrals over the past that theorems on flows are made of: running means of every example's gradient, and the kernel integral.

import { VectorAccumulator } from "../numeric/sum.ts";
import { type Dynamics, memoryOf, scaleInto } from "./dynamics.ts";

/** Where a path is, and what kernels are made of there. */
export interface FlowPoint {
  readonly t: number;
  readonly square: Float64Array;
  /** Gradient of every example (n, p). */
  readonly gradients: Float64Array;
  /** J of every row (R, p). */
  readonly jacobians: Float64Array;
}

interface IntegralSize {
  readonly rows: number;
  readonly examples: number;
  readonly size: number;
  /** When the path begins. Default 0. */
  readonly start?: number;
}

/**
 * Adds up, by the trapezoidal rule over points of a path,
 *
 *     I_i(x) = -1/n int J(x; t) D(t) h_i(t) dt,    h_i(t) = c int_0^t e^{-c (t - s)} grad l_i(s) ds      (theory 1.4, (4), (16), (20), (24))
 *
 * h_i = grad l_i(t) without a running mean: J D h_i is then l_i' K_t^D(x, x_i), and with one the integral of l_i'(s) K_{t,s}^D(x, x_i).
 * Memory: two arrays (n, p), for momentum and Adam a third.
 */
export class KernelIntegral {
  private readonly dynamics: Dynamics;
  private readonly rows: number;
  private readonly examples: number;
  private readonly size: number;
  private readonly start: number;
  private readonly total: VectorAccumulator;
  private readonly history: Float64Array;
  private readonly scale: Float64Array;
  private last: { t: number; gradients: Float64Array; integrand: Float64Array } | undefined;

  constructor(dynamics: Dynamics, { rows, examples, size, start = 0 }: IntegralSize) {
    this.start = start;
    this.dynamics = dynamics;
    this.rows = rows;
    this.examples = examples;
    this.size = size;
    this.total = new VectorAccumulator(rows * examples);
    this.history = new Float64Array(examples * size);
    this.scale = new Float64Array(size);
  }

  /** Goes on to the next point. From `start` to the first one the integrand counts as what it is there. */
  add({ t, square, gradients, jacobians }: FlowPoint): void {
    this.remember(t, gradients);
    scaleInto(this.dynamics, t, square, this.scale);
    const integrand = this.integrand(jacobians);
    const { t: from, integrand: before } = this.last ?? { t: this.start, integrand };
    const half = (t - from) / (2 * this.examples);
    for (let k = 0; k < integrand.length; k++) this.total.add(k, -half * (integrand[k] + before[k]));
    this.last = { t, gradients: gradients.slice(), integrand };
  }

  /** I_i(x): (R, n). */
  values(): Float64Array {
    return this.total.values();
  }

  /** h_i at the new point: what is left of the last one, and the trapezoidal rule over what came between. */
  private remember(t: number, gradients: Float64Array): void {
    const c = memoryOf(this.dynamics);
    const { history, last } = this;
    if (c === undefined) history.set(gradients);
    // From 0 to where the equation begins, gradients stay as they are.
    else if (!last) for (let k = 0; k < history.length; k++) history[k] = c * t * gradients[k];
    else {
      const [kept, half] = [Math.exp(-c * (t - last.t)), (c * (t - last.t)) / 2];
      for (let k = 0; k < history.length; k++)
        history[k] = kept * (history[k] + half * last.gradients[k]) + half * gradients[k];
    }
  }

  private integrand(jacobians: Float64Array): Float64Array {
    const { rows, examples: n, size: p, history, scale } = this;
    const result = new Float64Array(rows * n);
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < n; i++) {
        let total = 0;
        for (let k = 0; k < p; k++) total += jacobians[r * p + k] * scale[k] * history[i * p + k];
        result[r * n + i] = total;
      }
    return result;
  }
}
