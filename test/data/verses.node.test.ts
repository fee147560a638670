// The bundled verses, against the file that they are read from.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { Split } from "../../src/data/types.ts";

const lines = readFileSync(new URL("../../src/data/verses/verses.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");
const isTested = (i: number): boolean => i % 16 >= 14;

test("verses are 24 beginnings of eight characters, 16 different lines of each", () => {
  expect(lines).toHaveLength(24 * 16);
  expect(new Set(lines).size).toBe(lines.length);
  for (let i = 0; i < lines.length; i++) expect(lines[i].slice(0, 8)).toBe(lines[i - (i % 16)].slice(0, 8));
  expect(new Set(lines.map((line) => line.slice(0, 8))).size).toBe(24);
});

test("tokens spell the lines, and targets the characters after each, up to the end of the line", async () => {
  const { train, test: tested, classes, inputShape } = await loadDataset("verses");
  expect(inputShape).toEqual([32]);
  const spelt = (index: number): string => ({ "\\n": "\n", "␣": " " })[classes[index]] ?? classes[index];
  const check = ({ x, y }: Split, own: readonly string[]): void => {
    expect(x.shape).toEqual([own.length, 32]);
    own.forEach((line, n) => {
      const tokens = Array.from(x.data.subarray(32 * n, 32 * n + 32) as Float32Array, spelt).join("");
      expect(tokens).toBe(line.slice(0, 32).padEnd(32, "\n"));
      const targets = Array.from(y.data.subarray(32 * n, 32 * n + 32) as BigInt64Array, Number);
      const counted = targets.filter((target) => target !== -100).map(spelt);
      expect(counted.join("")).toBe(`${line}\n`.slice(1, 33));
      expect(targets.slice(counted.length).every((target) => target === -100)).toBe(true);
    });
  };
  check(
    train,
    lines.filter((_, i) => !isTested(i)),
  );
  check(
    tested,
    lines.filter((_, i) => isTested(i)),
  );
});

test("a limit keeps the first training lines and all test lines", async () => {
  const { train, test: tested } = await loadDataset("verses", { limit: 5 });
  expect(train.x.shape).toEqual([5, 32]);
  expect(train.y.shape).toEqual([5, 32]);
  expect(tested.x.shape).toEqual([48, 32]);
});
