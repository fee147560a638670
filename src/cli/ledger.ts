// The ledger of one prediction as text: what it is made of, class by class, with what is left over.

import { condense } from "../explain/summary.ts";
import type { ExplainedRow, LabelledContribution } from "./explained-row.ts";
import { barLeft, barRight, decimalsFor, grouped, signed, tiny } from "./format.ts";
import type { Colors } from "./output.ts";

export interface LedgerOptions {
  readonly colors: Colors;
  /** Columns. */
  readonly width: number;
  readonly rule: string;
  readonly tolerance: number;
  readonly dtype: string;
}

const MOST_LABELS = 12;
const SHOWN = 5;
const WIDEST_BAR = 18;

interface Line {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** Blue for, orange (yellow in sixteen colours) against; the sign says it too. */
function tinted(text: string, value: number, { cyan, yellow }: Colors): string {
  return value < 0 ? yellow(text) : cyan(text);
}

function pullLines(row: ExplainedRow, decimals: number, { colors, width }: LedgerOptions): Line[] {
  const { strongest, others } = condense(row.pulls, MOST_LABELS);
  const shown = others === undefined ? strongest : [...strongest, others];
  const largest = Math.max(...shown.map(({ pull }) => Math.abs(pull)));
  const cells = Math.max(4, Math.min(WIDEST_BAR, Math.floor((width - 48) / 2)));
  return shown.map(({ label, pull, count }) => {
    const share = largest === 0 ? 0 : Math.abs(pull) / largest;
    const [left, right] = pull < 0 ? [barLeft(share, cells), ""] : [" ".repeat(cells), barRight(share, cells)];
    const bar = `${tinted(left, pull, colors)}│${tinted(right, pull, colors)}`;
    const counted = `${grouped(count)} example${count === 1 ? "" : "s"}`.padStart(15);
    return { name: `  ${label}`, value: signed(pull, decimals), note: `${counted} ${bar}`.trimEnd() };
  });
}

/** The rule; for `auto` with its tolerance, and why it was missed where it was. */
function ruleText({ residualRelative }: ExplainedRow, { rule, tolerance, dtype }: LedgerOptions): string {
  if (rule !== "auto") return `rule ${rule}`;
  if (residualRelative <= tolerance) return `rule auto, tolerance ${tolerance}`;
  const advice = dtype === "float32" ? "; float64 reaches further" : "";
  return `rule auto, above the tolerance ${tolerance}: what is left is the rounding of ${dtype}${advice}`;
}

function ledgerLines(row: ExplainedRow, options: LedgerOptions): Line[] {
  const { output, prior, net, terms, residual, closure } = row;
  // Pulls may be a hundred times the output; it keeps three digits after the point.
  const decimals = Math.max(3, decimalsFor([output, prior, ...row.pulls.map(({ pull }) => pull)]));
  const number = (value: number) => signed(value, decimals);
  const { dtype } = options;
  return [
    { name: "output", value: number(output), note: "of the trained model" },
    { name: "prior", value: number(prior), note: "of the model before training" },
    { name: "examples", value: number(net), note: "pull of each label, summed over its examples:" },
    ...pullLines(row, decimals, options),
    ...terms.map(({ name, value }) => ({
      name,
      // Jumps to recorded states are rounding, or far from it.
      value: Math.abs(value) < 0.5 * 10 ** -decimals ? tiny(value) : number(value),
      note: name === "replay" ? "jumps from where recomputed steps end to recorded states" : "",
    })),
    {
      name: "residual",
      value: tiny(residual),
      note: `${tiny(row.residualRelative)} relative; ${ruleText(row, options)}`,
    },
    { name: "closure", value: tiny(closure), note: `${tiny(row.closureRelative)} relative: rounding of ${dtype}` },
  ];
}

/** How much of the pushing cancels: a bar of which only the net part is full. */
function cancellationLine({ gross, net, cancellation, examplesFor80 }: ExplainedRow): string {
  const decimals = decimalsFor([gross]);
  const share = gross === 0 ? 0 : Math.abs(net) / gross;
  const meter = `[${barRight(share, 20).padEnd(20, "·")}]`;
  const times = Number.isFinite(cancellation) ? `${Number(cancellation.toPrecision(2))} : 1` : "all of it";
  const share80 = `80 % of gross from ${grouped(examplesFor80)} examples`;
  return `cancels ${meter} ${times} (gross ${gross.toFixed(decimals)}, net ${signed(net, decimals)}); ${share80}`;
}

function strongestLines(row: ExplainedRow, { colors }: LedgerOptions): string[] {
  const count = Math.max(row.proponents.length, row.opponents.length);
  if (count === 0) return [];
  const shown = [...row.proponents.slice(0, SHOWN), ...row.opponents.slice(0, SHOWN)];
  const decimals = decimalsFor(shown.map(({ contribution }) => contribution));
  const cell = ({ example, label, contribution }: LabelledContribution): string =>
    `#${example}`.padEnd(8) + label.slice(0, 12).padEnd(13) + signed(contribution, decimals).padStart(decimals + 4);
  const width = Math.max(...shown.map((one) => cell(one).length)) + 4;
  const lines = [`${`strongest ${row.up}`.padEnd(width + 2)}strongest ${row.down}`];
  for (let k = 0; k < Math.min(SHOWN, count); k++) {
    const [left, right] = [row.proponents[k], row.opponents[k]];
    const first = left ? tinted(cell(left).padEnd(width), 1, colors) : " ".repeat(width);
    lines.push(`  ${first}${right ? tinted(cell(right), -1, colors) : ""}`.trimEnd());
  }
  return lines;
}

/** The head of a ledger: "test:8: predicted 6, label 5. margin:6-5, the margin of 6 over 5, in units of logit margin". */
function titleOf(row: ExplainedRow, { bold }: Colors): string {
  const { query, position, label, predicted, readout, quantity, unit } = row;
  const place = position === undefined ? query : `${query}, position ${position}`;
  const said = predicted === undefined ? [] : [`predicted ${predicted}`];
  const facts = [...said, ...(label === undefined ? [] : [`label ${label}`])].join(", ");
  const wrong = predicted !== undefined && label !== undefined && predicted !== label ? " (misclassified)" : "";
  return `${bold(`${place}${facts === "" ? "" : `: ${facts}${wrong}`}`)}\n${readout}: ${quantity}; unit: ${unit}`;
}

/** output = prior + pull of each label + terms + residual + closure, and the strongest examples either way. */
export function ledgerText(row: ExplainedRow, options: LedgerOptions): string {
  const lines = ledgerLines(row, options);
  const names = Math.min(24, Math.max(...lines.map(({ name }) => name.length)));
  const values = Math.max(...lines.map(({ value }) => value.length));
  const body = lines.map(({ name, value, note }) =>
    `${name.slice(0, 24).padEnd(names)}  ${value.padStart(values)}  ${note}`.trimEnd(),
  );
  return [titleOf(row, options.colors), ...body, cancellationLine(row), ...strongestLines(row, options)].join("\n");
}
