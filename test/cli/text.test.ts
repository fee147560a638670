// Numbers, sizes, bars, progress lines, failures and JSON as text.

import { describe, expect, it } from "vitest";
import { failureOf, failureText } from "../../src/cli/failure.ts";
import {
  barLeft,
  barRight,
  decimalsFor,
  formatBytes,
  formatSeconds,
  signed,
  table,
  tiny,
} from "../../src/cli/format.ts";
import { jsonPieces } from "../../src/cli/json.ts";
import { lineReporter } from "../../src/cli/progress.ts";
import { EngineError, RunNotFoundError } from "../../src/errors.ts";

describe("numbers", () => {
  it("signed() always has a sign, and says NaN", () => {
    expect([1.23456, -0.04, 0, -0, Number.NaN].map((value) => signed(value, 2))).toEqual([
      "+1.23",
      "-0.04",
      "+0.00",
      "-0.00",
      "NaN",
    ]);
  });

  it("decimalsFor() shows five significant digits of the largest", () => {
    expect([[0.0312, 9.9], [123.4], [1e9], [1e-5], [0], [Number.NaN]].map(decimalsFor)).toEqual([4, 2, 0, 9, 1, 1]);
  });

  it("sizes and times read as people write them", () => {
    expect([0, 999, 1000, 1_530_000, 123_400_000].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "1.5 MB",
      "123 MB",
    ]);
    expect([0.04, 9.94, 12.4, 119, 125, 7320].map(formatSeconds)).toEqual([
      "0.0 s",
      "9.9 s",
      "12 s",
      "119 s",
      "2 min 5 s",
      "2 h 2 min",
    ]);
    expect([0, 3.16e-7, -0.5].map(tiny)).toEqual(["0", "3.2e-7", "-5.0e-1"]);
  });

  it("bars have eighths of a cell to the right, halves to the left", () => {
    expect([0, 0.5, 0.51, 1, 2].map((share) => barRight(share, 4))).toEqual(["", "██", "██", "████", "████"]);
    expect(barRight(1 / 32, 4)).toBe("▏");
    expect([0, 0.5, 0.375, 1].map((share) => barLeft(share, 4))).toEqual(["    ", "  ██", "  ▐█", "████"]);
  });

  it("tables have their values in one column", () => {
    expect(
      table([
        ["a", "1"],
        ["long", "2"],
      ]),
    ).toBe("a     1\nlong  2");
  });
});

describe("progress without a terminal", () => {
  it("is a line for each tenth after the first second, and one each half minute", () => {
    let time = 0;
    const lines: string[] = [];
    const reporter = lineReporter({ write: (text) => lines.push(text.trimEnd()) }, () => time);
    const at = (seconds: number, done: number, stage = "train") => {
      time = 1000 * seconds;
      reporter.report({ stage, done, total: 100, note: `loss ${done}` });
    };
    at(0, 0);
    at(0.5, 20); // sooner than anybody asks
    at(2, 25);
    at(3, 29); // no new tenth
    at(4, 30);
    at(33, 39); // less than half a minute later
    at(34, 39);
    at(35, 100);
    at(35, 0, "explain");
    at(40, 50, "explain");
    expect(lines).toEqual([
      "train  25 % · loss 25 · 6.0 s left",
      "train  30 % · loss 30 · 9.3 s left",
      "train  39 % · loss 39 · 53 s left",
      "train 100 % · loss 100",
      "explain  50 % · loss 50 · 5.0 s left",
    ]);
  });
});

describe("failureOf", () => {
  it("tells usage, the world's faults and our own apart", () => {
    const summary = (thrown: unknown) => {
      const { code, exitCode } = failureOf(thrown);
      return `${code} ${exitCode}`;
    };
    expect(summary(new RangeError("mlp: widths must be positive, got -1"))).toBe("PK_USAGE 2");
    expect(summary(new RunNotFoundError("no run at x"))).toBe("PK_RUN_NOT_FOUND 1");
    expect(summary(new EngineError("internal: program input x must be fed"))).toBe("PK_ENGINE 1");
    expect(summary(Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write" }))).toBe("PK_FILE 1");
    expect(summary(new TypeError("x is not a function"))).toBe("PK_INTERNAL 1");
    expect(summary(new RangeError("Invalid array length"))).toBe("PK_INTERNAL 1");
    expect(summary("a string")).toBe("PK_INTERNAL 1");
  });

  it("suggests the name that was meant, where a library message lists those known", () => {
    const { hint } = failureOf(new RangeError("mlp: activation must be one of relu, tanh, gelu, got tahn"));
    expect(hint).toBe("did you mean tanh?");
  });

  it("is at most three lines", () => {
    const failure = failureOf(new RunNotFoundError("a", { hint: "e" }));
    expect(failureText({ ...failure, message: "a\nb\nc\nd" })).toBe("error: a\nb\n...");
    expect(failureText({ ...failure, message: "a\nb" })).toBe("error: a\nb. e");
    // What a file holds does not break the line.
    expect(failureText(failureOf(new RunNotFoundError("a\nb", { hint: "c" })))).toBe("error: a b. c");
  });
});

describe("jsonPieces", () => {
  const parse = (value: Record<string, unknown>) => JSON.parse([...jsonPieces("pathkernel.test/1", value)].join(""));

  it("keeps every digit of a number and turns typed arrays into lists", () => {
    const value = { a: 0.1 + 0.2, b: Float64Array.of(1 / 3, -0), c: { d: BigInt64Array.of(7n) } };
    expect(parse(value)).toEqual({
      schema: "pathkernel.test/1",
      a: 0.1 + 0.2,
      b: [1 / 3, 0],
      c: { d: [7] },
      nonFinite: [],
    });
  });

  it("writes null for what is not finite and says where it was", () => {
    const value = { loss: Number.NaN, rows: [{ x: 1 }, { x: [1, Number.POSITIVE_INFINITY] }], none: undefined };
    expect(parse(value)).toEqual({
      schema: "pathkernel.test/1",
      loss: null,
      rows: [{ x: 1 }, { x: [1, null] }],
      nonFinite: [
        { path: "loss", value: "NaN" },
        { path: "rows[1].x[1]", value: "Infinity" },
      ],
    });
  });
});
