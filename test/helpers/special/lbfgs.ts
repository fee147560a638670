// L-BFGS of Liu and Nocedal (1989) with backtracking, for small smooth convex problems in tests.

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, k) => sum + value * b[k], 0);
const plus = (a: readonly number[], factor: number, b: readonly number[]): number[] =>
  a.map((value, k) => value + factor * b[k]);

interface Pair {
  readonly s: number[];
  readonly y: number[];
}

/** The inverse Hessian of the last pairs times g, by the two loops. */
function direction(pairs: readonly Pair[], g: readonly number[]): number[] {
  let q = [...g];
  const shares = pairs.toReversed().map(({ s, y }) => {
    const share = dot(s, q) / dot(y, s);
    q = plus(q, -share, y);
    return share;
  });
  const last = pairs.at(-1);
  if (last) q = q.map((value) => (value * dot(last.s, last.y)) / dot(last.y, last.y));
  pairs.forEach(({ s, y }, k) => {
    q = plus(q, shares[pairs.length - 1 - k] - dot(y, q) / dot(y, s), s);
  });
  return q.map((value) => -value);
}

/** Where the gradient vanishes to rounding. */
export function minimise(
  value: (w: readonly number[]) => number,
  gradient: (w: readonly number[]) => number[],
  start: readonly number[],
): number[] {
  let [w, g] = [[...start], gradient(start)];
  const pairs: Pair[] = [];
  for (let k = 0; k < 100 && dot(g, g) > 1e-26; k++) {
    const d = direction(pairs, g);
    let step = 1;
    while (step > 1e-9 && value(plus(w, step, d)) > value(w) + 1e-4 * step * dot(g, d)) step /= 2;
    const next = plus(w, step, d);
    const ahead = gradient(next);
    const [s, y] = [plus(next, -1, w), plus(ahead, -1, g)];
    [w, g] = [next, ahead];
    if (dot(s, y) <= 0) break;
    pairs.push({ s, y });
    if (pairs.length > 5) pairs.shift();
  }
  return w;
}
