// Rank gap along training: rank of the training examples' tangent features, of those with the queries', and the energy outside.

import { alongTraining, fromTo } from "./along-training.ts";
import type { Figure } from "./figure.ts";
import { formatCount, formatShare } from "./format.ts";
import { sheet } from "./sheet.ts";

export interface RankGapFigure {
  readonly steps: ArrayLike<number>;
  readonly rank: ArrayLike<number>;
  readonly mixtureRank: ArrayLike<number>;
  /** Share of the queries' tangent features outside of the training span, 0 to 1. */
  readonly outside?: ArrayLike<number | undefined>;
}

/** Both ranks in one plot, the share outside of the span in another. */
export function rankGapFigure({ steps, rank, mixtureRank, outside }: RankGapFigure): Figure {
  if (rank.length !== steps.length || mixtureRank.length !== steps.length)
    throw new RangeError(
      `rankGapFigure: ranks must have one value a step, got ${rank.length} and ${mixtureRank.length} for ${steps.length}`,
    );
  const gaps = Array.from(rank, (value, k) => mixtureRank[k] - value);
  const last = gaps.length - 1;
  const said = last < 0 ? "no step" : `gap ${formatCount(gaps[0])} at first, ${formatCount(gaps[last])} at the end`;
  const text = {
    title: "Rank gap along training",
    caption: `Rank of the tangent features of training examples, and with the queries: ${said}.`,
  };
  const ranks = alongTraining({
    ...text,
    steps,
    y: { label: "rank" },
    measured: [
      { name: "training", values: rank },
      { name: "with queries", values: mixtureRank },
    ],
  });
  if (outside === undefined) return ranks;
  const end = outside[outside.length - 1];
  const energy = alongTraining({
    title: "Energy outside of the training span",
    caption: `Share of the queries' tangent features: ${fromTo(outside)}.`,
    steps,
    y: { label: "share outside", zero: true },
    measured: [{ name: "share outside", values: outside }],
  });
  const share =
    end === undefined || !Number.isFinite(end)
      ? ""
      : ` At the end ${formatShare(end)} of the queries' features lie outside.`;
  return sheet({
    ...text,
    caption: `${text.caption}${share}`,
    figures: [{ ...ranks, title: "Ranks", caption: `Gap ${said.replace(/^gap /, "")}.` }, energy],
  });
}
