// The picture of `pathkernel coverage`: how the sets are covered, and with two of them the ROC curves of coverage and its baselines.

import { type CoverageScore, type ScoredQueries, separations } from "../diagnose/coverage-scores.ts";
import { rocCurve } from "../diagnose/roc.ts";
import { coverageFigure, type RocFigure, rocFigure } from "../figures/coverage.ts";
import type { Figure } from "../figures/figure.ts";
import { sheet } from "../figures/sheet.ts";
import type { HeldOut } from "./coverage-text.ts";

/** Curves beside coverage's own: two baselines, more would hide it. */
const DRAWN: readonly CoverageScore[] = ["coverage", "probability", "feature distance"];

export interface PictureSets {
  readonly inside: ScoredQueries;
  readonly outside: ScoredQueries | undefined;
  /** Of training examples that are not in the span, and what 5 % of them are covered less than. */
  readonly usual: Float64Array | undefined;
  readonly held: HeldOut | undefined;
}

/** The figure's positives are the foreign examples, those of `rocCurve` the ones inside: both axes are turned round. */
function curvesOf(inside: ScoredQueries, outside: ScoredQueries): RocFigure["curves"] {
  return separations(inside, outside)
    .filter(({ score }) => DRAWN.includes(score))
    .map(({ score, auroc, low, high }) => {
      const both = { inside: inside.scores[score] as Float64Array, outside: outside.scores[score] as Float64Array };
      const { truePositives, falsePositives } = rocCurve(both);
      const turned = (shares: Float64Array): Float64Array => shares.map((share) => 1 - share).reverse();
      return {
        name: score,
        falsePositives: turned(truePositives),
        truePositives: turned(falsePositives),
        auroc,
        low,
        high,
      };
    });
}

/** Histograms of the share covered; beside them, where there are two sets, the curves. */
export function coveragePicture(
  { inside, outside, usual, held }: PictureSets,
  names: { readonly inside: string; readonly outside: string | undefined },
): Figure {
  const shares = coverageFigure({
    score: "share covered by the training span",
    groups: [
      ...(usual ? [{ name: "train, not in the span", values: usual }] : []),
      { name: names.inside, values: inside.coverage.covered },
      ...(outside ? [{ name: names.outside ?? "outside", values: outside.coverage.covered }] : []),
    ],
    ...(held && { threshold: { value: held.fivePercent, label: "5 % of train are below" } }),
  });
  if (outside === undefined) return shares;
  const curves = rocFigure({ of: `${names.inside} against ${names.outside}`, curves: curvesOf(inside, outside) });
  const said =
    "How much of each query's tangent feature lies in the span of the training examples', and what that tells apart.";
  return sheet({ title: "Coverage by the training span", caption: said, figures: [shares, curves] });
}
