// Error by example against gradients a query, both logarithmic: what each way of explaining buys.

import type { Figure } from "../src/figures/figure.ts";
import { formatExact } from "../src/figures/format.ts";
import { scatter } from "../src/figures/scatter.ts";
import { isPareto, type Measured } from "./chord-methods.ts";

export interface Pareto {
  readonly title: string;
  readonly methods: readonly Measured[];
}

/** What is nearer than this is drawn here: it is exact. */
const LEAST = 1e-5;

const KINDS = ["steps", "chords", "superposition", "TracIn-CP"] as const;

/** A point a method, in classes of its kind. */
export function paretoFigure({ title, methods }: Pareto): Figure {
  const best = methods.filter((one) => isPareto(one, methods)).sort((a, b) => a.gradients - b.gradients);
  const names = best.map(({ method }) => method).join("; ");
  const caption = `Euclidean error of all contributions relative to those along steps, against full gradients of one query. Down and left is better; errors below ${formatExact(LEAST)} stand there. Nothing cheaper is nearer than, from cheap to dear: ${names}.`;
  const classes = KINDS.map((name) => {
    const members = methods.filter(({ kind }) => kind === name);
    return {
      name,
      names: members.map(({ method }) => method),
      x: members.map(({ gradients }) => gradients),
      y: members.map(({ error }) => Math.max(LEAST, error)),
    };
  });
  return scatter({
    title,
    caption,
    x: { label: "gradients a query", scale: "log" },
    y: { label: "error by example, relative", scale: "log" },
    classes: classes.filter(({ names: all }) => all.length > 0),
  });
}
