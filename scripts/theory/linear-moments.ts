// Means and second moments of linear least squares under minibatch descent and under its diffusion: both closed, so without any simulation.

/** Rows a_i of the design (n, p) and targets. */
export interface LeastSquares {
  readonly rows: readonly (readonly number[])[];
  readonly targets: readonly number[];
}

type Matrix = number[][];

const zeros = (p: number): Matrix => Array.from({ length: p }, () => new Array<number>(p).fill(0));
const plus = (a: Matrix, b: Matrix, factor = 1): Matrix => a.map((row, i) => row.map((v, j) => v + factor * b[i][j]));
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((total, v, k) => total + v * b[k][j], 0)));
const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));

/**
 * Homogeneous coordinates z = (theta, 1) make every map linear: M = E z z^T is closed. grad l_i = G_i z with G_i = a_i (a_i, -y_i), so that
 *
 *     descent    M <- E_B (I - eta G_B) M (I - eta G_B)^T = (I - eta G) M (I - eta G)^T + eta^2 S(M)
 *     diffusion  dM/dt = -G M - M G^T + eta S(M)
 *
 * with S(M) = kappa/n sum_i (G_i - G) M (G_i - G)^T, kappa = (n - b)/(b (n - 1)). Gives M at the end, descent first.
 */
export function secondMoments(
  { rows, targets }: LeastSquares,
  { start, eta, steps, batchSize: b }: { start: readonly number[]; eta: number; steps: number; batchSize: number },
): { descent: Matrix; diffusion: Matrix } {
  const [n, p] = [rows.length, start.length + 1];
  const each = rows.map((a, i) => {
    const full = [...a, -targets[i]];
    return [...a.map((v) => full.map((u) => v * u)), new Array<number>(p).fill(0)];
  });
  const mean = each.reduce((total, g) => plus(total, g, 1 / n), zeros(p));
  const centred = each.map((g) => plus(g, mean, -1));
  const kappa = (n - b) / (b * (n - 1));
  const spread = (m: Matrix): Matrix =>
    centred.reduce((total, g) => plus(total, times(times(g, m), transposed(g)), kappa / n), zeros(p));
  const z = [...start, 1];
  const first = z.map((u) => z.map((v) => u * v));
  const step = plus(
    zeros(p).map((row, i) => row.map((_, j) => (i === j ? 1 : 0))),
    mean,
    -eta,
  );
  const drift = (m: Matrix): Matrix => {
    const gm = times(mean, m);
    return plus(plus(plus(zeros(p), gm, -1), transposed(gm), -1), spread(m), eta);
  };
  let [descent, diffusion] = [first, first];
  const pieces = 20;
  for (let s = 0; s < steps; s++) {
    descent = plus(times(times(step, descent), transposed(step)), spread(descent), eta * eta);
    for (let k = 0; k < pieces; k++) {
      const h = eta / pieces;
      const k1 = drift(diffusion);
      const k2 = drift(plus(diffusion, k1, h / 2));
      const k3 = drift(plus(diffusion, k2, h / 2));
      const k4 = drift(plus(diffusion, k3, h));
      diffusion = plus(plus(plus(plus(diffusion, k1, h / 6), k2, h / 3), k3, h / 3), k4, h / 6);
    }
  }
  return { descent, diffusion };
}
