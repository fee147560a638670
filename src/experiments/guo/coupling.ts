// Guo, He and Morel, section 4.3: a GAN's latents are coupled more globally than a diffusion model's noise levels; both sides of their comparison, measured.

import { dots } from "../../figures/dots.ts";
import { lines } from "../../figures/lines.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { numberText } from "../number-text.ts";
import { type Coupling, type CouplingMeasure, type CouplingSize, couplingMeasure, PARTS, RATE } from "./couplings.ts";
import { HIDDEN } from "./gans.ts";

type Name = "participation" | "nearest" | "far" | "overlap" | "learned" | "coherent" | "stages" | "weight" | "closure";

export const coupling = defineExperiment<CouplingSize, CouplingMeasure, Name>({
  id: "guo/coupling",
  title: "Coupling of a GAN's latents against a diffusion model's noise levels",
  source: "Guo, He and Morel, sections 4.2 and 4.3",
  rows: ["004-22", "004-24"],
  claim:
    "Corrections of a diffusion model are localised by the noise level, those of a GAN are globally coupled: more latents than noisy examples contribute to an output, fewer of the contributions come from nearby, and the kernel falls less with distance.",
  refutedBy:
    "A GAN whose outputs have no more effective contributors, no smaller share of them nearby or no wider kernel than a diffusion model of the same network, data and number of examples.",
  expectations: {
    participation: {
      measure: "effective share of contributors, GAN over diffusion",
      least: 1.25,
      reason: "more globally is more contributors by a quarter at least",
      central: true,
    },
    nearest: {
      measure: "share of |contributions| from the nearest tenth, GAN over diffusion",
      most: 0.8,
      reason: "less local is a smaller share from nearby, by a fifth at least",
      central: true,
    },
    far: {
      measure: "kernel of the farther half over that of the nearest tenth, GAN less diffusion",
      least: 0.1,
      reason: "0 is the same width; a tenth of the near kernel is more than its noise",
      central: true,
    },
    overlap: {
      measure: "mean |normalised kernel| of a query with all examples, GAN over diffusion",
      least: 1.25,
      reason: "the same without any distance: globally coupled is a quarter more kernel with the rest",
    },
    learned: {
      measure: "modes that new samples of the GAN are at",
      least: 3,
      reason: "of 4: a generator that has not learned the data is no GAN to compare",
    },
    coherent: {
      measure: "mean cosine of two queries' updates in a step, GAN less diffusion",
      least: 0.1,
      reason: "globally coupled dynamics move samples together",
    },
    stages: {
      measure: "rank correlation of distance and kernel between noise levels, by tenths",
      most: -0.8,
      reason: "the kernel prefers nearby noise levels: it falls with their distance",
    },
    weight: {
      measure: "cosine of a learning discriminator's field with that of D*, half-way",
      least: 0.5,
      reason: "the weight in a GAN is the density-ratio field, roughly",
    },
    closure: {
      measure: "|output - prior - contributions - residual| over the gross sum, of all three",
      most: 1e-10,
      reason: "rounding: otherwise contributions are not those of the training",
      central: true,
    },
  },
  differences: [
    "The source compares in words; data, networks and all numbers are ours. Both models have one network, one mixture, as many examples and as many steps of SGD; the network of the diffusion model also sees the level's embedding.",
    "The GAN of the expectations is the one with a learning discriminator; that against D*, the best discriminator p_data / (p_data + p_G), which is computed and learns nothing, stands beside it.",
    "The kernel without any distance was added after a first look at quick size, where the GAN's kernel fell more with distance than the diffusion model's: at one noise level points of all places meet, at one latent nothing else does.",
    "Distances are |tau - s| in a diffusion model and between latents in a GAN, each in tenths of the examples: no common unit is needed.",
    "How local the diffusion model is was known from guo/diffusion (its contributions are less so than its kernel) when the bounds were set; of the GAN coverage alone was.",
  ],
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { levels: 20, points: 6, steps: 120, explained: 4 },
    full: { levels: 50, points: 4, steps: 400, explained: 4 },
  },
  parameters: ({ levels, points, steps, explained }) => [
    { name: "data", value: "four Gaussians of deviation 0.2 in the plane", from: "default" },
    {
      name: "examples",
      value: `${points} points at each of ${levels} noise levels; ${levels * points} latents`,
      from: "default",
    },
    {
      name: "networks",
      value: `${HIDDEN.join("-")} hidden units, tanh; sinusoidal embedding of 16 numbers`,
      from: "default",
    },
    { name: "optimizer", value: "SGD", from: "source" },
    {
      name: "step sizes, steps",
      value: `${RATE.diffusion}, ${RATE.learned} (GAN), ${RATE.ideal} (GAN against D*), ${steps}`,
      from: "default",
    },
    { name: "explained", value: `${explained} queries of each, both coordinates`, from: "default" },
  ],
  measure: couplingMeasure,
  conclude: (measures, _, seeds) => {
    const sides = ["diffusion", "learned", "ideal"] as const;
    const names = ["diffusion", "GAN, learning D", "GAN, D*"];
    const of = (side: (typeof sides)[number], pick: (own: Coupling) => number): number[] =>
      measures.map((one) => pick(one[side]));
    const mean = (side: (typeof sides)[number], pick: (own: Coupling) => number): string =>
      numberText(meanOf(of(side, pick)));
    const both = (pick: (own: Coupling) => number): [number[], number[]] => [
      of("learned", pick),
      of("diffusion", pick),
    ];
    const ratio = ([a, b]: [number[], number[]]): number[] => a.map((value, s) => value / b[s]);
    const less = ([a, b]: [number[], number[]]): number[] => a.map((value, s) => value - b[s]);
    const cells = (pick: (own: Coupling) => number): string[] => sides.map((side) => mean(side, pick));
    const apart = Array.from({ length: PARTS }, (_, t) => 10 * t + 5);
    const row = (name: string, pick: (own: Coupling) => number) => ({
      name,
      dots: sides.map((side, series) => dotOf(of(side, pick), series)),
    });
    const curves = (pick: (own: Coupling) => readonly number[]) =>
      sides.map((side, k) =>
        bandOf(
          names[k],
          apart,
          measures.map((one) => [...pick(one[side])]),
        ),
      );
    return {
      values: {
        participation: ratio(both(({ participation }) => participation)),
        nearest: ratio(both(({ nearest }) => nearest)),
        far: less(both(({ farOverNear }) => farOverNear)),
        overlap: ratio(both(({ overlap }) => overlap)),
        learned: measures.map(({ covered }) => covered),
        coherent: less(both((own) => own.coherence)),
        stages: measures.map(({ order }) => order.diffusion),
        weight: measures.map(({ weight }) => weight.gan),
        closure: measures.map((one) => Math.max(...sides.map((side) => one[side].closure))),
      },
      table: {
        columns: ["section 4.3", "said of diffusion", "said of GANs", "our number", ...names],
        rows: [
          [
            "output",
            "prior and a kernel-weighted sum over noisy examples",
            "the same over latents",
            "closure over gross",
            ...cells(({ closure }) => closure),
          ],
          [
            "driving weight",
            "a supervised residual",
            "a field that the discriminator induces",
            "cosine with the residual; with D*'s field",
            numberText(meanOf(measures.map(({ weight }) => weight.diffusion))),
            numberText(meanOf(measures.map(({ weight }) => weight.gan))),
            "1 by construction",
          ],
          [
            "kernel",
            "prefers nearby noise levels",
            "couples latents globally",
            "far half over nearest tenth",
            ...cells(({ farOverNear }) => farOverNear),
          ],
          ["kernel, no distance", "", "", "mean |K| with all examples", ...cells(({ overlap }) => overlap)],
          [
            "influence",
            "from nearby levels, stage by stage",
            "from everywhere",
            "share from the nearest tenth (even: 0.1)",
            ...cells(({ nearest }) => nearest),
          ],
          [
            "contributors",
            "few",
            "many",
            "effective share of all examples",
            ...cells(({ participation }) => participation),
          ],
          [
            "dynamics",
            "incremental refinement",
            "coherent, prone to instability",
            "cosine of two updates in a step",
            ...cells((own) => own.coherence),
          ],
        ],
      },
      figures: [
        {
          name: "coupling",
          reads:
            "Global coupling is far to the right in the first, third and last row, and near 0.1 in the second. Beside diffusion the GAN with a learning discriminator is no more coupled: more comes from its nearest tenth, its kernel falls farther, and its updates are less alike. With D*, the discriminator of the corollary, it comes nearer to what the source says, and passes diffusion clearly in the third row alone.",
          figure: dots({
            title: "How far corrections are coupled",
            caption: `Each as in the table, by model; bars: ${intervalWords(seeds.length)}.`,
            x: { label: "share, ratio or cosine", zero: true },
            series: names,
            interval: intervalWords(seeds.length),
            rows: [
              row("effective share of contributors", ({ participation }) => participation),
              row("share from the nearest tenth", ({ nearest }) => nearest),
              row("kernel, far half over near", ({ farOverNear }) => farOverNear),
              row("cosine of two updates", (own) => own.coherence),
            ],
          }),
        },
        {
          name: "kernel-by-distance",
          reads:
            "The steeper a line falls, the more local the kernel: levels for diffusion, latents for GANs. That of a GAN whose discriminator learns falls below zero, farther than that of the diffusion model.",
          figure: lines({
            title: "Kernel by distance",
            caption: `Mean normalised kernel after training over that of the nearest tenth; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "examples from near to far, percentile" },
            y: { label: "kernel over that nearby", zero: true },
            series: curves(({ kernel }) => kernel),
          }),
        },
        {
          name: "contributions-by-distance",
          reads:
            "A line that stays at one is global: every tenth of the examples contributes its share. The GAN whose discriminator learns is the one that leaves it most.",
          figure: lines({
            title: "Contributions by distance",
            caption: `Mean |contribution| of a tenth of the examples over that of all; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "examples from near to far, percentile" },
            y: { label: "share over even share", zero: true },
            guides: [{ axis: "y", value: 1, label: "even" }],
            series: curves(({ contributions }) => contributions),
          }),
        },
      ],
    };
  },
});
