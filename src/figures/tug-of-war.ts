// Tug of war: what the examples of each label pulled, toward the readout to the right of zero and away from it to the left.

import { condense, type LabelPull } from "../explain/summary.ts";
import { sum } from "../numeric/sum.ts";
import { barRows } from "./bar-rows.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, decimalsFor, formatNumber } from "./format.ts";
import type { FigureText } from "./frame.ts";
import { labelledExamples, labelName } from "./label-words.ts";
import { signColour, signGlyph } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { amount, type Table } from "./table.ts";

export interface TugOfWar {
  /** As `byLabel` gives them. */
  readonly pulls: readonly LabelPull[];
  readonly words: ReadoutWords;
}

/** Labels that get a row of their own; the rest is one row. */
const MAX_ROWS = 12;

function rowsOf({ pulls }: TugOfWar): LabelPull[] {
  const { strongest, others } = condense(pulls, MAX_ROWS);
  return others ? [...strongest, others] : strongest;
}

/** The same for rows and sums: the net may be far smaller than what it is made of. */
function decimalsOf({ pulls }: TugOfWar): number {
  const values = pulls.map(({ pull }) => pull);
  return decimalsFor(values, { total: sum(values) });
}

const isSingle = (pulls: readonly LabelPull[]): boolean => pulls.length < 2;

function tugOfWarText(data: TugOfWar): FigureText {
  const { pulls, words } = data;
  const decimals = decimalsOf(data);
  const print = (value: number): string => `${formatNumber(value, { signed: true, decimals })} ${words.unit}`;
  const noun = pulls.some(({ kind }) => kind === "range") ? "range" : "label";
  const side = (sign: 1 | -1): string => {
    const members = pulls.filter(({ pull }) => sign * pull > 0);
    if (members.length === 0) return `No ${noun} pulled ${sign > 0 ? words.up : words.down}.`;
    const direction = sign > 0 ? words.up : words.down;
    return `${countOf(members.length, noun)} pulled ${direction}, ${print(sum(members.map(({ pull }) => pull)))} together.`;
  };
  const net = `Net ${print(sum(pulls.map(({ pull }) => pull)))}.`;
  return {
    title: isSingle(pulls) ? "Pull of the training examples" : "Pull by label of the training examples",
    caption: `${side(1)} ${side(-1)} ${net}`,
  };
}

/** The rows drawn. */
function tugOfWarTable(data: TugOfWar): Table {
  const rows = rowsOf(data);
  const decimals = decimalsOf(data);
  return {
    columns: ["label", "examples", `pull (${data.words.unit})`],
    rows: rows.map((group) => [
      labelName(group),
      amount(group.count, String(group.count)),
      amount(group.pull, formatNumber(group.pull, { signed: true, decimals })),
    ]),
  };
}

/** The figure. */
export function tugOfWar(data: TugOfWar): Figure {
  const { words } = data;
  const rows = rowsOf(data);
  const decimals = decimalsOf(data);
  return figureFrom(tugOfWarText(data), tugOfWarTable(data), (width) =>
    barRows(
      rows.map((group) => {
        const { count, pull } = group;
        const number = formatNumber(pull, { signed: true, decimals });
        const direction = pull < 0 ? words.down : words.up;
        return {
          name: labelName(group),
          note: countOf(count, "example"),
          from: 0,
          to: pull,
          colour: signColour(pull),
          text: `${signGlyph(pull)} ${number}`,
          hover: `${labelledExamples(group)}: ${number} ${words.unit}, ${direction}`,
        };
      }),
      { width, label: `pull, ${words.unit}`, words },
    ),
  );
}
