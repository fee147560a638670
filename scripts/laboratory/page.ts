// The page of one experiment and the index of all of them, as Markdown.

import { markdownTable } from "../../bench/report.ts";
import { formatSeconds } from "../../src/cli/format.ts";
import { commandOf } from "../../src/cli/reproduce-files.ts";
import type { Published } from "../../src/experiments/published.ts";
import { expectationTable, parameterTable, seedsText } from "../../src/experiments/report-data.ts";
import type { ExperimentResult } from "../../src/experiments/run.ts";
import type { Experiment } from "../../src/experiments/types.ts";
import type { Table } from "../../src/figures/table.ts";

/** Longer tables are told of by their file. */
const MOST_ROWS = 30;

const cellText = (text: string): string => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");

function tableText({ columns, rows }: Table): string {
  const plain = rows.map((row) => row.map((cell) => cellText(typeof cell === "string" ? cell : cell.text)));
  return markdownTable({ head: columns.map(cellText), rows: plain });
}

/** "fig-1" of "domingos/fig-1": the folder of its files, beside its page. */
export const nameOf = (id: string): string => id.slice(id.indexOf("/") + 1);

/** The page of a result; its files lie in a folder of its name beside it. */
export function experimentPage(result: ExperimentResult, machine: string): string {
  const { experiment, verdict, reason, findings, size, seeds, seconds } = result;
  const { id, title, source, claim, refutedBy, differences, rows } = experiment;
  const folder = nameOf(id);
  const figures = (findings?.figures ?? []).map(
    ({ name, figure, reads }) =>
      `![${cellText(figure.title)}](${folder}/${name}.svg)\n\n*What a reader sees:* ${reads}`,
  );
  const table = findings?.table;
  const numbers =
    table === undefined
      ? []
      : [
          "## The numbers",
          table.rows.length <= MOST_ROWS
            ? tableText(table)
            : `${table.rows.length} rows in [table.csv](${folder}/table.csv).`,
          `Every number of every seed is in [result.json](${folder}/result.json).`,
        ];
  const partly = size === "full" ? "" : " (quick size only: a full run is still to be made)";
  return `${[
    `# ${title}`,
    `\`${id}\` · ${source}${rows.length > 0 ? ` · rows ${rows.join(", ")} of [the theory](../../theory.md)` : ""}`,
    `**Claim.** ${claim}`,
    `**It would be refuted by:** ${refutedBy}`,
    `**Verdict: ${verdict}**${partly}. ${reason}`,
    ...figures,
    "## What was expected, and what came out",
    "Bounds were fixed in the experiment's file before the numbers were seen, unless the differences below say otherwise. Intervals are 95 % over seeds.",
    tableText(expectationTable(result)),
    ...numbers,
    "## How it was done",
    tableText(parameterTable(result)),
    `Known differences from the source:\n\n${differences.map((text) => `- ${text}`).join("\n")}`,
    `Seeds ${seedsText(seeds)}; ${formatSeconds(seconds)} on ${machine}`,
    `    ${commandOf(result)}`,
  ].join("\n\n")}\n`;
}

/** The index: claim, verdict, number of every experiment there is, run or not. */
export function indexPage(experiments: readonly Experiment[], published: ReadonlyMap<string, Published>): string {
  const count = (verdict: string): number =>
    experiments.filter(({ id }) => (published.get(id)?.verdict ?? "not run") === verdict).length;
  const rows = experiments.map(({ id, claim }) => {
    const own = published.get(id);
    if (!own) return [`\`${id}\``, claim, "not run yet", "", "", ""].map(cellText);
    const link = `[\`${id}\`](${id}.md)`;
    const size = own.size === "full" ? `${own.seeds}` : `${own.seeds}, quick size`;
    return [link, claim, `**${own.verdict}**`, own.number, size, formatSeconds(own.seconds)].map(cellText);
  });
  const head = ["experiment", "claim", "verdict", "what it rests on: number (expected)", "seeds", "time"];
  return `${[
    "# The laboratory",
    "Claims of the sources, each with an experiment that could refute it. Written by `npm run laboratory -- --write`; not by hand.",
    `${count("holds")} hold, ${count("holds in part")} hold in part, ${count("does not hold")} do not hold, ${count("not run")} have not been run. A claim *holds* where every number lies within its bounds with its whole 95 % interval over seeds, *does not hold* where a central one lies outside with its whole interval, and *holds in part* between. Rows that say "quick size" have not been run in full.`,
    "Any row again: `pathkernel reproduce ID --full`; its page has the command, the bounds and their reasons, and what differs from the source.",
    markdownTable({ head, rows }),
  ].join("\n\n")}\n`;
}
