// What `pathkernel reproduce` writes: the files of a result with its report, and the summary of several.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "../errors.ts";
import { resultFiles } from "../experiments/files.ts";
import { expectationTable, headline, parameterTable, seedsText } from "../experiments/report-data.ts";
import type { ExperimentResult } from "../experiments/run.ts";
import { fileErrorFrom, pathExists, writeFileAtomic } from "../numeric/files.node.ts";
import { renderExperiment, renderSummary } from "../reports/experiment-report.ts";
import { VERSION } from "../version.ts";
import { formatSeconds } from "./format.ts";

/** What a folder of a result has, and one of several results. */
const [RESULT, SUMMARY] = ["report.html", "summary.html"];

/** The command that gives this result again. */
export function commandOf({ experiment, size, seeds }: ExperimentResult): string {
  return `pathkernel reproduce ${experiment.id}${size === "full" ? " --full" : ""}${seeds.length > 0 ? ` --seeds ${seeds.length}` : ""}`;
}

export function reportOf(result: ExperimentResult): string {
  const { experiment, verdict, reason, findings, size, seeds, seconds, interrupted } = result;
  return renderExperiment({
    ...experiment,
    verdict: interrupted ? `${verdict} (interrupted)` : verdict,
    good: verdict === "holds",
    reason,
    expectations: expectationTable(result),
    table: findings?.table,
    figures: findings?.figures ?? [],
    parameters: parameterTable(result),
    facts: [
      ["Size", size],
      ["Seeds", seedsText(seeds)],
      ["Time", formatSeconds(seconds)],
      ["Command", commandOf(result)],
      ["Written by", `pathkernel ${VERSION}`],
    ],
  });
}

/** FileError where a folder has a result or a summary of results. */
export function requireNoResult(folder: string): void {
  const there = [RESULT, SUMMARY].map((name) => join(folder, name)).find(pathExists);
  if (there !== undefined)
    throw new FileError(`${there} exists already`, there, { hint: "replace it with --force, or name another folder" });
}

/** Makes a folder with those above it. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileErrorFrom("write", path, cause);
  }
}

/** Writes report.html, result.json, table.csv and the figures of a result into a folder; gives their names. */
export function writeResult(folder: string, result: ExperimentResult): string[] {
  makeFolder(folder);
  const files = [{ name: RESULT, text: reportOf(result) }, ...resultFiles(result)];
  for (const { name, text } of files) writeFileAtomic(join(folder, name), text);
  return files.map(({ name }) => name);
}

/** Writes summary.html over several results. */
export function writeSummary(folder: string, results: readonly ExperimentResult[]): string {
  const rows = results.map((result) => ({
    id: result.experiment.id,
    claim: result.experiment.claim,
    verdict: result.verdict,
    good: result.verdict === "holds",
    number: result.verdict === "not run" ? result.reason : headline(result),
    href: `${result.experiment.id}/report.html`,
  }));
  const path = join(folder, SUMMARY);
  writeFileAtomic(path, renderSummary("Claims of the sources, reproduced", rows));
  return path;
}
