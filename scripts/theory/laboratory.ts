// Rows of the table that experiments of the laboratory are about, made from the registry and the published results: nothing is written by hand.

import { readFileSync } from "node:fs";
import { type Published, publishedFrom } from "../../src/experiments/published.ts";
import { experiments } from "../../src/experiments/registry.ts";
import type { Experiment } from "../../src/experiments/types.ts";
import type { TheoryRow } from "./row.ts";

type Facts = Pick<Experiment, "id" | "claim" | "rows">;

/** What one experiment says of each row that it names: its claim, its page, its verdict and number as published. */
function rowsOf({ id, claim, rows }: Facts, own: Published | undefined): TheoryRow[] {
  const size = own?.size === "quick" ? "quick size, " : "";
  return rows.map((row) => ({
    id: row,
    statement: claim.replace(/\.$/, ""),
    by: `pathkernel reproduce ${id}`,
    test: own ? `[${id}](laboratory/${id}.md)` : "experiments/experiments.test.ts",
    holds: `${id}: ${own?.verdict ?? "not run yet"}`,
    ...(own && { published: `${size}${own.number}` }),
  }));
}

/** The rows of all experiments, one for each experiment and row that it names. */
export function experimentRows(all: readonly Facts[], results: readonly Published[]): readonly TheoryRow[] {
  return all.flatMap((experiment) =>
    rowsOf(
      experiment,
      results.find(({ id }) => id === experiment.id),
    ),
  );
}

const RESULTS = new URL("../../docs/laboratory/results.json", import.meta.url);

export const rows: readonly TheoryRow[] = experimentRows(experiments, publishedFrom(readFileSync(RESULTS, "utf8")));
