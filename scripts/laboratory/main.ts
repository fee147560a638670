// `npm run laboratory -- [--quick] [--seeds N] [--write | --pages] [ID...]`: runs experiments, writes their pages, the index of docs/laboratory and their rows of docs/theory.md.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineLine } from "../../bench/report.ts";
import { loadDataset } from "../../src/data/registry.ts";
import { resultFiles } from "../../src/experiments/files.ts";
import { type Published, publishedFrom } from "../../src/experiments/published.ts";
import { experimentIds, experimentOf, experiments } from "../../src/experiments/registry.ts";
import { headline } from "../../src/experiments/report-data.ts";
import { type ExperimentResult, resultOf, runExperiment } from "../../src/experiments/run.ts";
import { checkText } from "../../src/experiments/verdict.ts";
import { readPage, refreshed, writePage } from "../theory/page.ts";
import { theoryRows } from "../theory/rows.ts";
import { experimentPage, indexPage, nameOf } from "./page.ts";

const FOLDER = fileURLToPath(new URL("../../docs/laboratory", import.meta.url));
const RESULTS = join(FOLDER, "results.json");

function publishedHere(): Map<string, Published> {
  try {
    const known = publishedFrom(readFileSync(RESULTS, "utf8"));
    return new Map(known.filter(({ id }) => experimentIds.includes(id)).map((entry) => [entry.id, entry]));
  } catch {
    return new Map();
  }
}

function write(result: ExperimentResult, machine = machineLine()): void {
  const { experiment, verdict, reason, size, seeds, seconds } = result;
  const { id } = experiment;
  const page = join(FOLDER, `${id}.md`);
  const folder = join(dirname(page), nameOf(id));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of resultFiles(result)) writeFileSync(join(folder, name), text);
  writeFileSync(page, experimentPage(result, machine));
  const published = publishedHere();
  const number = verdict === "not run" ? reason : headline(result);
  published.set(id, { id, verdict, number, size, seeds: seeds.length, seconds: Number(seconds.toFixed(1)), machine });
  const all = experimentIds.flatMap((own) => published.get(own) ?? []);
  writeFileSync(RESULTS, `${JSON.stringify(all, undefined, 2)}\n`);
  writeFileSync(join(FOLDER, "README.md"), indexPage(experiments, published));
}

/** The page again from the numbers that are there, for a change of figures or words. */
function writeAgain(id: string): void {
  const known = publishedHere().get(id);
  if (!known || known.verdict === "not run") return;
  const stored = JSON.parse(readFileSync(join(FOLDER, id, "result.json"), "utf8"));
  write({ ...resultOf(experimentOf(id), stored), seconds: known.seconds }, known.machine);
}

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    pages: { type: "boolean", default: false },
    seeds: { type: "string" },
  },
  allowPositionals: true,
});
for (const id of positionals.length > 0 ? positionals : experimentIds) {
  if (values.pages) {
    writeAgain(id);
    continue;
  }
  const result = await runExperiment(experimentOf(id), {
    size: values.quick ? "quick" : "full",
    seeds: values.seeds === undefined ? undefined : Number(values.seeds),
    load: loadDataset,
  });
  console.log(`${id}: ${result.verdict}, ${result.seconds.toFixed(0)} s`);
  for (const check of result.checks) console.log(`  ${check.outcome}: ${checkText(check)}`);
  if (values.write) write(result);
}
// Verdicts and numbers stand in the table of the theory too; what was measured there stays.
if (values.write || values.pages) writePage(refreshed(readPage(), await theoryRows()));
