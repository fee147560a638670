// A result as words and tables, for reports, pages and the command line alike.

import type { Table } from "../figures/table.ts";
import { intervalOrNumber, numberText } from "./number-text.ts";
import type { ExperimentResult } from "./run.ts";
import { boundText, type Check } from "./verdict.ts";

/** What the verdict rests on: the first that fails, else the first that is undecided, else the first, central ones before others. */
export function decisiveCheck(checks: readonly Check[]): Check | undefined {
  const ordered = [...checks.filter(({ central }) => central), ...checks.filter(({ central }) => !central)];
  const first = (wanted: Check["outcome"]): Check | undefined => ordered.find(({ outcome }) => outcome === wanted);
  return first("fails") ?? first("undecided") ?? ordered[0];
}

/** "share of triples ...: 0.93 ± 0.02 (at least 0.9)", of the check that the verdict rests on. */
export function headline({ checks }: Pick<ExperimentResult, "checks">): string {
  const check = decisiveCheck(checks);
  if (!check) return "no number";
  const unit = check.unit === undefined ? "" : ` ${check.unit}`;
  return `${check.measure}: ${intervalOrNumber(check.interval)}${unit} (${boundText(check)})`;
}

/** Each expectation with its outcome. */
export function expectationTable({ checks, experiment }: ExperimentResult): Table {
  const columns = ["measure", "expected", "measured", "outcome", "why this bound"];
  if (checks.length > 0)
    return {
      columns,
      rows: checks.map((check) => [
        `${check.measure}${check.central ? " (central)" : ""}`,
        boundText(check),
        intervalOrNumber(check.interval) + (check.unit === undefined ? "" : ` ${check.unit}`),
        check.outcome,
        check.reason,
      ]),
    };
  return {
    columns,
    rows: Object.values(experiment.expectations).map((own) => [own.measure, boundText(own), "", "", own.reason]),
  };
}

export function parameterTable({ parameters }: ExperimentResult): Table {
  const rows = parameters.map(({ name, value, from }) => [name, value, from === "source" ? "source" : "ours"]);
  return { columns: ["parameter", "value", "from"], rows };
}

/** "1, 2, 3"; "none" where nothing was run. */
export const seedsText = (seeds: readonly number[]): string =>
  seeds.length === 0 ? "none" : seeds.map((seed) => numberText(seed)).join(", ");
