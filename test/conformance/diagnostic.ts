// What every diagnostic must do with degenerate input: give a defined answer, never NaN or an infinity, or refuse in one clear line.

import { describe, expect, it } from "vitest";
import { isPathkernelError } from "../../src/errors.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { multiply, normalMatrix, transpose } from "../helpers/matrices.ts";

export const degenerateNames = [
  "one class",
  "one example a class",
  "duplicate points",
  "zero kernel",
  "constant model",
  "n = 1",
  "n = 0",
] as const;
export type DegenerateName = (typeof degenerateNames)[number];

/** Everything that a diagnostic may read of some examples; take what is needed. */
export interface DegenerateProblem {
  /** (N, 3). */
  readonly inputs: Matrix;
  /** Tangent features of one output: (N, 4). */
  readonly features: Matrix;
  /** features features^T: (N, N). */
  readonly kernel: Matrix;
  /** Class of each example: (N). */
  readonly labels: Int32Array;
  /** What the model says, one output: (N, 1). */
  readonly outputs: Matrix;
  /** Outputs less targets: (N, 1). */
  readonly residual: Matrix;
}

const rows = (matrix: Matrix, order: readonly number[]): Matrix => {
  const [, width] = matrix.shape;
  const data = order.flatMap((n) => [...matrix.data.subarray(n * width, (n + 1) * width)]);
  return reals([order.length, width], data);
};

interface Parts {
  readonly n?: number;
  readonly labels?: readonly number[];
  readonly inputs?: Matrix;
  readonly features?: Matrix;
  readonly outputs?: Matrix;
}

const N = 6;

function problem({ n = N, labels, ...given }: Parts): DegenerateProblem {
  const { inputs = normalMatrix(n, 3, 5), features = normalMatrix(n, 4, 6), outputs = normalMatrix(n, 1, 7) } = given;
  const own = Int32Array.from(labels ?? Array.from({ length: n }, (_, i) => i % 2));
  const residual = reals(
    [n, 1],
    outputs.data.map((value, i) => value - own[i]),
  );
  return { inputs, features, kernel: multiply(features, transpose(features)), labels: own, outputs, residual };
}

/** Fresh arrays each time. */
export const degenerateProblems: Readonly<Record<DegenerateName, () => DegenerateProblem>> = {
  "one class": () => problem({ labels: new Array<number>(N).fill(1) }),
  "one example a class": () => problem({ labels: [0, 1, 2, 3, 4, 5] }),
  // The second half is the first again.
  "duplicate points": () => {
    const again = [0, 1, 2, 0, 1, 2];
    const [inputs, features, outputs] = [
      normalMatrix(3, 3, 5),
      rows(normalMatrix(3, 4, 6), again),
      rows(normalMatrix(3, 1, 7), again),
    ];
    return problem({ inputs: rows(inputs, again), features, outputs, labels: [0, 1, 0, 0, 1, 0] });
  },
  // No parameter reaches the outputs.
  "zero kernel": () => problem({ features: reals([N, 4], new Float64Array(N * 4)) }),
  // f(x) = b: the same output and the same gradient, whatever x is.
  "constant model": () =>
    problem({
      features: reals(
        [N, 4],
        [0, 1, 2, 3, 4, 5].flatMap(() => [1, 0, 0, 0]),
      ),
      outputs: reals([N, 1], new Float64Array(N).fill(0.3)),
    }),
  "n = 1": () => problem({ n: 1 }),
  "n = 0": () => problem({ n: 0 }),
};

/**
 * A RegExp: the line of the error that it must be. Else: what the answer must hold, numbers to 1e-9, or `expect.any(Number)`; `undefined` says that
 * there is no number.
 */
export type Expected = RegExp | number | undefined | Readonly<Record<string, unknown>>;

/** The call of each library error and RangeError: `where: what must hold, got value`. */
const CLEAR = /^[a-zA-Z]+: .+, got .+$/;

/** Where the first number that is none lies in a record, "spectrum.shares[3]". */
function findUndefinedNumber(value: unknown, path = ""): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${path} = ${value}`;
  if (value === null || typeof value !== "object") return undefined;
  if (ArrayBuffer.isView(value)) {
    if (value instanceof BigInt64Array) return undefined;
    const numbers = value as unknown as ArrayLike<number>;
    const at = Array.from(numbers).findIndex((own) => !Number.isFinite(own));
    return at < 0 ? undefined : `${path}[${at}] = ${numbers[at]}`;
  }
  for (const [key, own] of Object.entries(value)) {
    const found = findUndefinedNumber(own, path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Numbers wherever they lie, each to 1e-9. */
function nearly(expected: unknown): unknown {
  if (typeof expected === "number") return expect.closeTo(expected, 9);
  if (Array.isArray(expected)) return expected.map(nearly);
  if (expected === null || typeof expected !== "object" || "asymmetricMatch" in expected) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, own]) => [key, nearly(own)]));
}

/** Typed arrays as plain ones, so that a table can say what they hold. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, plain(own)]));
}

function requireClear(thrown: unknown, line: RegExp): void {
  expect(thrown).toSatisfy((error) => error instanceof RangeError || isPathkernelError(error));
  expect((thrown as Error).message).toMatch(CLEAR);
  expect((thrown as Error).message).toMatch(line);
}

/**
 * Declares the tests of one diagnostic: what it says in each degenerate case, all of which must be in the table.
 *
 *     diagnosticConformance("blockScore", ({ kernel, labels }) => blockScore(kernel, labels), {
 *       "one class": { within: 0.2, between: undefined },
 *       "n = 0": /kernel must be of an example or more, got 0/,
 *       ...
 *     });
 */
export function diagnosticConformance(
  label: string,
  measure: (problem: DegenerateProblem) => unknown,
  table: Readonly<Record<DegenerateName, Expected>>,
): void {
  describe(`${label} of degenerate input`, () => {
    it.each(degenerateNames)("gives a defined answer or a clear error: %s", async (name) => {
      const given = degenerateProblems[name]();
      const expected = table[name];
      let answer: unknown;
      try {
        answer = await measure(given);
      } catch (thrown) {
        if (!(expected instanceof RegExp)) throw thrown;
        requireClear(thrown, expected);
        return;
      }
      expect(expected instanceof RegExp ? "an answer" : undefined).toBeUndefined();
      expect(findUndefinedNumber(answer)).toBeUndefined();
      if (typeof expected !== "object" || "asymmetricMatch" in expected) expect(answer).toEqual(nearly(expected));
      else expect(plain(answer)).toMatchObject(nearly(expected) as Record<string, unknown>);
      expect(given).toEqual(degenerateProblems[name]());
    });
  });
}
