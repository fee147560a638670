import { expect, test } from "vitest";
import { valueText } from "../../src/numeric/value-text.ts";

test("valueText gives JSON, cut where it is long, and a name for what JSON has no text for", () => {
  expect([valueText({ a: [1, null] }), valueText(undefined), valueText(Number.NaN)]).toEqual([
    '{"a":[1,null]}',
    "undefined",
    "null",
  ]);
  expect(valueText("x".repeat(100), 5)).toBe('"xxxx...');
  let list: unknown = [];
  for (let i = 0; i < 50_000; i++) list = [list];
  expect([valueText(list), valueText({ list })]).toEqual(["a deeply nested list", "a deeply nested object"]);
});
