// The sentence over each explanation, word by word.

import { expect, it } from "vitest";
import { readoutWords } from "../../src/figures/readout-words.ts";
import { headerSentence } from "../../src/reports/sentence.ts";
import { parts, pulls } from "../figures/cases/explained.ts";

const view = { predicted: "8", label: "3", correct: false, words: parts.words, ledger: parts };

it("headerSentence(view) says prediction, output, prior, the two strongest labels, the rest, terms and what is unexplained", () => {
  expect(headerSentence(view)).toBe(
    "Predicted 8, wrongly: it is labelled 3. The margin of 8 over 3 is +0.860 logit margin. It started at " +
      "\u22120.100 logit margin; 52 examples labelled 8 pulled +24.310 logit margin, 48 examples labelled 3 pulled " +
      "\u221222.010 logit margin, 61 examples with 4 other labels pulled \u22121.330 logit margin; decoupled decay " +
      "\u22120.010 logit margin; unexplained +3e\u22127 logit margin.",
  );
});

it("headerSentence(view) of a query without a label, and of one that is right", () => {
  expect(headerSentence({ ...view, label: undefined, correct: undefined })).toMatch(/^Predicted 8\. The margin/);
  expect(headerSentence({ ...view, label: "8", correct: true })).toMatch(/^Predicted 8, as labelled\. The margin/);
});

it("headerSentence(view) of a regression speaks of targets", () => {
  const words = readoutWords("output:0", { classes: [], loss: "mse" });
  const ranges = pulls.slice(0, 2).map((pull, k) => ({ ...pull, kind: "range" as const, label: `${k - 1} to ${k}` }));
  const ledger = { ...parts, words, pulls: ranges, terms: [] };
  expect(headerSentence({ predicted: "0.860", label: "0.7", correct: undefined, words, ledger })).toBe(
    "Predicted 0.860, the target is 0.7. Output 0 is +0.860 output. It started at \u22120.100 output; 52 examples with " +
      "targets \u22121 to 0 pulled +24.310 output, 31 examples with targets 0 to 1 pulled +0.420 output; unexplained " +
      "+3e\u22127 output.",
  );
});
