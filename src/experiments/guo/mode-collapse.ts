// Guo, He and Morel, Remark 4.1: what dominates a GAN's training is carried by the kernel to all latents, and modes collapse together.

import { dots } from "../../figures/dots.ts";
import { panels } from "../../figures/panels.ts";
import { scatter } from "../../figures/scatter.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type CollapseMeasure, type CollapseSize, collapseMeasure, type Look, TESTS } from "./collapsing.ts";
import { BATCH, HIDDEN, RING } from "./gans.ts";

type Name = "healthy" | "collapse" | "alignment" | "against" | "amplified" | "main" | "mass" | "inherited" | "closure";

export const modeCollapse = defineExperiment<CollapseSize, CollapseMeasure, Name>({
  id: "guo/mode-collapse",
  title: "Mode collapse through the path kernel",
  source: "Guo, He and Morel, Remark 4.1",
  rows: ["004-23"],
  claim:
    "In mode collapse a subset of latents accounts for the main contribution to the kernel-weighted sum, the kernel carries it to all latents, so that many new latents receive aligned updates, and new latents inherit the preference for the collapsed modes.",
  refutedBy:
    "Updates of different latents that are no more aligned after collapse than before or in a training that keeps its modes, or contributions that the winning cluster has no more of than its share of the latents.",
  expectations: {
    healthy: {
      measure: "modes that new samples are at, before",
      least: 6,
      reason: "of 8: what has collapsed already cannot show a collapse",
    },
    collapse: {
      measure: "modes that new samples are at, after",
      most: 3,
      reason: "otherwise it is no collapse",
      central: true,
    },
    alignment: {
      measure: "mean cosine of the updates of two new latents, after less before",
      least: 0.2,
      reason: "coherent motion that was not there before; 0 is none of it, 1 all of it",
      central: true,
    },
    against: {
      measure: "the same after collapse less after as many steps that keep the modes",
      least: 0.2,
      reason: "more training alone must not do it",
      central: true,
    },
    amplified: {
      measure:
        "share of |contributions| to latents outside of the winning cluster that its latents have, over its share of latents",
      least: 1.5,
      reason: "1 is what any latents would have; half as much again is domination",
      central: true,
    },
    main: {
      measure: "share of |contributions| to them that the most contributing eighth of the latents has",
      least: 0.5,
      reason: "a subset that accounts for the main contribution has more than half; an even eighth has 0.125",
    },
    mass: {
      measure: "the cluster's share of the kernel's mass over its share of latents, after over before",
      least: 1.25,
      reason: "amplified by the kernel is a growing part of it",
    },
    inherited: {
      measure: "|share of new latents at the dominant mode - share of trained ones|, after",
      most: 0.1,
      reason: "a hundred new latents know their share to 0.05",
    },
    closure: {
      measure: "|output - prior - contributions - residual| over the gross sum, of the collapsing training",
      most: 1e-10,
      reason: "rounding: otherwise contributions are not those of the training",
      central: true,
    },
  },
  differences: [
    "The source has a remark and no experiment: everything is ours.",
    "The share of the most contributing eighth took the place of the winning cluster's own share after a first look at quick size, where that cluster had less than its even share: a subset may dominate without being the one whose mode wins.",
    "Collapse is made: the generator's step grows fourfold and the discriminator's falls tenfold, from a state that holds the modes; the control goes on from there as before. That such step sizes collapse was seen in trainings from the start with the non-saturating loss, and the alignment of updates in some by SGD, before any kernel or contribution was.",
    "A sample is at the mode that is nearest to it, however far; modes that samples are at have a quarter of their even share within three deviations. A collapse beyond the data thus has a dominant mode and is at none.",
    "The winning cluster are the training latents whose samples were at the collapsed training's dominant mode before it collapsed.",
  ],
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { latents: 64, steps: 300, further: 120, explained: 3 },
    full: { latents: 128, steps: 700, further: 200, explained: 4 },
  },
  parameters: ({ latents, steps, further, explained }) => [
    { name: "data", value: "8 Gaussians of deviation 0.1 on the unit circle", from: "default" },
    { name: "latents", value: `${latents}, and ${TESTS} new ones`, from: "default" },
    { name: "networks", value: `2-${HIDDEN.join("-")}-2 and 2-${HIDDEN.join("-")}-1, tanh`, from: "default" },
    {
      name: "before",
      value: `${steps} steps, Adam at 0.005 and 0.02 (discriminator), batches of ${BATCH}`,
      from: "default",
    },
    { name: "after", value: `${further} more at 0.02 and 0.002; control: at 0.005 and 0.02`, from: "default" },
    {
      name: "explained",
      value: `${explained} new latents outside of the winning cluster, both coordinates`,
      from: "default",
    },
  ],
  measure: collapseMeasure,
  conclude: (measures, _, seeds) => {
    const looks = (["before", "collapsed", "kept"] as const).map((key) => measures.map((one) => one[key]));
    const heads = ["before", "collapsed", "kept"];
    const of = (pick: (look: Look) => number): number[][] => looks.map((list) => list.map(pick));
    const [before, after, kept] = of(({ alignment }) => alignment);
    const masses = of(({ mass }) => mass);
    const [shown] = measures;
    const row = (name: string, numbers: readonly (readonly number[])[]) => ({
      name,
      dots: numbers.map((list, series) => dotOf(list, series)),
    });
    return {
      values: {
        healthy: looks[0].map(({ covered }) => covered),
        collapse: looks[1].map(({ covered }) => covered),
        alignment: after.map((value, s) => value - before[s]),
        against: after.map((value, s) => value - kept[s]),
        amplified: measures.map(({ amplified }) => amplified),
        main: measures.map(({ main }) => main),
        mass: masses[1].map((value, s) => value / masses[0][s]),
        inherited: looks[1].map(({ dominant, trained }) => Math.abs(dominant - trained)),
        closure: measures.map(({ closure }) => closure),
      },
      table: {
        columns: [
          "seed",
          "when",
          "modes",
          "at the dominant mode",
          "alignment of updates",
          "kernel mass of the cluster",
          "contributions of the cluster",
        ],
        rows: measures.flatMap((one, s) =>
          (
            [
              ["before", one.before, undefined],
              ["collapsed", one.collapsed, one.amplified],
              ["kept", one.kept, one.keptAmplified],
            ] as const
          ).map(([when, look, share]) => [
            `${seeds[s]}`,
            when,
            cell(look.covered),
            cell(look.dominant),
            cell(look.alignment),
            cell(look.mass),
            share === undefined ? "" : cell(share),
          ]),
        ),
      },
      figures: [
        {
          name: "samples",
          reads:
            "A hundred new latents: all around the ring before; after the collapse in a clump outside of it, with a tail to its middle, and hardly any at the data; and still around the ring where training went on as before, though most are at a few modes.",
          figure: panels({
            title: "Samples of new latents before and after",
            caption: `Seed ${seeds[0]}; squares mark the eight modes. Kept: as many further steps as to the collapse, at the rates before.`,
            panels: heads.map((head, k) => {
              const { samples } = [shown.before, shown.collapsed, shown.kept][k];
              return {
                head,
                figure: scatter({
                  title: head,
                  caption: "",
                  x: { label: "first coordinate", domain: [-1.6, 1.6] },
                  y: { label: "second coordinate", domain: [-1.6, 1.6] },
                  classes: [
                    {
                      name: "samples",
                      x: samples.filter((_, at) => at % 2 === 0),
                      y: samples.filter((_, at) => at % 2 === 1),
                    },
                    { name: "modes", x: RING.centres.map(([a]) => a), y: RING.centres.map(([, b]) => b) },
                  ],
                  equal: true,
                }),
              };
            }),
            columns: 3,
            least: 230,
          }),
        },
        {
          name: "alignment",
          reads:
            "After the collapse updates of different latents point the same way in two of four trainings (cosine near 1) and hardly in the others, so that four seeds do not settle it; the kernel between latents grows by less than half.",
          figure: dots({
            title: "Alignment of updates and kernel between latents",
            caption: `Mean cosine of two new latents' updates over 20 steps; mean square of the normalised kernel between them; bars: ${intervalWords(seeds.length)}.`,
            x: { label: "mean over pairs", zero: true },
            series: heads,
            interval: intervalWords(seeds.length),
            rows: [
              row("cosine of updates", [before, after, kept]),
              row(
                "squared normalised kernel",
                of(({ overlap }) => overlap),
              ),
            ],
          }),
        },
        {
          name: "cluster",
          reads:
            "One is what any latents would have. The cluster whose mode won has no more than its share of the kernel, and less than its share of the contributions to others: it does not dominate.",
          figure: dots({
            title: "What the winning cluster has of kernel and contributions",
            caption: `Over its share of the latents. Contributions are to new latents outside of the cluster, over the steps after; bars: ${intervalWords(seeds.length)}.`,
            x: { label: "share over even share", zero: true },
            series: heads,
            interval: intervalWords(seeds.length),
            rows: [
              row("kernel mass", masses),
              {
                name: "contributions",
                dots: [
                  dotOf(
                    measures.map(({ amplified }) => amplified),
                    1,
                  ),
                  dotOf(
                    measures.map(({ keptAmplified }) => keptAmplified),
                    2,
                  ),
                ],
              },
            ],
          }),
        },
      ],
    };
  },
});
