// Probabilities from decision values: Platt's sigmoid (2000) by Newton's method (Lin, Lin and Weng 2007), pairs coupled to classes (Wu, Lin and Weng 2004).

/** P(positive | f) = 1 / (1 + exp(a f + b)). */
export interface Sigmoid {
  readonly a: number;
  readonly b: number;
}

const NEWTON_STEPS = 100;
const LEAST_STEP = 1e-10;
const GRADIENT = 1e-9;
/** Added to the Hessian's diagonal, as the authors do: it may be singular. */
const RIDGE = 1e-12;

/**
 * The sigmoid of largest likelihood for decision values (n) and whether each is of the positive class. Targets are (n+ + 1) / (n+ + 2) and
 * 1 / (n- + 2) in the place of 1 and 0, which keeps it finite where the classes lie apart.
 */
export function fitSigmoid(decisions: ArrayLike<number>, positive: readonly boolean[]): Sigmoid {
  const n = positive.length;
  const plus = positive.filter(Boolean).length;
  const targets = positive.map((own) => (own ? (plus + 1) / (plus + 2) : 1 / (n - plus + 2)));
  let [a, b] = [0, Math.log((n - plus + 1) / (plus + 1))];
  let loss = crossEntropy(decisions, targets, { a, b });
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let [haa, hbb, hab, ga, gb] = [RIDGE, RIDGE, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const p = sigmoidOf({ a, b }, decisions[i]);
      const [d, rest] = [p * (1 - p), targets[i] - p];
      haa += decisions[i] * decisions[i] * d;
      hbb += d;
      hab += decisions[i] * d;
      ga += decisions[i] * rest;
      gb += rest;
    }
    if (Math.abs(ga) < GRADIENT && Math.abs(gb) < GRADIENT) break;
    const det = haa * hbb - hab * hab;
    const [da, db] = [-(hbb * ga - hab * gb) / det, -(haa * gb - hab * ga) / det];
    const fall = ga * da + gb * db;
    let size = 1;
    for (; size >= LEAST_STEP; size /= 2) {
      const next = { a: a + size * da, b: b + size * db };
      const found = crossEntropy(decisions, targets, next);
      if (found < loss + 1e-4 * size * fall) {
        [a, b, loss] = [next.a, next.b, found];
        break;
      }
    }
    if (size < LEAST_STEP) break;
  }
  return { a, b };
}

/** 1 / (1 + exp(a f + b)) without overflow. */
export function sigmoidOf({ a, b }: Sigmoid, decision: number): number {
  const z = a * decision + b;
  return z >= 0 ? Math.exp(-z) / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z));
}

function crossEntropy(decisions: ArrayLike<number>, targets: readonly number[], { a, b }: Sigmoid): number {
  return targets.reduce((total, target, i) => {
    const z = a * decisions[i] + b;
    return total + (z >= 0 ? target * z + Math.log1p(Math.exp(-z)) : (target - 1) * z + Math.log1p(Math.exp(z)));
  }, 0);
}

const COUPLING_STEPS = 10_000;
const COUPLED = 1e-13;

/**
 * The p of K classes, sum 1, that minimises sum_{i<j} (r_ji p_i - r_ij p_j)^2 for r_ij = P(i | i or j), r (K, K) row-major.
 *
 * By the authors' iteration, one class at a time, until no condition of the minimum is missed by 1e-13.
 */
export function couple(r: ArrayLike<number>, k: number): Float64Array {
  const q = new Float64Array(k * k);
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++)
      if (j !== i) {
        q[i * k + i] += r[j * k + i] * r[j * k + i];
        q[i * k + j] = -r[j * k + i] * r[i * k + j];
      }
  const p = new Float64Array(k).fill(1 / k);
  const qp = new Float64Array(k);
  for (let step = 0; step < COUPLING_STEPS; step++) {
    let pqp = 0;
    for (let i = 0; i < k; i++) {
      qp[i] = 0;
      for (let j = 0; j < k; j++) qp[i] += q[i * k + j] * p[j];
      pqp += p[i] * qp[i];
    }
    if (qp.every((value) => Math.abs(value - pqp) < COUPLED)) break;
    for (let t = 0; t < k; t++) {
      const by = (pqp - qp[t]) / q[t * k + t];
      p[t] += by;
      pqp = (pqp + by * (by * q[t * k + t] + 2 * qp[t])) / (1 + by) ** 2;
      for (let j = 0; j < k; j++) {
        qp[j] = (qp[j] + by * q[t * k + j]) / (1 + by);
        p[j] /= 1 + by;
      }
    }
  }
  return p;
}
