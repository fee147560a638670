// One explained query: its picture, what was predicted, the sentence, the numbers, the figures and their tables.

import type { Explanation } from "../explain/types.ts";
import { cancellationMeter } from "../figures/cancellation-meter.ts";
import { contributors } from "../figures/contributors.ts";
import { countOf, formatCount, formatExact, formatNumber, formatShare } from "../figures/format.ts";
import { ledger } from "../figures/ledger.ts";
import { residualByStep } from "../figures/residual-by-step.ts";
import { escapeText } from "../figures/svg.ts";
import { amount } from "../figures/table.ts";
import { tugOfWar } from "../figures/tug-of-war.ts";
import { fact, figureOf, number, tag } from "./html.ts";
import type { QueryView } from "./query-view.ts";
import { headerSentence } from "./sentence.ts";
import type { ReportInput } from "./types.ts";

const HALF = { wide: 484, narrow: 340 };
const FULL = { wide: 1000, narrow: 340 };

/** The section of row k. */
export function querySection(view: QueryView, k: number, input: ReportInput): string {
  const heading = `query-${k}`;
  return tag(
    "article",
    { "aria-labelledby": heading },
    tag("h2", { id: heading }, escapeText(headingOf(view)), ...badgeOf(view)),
    tag(
      "div",
      { class: view.picture ? "query" : undefined },
      pictureOrValues(view),
      tag("div", {}, tag("p", { class: "sentence" }, escapeText(headerSentence(view))), numbersOf(view, input)),
    ),
    tag("h3", {}, "Where it comes from"),
    tag("div", { class: "figures" }, ...figuresOf(view)),
  );
}

/** "test:7: predicted 8, labelled 3". */
export function headingOf({ query, predicted, label, correct }: QueryView): string {
  if (label === undefined) return `${query.id}: predicted ${predicted}`;
  return `${query.id}: predicted ${predicted}, ${correct === undefined ? "target" : "labelled"} ${label}`;
}

function badgeOf({ correct }: QueryView): string[] {
  if (correct === undefined) return [];
  const badge = correct
    ? tag("span", { class: "badge good" }, "✓ correct")
    : tag("span", { class: "badge bad" }, "✗ misclassified");
  return [" ", badge];
}

/** Values that are listed of an input that is no picture. */
const MAX_VALUES = 24;

function pictureOrValues({ picture, query, label, predicted }: QueryView): string {
  if (picture) {
    const alt = `The input ${query.id}, ${label === undefined ? `predicted ${predicted}` : `labelled ${label}`}`;
    return `<img src="${picture.uri}" width="${picture.width}" height="${picture.height}" alt="${escapeText(alt)}">`;
  }
  const values = Array.from(query.x.data.slice(0, MAX_VALUES) as ArrayLike<number | bigint>, (value) =>
    formatNumber(Number(value)),
  );
  const more = query.x.data.length > MAX_VALUES ? `, … (${countOf(query.x.data.length, "value")})` : "";
  return tag("p", { class: "small" }, `Input: ${values.join(", ")}${more}`);
}

/** Along what contributions were taken, where it was not each step's own line. */
function pathOf({ path, chord, shift }: Explanation): string | undefined {
  if (path === "steps") return undefined;
  const line = path === "chords" ? `along chords of ${formatCount(chord)} steps` : "from a superposition";
  if (!shift) return `${line}; how far that moves single contributions was not measured`;
  const about = shift.chords < shift.ofChords ? "about " : "";
  return `${line}, which moves single contributions by ${about}${formatNumber(100 * shift.relative, { digits: 2 })} %`;
}

function numbersOf(view: QueryView, { explanation, dataset }: ReportInput): string {
  const { ledger: parts, words, query, cancellation } = view;
  const { scale, rule, tolerance } = explanation;
  const along = pathOf(explanation);
  const signed = (value: number): string =>
    number(amount(value, formatNumber(value, { signed: true, digits: 4 })), words.unit);
  const small = (value: number, signs = true): string =>
    number(amount(value, formatNumber(value, { signed: signs, digits: 2 })), words.unit);
  const aside = (text: string): string => tag("div", { class: "small" }, escapeText(text));
  const relative = formatNumber(Math.abs(parts.residual) / scale, { digits: 2 });
  const facts = [
    fact("Output", `${signed(parts.output)}${aside(`${words.quantity} (${view.readout})`)}`),
    fact("Prior", `${signed(parts.prior)}${aside("the same before training")}`),
    fact("Net pull of all examples", `${signed(cancellation.net)}${along === undefined ? "" : aside(along)}`),
    ...parts.terms.map(({ name, value }) => fact(`Term: ${name}`, signed(value))),
    fact(
      "Residual",
      `${small(parts.residual)}${aside(`${relative} of the scale, ${formatNumber(scale)} ${words.unit}; rule ${rule}, tolerance ${formatExact(tolerance)}`)}`,
    ),
    fact("Closure", `${small(parts.closure)}${aside("output less all parts: rounding")}`),
    fact(
      "Examples for 80 % of gross",
      `${tag("strong", {}, formatCount(view.examplesFor80))} of ${formatCount(view.contributing)}${aside(`with a contribution, of ${countOf(dataset.train.x.shape[0], "training example")}`)}`,
    ),
  ];
  if (query.probability !== undefined) {
    facts.splice(
      1,
      0,
      fact("Probability", tag("strong", {}, formatShare(query.probability)) + aside(`of ${view.predicted}`)),
    );
  }
  return tag("dl", {}, ...facts);
}

function figuresOf(view: QueryView): string[] {
  return [
    figureOf(tugOfWar(view.tugOfWar), { widths: HALF }),
    figureOf(ledger(view.ledger), { widths: HALF }),
    figureOf(contributors(view.contributors), { widths: FULL, class: "full" }),
    figureOf(cancellationMeter(view.cancellation), { widths: HALF }),
    figureOf(residualByStep(view.residualByStep), { widths: HALF }),
  ];
}
