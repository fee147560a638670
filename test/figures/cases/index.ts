// Every figure with a case of its own, by name; the tests and the gallery go through them.

import type { Figure } from "../../../src/figures/figure.ts";
import { examples } from "./examples.ts";
import { generic } from "./generic.ts";
import { kernels } from "./kernels.ts";

export const figures: Readonly<Record<string, () => Figure>> = { ...generic, ...kernels, ...examples };

/** Those that are laid out differently where there is little room. */
export const switching: readonly string[] = ["lines", "dots", "panels", "sheet", "neighbours", "bars", "kernel-maps"];
