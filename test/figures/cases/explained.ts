// Cases of the figures of explanations: small data with every kind of row in it.

import type { LabelPull } from "../../../src/explain/summary.ts";
import { cancellationMeter } from "../../../src/figures/cancellation-meter.ts";
import { contributors } from "../../../src/figures/contributors.ts";
import type { Figure } from "../../../src/figures/figure.ts";
import { ledger } from "../../../src/figures/ledger.ts";
import { readoutWords } from "../../../src/figures/readout-words.ts";
import { residualByStep } from "../../../src/figures/residual-by-step.ts";
import { tugOfWar } from "../../../src/figures/tug-of-war.ts";

export const words = readoutWords("margin:8-3", { classes: [], loss: "cross-entropy" });

const pullOf = (label: string, pull: number, count: number): LabelPull => ({ label, kind: "class", pull, count });

export const pulls: readonly LabelPull[] = [
  pullOf("8", 24.31, 52),
  pullOf("5 & 6", 0.42, 31),
  pullOf("a name too long for its room", 0, 0),
  pullOf("2", -0.5, 1),
  pullOf("9", -1.25, 29),
  pullOf("3", -22.01, 48),
];

/** 24.31 + 0.42 - 0.5 - 1.25 - 22.01 = 0.97; - 0.1 + 0.97 - 0.01 + 3e-7 = 0.8600003. */
export const parts = {
  prior: -0.1,
  pulls,
  terms: [{ name: "decoupled decay" as const, value: -0.01 }],
  residual: 3e-7,
  closure: 0,
  output: 0.8600003,
  words,
};

// A pixel of one colour: what is drawn around pictures is tested here, the pictures are in image.test.ts.
const picture = { uri: "data:image/png;base64,AAAA", width: 28, height: 14 };

export const sides = {
  proponents: [
    { id: "train:12", label: "labelled 8", contribution: 1.5, picture },
    { id: "train:3", label: "labelled <8>", contribution: 0.75, picture },
  ],
  opponents: [{ id: "train:700", label: "labelled 3", contribution: -0.003, picture: undefined }],
  words,
};

const residual = Float64Array.from({ length: 30 }, (_, s) =>
  s === 4 ? 0 : (s % 2 === 0 ? 1 : -1) * 10 ** (-9 + (s % 5)),
);

export const explained: Readonly<Record<string, () => Figure>> = {
  "tug-of-war": () => tugOfWar({ pulls, words }),
  ledger: () => ledger(parts),
  contributors: () => contributors(sides),
  "residual-by-step": () => residualByStep({ residual, allowed: 2e-6, rule: "auto", unit: "logit margin" }),
  "cancellation-meter": () => cancellationMeter({ gross: 48.5, net: -0.97, unit: "logit margin" }),
};
