// Adaptive quadrature of one row along one step: locates switches, splits there, adds Gauss nodes until the tolerance holds.

import { gaussLegendre } from "../numeric/gauss.ts";
import { hermiteRoot } from "./hermite-root.ts";

/** Asks for phi and phi' at t, and, where `switches`, for the switching functions and their slopes. */
export interface Request {
  readonly t: number;
  readonly switches: boolean;
}

export interface Probe {
  readonly t: number;
  readonly value: number;
  readonly slope: number;
  /** Empty for smooth models and where they were not asked for. */
  readonly switches: ArrayLike<number>;
  readonly switchSlopes: ArrayLike<number>;
}

export interface RefineOptions {
  /** phi(0) and phi(1), the readout at both ends of the step. */
  readonly start: number;
  readonly end: number;
  /** Residual allowed over the whole step. */
  readonly tolerance: number;
  /** Residual of a piece below which only rounding is left. */
  readonly noiseFloor: number;
  /** Shorter pieces are below the resolution of w(t) in the dtype. */
  readonly minLength: number;
  /** Whether the model has switches at all. */
  readonly piecewise: boolean;
  /** Gauss nodes to begin with. */
  readonly order: number;
}

export interface Refined {
  /** With phi' at each node. */
  readonly nodes: readonly { readonly t: number; readonly weight: number; readonly slope: number }[];
  readonly probes: number;
  readonly atNoiseFloor: number;
  readonly unresolved: number;
  /** Gauss nodes that the last piece needed: where the next step may begin. */
  readonly order: number;
}

interface Piece {
  readonly a: number;
  readonly b: number;
  readonly fa: number;
  readonly fb: number;
  /** Ends with their switching functions, once they were asked for. */
  pa?: Probe;
  pb?: Probe;
  /** Residual of the piece that this one was cut from, over its allowance. */
  readonly excess: number;
}

const MAX_ORDER = 7;
/** Rows that need more probes than this on one step are reported as unresolved: a net of 10,000 units rarely switches so often. */
const MAX_PROBES = 20_000;

type Steps<T> = Generator<readonly Request[], T, readonly Probe[]>;

/**
 * Nodes and weights whose sum of phi' meets phi(1) - phi(0) within the tolerance. Yields requests, is resumed with probes:
 * the caller groups the requests of many rows. The residual of a piece is known exactly (phi is evaluated at its ends), so
 * nothing is ever estimated. Sign changes of switching functions are located by Hermite interpolation of value and slope.
 */
export function* refine(options: RefineOptions): Steps<Refined> {
  const state = new Refinement(options);
  while (state.pieces.length > 0) yield* state.next();
  return state.result();
}

class Refinement {
  readonly pieces: Piece[];
  private readonly options: RefineOptions;
  private readonly nodes: { t: number; weight: number; slope: number }[] = [];
  private probes = 0;
  private atNoiseFloor = 0;
  private unresolved = 0;
  private order: number;
  private steepest = 0;

  constructor(options: RefineOptions) {
    this.options = options;
    this.order = options.order;
    this.pieces = [{ a: 0, b: 1, fa: options.start, fb: options.end, excess: 1 }];
  }

  result(): Refined {
    const { nodes, probes, atNoiseFloor, unresolved, order } = this;
    return { nodes, probes, atNoiseFloor, unresolved, order };
  }

  /** Accepts the last piece, or cuts it in two. */
  *next(): Steps<void> {
    const piece = this.pieces.pop()!;
    const known = piece.pa && piece.pb ? this.crossings(piece) : undefined;
    let excess = piece.excess;
    // With several kinks inside, an attempt pays only where the parent nearly passed.
    if (!known || known.length <= 2 || excess <= 256 || this.exhausted(piece)) {
      excess = yield* this.attempt(piece, this.order);
      if (excess <= 1) return;
    }
    if (this.options.piecewise) {
      if (!piece.pa) [piece.pa] = yield* this.ask([{ t: piece.a, switches: true }]);
      if (!piece.pb) [piece.pb] = yield* this.ask([{ t: piece.b, switches: true }]);
      const crossings = known ?? this.crossings(piece);
      if (crossings.length > 0) {
        const middle = crossings[crossings.length >> 1];
        this.cut(piece, yield* this.locate(piece, middle.index, middle.t), excess);
        return;
      }
    }
    for (let order = this.order + 1; order <= MAX_ORDER; order++) {
      const before = excess;
      excess = yield* this.attempt(piece, order);
      if (excess <= 1) return;
      // More nodes help a smooth piece by orders of magnitude; where they do not, something lies hidden inside.
      if (excess > before / 3) break;
    }
    const [middle] = yield* this.ask([{ t: (piece.a + piece.b) / 2, switches: this.options.piecewise }]);
    this.cut(piece, middle, excess);
  }

  /** Tries the Gauss rule of this order: accepts the piece if its residual is within its allowance; gives residual / allowance. */
  private *attempt(piece: Piece, order: number): Steps<number> {
    const { a, b, fa, fb } = piece;
    const rule = gaussLegendre(order);
    const length = b - a;
    const found = yield* this.ask(rule.nodes.map((x) => ({ t: a + length * x, switches: false })));
    const integral = found.reduce((total, probe, q) => total + rule.weights[q] * probe.slope, 0) * length;
    const residual = Math.abs(fb - fa - integral);
    const { tolerance, noiseFloor } = this.options;
    const excess = residual / Math.max(tolerance * length, noiseFloor);
    // Not `excess > 1`: a NaN must not pass for small.
    if (!(excess <= 1) && !this.exhausted(piece)) return excess;
    if (!(excess <= 1)) this.unresolved++;
    else if (residual > tolerance * length) this.atNoiseFloor++;
    found.forEach((probe, q) => {
      this.nodes.push({ t: probe.t, weight: rule.weights[q] * length, slope: probe.slope });
    });
    // One node fewer is tried next time when this many were more than enough.
    this.order = excess < 1e-4 && order > 2 ? order - 1 : order;
    return 0;
  }

  /** Whether a piece must be taken as it is: too short to be cut, or the row has had its share of probes. */
  private exhausted({ a, b }: Piece): boolean {
    return b - a < this.options.minLength || this.probes > MAX_PROBES;
  }

  private *ask(requests: readonly Request[]): Steps<readonly Probe[]> {
    this.probes += requests.length;
    const probes = yield requests;
    for (const { slope } of probes) this.steepest = Math.max(this.steepest, Math.abs(slope));
    return probes;
  }

  private cut({ a, b, fa, fb, pa, pb }: Piece, at: Probe, excess: number): void {
    const middle = this.options.piecewise ? at : undefined;
    const join = (left: Probe | undefined, right: Probe | undefined) => ({
      ...(left && { pa: left }),
      ...(right && { pb: right }),
    });
    this.pieces.push({ a: at.t, b, fa: at.value, fb, excess, ...join(middle, pb) });
    this.pieces.push({ a, b: at.t, fa, fb: at.value, excess, ...join(pa, middle) });
  }

  /** Distance in t within which a kink of the greatest slope seen costs less than an eighth of the allowance of a short piece. */
  private resolution({ a, b }: Piece): number {
    const allowance = Math.max(this.options.tolerance * (b - a), this.options.noiseFloor);
    return Math.max(this.options.minLength / 8, allowance / (16 * this.steepest + Number.MIN_VALUE));
  }

  /** Switches that change sign inside the piece, with the estimated t of each, in order of t. */
  private crossings(piece: Piece): { index: number; t: number }[] {
    const { pa, pb, a, b } = piece as Required<Piece>;
    const near = this.resolution(piece);
    const found: { index: number; t: number }[] = [];
    for (let j = 0; j < pa.switches.length; j++) {
      const [sa, sb] = [pa.switches[j], pb.switches[j]];
      if (sa > 0 === sb > 0) continue;
      // A switch that happens at an end, as near as matters, is not inside.
      if (Math.abs(sa) <= Math.abs(pa.switchSlopes[j]) * near || Math.abs(sb) <= Math.abs(pb.switchSlopes[j]) * near)
        continue;
      const ends = { a, b, fa: sa, fb: sb, da: pa.switchSlopes[j], db: pb.switchSlopes[j] };
      found.push({ index: j, t: hermiteRoot(ends) });
    }
    return found.sort((p, q) => p.t - q.t);
  }

  /** The probe where switch `j` crosses zero, as near as matters. */
  private *locate(piece: Piece, j: number, estimate: number): Steps<Probe> {
    let { pa: left, pb: right } = piece as Required<Piece>;
    let t = estimate;
    for (let iteration = 0; ; iteration++) {
      const [probe] = yield* this.ask([{ t, switches: true }]);
      const [s, slope] = [probe.switches[j], probe.switchSlopes[j]];
      const settled = Math.abs(s) <= Math.abs(slope) * this.resolution(piece);
      if (settled || iteration > 60 || right.t - left.t < this.options.minLength) return probe;
      if (s > 0 === left.switches[j] > 0) left = probe;
      else right = probe;
      // Interpolation converges in a few steps or something lies between: then halving is safe.
      t = iteration > 5 ? (left.t + right.t) / 2 : hermiteRoot(endsOf(left, right, j));
    }
  }
}

function endsOf(left: Probe, right: Probe, j: number) {
  return {
    a: left.t,
    b: right.t,
    fa: left.switches[j],
    fb: right.switches[j],
    da: left.switchSlopes[j],
    db: right.switchSlopes[j],
  };
}
