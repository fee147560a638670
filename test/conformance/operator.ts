// The suite that every operator passes: values, first and second derivatives, both dtypes, per-example factors, switches.

import { expect } from "vitest";
import type { Engine, Program } from "../../src/engine/engine.ts";
import { resolveDim } from "../../src/graph/dim.ts";
import { reals, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { TOLERANCES } from "../setup.ts";
import { BATCH_SIZE, type OperatorCase, spread } from "./operator-case.ts";
import { checkFactors } from "./operator-factors.ts";
import { derivativeGraph } from "./operator-graph.ts";
import { checkSwitches } from "./operator-switches.ts";

export interface Engines {
  readonly float64: Engine;
  readonly float32: Engine;
}

type Arrays = Record<string, Tensor>;

// Central differences of fourth order: error h^4/30 f^(5) + 1.5 eps |f| / h. At h = 1e-3 that is 3e-14 f^(5) + 3e-13 |f|, so
// that 1e-9 holds for fifth derivatives up to 1e4, and finds any wrong factor.
const STEP = 1e-3;
const DIFFERENCE_TOLERANCE = 1e-9;
// Two orders of the same sums in float64.
const ROUNDING_TOLERANCE = 1e-12;
// Elements of an input that are tried one by one; of larger inputs this many, evenly apart.
const MOST_UNITS = 40;

/** Runs all checks of one case; the expectations name what they compare. */
export async function checkOperator(engines: Engines, c: OperatorCase): Promise<void> {
  const graph = derivativeGraph(c);
  const program = engines.float64.compile(graph);
  const feeds = feedsOf(c, program);
  const at = await program.run(feeds);
  checkShapes(program, at);
  checkExpected(c, at);
  if (Object.keys(at).some((name) => name.startsWith("jvp") || name.startsWith("vjp"))) {
    await checkDifferences(program, feeds, at);
    await checkDuality(program, feeds, at);
    await checkSymmetry(program, feeds, at);
  }
  await checkSingle(engines.float32.compile(graph), feeds, at);
  await checkFactors(engines.float64, c);
  await checkSwitches(engines.float64, c);
}

function feedsOf(c: OperatorCase, { graph }: Program): Arrays {
  const feeds: Arrays = {};
  graph.inputs.forEach((name, salt) => {
    const shape = graph.values.get(name)!.shape.map((dim) => resolveDim(dim, BATCH_SIZE));
    const size = shape.reduce((a, b) => a * b, 1);
    feeds[name] = name.startsWith("x")
      ? c.inputs[Number(name.slice(1))]!.data
      : reals(shape, spread(size, -1, 1, salt + 3));
  });
  return feeds;
}

const largest = (values: ArrayLike<number | bigint>): number =>
  Array.from(values, Number).reduce((most, v) => Math.max(most, Math.abs(v)), 1);

/** |actual - expected| <= tolerance max(1, |expected|), elementwise against the largest of the array. */
function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  expect(actual, what).toBeAllclose(expected, { atol: tolerance * largest(expected), rtol: 0 });
}

const numbers = (t: Tensor | undefined, size: number): ArrayLike<number> =>
  (t?.data as Float64Array | undefined) ?? new Float64Array(size);

/** Shape inference must say what the engine computes. */
function checkShapes({ graph }: Program, at: Arrays): void {
  for (const name of graph.outputs) {
    const declared = graph.values.get(name)!.shape.map((dim) => resolveDim(dim, BATCH_SIZE));
    expect(at[name].shape, `shape of ${name}`).toEqual(declared);
  }
}

function checkExpected({ inputs, expected }: OperatorCase, at: Arrays): void {
  if (expected === undefined) return;
  const y = Array.from(at.y0.data as Float64Array, Number);
  const arrays = inputs.flatMap((input) => (input ? [Array.from(input.data.data as Float64Array, Number)] : []));
  const element = (i: number) => (array: number[]) => array[array.length === 1 ? 0 : i];
  const wanted = typeof expected === "function" ? y.map((_, i) => expected(...arrays.map(element(i)))) : expected;
  // Elementary functions of two libraries differ by a few ulp.
  close(y, wanted, 4e-15, "value");
}

/** The same feeds with every x moved by `by` along its tangent. */
function moved(feeds: Arrays, by: number): Arrays {
  const result = { ...feeds };
  for (const name of Object.keys(feeds).filter((key) => key.startsWith("t"))) {
    const x = `x${name.slice(1)}`;
    const t = feeds[name].data as Float64Array;
    result[x] = reals(
      feeds[x].shape,
      (feeds[x].data as Float64Array).map((v, i) => v + by * t[i]),
    );
  }
  return result;
}

/** (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, of every value and gradient. */
async function checkDifferences(program: Program, feeds: Arrays, at: Arrays): Promise<void> {
  const [p2, p1, m1, m2] = await Promise.all([2, 1, -1, -2].map((k) => program.run(moved(feeds, k * STEP))));
  const compare = (of: string, derivative: string): void => {
    if (at[of]?.dtype !== "float64") return;
    const difference = (at[of].data as Float64Array).map((_, i) => {
      const value = (run: Arrays) => run[of].data[i] as number;
      return (8 * (value(p1) - value(m1)) - (value(p2) - value(m2))) / (12 * STEP);
    });
    const actual = numbers(at[derivative], difference.length);
    close(actual, difference, DIFFERENCE_TOLERANCE, `${derivative} against central differences of ${of}`);
  };
  for (const name of Object.keys(at)) {
    if (name.startsWith("y")) compare(name, `jvp ${name.slice(1)}`);
    if (name.startsWith("vjp")) compare(name, name.replace("vjp", "second"));
  }
}

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);

/** <u, J e_i> = (J^T u)_i for every element i of every input: the reverse rule is the transpose of the forward rule. */
async function checkDuality(program: Program, feeds: Arrays, at: Arrays): Promise<void> {
  const tangents = Object.keys(feeds).filter((name) => name.startsWith("t"));
  const zeroed = { ...feeds };
  for (const name of tangents) zeroed[name] = reals(feeds[name].shape, new Float64Array(feeds[name].data.length));
  for (const name of tangents) {
    const size = feeds[name].data.length;
    const gradient = numbers(at[`vjp ${name.slice(1)}`], size);
    const count = Math.min(size, MOST_UNITS);
    const chosen = Array.from({ length: count }, (_, k) => Math.floor((k * size) / count));
    const products: number[] = [];
    for (const i of chosen) {
      const unit = reals(feeds[name].shape, new Float64Array(size).fill(1, i, i + 1));
      const run = await program.run({ ...zeroed, [name]: unit });
      products.push(pairing(run, feeds));
    }
    close(
      products,
      chosen.map((i) => gradient[i]),
      ROUNDING_TOLERANCE,
      `<u, J e> against vjp ${name.slice(1)}`,
    );
  }
}

/** <u, J t>. */
function pairing(run: Arrays, feeds: Arrays): number {
  return Object.keys(run).reduce((sum, name) => {
    if (!name.startsWith("jvp ")) return sum;
    return sum + inner(run[name].data as Float64Array, feeds[`u${name.slice(4)}`].data as Float64Array);
  }, 0);
}

/** <v, H w> = <w, H v>, and reverse over reverse is forward over reverse. */
async function checkSymmetry(program: Program, feeds: Arrays, at: Arrays): Promise<void> {
  const tangents = Object.keys(feeds).filter((name) => name.startsWith("t"));
  const other = { ...feeds };
  tangents.forEach((name, k) => {
    other[name] = reals(feeds[name].shape, spread(feeds[name].data.length, -1, 1, 11 + k));
  });
  const there = await program.run(other);
  const product = (run: Arrays, along: Arrays): number =>
    tangents.reduce((sum, name) => {
      const second = run[`second ${name.slice(1)}`];
      return second ? sum + inner(second.data as Float64Array, along[name].data as Float64Array) : sum;
    }, 0);
  close([product(at, other)], [product(there, feeds)], ROUNDING_TOLERANCE, "<v, H w> against <w, H v>");
  for (const name of tangents) {
    const [second, reverse] = [at[`second ${name.slice(1)}`], at[`reverse ${name.slice(1)}`]];
    const size = feeds[name].data.length;
    close(
      numbers(reverse, size),
      numbers(second, size),
      ROUNDING_TOLERANCE,
      `reverse over reverse of ${name.slice(1)}`,
    );
  }
}

/** float32 gives what float64 gives, at float32's tolerance. */
async function checkSingle(program: Program, feeds: Arrays, at: Arrays): Promise<void> {
  const single: Arrays = {};
  for (const [name, t] of Object.entries(feeds)) single[name] = t.dtype === "float64" ? toReal(t, "float32") : t;
  const found = await program.run(single);
  for (const name of Object.keys(at)) {
    const [actual, expected] = [found[name], at[name]].map((t) => Array.from(t.data as Float64Array, Number));
    close(actual, expected, TOLERANCES.float32, `${name} in float32`);
  }
}
