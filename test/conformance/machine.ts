// What every machine that is solved for over a `MachineKernel` must do: shapes, its own prediction, permuted and repeated points, degenerate input.

import { describe, expect, it } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine, type KernelMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel, type MachineKernel } from "../../src/kernels/machine-kernel.ts";
import { streamedMachineKernel } from "../../src/kernels/precomputed-kernel.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, reals, type Tensor, takeRows } from "../../src/numeric/tensor.ts";

/** What a machine is given of its points; it takes the one that it is for. */
export interface MachineTargets {
  /** Classes from 0 (N). */
  readonly labels: readonly number[];
  /** (N, 2). */
  readonly values: Tensor<"float64">;
}

/** A machine with its own way of predicting. */
export interface MachineUnderTest {
  readonly machine: KernelMachine;
  /** (Q, C), row-major: what it says without `evaluateMachine`, or what a plain formula says. */
  readonly predict: (queries: Tensor) => Promise<ArrayLike<number>>;
}

export interface MachineFamily {
  readonly name: string;
  readonly solve: (kernel: MachineKernel, targets: MachineTargets) => Promise<MachineUnderTest>;
  /** `labels`: one class must be refused; `values`: constant targets must be answered; `none`: it has no targets. */
  readonly learns: "labels" | "values" | "none";
  /** Relative to the largest value; default 1e-8. */
  readonly tolerance?: number;
  /** What it does of one point, and of a kernel that is zero: an answer with finite numbers, or a RangeError, InvalidDataError or NumericalError in words. */
  readonly onePoint: "answer" | RegExp;
  readonly zeroKernel: "answer" | RegExp;
  /** As `zeroKernel`, of points of which each is there twice. Default `answer`. */
  readonly duplicates?: "answer" | RegExp;
  /** Repeated outputs, such as components, that are unique but for their sign: compared by magnitude. */
  readonly signs?: "arbitrary";
}

const COUNT = 14;
const QUERIES = 5;

function pointsOf(count: number, stream: string): Tensor<"float64"> {
  const random = randomFrom(3, stream);
  return reals(
    [count, 2],
    Float64Array.from({ length: 2 * count }, () => random.normal()),
  );
}

const points = pointsOf(COUNT, "points");
const queries = pointsOf(QUERIES, "queries");

function targetsOf({ shape: [n], data }: Tensor<"float64">): MachineTargets {
  const rows = Array.from({ length: n }, (_, i) => [data[2 * i], data[2 * i + 1]]);
  return {
    labels: rows.map(([a, b]) => (a > 0.4 ? 2 : b > 0 ? 1 : 0)),
    values: reals(
      [n, 2],
      rows.flatMap(([a, b]) => [Math.sin(2 * a) + b, a * b]),
    ),
  };
}

const kernelOf = (own: Tensor): MachineKernel => inputMachineKernel(own, gaussian(0.7), "RBF");
const zeroKernelOf = (own: Tensor): MachineKernel => inputMachineKernel(own, () => 0, "zero kernel");
const largest = (data: ArrayLike<number>): number => Math.max(0, ...Array.from(data, Math.abs));

/** Declares the tests of one family of machines. */
export function machineConformance(family: MachineFamily): void {
  const { name, solve, learns, tolerance = 1e-8 } = family;
  const close = (expected: ArrayLike<number>) => ({ atol: tolerance * Math.max(1e-300, largest(expected)), rtol: 0 });
  const valuesAt = async ({ machine }: MachineUnderTest, at: Tensor = queries) =>
    (await evaluateMachine(machine, at)).value;
  const unsigned = (data: ArrayLike<number>) => Array.from(data, family.signs ? Math.abs : Number);

  /** The answer, or the words of the refusal where that is expected. */
  async function expectDefined(expected: "answer" | RegExp, kernel: MachineKernel, targets: MachineTargets) {
    if (expected !== "answer") {
      await expect(solve(kernel, targets)).rejects.toThrow(expected);
      return undefined;
    }
    const found = await solve(kernel, targets);
    const { value, output } = await evaluateMachine(found.machine, queries);
    expect([...value.data, ...output.data].filter((number) => !Number.isFinite(number))).toEqual([]);
    return found;
  }

  describe(name, () => {
    it("has coefficients (N, C), values (Q, C) and contributions (Q, N, C) that add up to them", async () => {
      const { machine } = await solve(kernelOf(points), targetsOf(points));
      const { value, prior, contributions } = await evaluateMachine(machine, queries);
      const c = machine.outputs;
      expect([machine.points.shape[0], (machine.coefficients as Tensor).shape ?? [COUNT, c]]).toEqual([
        COUNT,
        [COUNT, c],
      ]);
      expect([value.shape, contributions.shape]).toEqual([
        [QUERIES, c],
        [QUERIES, COUNT, c],
      ]);
      const sums = value.data.map((_, at) => {
        const [q, own] = [Math.floor(at / c), at % c];
        return Array.from({ length: COUNT }, (_, i) => contributions.data[(q * COUNT + i) * c + own]).reduce(
          (total, part) => total + part,
          prior.data[at],
        );
      });
      expect(value.data).toBeAllclose(sums, { atol: 1e-12 * largest(contributions.data), rtol: 0 });
    });

    it("is evaluated by evaluateMachine to what its own prediction says, at queries and at its points", async () => {
      const found = await solve(kernelOf(points), targetsOf(points));
      for (const at of [queries, points]) {
        const own = await found.predict(at);
        expect(await valuesAt(found, at)).toBeAllclose(own, close(own));
      }
    });

    it("answers one query as it answers several", async () => {
      const found = await solve(kernelOf(points), targetsOf(points));
      const all = await valuesAt(found);
      const one = await valuesAt(found, takeRows(queries, [QUERIES - 1]));
      expect(one).toBeAllclose(all.data.slice(-found.machine.outputs), close(all.data));
    });

    it("leaves kernel and targets as they were, and is a function of them", async () => {
      const [kernel, targets] = [kernelOf(points), targetsOf(points)];
      const first = await valuesAt(await solve(kernel, targets));
      expect([kernel.points, targets]).toEqual([pointsOf(COUNT, "points"), targetsOf(points)]);
      expect(await valuesAt(await solve(kernel, targets))).toEqual(first);
    });

    it("has its coefficients permuted, and its values not, where its points are", async () => {
      const order = Array.from({ length: COUNT }, (_, i) => (i * 5 + 3) % COUNT);
      const permuted = takeRows(points, order);
      const [plain, other] = [
        await solve(kernelOf(points), targetsOf(points)),
        await solve(kernelOf(permuted), targetsOf(permuted)),
      ];
      const value = unsigned((await valuesAt(plain)).data);
      expect(unsigned((await valuesAt(other)).data)).toBeAllclose(value, close(value));
      if (typeof plain.machine.coefficients === "function") return;
      const moved = unsigned(takeRows(plain.machine.coefficients, order).data as RealArray);
      const found = unsigned((other.machine.coefficients as Tensor).data as RealArray);
      // Coefficients are worse conditioned than values.
      expect(found).toBeAllclose(moved, { atol: 1e3 * tolerance * largest(moved), rtol: 0 });
    });

    it("is defined where each of its points is there twice", async () => {
      const twice = takeRows(points, [...Array(COUNT).keys(), ...Array(COUNT).keys()]);
      const found = await expectDefined(family.duplicates ?? "answer", kernelOf(twice), targetsOf(twice));
      if (!found) return;
      const own = await found.predict(queries);
      expect(await valuesAt(found)).toBeAllclose(own, close(own));
    });

    it("says of one point what it says it does", async () => {
      const one = takeRows(points, [0]);
      await expectDefined(family.onePoint, kernelOf(one), targetsOf(one));
    });

    it("says of a kernel that is zero what it says it does", async () => {
      await expectDefined(family.zeroKernel, zeroKernelOf(points), targetsOf(points));
    });

    it("refuses a kernel with NaN, and no points, in words", async () => {
      const broken = streamedMachineKernel({
        points: COUNT,
        row: (r) => Float64Array.from({ length: COUNT }, (_, i) => (r === 4 && i === 4 ? Number.NaN : Number(r === i))),
      });
      await expect(solve(broken, targetsOf(points))).rejects.toThrow(InvalidDataError);
      const nan = inputMachineKernel(points, () => Number.NaN, "NaN");
      await expect(solve(nan, targetsOf(points))).rejects.toThrow(InvalidDataError);
      const none = takeRows(points, []);
      await expect(solve(kernelOf(none), targetsOf(none))).rejects.toThrow(/^[^:]+: .* must .*, got .*$/);
    });

    if (learns === "labels")
      it("refuses one class, saying so", async () => {
        const targets = { ...targetsOf(points), labels: new Array<number>(COUNT).fill(1) };
        await expect(solve(kernelOf(points), targets)).rejects.toThrow(/^[^:]+: .*at least two classes, got one$/);
      });

    if (learns === "values")
      it("answers constant targets, and refuses NaN among targets", async () => {
        const constant = { ...targetsOf(points), values: reals([COUNT, 2], new Float64Array(2 * COUNT).fill(0.5)) };
        await expectDefined("answer", kernelOf(points), constant);
        const values = reals([COUNT, 2], targetsOf(points).values.data);
        values.data[3] = Number.NaN;
        await expect(solve(kernelOf(points), { ...targetsOf(points), values })).rejects.toThrow(InvalidDataError);
      });

    if (learns !== "none")
      it("refuses targets that are not as many as its points", async () => {
        await expect(solve(kernelOf(points), targetsOf(takeRows(points, [0, 1, 2, 3, 4, 5])))).rejects.toThrow(
          RangeError,
        );
      });
  });
}
