// The root of a function whose values and slopes are known at both ends of an interval where it changes sign.

export interface HermiteEnds {
  readonly a: number;
  readonly b: number;
  readonly fa: number;
  readonly fb: number;
  readonly da: number;
  readonly db: number;
}

/**
 * Root of the cubic through both values with both slopes, by Newton's method kept inside a shrinking bracket; exact for linear
 * functions. Always strictly inside (a, b), error O((b - a)^4) for a smooth function.
 */
export function hermiteRoot({ a, b, fa, fb, da, db }: HermiteEnds): number {
  const h = b - a;
  // p(u) = fa + u (p1 + u (p2 + u p3)), u in [0, 1].
  const p1 = da * h;
  const p2 = 3 * (fb - fa) - (2 * da + db) * h;
  const p3 = 2 * (fa - fb) + (da + db) * h;
  let [low, high] = [0, 1];
  let u = fa / (fa - fb);
  for (let k = 0; k < 50; k++) {
    const value = fa + u * (p1 + u * (p2 + u * p3));
    if (value > 0 === fa > 0) low = u;
    else high = u;
    const slope = p1 + u * (2 * p2 + u * 3 * p3);
    const next = u - value / slope;
    const inside = next > low && next < high;
    const moved = (inside ? next : (low + high) / 2) - u;
    u += moved;
    if (Math.abs(moved) <= Number.EPSILON * u) break;
  }
  const t = a + h * u;
  return t > a && t < b ? t : a + h / 2;
}
