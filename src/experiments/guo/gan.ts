// Guo, He and Morel, Corollary 4.2: a generator is moved by attraction to the data and repulsion from itself, and the kernel carries both across latents.

import { arrows } from "../../figures/arrows.ts";
import { lines } from "../../figures/lines.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { column, kindsOf, RATE, strongest } from "./gan-fields.ts";
import { actual, type GanMeasure, type GanSize, ideal } from "./gan-trainings.ts";
import { BATCH, HIDDEN, mixturePoints, RING } from "./gans.ts";

type Name =
  | "learned"
  | "toMode"
  | "offCrowd"
  | "towards"
  | "across"
  | "misaligned"
  | "similar"
  | "closure"
  | "apart"
  | "ideal"
  | "actualClosure";

export const gan = defineExperiment<GanSize, GanMeasure, Name>({
  id: "guo/gan",
  title: "Attraction, repulsion and the kernel across latents in a GAN",
  source: "Guo, He and Morel, Corollary 4.2 and section 4.2",
  rows: ["004-21"],
  claim:
    "A generator's samples are pulled towards regions of high data density and pushed away from where generated samples are dense; the tangent kernel of the generator carries these corrections across latents, so that latents with well-aligned Jacobians receive similar updates and misaligned ones are largely unaffected.",
  refutedBy:
    "Attraction that points away from the data or repulsion into the crowd at many samples, contributions from a sample's own mode alone, or misaligned latents that contribute as much as aligned ones.",
  expectations: {
    learned: {
      measure: "modes that new samples are at, against D*",
      least: 6,
      reason: "of 8: a generator that does not reach most of the data is no test",
    },
    toMode: {
      measure: "share of samples at which attraction points towards the nearest mode",
      least: 0.9,
      reason: "between two modes and behind one the likelihood may rise elsewhere, but not often",
      central: true,
    },
    offCrowd: {
      measure: "share of samples at which repulsion points away from the mean of the samples within two bandwidths",
      least: 0.9,
      reason: "as for attraction; a mean is a coarse picture of the density",
      central: true,
    },
    towards: {
      measure: "share of new latents whose sample was moved towards its mode by all attraction contributions together",
      least: 0.9,
      reason: "the sum over latents and steps is what the corollary writes the output as",
    },
    across: {
      measure: "share of |contributions| from latents that end at other modes",
      least: 0.25,
      reason: "0 is no carrying across, 7/8 an even spread; a quarter is more than leakage",
      central: true,
    },
    misaligned: {
      measure:
        "mean |contribution| of the quarter of latents least aligned with the explained one, over that of the most aligned",
      most: 0.5,
      reason:
        "largely unaffected is at most half as much; the kernel is that of the end, contributions are of all steps",
      central: true,
    },
    similar: {
      measure: "rank correlation of the normalised kernel of two new latents with the cosine of their updates",
      least: 0.5,
      reason: "0 is no relation; the field's own changes from place to place leave some noise",
      central: true,
    },
    closure: {
      measure: "|output - prior - contributions - residual| over the gross sum, against D*",
      most: 1e-10,
      reason: "rounding of thousands of float64 sums: otherwise contributions are not those of the training",
      central: true,
    },
    apart: {
      measure: "|contributions - attraction - repulsion| over the gross sum",
      most: 1e-10,
      reason: "rounding: the two parts are the whole pull",
      central: true,
    },
    ideal: {
      measure: "mean cosine of the learning discriminator's field and that of D*, second half of training",
      least: 0.5,
      reason: "the corollary assumes D*: a field within 60 degrees of its is roughly it",
    },
    actualClosure: {
      measure: "the same closure against the learning discriminator, Adam",
      most: 1e-10,
      reason: "the exact explanation does not need D*",
      central: true,
    },
  },
  differences: [
    "The source has a corollary and no experiment: data, networks and all numbers are ours.",
    "A fixed set of latents, so that contributions are those of latents; explained are new ones.",
    "D* is the best discriminator, p_data / (p_data + p_G), which the corollary assumes; it is computed here and learns nothing. Beside it stands a network that learns to discriminate, as in GANs that are used.",
    "p_G is the kernel density of what all training latents give at the step, of bandwidth 0.2; the data are smoothed by as much. Step size and bandwidth were chosen after coverage of modes was seen for a few seeds, and before any contribution or kernel was.",
    "The crowd of a sample was its 8 nearest samples at first (share 0.85 at quick size); the density knows nothing finer than its bandwidth, so that it is the samples within two of them.",
    "The generator against the learning discriminator steps by Adam, as GANs are trained; against D* by SGD, as in the corollary.",
  ],
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { latents: 64, steps: 140, learning: 160, explained: 3 },
    full: { latents: 128, steps: 300, learning: 600, explained: 4 },
  },
  parameters: ({ latents, steps, learning, explained }) => [
    { name: "data", value: "8 Gaussians of deviation 0.1 on the unit circle", from: "default" },
    { name: "latents", value: `${latents}, normal in the plane`, from: "default" },
    { name: "networks", value: `2-${HIDDEN.join("-")}-2 and 2-${HIDDEN.join("-")}-1, tanh`, from: "default" },
    { name: "loss", value: "minimax: log(1 - D(G(z)))", from: "source" },
    { name: "against D*", value: `${steps} steps of SGD at ${RATE}, batches of ${BATCH}`, from: "default" },
    {
      name: "against a learning D",
      value: `${learning} steps of Adam at 0.005; D by Adam at 0.02, one step for each`,
      from: "default",
    },
    {
      name: "explained",
      value: `${explained} new latents (half as many against a learning D), both coordinates`,
      from: "default",
    },
  ],
  async measure(size, context) {
    const first = await ideal(size, context);
    context.progress(0.7);
    return { ...first, ...(await actual(size, context)) };
  },
  conclude: (measures, size, seeds) => {
    const values = (name: keyof GanMeasure): number[] => measures.map((one) => one[name] as number);
    const [{ field, pulls }] = measures;
    const points = mixturePoints(RING, 160, 1).data;
    const data = { name: "data", x: column([...points], 0), y: column([...points], 1) };
    const x = { label: "first coordinate" };
    const y = { label: "second coordinate" };
    const tenths = Array.from({ length: 10 }, (_, k) => 10 * k + 5);
    return {
      values: {
        learned: values("covered"),
        toMode: values("toMode"),
        offCrowd: values("offCrowd"),
        towards: values("towards"),
        across: values("across"),
        misaligned: values("misaligned"),
        similar: values("similar"),
        closure: values("closure"),
        apart: values("apart"),
        ideal: values("ideal"),
        actualClosure: values("actualClosure"),
      },
      table: {
        columns: [
          "seed",
          "modes against D*",
          "modes against a learning D",
          "residual over the change",
          "cosine of both fields",
        ],
        rows: measures.map((one, s) => [
          `${seeds[s]}`,
          cell(one.covered),
          cell(one.actualCovered),
          cell(one.residual),
          cell(one.ideal),
        ]),
      },
      figures: [
        ...(field
          ? [
              {
                name: "field",
                reads:
                  "Attraction points from every sample to the data next to it, repulsion off the samples around it; where samples lie on data in the right number the two are equal and opposite.",
                figure: arrows({
                  title: "What pulls generated samples, and what pushes them",
                  caption: `Both parts of the pull of D* at 40 samples of ${size.latents}, those with the longest arrows, after an eighth of the steps; seed 1.`,
                  x,
                  y,
                  points: [data, { name: "samples", x: column(field.points, 0), y: column(field.points, 1) }],
                  kinds: kindsOf(strongest(field, 40)),
                }),
              },
            ]
          : []),
        ...(pulls
          ? [
              {
                name: "pulls-on-a-sample",
                reads:
                  "Arrows stand at the training latents' samples and show what each contributed to the position of one new sample, over all of training: it is moved by latents whose samples end far from it, from the upper left of the ring to its bottom, and not only by those that end beside it. Attraction and repulsion of all latents add up to vectors nearly forty times as long as the way that is left of both, and that of attraction points away from the mode that the sample ends nearest to, as for every sample that was explained.",
                figure: arrows({
                  title: "Which latents moved one sample",
                  caption: `Contributions of the 30 strongest of ${size.latents} latents to a new latent's sample, which went from the large circle to the large square; arrows are on a scale of their own; seed 1.`,
                  x,
                  y,
                  points: [
                    data,
                    { name: "samples of latents", x: column(pulls.points, 0), y: column(pulls.points, 1) },
                  ],
                  kinds: kindsOf(strongest(pulls, 30)),
                  paths: [{ name: "the sample", x: [pulls.from[0], pulls.to[0]], y: [pulls.from[1], pulls.to[1]] }],
                }),
              },
            ]
          : []),
        {
          name: "contributions-by-distance",
          reads:
            "Against D* both lines fall from nearly twice the even share to about half of it: nearby latents contribute most, and the farthest still much. Against the learning discriminator the farthest tenth contributes nearly as much as the nearest.",
          figure: lines({
            title: "What latents contribute, by their distance",
            caption: `Mean |contribution| of a tenth of the latents over that of all, from the nearest to the farthest; by latent: distance between latents; by sample: between what they give after training; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "latents by distance, percentile" },
            y: { label: "share over even share", zero: true },
            guides: [{ axis: "y", value: 1, label: "even" }],
            series: [
              bandOf(
                "by latent, D*",
                tenths,
                measures.map(({ byLatent }) => byLatent),
              ),
              bandOf(
                "by sample, D*",
                tenths,
                measures.map(({ bySample }) => bySample),
              ),
              bandOf(
                "by latent, learning D",
                tenths,
                measures.map(({ actualByLatent }) => actualByLatent),
              ),
            ],
          }),
        },
      ],
    };
  },
});
