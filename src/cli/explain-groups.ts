// `explain --group`: the contributions of a row by another division of the training examples than labels, and how few carry them.

import { clusters } from "../diagnose/clusters.ts";
import { type Concentration, concentration } from "../diagnose/concentration.ts";
import { InvalidDataError } from "../errors.ts";
import { byGroup, type Grouping, type GroupPull, groupingOfNames } from "../explain/grouping.ts";
import { contributionsOf } from "../explain/summary.ts";
import type { Explanation } from "../explain/types.ts";
import { type Figure, figureFrom } from "../figures/figure.ts";
import { type GroupsFigure, groupsFigure } from "../figures/groups.ts";
import { sheet } from "../figures/sheet.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import type { Task } from "../train/task.ts";
import { type ExplainedRow, labelOf } from "./explained-row.ts";
import { UsageError } from "./failure.ts";
import { decimalsFor, grouped, signed } from "./format.ts";

/** Groups that are printed or drawn; --json has all. */
const MOST_GROUPS = 24;
/** Explained rows that a figure has panels for. */
const MOST_DRAWN = 6;

function namesIn(path: string, examples: number): string[] {
  const lines = new TextDecoder().decode(readFileBytes(path)).split(/\r?\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  if (lines.length !== examples)
    throw new InvalidDataError(
      `${path}: must have a line for each of the ${examples} training examples, got ${lines.length}`,
    );
  const empty = lines.findIndex((line) => line.trim() === "");
  if (empty >= 0) throw new InvalidDataError(`${path}: line ${empty + 1} must name a group, got an empty one`);
  return lines.map((line) => line.trim());
}

/** The division that the flag names; UsageError for one that it cannot mean. */
export function groupingFor(task: Task, how: string): Grouping {
  const { x } = task.dataset.train;
  const [examples] = x.shape;
  if (how === "label") {
    return groupingOfNames(Array.from({ length: examples }, (_, n) => labelOf(task, "train", n)));
  }
  const [, k] = /^clusters:(\d+)$/.exec(how) ?? [];
  if (k !== undefined) {
    if (Number(k) >= 1 && Number(k) <= examples) return clusters(x, { k: Number(k) });
    throw new UsageError(`--group clusters must be from 1 to the ${grouped(examples)} training examples, got ${k}`);
  }
  if (/\.txt$/i.test(how)) return groupingOfNames(namesIn(how, examples));
  throw new UsageError(`--group must be label, clusters:K or a file .txt, got "${how}"`);
}

/** How contributions are divided, as the flag says it, and that division. */
export interface Division {
  readonly how: string;
  readonly grouping: Grouping;
}

export interface GroupedRow {
  readonly groups: readonly GroupPull[];
  readonly concentration: Concentration;
}

/** Row r by groups. */
export function groupedRow(explanation: Explanation, r: number, grouping: Grouping): GroupedRow {
  return { groups: byGroup(explanation, r, grouping), concentration: concentration(contributionsOf(explanation, r)) };
}

/** UsageError for more explained rows than a picture has room for. */
export function requireFewRows(count: number): void {
  if (count > MOST_DRAWN)
    throw new UsageError(`--figure must go with at most ${MOST_DRAWN} queries, got ${grouped(count)}`);
}

/** The strongest groups, and the weaker ones together. */
function drawnGroups(groups: readonly GroupPull[]): GroupsFigure["groups"] {
  const all = [...groups].sort((a, b) => Math.abs(b.pull) - Math.abs(a.pull));
  const drawn = all.map(({ group, members, pull, gross }) => ({
    name: group,
    count: members,
    positive: (gross + pull) / 2,
    negative: (pull - gross) / 2,
  }));
  const weaker = drawn.slice(MOST_GROUPS);
  if (weaker.length <= 1) return drawn;
  const sum = (of: (group: GroupsFigure["groups"][number]) => number): number =>
    weaker.reduce((total, group) => total + of(group), 0);
  const rest = {
    name: `${grouped(weaker.length)} weaker`,
    count: sum(({ count }) => count),
    positive: sum(({ positive }) => positive),
    negative: sum(({ negative }) => negative),
  };
  return [...drawn.slice(0, MOST_GROUPS), rest];
}

/** "label", "cluster"; of a file its name. */
const divisionName = (how: string): string => (how.startsWith("clusters:") ? "cluster" : how);

/** Bars of the groups of every row, a panel each. */
export function groupedFigure(
  explanation: Explanation,
  rows: readonly ExplainedRow[],
  { how, grouping }: Division,
): Figure {
  const division = divisionName(how);
  const figures = rows.map((words, r) => {
    const groups = byGroup(explanation, r, grouping);
    const figure = groupsFigure({ division, groups: drawnGroups(groups), words, count: groups.length });
    const title = `${words.query}, ${words.quantity}: contributions by ${division}`;
    return figureFrom({ title, caption: figure.caption }, figure.table, figure.draw);
  });
  if (figures.length === 1) return figures[0];
  const caption = `What each group by ${division} pushed up and down, for ${figures.length} explained outputs.`;
  return sheet({ title: `Contributions by ${division}`, caption, figures });
}

/** A line a group: its pull, its examples, what of their pushing is left; the strongest groups, in order, and the rest as one. */
export function groupsText({ groups, concentration: own }: GroupedRow, how: string): string {
  const strongest = [...groups].sort((a, b) => Math.abs(b.pull) - Math.abs(a.pull)).slice(0, MOST_GROUPS);
  const shown = groups.filter((group) => strongest.includes(group));
  const decimals = Math.max(3, decimalsFor(shown.map(({ pull }) => pull)));
  const names = Math.min(24, Math.max(...shown.map(({ group }) => group.length)));
  const values = Math.max(...shown.map(({ pull }) => signed(pull, decimals).length));
  const lines = shown.map(({ group, pull, members, gross }) => {
    const examples = `${grouped(members)} example${members === 1 ? "" : "s"}`.padStart(15);
    const value = signed(pull, decimals).padStart(values);
    return `  ${group.slice(0, 24).padEnd(names)}  ${value}  ${examples}  gross ${gross.toFixed(decimals)}`;
  });
  const rest = groups.length - shown.length;
  const { effectiveContributors, participationRatio, gini, examples } = own;
  const count = (value: number) => grouped(Math.round(value));
  return [
    `by ${how}`,
    ...lines,
    ...(rest > 0 ? [`  and ${grouped(rest)} weaker groups (all of them with --json)`] : []),
    gini === undefined
      ? "no example contributed"
      : `carried as by ${count(effectiveContributors)} equal contributors of ${grouped(examples)} (entropy; ${count(participationRatio)} by squares), Gini ${gini.toFixed(2)}`,
  ].join("\n");
}
