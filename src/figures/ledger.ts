// The ledger as a picture: prior, pulls, terms and residual, each beginning where the one before ends, and the output they make.

import { condense, type LabelPull } from "../explain/summary.ts";
import type { Term } from "../explain/types.ts";
import { Accumulator } from "../numeric/sum.ts";
import { type BarRow, barRows } from "./bar-rows.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, decimalsFor, formatNumber } from "./format.ts";
import type { FigureText } from "./frame.ts";
import { labelledName } from "./label-words.ts";
import { signColour, signGlyph } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { amount, type Table } from "./table.ts";

export interface Ledger {
  readonly prior: number;
  /** As `byLabel` gives them. */
  readonly pulls: readonly LabelPull[];
  readonly terms: readonly { readonly name: Term["name"]; readonly value: number }[];
  readonly residual: number;
  readonly closure: number;
  readonly output: number;
  readonly words: ReadoutWords;
}

/** One line of a ledger. */
export interface LedgerEntry {
  readonly kind: "prior" | "pull" | "term" | "residual" | "closure" | "output";
  readonly name: string;
  readonly note: string;
  readonly value: number;
  readonly text: string;
}

/** Labels that get a line of their own unless said otherwise. */
const OWN_LINES = 4;

/** What each term is called where there is room to say it. */
const TERM_NOTES: Readonly<Record<string, string>> = {
  "coupled decay": "weight decay (L2)",
  "decoupled decay": "weight decay",
  replay: "recomputed steps",
};

/** What a term is called where there is room to say it; a regulariser is a part of the loss. */
export function termNote(name: Term["name"]): string {
  return TERM_NOTES[name] ?? "part of the loss";
}

/** The lines: they add up to the last, `output`. Numbers share their decimals, so that the column adds up as printed. */
export function ledgerEntries(data: Ledger, ownLines = OWN_LINES): LedgerEntry[] {
  const { strongest, others } = condense(data.pulls, ownLines);
  const pulls = others ? [...strongest, others] : strongest;
  const decimals = decimalsFor([data.prior, data.output, ...pulls.map(({ pull }) => pull)], { total: data.output });
  const line = (kind: LedgerEntry["kind"], value: number, [name, note]: [string, string]): LedgerEntry => {
    return { kind, name, note, value, text: formatNumber(value, { signed: true, decimals, digits: 2 }) };
  };
  return [
    line("prior", data.prior, ["prior", "before training"]),
    ...pulls.map((group) => line("pull", group.pull, [labelledName(group), countOf(group.count, "example")])),
    ...data.terms.map(({ name, value }) => line("term", value, [name, termNote(name)])),
    line("residual", data.residual, ["residual", "unexplained"]),
    line("closure", data.closure, ["closure", "rounding"]),
    line("output", data.output, ["= output", "after training"]),
  ];
}

function ledgerText({ prior, output, words, residual }: Ledger): FigureText {
  const decimals = decimalsFor([prior, output]);
  const print = (value: number): string =>
    `${formatNumber(value, { signed: true, decimals, digits: 2 })} ${words.unit}`;
  return {
    title: "From the prior to the output",
    caption: `Each bar begins where the one above ends, from ${print(prior)} before training to ${print(output)} after it; the residual is ${print(residual)}.`,
  };
}

/** The rows drawn. */
function ledgerTable(data: Ledger): Table {
  return {
    columns: ["part", "what it is", `amount (${data.words.unit})`],
    rows: ledgerEntries(data).map(({ name, note, value, text }) => [name, note, amount(value, text)]),
  };
}

/** The figure. */
export function ledger(data: Ledger): Figure {
  const total = new Accumulator();
  const rows = ledgerEntries(data).map((entry): BarRow => {
    const { kind, name, note, value, text } = entry;
    const isTotal = kind === "output";
    const from = isTotal || kind === "prior" ? 0 : total.value;
    if (!isTotal) total.add(value);
    const signed = kind === "pull" || kind === "term";
    return {
      name,
      note,
      from,
      to: isTotal ? value : total.value,
      colour: signed ? signColour(value) : "neutral",
      text: signed ? `${signGlyph(value)} ${text}` : text,
      hover: `${name} (${note}): ${text} ${data.words.unit}`,
      total: isTotal,
    };
  });
  return figureFrom(ledgerText(data), ledgerTable(data), (width) =>
    barRows(rows, { width, label: data.words.unit, words: data.words, joined: true }),
  );
}
