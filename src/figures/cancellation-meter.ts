// How much of the pushing cancels: gross and net of all contributions as two bars on one scale.

import { type Figure, figureFrom } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { type FigureText, SMALL_FONT } from "./frame.ts";
import { type Colour, filled } from "./palette.ts";
import { element, moved, textAt } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface CancellationMeter {
  /** sum_i |contribution_i|. */
  readonly gross: number;
  /** sum_i contribution_i, signed. */
  readonly net: number;
  readonly unit: string;
}

const ROW_HEIGHT = 34;

/** "12.4 : 1": gross over |net|. */
export function cancellationRatio({ gross, net }: CancellationMeter): string {
  return `${gross === 0 ? "1" : formatNumber(gross / Math.abs(net))} : 1`;
}

function cancellationText(data: CancellationMeter): FigureText {
  const { gross, net, unit } = data;
  const push = `All examples together pushed ${formatNumber(gross)} ${unit}; ${formatNumber(net, { signed: true })} ${unit} is left.`;
  return { title: `Cancellation ${cancellationRatio(data)}`, caption: push };
}

/** The rows drawn. */
function cancellationTable({ gross, net, unit }: CancellationMeter): Table {
  return {
    columns: ["what", `amount (${unit})`],
    rows: [
      ["gross: all pushing, whatever its sign", amount(gross, formatNumber(gross))],
      ["net: what is left", amount(net, formatNumber(net, { signed: true }))],
    ],
  };
}

/** The figure. */
export function cancellationMeter(data: CancellationMeter): Figure {
  const { gross, net, unit } = data;
  const largest = gross || 1;
  return figureFrom(cancellationText(data), cancellationTable(data), (width) => {
    const bar = (k: number, [name, value, colour]: [string, number, Colour]): string => {
      const number = `${formatNumber(value, { signed: name === "net" })} ${unit}`;
      const length = Math.max(1, (width * Math.abs(value)) / largest);
      return moved(
        0,
        k * ROW_HEIGHT,
        textAt(0, 11, name, { "font-size": SMALL_FONT, "font-weight": 600 }),
        textAt(width, 11, number, { "font-size": SMALL_FONT, "text-anchor": "end", class: "pk-number" }),
        element("rect", { x: 0, y: 16, width: length, height: 10, ...filled(colour) }),
      );
    };
    const rows: string[] = [bar(0, ["gross", gross, "pale"]), bar(1, ["net", net, net < 0 ? "away" : "toward"])];
    return { height: 2 * ROW_HEIGHT, marks: rows };
  });
}
