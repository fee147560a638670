// The horizontal scale that bars hang on, with zero on it: ticks, grid lines and a label with the unit.

import { scaleLinear } from "d3-scale";
import { formatNumber } from "./format.ts";
import { SMALL_FONT } from "./frame.ts";
import { filled, stroked } from "./palette.ts";
import { element, textAt, widthOf } from "./svg.ts";

export interface BarAxis {
  /** Pixels of a value. */
  readonly at: (value: number) => number;
  /** Grid lines between two heights, to be drawn under the bars. */
  grid(top: number, bottom: number): string[];
  /** Tick labels and axis label below that height. */
  labels(height: number): string[];
}

/** Pixels that `labels` takes below the bars. */
export const AXIS_HEIGHT = 36;

/** An axis between two pixels that shows all `values` and zero. */
export function barAxis(values: readonly number[], range: readonly [number, number], label: string): BarAxis {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  // Room for about one tick label in 70 pixels.
  const wanted = Math.max(2, Math.floor((range[1] - range[0]) / 70));
  const scale = scaleLinear(low === high ? [-1, 1] : [low, high], [range[0], range[1]]);
  const ticks = scale.ticks(wanted);
  const at = (value: number): number => scale(value);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const plain = scale.tickFormat(wanted, "+,f");
  // Fixed decimals are longer than the room of a tick for steps below a thousandth.
  const printed = (tick: number): string =>
    step < 1e-3 ? formatNumber(tick, { signed: true, digits: 2 }) : plain(tick);
  const zero = (value: number) => Math.abs(value) < 1e-12 * (high - low);
  const middle = (range[0] + range[1]) / 2;
  // A label wider than the axis is pushed in from the right edge of the bars instead of over the figure's edge.
  const half = widthOf(label, SMALL_FONT) / 2;
  const labelX = Math.max(half, Math.min(middle, range[1] - half));
  return {
    at,
    grid: (top, bottom) =>
      ticks.map((tick) =>
        element("line", { x1: at(tick), x2: at(tick), y1: top, y2: bottom, ...stroked(zero(tick) ? "axis" : "grid") }),
      ),
    labels: (height) => [
      element(
        "g",
        { ...filled("muted"), "font-size": SMALL_FONT, "text-anchor": "middle" },
        ...ticks.map((tick) => textAt(at(tick), height + 14, zero(tick) ? "0" : printed(tick))),
        textAt(labelX, height + 30, label),
      ),
    ],
  };
}
