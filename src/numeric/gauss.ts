// Gauss-Legendre quadrature on [0, 1].

export interface QuadratureRule {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

/** P_n(x) and its derivative by the three-term recurrence. */
function legendre(n: number, x: number): [value: number, derivative: number] {
  let [p, previous] = [x, 1];
  for (let k = 2; k <= n; k++) [p, previous] = [((2 * k - 1) * x * p - (k - 1) * previous) / k, p];
  return [p, (n * (x * p - previous)) / (x * x - 1)];
}

const rules = new Map<number, QuadratureRule>();

/**
 * The n-point rule: exact for polynomials of degree 2n - 1; error (n!)^4 / ((2n+1) ((2n)!)^3) phi^(2n+1) of a step (theory 1.3).
 * Nodes by Newton's method from Tricomi's estimate, weights 2 / ((1 - x^2) P_n'(x)^2), mapped to [0, 1].
 */
export function gaussLegendre(n: number): QuadratureRule {
  const known = rules.get(n);
  if (known) return known;
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = n - 1; i >= 0; i--) {
    let x = n === 1 ? 0 : Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let iteration = 0; iteration < 8 && n > 1; iteration++) {
      const [p, dp] = legendre(n, x);
      x -= p / dp;
    }
    const derivative = n === 1 ? 1 : legendre(n, x)[1];
    nodes.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * derivative * derivative));
  }
  const rule = { nodes, weights };
  rules.set(n, rule);
  return rule;
}
