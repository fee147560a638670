// Concentration of contributors: how few examples make how much of all pushing, as Lorenz drew it (1905).

import type { Figure } from "./figure.ts";
import { countOf, formatCount, formatShare } from "./format.ts";
import { lines } from "./lines.ts";

export interface ConcentrationFigure {
  readonly rows: readonly {
    readonly name: string;
    /** Signed; their sizes are sorted. */
    readonly contributions: ArrayLike<number>;
  }[];
  /** Share of the gross that is asked for. Default 0.8. */
  readonly share?: number;
}

interface Curve {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Examples that make the share asked for. */
  readonly needed: number;
}

function curveOf(contributions: ArrayLike<number>, share: number): Curve {
  const sizes = Float64Array.from(contributions as ArrayLike<number>, Math.abs)
    .sort()
    .reverse();
  const gross = sizes.reduce((sum, size) => sum + size, 0);
  const x = Float64Array.from({ length: sizes.length + 1 }, (_, k) => k / Math.max(1, sizes.length));
  const y = new Float64Array(sizes.length + 1);
  let [sum, needed] = [0, 0];
  sizes.forEach((size, k) => {
    sum += size;
    y[k + 1] = gross > 0 ? sum / gross : 0;
    if (needed === 0 && gross > 0 && y[k + 1] >= share * (1 - 1e-12)) needed = k + 1;
  });
  return { x, y, needed };
}

/** Share of the gross against the share of examples, strongest first; the diagonal is examples that push alike. */
export function concentrationFigure({ rows, share = 0.8 }: ConcentrationFigure): Figure {
  const curves = rows.map(({ name, contributions }) => ({ name, ...curveOf(contributions, share) }));
  const said = curves.map(({ name, needed, x }) =>
    needed === 0
      ? `${name}: no contribution`
      : `${name}: ${formatCount(needed)} of ${countOf(x.length - 1, "example")} for ${formatShare(share)}`,
  );
  return lines({
    title: "Concentration of the contributors",
    caption: `Share of all pushing by the strongest examples. ${said.join("; ")}.`,
    x: { label: "share of the examples, strongest first", domain: [0, 1] },
    y: { label: "share of the gross", domain: [0, 1] },
    series: [...curves, { name: "all alike", x: [0, 1], y: [0, 1], reference: true }],
    guides: [{ axis: "y", value: share, label: formatShare(share) }],
    height: 280,
  });
}
