// Every figure with a case of its own, by name; the tests and the gallery go through them.

import type { Figure } from "../../../src/figures/figure.ts";
import { examples } from "./examples.ts";
import { explained } from "./explained.ts";
import { generic } from "./generic.ts";
import { kernels } from "./kernels.ts";

export const figures: Readonly<Record<string, () => Figure>> = { ...explained, ...generic, ...kernels, ...examples };

/** Those that are laid out differently at another width: narrow, or wide. */
export const switching: readonly string[] = [
  "tug-of-war",
  "ledger",
  "lines",
  "dots",
  "panels",
  "sheet",
  "neighbours",
  "bars",
  "kernel-maps",
];
export const widening: readonly string[] = ["contributors"];
