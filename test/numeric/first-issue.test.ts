import { expect, test } from "vitest";
import { z } from "zod";
import { listOf, tableOf } from "../../src/numeric/first-issue.ts";

const schema = z.object({ list: listOf(z.object({ name: z.string() })), table: tableOf(z.number(), "a table") });
const issuesOf = (value: unknown) => schema.safeParse(value).error?.issues.map(({ path, message }) => [path, message]);

test("listOf and tableOf give what zod's array and record give", () => {
  const value = { list: [{ name: "a" }, { name: "b" }], table: { lr: 1, beta: 0.5 } };
  expect(schema.parse(value)).toEqual(value);
  const whole = z.object({ list: z.array(z.object({ name: z.string() })), table: z.record(z.string(), z.number()) });
  const wrong = { list: [{ name: "a" }, { name: 3 }], table: { lr: 1 } };
  expect(issuesOf(wrong)).toEqual(whole.safeParse(wrong).error?.issues.map(({ path, message }) => [path, message]));
  expect(issuesOf({ list: 3, table: 3 })).toEqual([
    [["list"], "Invalid input: expected array, received number"],
    [["table"], "a table"],
  ]);
});

test("they tell the first of a million wrong entries, and look no further", () => {
  let looked = 0;
  const counting = listOf(z.unknown().refine(() => ++looked > 0 && false, "never"));
  expect(counting.safeParse(Array(1_000_000).fill(0)).error?.issues.map(({ path }) => path)).toEqual([[0]]);
  expect(looked).toBe(1);
});
