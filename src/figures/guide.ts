// Guides in a plot: a dashed line at a value of one axis, with what it is.

import { SMALL_FONT } from "./frame.ts";
import { filled, lightColours, stroked } from "./palette.ts";
import type { Plot } from "./plot.ts";
import { element, fitted, textAt, widthOf } from "./svg.ts";

export interface Guide {
  readonly axis: "x" | "y";
  readonly value: number;
  readonly label: string;
}

/** The lines; those outside of the axes are left out. */
export function guideLines(guides: readonly Guide[], plot: Plot): string[] {
  const line = { ...stroked("neutral", 1.3), "stroke-dasharray": "5 3" };
  const { box } = plot;
  return shown(guides, plot).map(({ axis, at }) =>
    axis === "y"
      ? element("line", { x1: box.left, x2: box.right, y1: at, y2: at, ...line })
      : element("line", { x1: at, x2: at, y1: box.top, y2: box.bottom, ...line }),
  );
}

interface Placed extends Guide {
  readonly at: number;
}

function shown(guides: readonly Guide[], { x, y }: Plot): Placed[] {
  return guides.flatMap((guide) => {
    const scale = guide.axis === "x" ? x : y;
    const [low, high] = scale.domain;
    const isIn = scale.has(guide.value) && guide.value >= low && guide.value <= high;
    return isIn ? [{ ...guide, at: scale.at(guide.value) }] : [];
  });
}

/** Their labels, to be drawn over the data, with a rim of the ground; those of vertical guides stand below each other. */
export function guideLabels(guides: readonly Guide[], plot: Plot): string[] {
  const { box } = plot;
  const rim = { stroke: lightColours.ground, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" };
  const words = { ...filled("muted"), ...rim, class: "pk-muted pk-ground-line", "font-size": SMALL_FONT };
  let vertical = 0;
  return shown(guides, plot).map(({ axis, at, label }) => {
    if (axis === "y") {
      const above = at - box.top > 16 ? at - 5 : at + 13;
      return textAt(box.right - 4, above, label, { ...words, "text-anchor": "end" });
    }
    const [before, after] = [at - 5 - box.left, box.right - at - 5];
    const isAfter = widthOf(label, SMALL_FONT) <= after || after >= before;
    vertical += 1;
    const text = fitted(label, isAfter ? after : before, SMALL_FONT);
    const place = { "text-anchor": isAfter ? "start" : "end" };
    return textAt(isAfter ? at + 5 : at - 5, box.top - 1 + 13 * vertical, text, { ...words, ...place });
  });
}
