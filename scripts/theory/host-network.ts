// A network of one tanh layer on one input, in closed form on the host: thousands of runs of it take seconds, where the engine's calls take minutes.

import type { FlowFields } from "../../src/flows/field.ts";

export interface HostNetwork {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly queries: readonly number[];
  readonly hidden: number;
}

/**
 * y = sum_h v_h tanh(u_h x + b_h) + c with half the squared error; parameters u, b, v, c in the layout of the engine's perceptron:
 * layers.0.weight, layers.0.bias, layers.1.weight, layers.1.bias.
 */
export function hostFields({ xs, ys, queries, hidden: h }: HostNetwork): FlowFields {
  const size = 3 * h + 1;
  const row = (w: Float64Array, x: number, into: Float64Array, at: number): number => {
    let y = w[3 * h];
    for (let k = 0; k < h; k++) {
      const a = Math.tanh(w[k] * x + w[h + k]);
      const slope = w[2 * h + k] * (1 - a * a);
      into[at + k] = slope * x;
      into[at + h + k] = slope;
      into[at + 2 * h + k] = a;
      y += w[2 * h + k] * a;
    }
    into[at + 3 * h] = 1;
    return y;
  };
  return {
    examples: xs.length,
    size,
    rows: queries.length,
    gradients(w) {
      const rows = new Float64Array(xs.length * size);
      for (const [i, x] of xs.entries()) {
        const error = row(w, x, rows, i * size) - ys[i];
        for (let k = i * size; k < (i + 1) * size; k++) rows[k] *= error;
      }
      return rows;
    },
    values: (w) => Float64Array.from(queries, (x) => row(w, x, new Float64Array(size), 0)),
    jacobians(w) {
      const rows = new Float64Array(queries.length * size);
      for (const [r, x] of queries.entries()) row(w, x, rows, r * size);
      return rows;
    },
  };
}
