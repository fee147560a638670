// What readouts are called, and what the signs of their contributions mean.

import { expect, it } from "vitest";
import { readoutWords } from "../../src/figures/readout-words.ts";

const classes = ["no", "yes"];

it.each([
  ["margin:1-0", "cross-entropy", ["the margin of yes over no", "logit margin", "toward yes", "toward no"]],
  ["margin:1-0", "mse", ["the margin of yes over no", "output margin", "toward yes", "toward no"]],
  ["logit:0", "cross-entropy", ["the logit of no", "logit", "toward no", "away from no"]],
  ["output:1", "mse", ["the output of yes", "output", "toward yes", "away from yes"]],
  ["probability:1", "cross-entropy", ["the probability of yes", "probability", "toward yes", "away from yes"]],
  [
    "margin:7/1-0",
    "cross-entropy",
    ["the margin of yes over no at position 7", "logit margin", "toward yes", "toward no"],
  ],
  ["logit:0/1", "cross-entropy", ["the logit of yes at position 0", "logit", "toward yes", "away from yes"]],
  ["output:12/4", "mse", ["output 4 at position 12", "output", "upward", "downward"]],
  ["loss", "cross-entropy", ["the loss", "nat", "upward", "downward"]],
  ["loss", "half-mse", ["the loss", "loss", "upward", "downward"]],
  ["along", "mse", ["the outputs along the model's own", "output", "upward", "downward"]],
])("readoutWords(%s) under %s", (readout, loss, words) => {
  const { quantity, unit, up, down } = readoutWords(readout, { classes, loss });
  expect([quantity, unit, up, down]).toEqual(words);
});

it("a single logit speaks for the second of two classes", () => {
  expect(readoutWords("output:0", { classes, loss: "binary-cross-entropy" }).up).toBe("toward yes");
  expect(readoutWords("logit:0", { classes, loss: "binary-cross-entropy", outputs: 2 }).up).toBe("toward no");
});

it("an output without a class goes up and down", () => {
  const words = readoutWords("output:3", { classes: [], loss: "mse" });
  expect(words).toEqual({ quantity: "output 3", unit: "output", up: "upward", down: "downward" });
});
