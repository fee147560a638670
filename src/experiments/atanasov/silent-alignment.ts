// Atanasov, Bordelon and Pehlevan 2022: from small weights the kernel aligns with the task while it is small and the loss has not moved.

import { lines } from "../../figures/lines.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type AlignedTraining, networks, SMALL, shareAligned, trainAligned } from "./aligned-training.ts";

interface Size {
  readonly width: number;
  readonly steps: number;
  readonly networks: readonly (keyof typeof networks)[];
}

type Name = "silent" | "small" | "norm" | "final" | "waits" | "early" | "large" | "unwhitened";

const of = (measure: readonly AlignedTraining[], network: string, whitened = true): readonly AlignedTraining[] =>
  measure.filter((one) => one.network === network && one.whitened === whitened);

/** The first network's, from the smallest and the largest weights, of the first seed. */
const isDrawn = (
  { network, sigma, whitened }: Pick<AlignedTraining, "network" | "sigma" | "whitened">,
  first: keyof typeof networks,
  seed: number,
): boolean => {
  const { sigmas } = networks[first];
  return seed === 1 && whitened && network === first && (sigma === sigmas[0] || sigma === sigmas.at(-1));
};

/** By ascending sigma: the first is the smallest. */
const smallest = (measure: readonly AlignedTraining[]): readonly AlignedTraining[] =>
  [...new Set(measure.map(({ network }) => network))].map((network) => of(measure, network)[0]);

export const silentAlignment = defineExperiment<Size, readonly AlignedTraining[], Name>({
  id: "atanasov/silent-alignment",
  title: "The kernel aligns while it is small and the loss has not moved",
  source: "Atanasov, Bordelon and Pehlevan 2022, arXiv:2111.00034, sections 2 to 4",
  rows: [],
  claim:
    "Deep networks that begin with small weights on whitened inputs turn their kernel to the task before the loss moves and only scale it afterwards, so that they end as kernel regression with their final kernel; from large weights, or on inputs that are not whitened, they do not.",
  refutedBy:
    "An alignment that rises with the loss's fall however small the weights, a final function that its final kernel does not give, or one that it gives as well from large weights and for inputs that are not whitened.",
  expectations: {
    silent: {
      measure:
        "share of the alignment's rise that is over when the loss has lost 5 %, smallest sigma, least of the networks",
      least: 0.8,
      reason: "before the loss appreciably decreases: four fifths of the turn within a twentieth of the fall",
      central: true,
    },
    small: {
      measure: "the same share at the largest sigma, most of the networks",
      most: 0.5,
      reason: "the effect is of small weights: without them at least half of what turns does so while the loss falls",
    },
    norm: {
      measure:
        "norm of the kernel when the loss has lost 5 %, over its final norm, smallest sigma, most of the networks",
      most: 0.1,
      reason: "silent means while the kernel is small: a tenth and less",
      central: true,
    },
    final: {
      measure: "|f_T - regression with K_T| / |f_T| on test points, smallest sigma, most of the networks",
      most: 0.1,
      reason: "equivalent to kernel regression with the final kernel, up to what small but finite weights leave",
      central: true,
    },
    waits: {
      measure:
        "slope of the time of half the loss against ln(1 / sigma²) / 2s, linear network of two layers, sigma <= 0.1",
      least: 0.8,
      most: 1.2,
      reason: "t_2 = ln(s / sigma²) / 2s: a slope of one, up to terms that do not grow",
    },
    early: {
      measure: "time of half the alignment's rise at the smallest sigma over that at 0.1, linear network of two layers",
      least: 0.67,
      most: 1.5,
      reason: "t_1 is of order 1 / s whatever sigma is, where the loss waits for ln(1 / sigma²)",
    },
    large: {
      measure:
        "|f_T - regression with K_T| / |f_T| at the largest sigma over that at the smallest, in powers of ten, least of the networks",
      least: 0.5,
      reason: "fails at large weights: threefold what is left at small ones and more",
    },
    unwhitened: {
      measure:
        "the same for inputs of falling variances over whitened ones, smallest sigma, in powers of ten, least of the networks",
      least: 0.18,
      reason: "weakens without whitening: half as much again and more is missed",
    },
  },
  differences: [
    "10 examples in 20 dimensions, where whitening makes them orthogonal and the final kernel has more to say than one direction; the source has more of both, and CIFAR-10 images beside.",
    "Test points are drawn in all 20 dimensions, so that the regression is asked outside of the examples' span too.",
    "Widths, step sizes and the range of sigma were chosen on a prototype in NumPy of one seed that had this effect; the bounds are wider than what it showed.",
    "A smaller sigma, 0.003 for two layers and 0.02 for three, was added after a full run in which the share of the alignment's rise was 0.83 ± 0.10 at 0.01 and 0.05, least for ReLU units, since the claim is of small weights: it made no difference. The linear networks are at 0.99 now, those of ReLU units go on to turn while the loss falls.",
    "Tanh units make no homogeneous network, of which the source speaks: what their final kernel misses stays at some 0.04 however small sigma is.",
    "The regression begins at zero, as in the source; at large sigma a part of what it misses is the function that the network begins as.",
    "Two bounds were restated in powers of ten after the first quick run, the same bounds as before: a factor of 3 as 0.5, of 1.5 as 0.18.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { width: 20, steps: 400, networks: ["linear, 2 layers"] },
    full: {
      width: 50,
      steps: 1600,
      networks: ["linear, 2 layers", "linear, 3 layers", "relu, 2 layers", "tanh, 3 layers"],
    },
  },
  parameters: ({ width, steps, networks: names }) => [
    { name: "networks", value: `${names.join("; ")}; ${width} units a layer, no biases`, from: "default" },
    {
      name: "sigma, weights of deviation sigma / sqrt(inputs)",
      value: "0.003 to 1 (two layers), 0.02 to 1 (three)",
      from: "default",
    },
    { name: "inputs", value: "10 in R^20: orthogonal, or normal with variances 1/k", from: "default" },
    { name: "targets", value: "linear in the inputs, scaled so that s = |X^T y| / N = 1", from: "source" },
    {
      name: "steps of gradient descent",
      value: `${steps} at ${0.05} at most, until the gradient is below 1e-4`,
      from: "default",
    },
  ],
  async measure({ width, steps, networks: names }, context) {
    const plan = names.flatMap((network) => [
      ...networks[network].sigmas.map((sigma) => ({ network, sigma, whitened: true })),
      { network, sigma: networks[network].sigmas[0], whitened: false },
    ]);
    const trained: AlignedTraining[] = [];
    for (const [k, one] of plan.entries()) {
      trained.push(await trainAligned({ ...one, width, steps, drawn: isDrawn(one, names[0], context.seed) }, context));
      context.progress((k + 1) / plan.length);
    }
    return trained;
  },
  conclude: (measures, { networks: names }, seeds) => {
    const two = measures.map((measure) => of(measure, names[0]));
    const sigmas = networks[names[0]].sigmas;
    const last = sigmas.length - 1;
    const over = (
      pick: (values: readonly number[]) => number,
      value: (network: string, m: readonly AlignedTraining[]) => number,
    ) => measures.map((measure) => pick(names.map((network) => value(network, measure))));
    const least = (values: readonly number[]) => Math.min(...values);
    const most = (values: readonly number[]) => Math.max(...values);
    const slope = (own: readonly AlignedTraining[]): number => {
      const low = own.filter(({ sigma }) => sigma <= SMALL);
      const [x, y] = [low.map(({ sigma }) => -Math.log(sigma)), low.map(({ half }) => half)];
      const [mx, my] = [meanOf(x), meanOf(y)];
      const across = x.reduce((sum, value, k) => sum + (value - mx) * (y[k] - my), 0);
      return across / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
    };
    const bands = `Bands: ${intervalWords(seeds.length)}.`;
    const first = measures[0];
    const shown = [of(first, names[0])[0], of(first, names[0])[last]];
    return {
      values: {
        silent: measures.map((measure) => least(smallest(measure).map(shareAligned))),
        small: over(most, (network, m) => shareAligned(of(m, network).at(-1) as AlignedTraining)),
        norm: measures.map((measure) => most(smallest(measure).map(({ normMoved }) => normMoved))),
        final: measures.map((measure) => most(smallest(measure).map(({ missed }) => missed))),
        waits: two.map(slope),
        early: two.map((own) => own[0].aligned / (own.find(({ sigma }) => sigma === SMALL) as AlignedTraining).aligned),
        large: over(least, (network, m) =>
          Math.log10((of(m, network).at(-1) as AlignedTraining).missed / of(m, network)[0].missed),
        ),
        unwhitened: over(least, (network, m) => Math.log10(of(m, network, false)[0].missed / of(m, network)[0].missed)),
      },
      table: {
        columns: [
          "seed",
          "network",
          "inputs",
          "sigma",
          "A at start",
          "A at 5 %",
          "A at end",
          "|K| at 5 % / end",
          "t_1",
          "t_2",
          "K_T misses",
        ],
        rows: measures.flatMap((measure, s) =>
          measure.map((one) => [
            `${seeds[s]}`,
            one.network,
            one.whitened ? "whitened" : "1/k",
            ...[one.sigma, one.start, one.moved, one.end, one.normMoved, one.aligned, one.half, one.missed].map(
              (value) => cell(value),
            ),
          ]),
        ),
      },
      figures: [
        ...shown.map((one, k) => ({
          name: k === 0 ? "small-weights" : "large-weights",
          reads:
            k === 0
              ? "The alignment rises to its end while loss and kernel lie still; then both move at once, and the alignment no longer."
              : "From large weights the loss falls at once, while the kernel keeps about its size and turns by little: there is no time in which it could align unseen.",
          figure: lines({
            title: `Alignment, loss and size of the kernel from ${k === 0 ? "small" : "large"} weights`,
            caption: `${one.network}, sigma ${one.sigma}, whitened inputs, seed ${seeds[0]}. Alignment yᵀKy / (|K| |y|²); loss relative to its start, |K| to its end.`,
            x: { label: "time (step size times steps)" },
            y: { label: "share", domain: [0, 1.05] },
            series: [
              { name: "alignment", x: one.along?.times ?? [], y: one.along?.alignments ?? [] },
              { name: "loss", x: one.along?.times ?? [], y: one.along?.losses ?? [] },
              { name: "|K_t| / |K_T|", x: one.along?.times ?? [], y: one.along?.norms ?? [] },
            ],
          }),
        })),
        {
          name: "times",
          reads:
            "The loss waits for a time that grows with ln(1 / sigma), in parallel to the line of the theory; the alignment's half-time does not move, but for the largest weights.",
          figure: lines({
            title: "When the kernel has turned, and when the loss falls",
            caption: `${names[0]}; theory: the loss falls at ln(1 / sigma²) / 2. ${bands}`,
            x: { label: "sigma of the initial weights", scale: "log" },
            y: { label: "time", zero: true },
            series: [
              bandOf(
                "loss half gone",
                sigmas,
                two.map((own) => own.map(({ half }) => half)),
              ),
              bandOf(
                "alignment half risen",
                sigmas,
                two.map((own) => own.map(({ aligned }) => aligned)),
              ),
              { name: "theory", x: sigmas, y: sigmas.map((sigma) => -Math.log(sigma)), reference: true },
            ],
          }),
        },
        {
          name: "final-kernel",
          reads:
            "The smaller the weights at the start, the nearer the trained function is to kernel regression with its own final kernel; with large ones it is another function. Tanh units, which make no homogeneous network, level off; those of ReLU begin to.",
          figure: lines({
            title: "What regression with the final kernel misses of the network",
            caption: `|f_T - K_T regression| / |f_T| on test points, whitened inputs. ${bands}`,
            x: { label: "sigma of the initial weights", scale: "log" },
            y: { label: "missed", scale: "log" },
            series: names.map((network) =>
              logBandOf(
                network,
                networks[network].sigmas,
                measures.map((m) => of(m, network).map(({ missed }) => missed)),
              ),
            ),
          }),
        },
      ],
    };
  },
});
