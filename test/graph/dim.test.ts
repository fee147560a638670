// Arithmetic of axes that may hold the batch size: every rule is checked by putting numbers in for N.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShapeMismatchError } from "../../src/errors.ts";
import {
  addDims,
  batchAxis,
  broadcastShapes,
  type Dim,
  divideDims,
  faultOfShape,
  fixedDim,
  formatShape,
  isBatch,
  multiplyDims,
  normaliseAxis,
  resolveDim,
  sameShape,
  sizeOfShape,
} from "../../src/graph/dim.ts";

const fixed = fc.integer({ min: 1, max: 12 });
const batch = fc.integer({ min: 1, max: 12 }).map((k) => (k === 1 ? "N" : `${k}N`));
const dim: fc.Arbitrary<Dim> = fc.oneof(fixed, batch);
const BATCH_SIZE = 7;
const at = (d: Dim): number => resolveDim(d, BATCH_SIZE);

const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ShapeMismatchError);
    return (error as Error).message;
  }
  return "no error";
};

describe("axes with the batch in them", () => {
  it("multiply as numbers do, where at most one holds it", () => {
    fc.assert(
      fc.property(dim, fixed, (a, k) => {
        expect(at(multiplyDims(a, k))).toBe(at(a) * k);
        expect(multiplyDims(k, a)).toBe(multiplyDims(a, k));
      }),
      { seed: 1 },
    );
    expect(multiplyDims("N", 4)).toBe("4N");
    expect(multiplyDims("4N", 0)).toBe(0);
    expect(refusal(() => multiplyDims("N", "4N"))).toBe("the batch axis must occur once in a size, got N times 4N");
  });

  it("are divided back by what they were multiplied with", () => {
    fc.assert(
      fc.property(dim, fixed, (a, k) => {
        expect(divideDims(multiplyDims(a, k), k)).toBe(a);
        if (isBatch(a)) expect(divideDims(multiplyDims(a, k), a)).toBe(k);
      }),
      { seed: 1 },
    );
    expect(divideDims(0, 0)).toBe(0);
  });

  it.each<[Dim, Dim]>([
    [5, 2],
    ["3N", 2],
    ["N", "2N"],
    [4, "N"],
    [4, 0],
  ])("do not divide where the quotient is not whole: %s by %s", (a, b) => {
    expect(refusal(() => divideDims(a, b))).toBe(`${a} must be a multiple of ${b}`);
  });

  it("add as numbers do, where both or neither hold it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(fixed, fixed), fc.tuple(batch, batch)), ([a, b]) => {
        expect(at(addDims(a, b))).toBe(at(a) + at(b));
      }),
      { seed: 1 },
    );
    expect([addDims(0, "3N"), addDims("3N", 0)]).toEqual(["3N", "3N"]);
    expect(refusal(() => addDims("N", 1))).toBe("cannot add a batch axis and a fixed one: N + 1");
  });
});

describe("faultOfShape(shape)", () => {
  it("finds nothing in axes that can be", () => {
    for (const shape of [[], [0, 3], ["N", 5], ["4N", 2 ** 20], Array(64).fill(1), [2 ** 40]])
      expect(faultOfShape(shape)).toBeUndefined();
  });

  it("names axes that no value can have, whatever the batch", () => {
    const faults = [[-1], [0.5], [Number.NaN], [2 ** 40, 2], ["N", 2 ** 41], [0, 2 ** 41], ["-3N"], Array(65).fill(1)];
    expect(faults.map((shape) => faultOfShape(shape)?.slice(0, 30))).toEqual([
      ...Array(3).fill("must have whole numbers as axe"),
      ...Array(3).fill("must have at most 2^40 element"),
      "must have whole numbers as axe",
      "must have at most 64 axes, got",
    ]);
    // Written with an exponent, it must not be read as 1.
    expect(faultOfShape([multiplyDims("N", 1e21)])).toBe("must have at most 2^40 elements an example, got [1e+21N]");
  });
});

describe("shapes", () => {
  it("have as many elements as the product of their axes, 1 without axes", () => {
    expect([sizeOfShape(["N", 3, 4]), sizeOfShape([2, 5]), sizeOfShape([])]).toEqual(["12N", 10, 1]);
  });

  it("are the same where every axis is", () => {
    expect(sameShape(["N", 2], ["N", 2])).toBe(true);
    expect(sameShape(["N", 2], ["2N", 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
  });

  it("have at most one batch axis, whose place batchAxis gives", () => {
    expect([batchAxis(["N", 2]), batchAxis([3, "2N"]), batchAxis([3])]).toEqual([0, 1, -1]);
  });

  it("are written in brackets", () => {
    expect(formatShape(["N", 2])).toBe("[N, 2]");
  });
});

describe("fixedDim(dim, what)", () => {
  it("gives a fixed axis and refuses the batch", () => {
    expect(fixedDim(3, "the width")).toBe(3);
    expect(refusal(() => fixedDim("2N", "the width"))).toBe("the width must not depend on the batch size, got 2N");
  });
});

describe("normaliseAxis(axis, rank)", () => {
  it("counts negative axes from the end", () => {
    expect([-3, -1, 0, 2].map((axis) => normaliseAxis(axis, 3))).toEqual([0, 2, 0, 2]);
  });

  it.each([3, -4])("refuses axis %i of three", (axis) => {
    expect(refusal(() => normaliseAxis(axis, 3))).toBe(`axis must lie in [-3, 2], got ${axis}`);
  });
});

describe("broadcastShapes(a, b)", () => {
  it("is numpy's rule, either way round", () => {
    expect(broadcastShapes(["N", 1, 3], [4, 1])).toEqual(["N", 4, 3]);
    expect(broadcastShapes([4, 1], ["N", 1, 3])).toEqual(["N", 4, 3]);
    expect(broadcastShapes([], ["N"])).toEqual(["N"]);
    expect(broadcastShapes([1], [0])).toEqual([0]);
  });

  it("refuses axes that differ", () => {
    expect(refusal(() => broadcastShapes(["N", 2], ["N", 3]))).toBe("shapes must broadcast, got [N,2] and [N,3]");
    expect(refusal(() => broadcastShapes(["N"], [5]))).toBe("shapes must broadcast, got [N] and [5]");
  });
});
