// Rows whose measurement is another page's or another part's: what will hold them, and the number that exists. A row elsewhere replaces its own.

import type { TheoryRow } from "./row.ts";

/** Where experiments with figures and verdicts belong. */
const LABORATORY = "planned: the laboratory (`experiments/`)";

const row = (id: string, statement: string, by: string, test: string, holds?: string): TheoryRow => ({
  id,
  statement,
  by,
  test,
  ...(holds !== undefined && { holds }),
});

export const rows: readonly TheoryRow[] = [
  row(
    "001-28",
    "the same hardware",
    "openEngine (provider webgpu)",
    "npm run check:webgpu, bench:webgpu",
    "an NVIDIA H100 agrees with the processor to 2e-6 (kernels, explanations), 2e-5 (the way of 20 steps)",
  ),
  row(
    "001-33",
    "open: training without gradients on non-convex models",
    "none",
    "docs/theory.md",
    "out of scope: (1) holds for any recorded path, but attribution to examples needs a step that is linear in their gradients",
  ),
  row(
    "001-35",
    "other ways of learning: predicate invention, structure mapping, crossover, predictive coding",
    "none",
    "docs/theory.md",
    "named by the source as what would not be a kernel machine; nothing here computes them",
  ),
  row("002-11", "prompt prefixes of a language model in its training text", "explain on a character model", LABORATORY),
  row(
    "003-01",
    "claims: any architecture; memorise and superpose; no representation learning",
    "explain, superpose",
    "rows 001-09, 001-20, 001-24",
  ),
  row(
    "003-04",
    "the page's sign and leftover integrals",
    "none",
    "Errata, docs/theory.md",
    "dy/dt = sum L' K lacks its minus; integrals are left after substitution; K(x, x') must be K(x, x_i)",
  ),
];
