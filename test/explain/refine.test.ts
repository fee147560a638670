import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Probe, type Refined, type RefineOptions, type Request, refine } from "../../src/explain/refine.ts";

/** phi(t) = smooth + sum_j height_j max(0, s_j(t)), with its switching functions. */
interface Curve {
  readonly value: (t: number) => number;
  readonly slope: (t: number) => number;
  readonly switches: readonly Switch[];
}

interface Switch {
  readonly s: (t: number) => number;
  readonly ds: (t: number) => number;
  readonly height: number;
  /** Whether the quadrature is told of it. */
  readonly seen?: boolean;
}

const wave: Pick<Curve, "value" | "slope"> = { value: (t) => Math.sin(2 * t), slope: (t) => 2 * Math.cos(2 * t) };

function curveOf(switches: readonly Switch[]): Curve {
  const on = ({ s }: Switch, t: number): boolean => s(t) > 0;
  return {
    value: (t) => switches.reduce((total, k) => total + (on(k, t) ? k.height * k.s(t) : 0), wave.value(t)),
    slope: (t) => switches.reduce((total, k) => total + (on(k, t) ? k.height * k.ds(t) : 0), wave.slope(t)),
    switches,
  };
}

const kinkAt = (t0: number, height: number): Switch => ({ s: (t) => 3 * (t - t0), ds: () => 3, height });

interface Outcome extends Refined {
  /** phi(1) - phi(0) - sum of weight phi'. */
  readonly residual: number;
  readonly asked: readonly Request[];
}

const FLOOR = 8 * Number.EPSILON;

function answerTo({ value, slope, switches }: Curve, { t, switches: wanted }: Request): Probe {
  const seen = wanted ? switches.filter((k) => k.seen !== false) : [];
  return {
    t,
    value: value(t),
    slope: slope(t),
    switches: seen.map((k) => k.s(t)),
    switchSlopes: seen.map((k) => k.ds(t)),
  };
}

function refineCurve(curve: Curve, options: Partial<RefineOptions> = {}): Outcome {
  const [start, end] = [curve.value(0), curve.value(1)];
  const piecewise = curve.switches.length > 0;
  const generator = refine({
    start,
    end,
    tolerance: 1e-10,
    noiseFloor: FLOOR,
    minLength: 64 * Number.EPSILON,
    piecewise,
    order: 2,
    ...options,
  });
  const asked: Request[] = [];
  let next = generator.next([]);
  while (!next.done) {
    asked.push(...next.value);
    next = generator.next(next.value.map((request) => answerTo(curve, request)));
  }
  const { nodes } = next.value;
  return {
    ...next.value,
    asked,
    residual: end - start - nodes.reduce((sum, { t, weight }) => sum + weight * curve.slope(t), 0),
  };
}

describe("refine on a smooth curve", () => {
  it.each([1e-2, 1e-6, 1e-10, 1e-13])("meets a tolerance of %d without cutting", (tolerance) => {
    const { residual, nodes, probes, unresolved } = refineCurve(curveOf([]), { tolerance });
    expect(Math.abs(residual)).toBeLessThanOrEqual(tolerance + FLOOR);
    expect(nodes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 14);
    expect(nodes.length).toBeLessThanOrEqual(7);
    expect(probes).toBeLessThanOrEqual(2 + 3 + 4 + 5 + 6 + 7);
    expect(unresolved).toBe(0);
  });

  it("begins the next step with as many nodes as this one needed, or one fewer where they were more than enough", () => {
    const tight = refineCurve(curveOf([]), { tolerance: 1e-6 });
    expect(tight.nodes).toHaveLength(4);
    const loose = refineCurve(curveOf([]), { tolerance: 1e-2, order: 5 });
    expect(loose.nodes).toHaveLength(5);
    expect(loose.order).toBe(4);
  });

  it("never asks for switches of a model that has none", () => {
    expect(refineCurve(curveOf([])).asked.every(({ switches }) => !switches)).toBe(true);
  });
});

describe("refine on a curve with kinks", () => {
  const kinks = [0.137, 0.42, 0.421, 0.77, 0.99];
  const seen = kinks.map((t, j) => kinkAt(t, 1 - 0.7 * j));

  it.each([1e-4, 1e-7, 1e-10, 1e-12])("meets a tolerance of %d", (tolerance) => {
    const { residual, atNoiseFloor, unresolved } = refineCurve(curveOf(seen), { tolerance });
    expect(Math.abs(residual)).toBeLessThanOrEqual(tolerance + atNoiseFloor * FLOOR + 4 * FLOOR);
    expect(unresolved).toBe(0);
  });

  it("puts a cut at every kink: no accepted piece has a kink inside", () => {
    const { asked } = refineCurve(curveOf(seen), { tolerance: 1e-10 });
    const cuts = asked.filter(({ switches }) => switches).map(({ t }) => t);
    for (const kink of kinks) expect(Math.min(...cuts.map((t) => Math.abs(t - kink)))).toBeLessThan(1e-11);
  });

  it("needs several times the probes where the switches are hidden from it, and still meets the tolerance", () => {
    const told = refineCurve(curveOf(seen));
    const hidden = refineCurve(curveOf(seen.map((k) => ({ ...k, seen: false }))));
    expect(Math.abs(hidden.residual)).toBeLessThanOrEqual(1e-10 + hidden.atNoiseFloor * FLOOR + 4 * FLOOR);
    expect(hidden.unresolved).toBe(0);
    expect(told.probes).toBeLessThan(150);
    expect(hidden.probes).toBeGreaterThan(4 * told.probes);
  });

  it("finds a switch that goes on and off again within the step", () => {
    const there: Switch = { s: (t) => -4 * (t - 0.31) * (t - 0.36), ds: (t) => -4 * (2 * t - 0.67), height: 25 };
    const { residual, unresolved, atNoiseFloor } = refineCurve(curveOf([there]));
    expect(Math.abs(residual)).toBeLessThanOrEqual(1e-10 + atNoiseFloor * FLOOR + 4 * FLOOR);
    expect(unresolved).toBe(0);
  });

  it("takes a kink at an end of the step for none", () => {
    const { nodes, residual } = refineCurve(curveOf([kinkAt(0, 1), kinkAt(1, 1)]));
    expect(Math.abs(residual)).toBeLessThanOrEqual(1e-10);
    expect(nodes.length).toBeLessThanOrEqual(7);
  });

  it("meets any tolerance on any arrangement of kinks", () => {
    const curved = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      height: fc.double({ min: -3, max: 3, noNaN: true }),
      bend: fc.double({ min: -2, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(curved, { maxLength: 8 }), fc.integer({ min: 3, max: 12 }), (found, digits) => {
        const switches = found.map(({ at, height, bend }) => ({
          s: (t: number) => (t - at) * (1 + bend * t * t),
          ds: (t: number) => 1 + bend * t * t + 2 * bend * t * (t - at),
          height,
        }));
        const tolerance = 10 ** -digits;
        const curve = curveOf(switches);
        const noiseFloor = FLOOR * Math.max(1, Math.abs(curve.value(0)), Math.abs(curve.value(1)));
        const { residual, nodes, atNoiseFloor, unresolved } = refineCurve(curve, { tolerance, noiseFloor });
        expect(unresolved).toBe(0);
        expect(Math.abs(residual)).toBeLessThanOrEqual(tolerance + (atNoiseFloor + nodes.length) * noiseFloor);
        expect(nodes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe("refine at its limits", () => {
  it("stops at the noise floor and says so", () => {
    // Values and slopes to seven digits, as float32 has them.
    const rough: Curve = {
      value: (t) => Math.fround(wave.value(t)),
      slope: (t) => Math.fround(wave.slope(t)),
      switches: [],
    };
    const { atNoiseFloor, unresolved, residual, probes } = refineCurve(rough, {
      tolerance: 1e-14,
      noiseFloor: 8 * 2 ** -23,
    });
    expect(atNoiseFloor).toBe(1);
    expect(unresolved).toBe(0);
    expect(Math.abs(residual)).toBeLessThan(8 * 2 ** -23);
    expect(probes).toBeLessThanOrEqual(27);
  });

  it("gives up on a jump, which no quadrature meets, once the piece cannot be cut further", () => {
    const jump: Curve = { value: (t) => wave.value(t) + (t > 1 / 3 ? 0.25 : 0), slope: wave.slope, switches: [] };
    const { unresolved, residual } = refineCurve(jump);
    expect(unresolved).toBe(1);
    expect(residual).toBeCloseTo(0.25, 9);
  });

  it("gives up on slopes that are nobody's derivative after its share of probes", () => {
    const wrong: Curve = { value: wave.value, slope: (t) => wave.slope(t) + Math.cos(1e7 * t), switches: [] };
    const { unresolved, probes, nodes } = refineCurve(wrong, { tolerance: 1e-13, noiseFloor: 1e-15 });
    expect(unresolved).toBeGreaterThan(0);
    expect(probes).toBeLessThan(25_000);
    expect(nodes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  });

  it("ends on a value that is not a number, and hands it on", () => {
    const broken: Curve = { value: wave.value, slope: () => Number.NaN, switches: [] };
    expect(refineCurve(broken).residual).toBeNaN();
  });
});
