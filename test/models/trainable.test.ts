import { describe, expect, it } from "vitest";
import { trainableNames } from "../../src/models/trainable.ts";
import { layoutOf } from "../../src/numeric/layout.ts";
import { errorOf } from "../helpers/errors.ts";

const names = ["features.0.weight", "features.0.bias", "features.10.weight", "head.weight", "head.bias", "a+b"];
const parameters = layoutOf(names.map((name) => [name, [1]] as const));
const chosen = (...patterns: string[]) => trainableNames(parameters, patterns);

describe("trainableNames(parameters, patterns)", () => {
  it("are all parameters when there is no pattern", () => {
    expect(trainableNames(parameters, undefined)).toEqual(names);
    expect(chosen()).toEqual(names);
  });

  it.each([
    [["head.*"], ["head.weight", "head.bias"]],
    [["*"], names],
    [["*.bias"], ["features.0.bias", "head.bias"]],
    [["features.?.*"], ["features.0.weight", "features.0.bias"]],
    [["head.weight"], ["head.weight"]],
    // Everything but * and ? stands for itself.
    [["a+b"], ["a+b"]],
  ])("%j", (patterns, wanted) => {
    expect(chosen(...patterns)).toEqual(wanted);
  });

  it("keep the model's order and occur once, whatever the order of the patterns", () => {
    expect(chosen("head.*", "features.0.bias", "*.bias")).toEqual(["features.0.bias", "head.weight", "head.bias"]);
  });

  it.each(["haed.*", "head", "HEAD.*", "featuresX0.weight", "", "head.[wb]*"])(
    "refuses the pattern %j, which matches nothing, and lists the parameters",
    async (pattern) => {
      expect(await errorOf(() => chosen("head.*", pattern))).toBe(
        `RangeError: trainable: pattern ${pattern} must match a parameter, got parameters ${names.join(", ")}`,
      );
    },
  );
});
