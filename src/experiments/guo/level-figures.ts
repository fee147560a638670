// Pictures and the table of kernels and contributions between noise levels, alike for every diffusion model.

import { colourScaleOf } from "../../figures/colour-scale.ts";
import { heatmap } from "../../figures/heatmap.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import type { Table } from "../../figures/table.ts";
import { spearman } from "../../numeric/correlation.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { cell } from "../number-text.ts";
import type { ExperimentFigure } from "../types.ts";
import {
  byDistance,
  explainedLevels,
  kernelProfile,
  type LevelSize,
  locality,
  looksOf,
  type Profile,
  perError,
  within,
} from "./between-levels.ts";
import { distancesOf, type LevelMeasure, SINUSOIDAL } from "./level-questions.ts";
import { embeddings } from "./noise-levels.ts";

/** What a reader sees in each figure, by its name. */
export type LevelReads = Readonly<
  Record<
    | "kernel-between-levels"
    | "kernel-by-distance"
    | "contributions-by-distance"
    | "contributions-by-level"
    | "contributions-per-error"
    | "errors-by-level",
    string
  >
>;

/** A row for each seed and embedding; `missed` is what the model misses, in words. */
export function levelTable(
  measures: readonly LevelMeasure[],
  size: LevelSize,
  { seeds, missed }: { readonly seeds: readonly number[]; readonly missed: string },
): Table {
  const distances = distancesOf(size);
  return {
    columns: ["seed", "embedding", missed, "rank correlation with |tau - s|", "locality"],
    rows: measures.flatMap(({ byEmbedding }, s) =>
      byEmbedding.map((own, k) => [
        `${seeds[s]}`,
        embeddings[k],
        cell(own.missed),
        cell(spearman(distances, own.kernel) ?? 0),
        cell(locality(own.kernel, size)),
      ]),
    ),
  };
}

export function levelFigures(
  measures: readonly LevelMeasure[],
  size: LevelSize,
  { seeds, reads }: { readonly seeds: readonly number[]; readonly reads: LevelReads },
): ExperimentFigure[] {
  const { levels } = size;
  const looks = looksOf(size);
  const bands = intervalWords(seeds.length);
  const mean = (pick: (one: LevelMeasure) => readonly number[]): number[] =>
    pick(measures[0]).map((_, k) => meanOf(measures.map((one) => pick(one)[k])));
  const maps = [
    { head: "sinusoidal, before training", values: mean(({ start }) => start) },
    ...embeddings.map((name, k) => ({ head: `${name}, trained`, values: mean((one) => one.byEmbedding[k].kernel) })),
  ];
  const colours = { scale: colourScaleOf(maps.map(({ values }) => values)), quantity: "mean normalised kernel" };
  const blocks = Array.from({ length: 5 }, (_, k) => ({
    name: `${(k * levels) / 5 + 1}–${((k + 1) * levels) / 5}`,
    size: looks.length / 5,
  }));
  const apart = looks.map((level) => level - looks[0]);
  const bins = Array.from({ length: 9 }, (_, k) => (k * levels) / 10);
  const inBins = (profile: Profile): number[] =>
    bins.map((from) => byDistance(profile, size, (d) => d >= from && d < from + levels / 10));
  const all = Array.from({ length: levels }, (_, s) => s + 1);
  const binned = (name: string, of: (one: LevelMeasure) => Profile) =>
    bandOf(
      name,
      bins,
      measures.map((own) => inBins(of(own))),
    );
  const even = [{ axis: "y", value: 1, label: "even" }] as const;
  return [
    {
      name: "kernel-between-levels",
      reads: reads["kernel-between-levels"],
      figure: panels({
        title: "Normalised kernel between noise levels",
        caption: `Means over pairs of a test point and an example, and over ${seeds.length} seeds; T = ${levels} levels, noise grows with the level.`,
        colours,
        panels: maps.map(({ head, values }) => ({
          head,
          figure: heatmap({
            title: head,
            caption: "",
            quantity: colours.quantity,
            values,
            rows: looks.length,
            columns: looks.length,
            domain: colours.scale.domain,
            keyed: false,
            rowSide: { label: "level tau of the test point", names: looks.map(String), blocks },
            columnSide: { label: "level s of the example", names: looks.map(String), blocks },
          }),
        })),
        columns: 3,
        least: 200,
      }),
    },
    {
      name: "kernel-by-distance",
      reads: reads["kernel-by-distance"],
      figure: lines({
        title: "Kernel between noise levels, by their distance",
        caption: `Mean normalised kernel after training; bands: ${bands}.`,
        x: { label: "|tau - s|", scale: "whole" },
        y: { label: "mean normalised kernel", zero: true },
        series: embeddings.map((name, k) =>
          bandOf(
            name,
            apart,
            measures.map(({ byEmbedding }) =>
              apart.map((distance) => meanOf(within(byEmbedding[k].kernel, looks, (d) => d === distance))),
            ),
          ),
        ),
      }),
    },
    {
      name: "contributions-by-distance",
      reads: reads["contributions-by-distance"],
      figure: lines({
        title: "What examples of a level contribute, by its distance from the explained one",
        caption: `Relative to the same share for every level, by tenths of the ${levels} levels; per error: over the mean length of the level's errors along training; bands: ${bands}.`,
        x: { label: "|tau - s|, at least" },
        y: { label: "share over even share", zero: true },
        guides: even,
        series: [
          binned("single examples", ({ gross }) => gross),
          binned("sum of a level", ({ net }) => net),
          binned("per error", perError),
          binned("mean kernel at the end", ({ byEmbedding }) => kernelProfile(byEmbedding[SINUSOIDAL].kernel, size)),
        ],
      }),
    },
    {
      name: "contributions-by-level",
      reads: reads["contributions-by-level"],
      figure: lines({
        title: "Which noise levels a prediction comes from",
        caption: `Mean |contribution| of an example of level s over that of all examples; mean over ${seeds.length} seeds.`,
        x: { label: "level s of the examples", scale: "whole" },
        y: { label: "share over even share", zero: true },
        guides: even,
        series: explainedLevels(size).map((tau, k) => ({
          name: `tau = ${tau}`,
          x: all,
          y: mean(({ gross }) => gross[k]),
        })),
      }),
    },
    {
      name: "contributions-per-error",
      reads: reads["contributions-per-error"],
      figure: lines({
        title: "The same for each unit of the examples' error",
        caption: `Mean |contribution| of an example of level s over the mean length of its level's errors along training, over that of all levels; mean over ${seeds.length} seeds.`,
        x: { label: "level s of the examples", scale: "whole" },
        y: { label: "share over even share", zero: true },
        guides: even,
        series: explainedLevels(size).map((tau, k) => ({
          name: `tau = ${tau}`,
          x: all,
          y: mean((one) => perError(one)[k]),
        })),
      }),
    },
    {
      name: "errors-by-level",
      reads: reads["errors-by-level"],
      figure: lines({
        title: "Which levels have the errors",
        caption: `Mean length of a level's errors along each half of training, over that of all levels; bands: ${bands}.`,
        x: { label: "level s", scale: "whole" },
        y: { label: "error over that of all levels", zero: true },
        guides: even,
        series: ["first half", "second half"].map((name, h) =>
          bandOf(
            name,
            all,
            measures.map(({ halves }) => halves[h].errors),
          ),
        ),
      }),
    },
  ];
}
