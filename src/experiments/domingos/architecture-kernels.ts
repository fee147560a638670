// Domingos 2020, section 4: architectures as kernels; translation invariance of convolutions, selection by attention.

import { arrayDataset } from "../../data/array-dataset.ts";
import { dots } from "../../figures/dots.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { concat, slice } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { modelFromBuilder } from "../../models/from-graph.ts";
import { flatten, linear } from "../../models/layers.ts";
import { mlp } from "../../models/mlp.ts";
import { createModel } from "../../models/registry.ts";
import type { Model } from "../../models/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { largestOf, normals } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly points: number;
  readonly side: number;
  readonly channels: number;
}

const KINDS = ["pooled", "flat", "dense", "attention", "transformer"] as const;
type Kind = (typeof KINDS)[number];

/** max |K(x, g x') - K(x, x')| / max |K|. */
type Measure = Readonly<Record<Kind, number>>;

const LABELS: Readonly<Record<Kind, string>> = {
  pooled: "convolution, mean over places: shift",
  flat: "convolution, places kept: shift",
  dense: "dense layer: shift",
  attention: "attention: other order of tokens",
  transformer: "transformer with places: other order",
};

const [LENGTH, WIDTH] = [6, 4];

/** A 3x3 convolution on a torus, tanh, then a mean over positions or all of them, and a linear layer. */
function torusModel({ side, channels }: Size, end: "mean" | "flatten"): Model {
  const b = new GraphBuilder();
  let x: Value = b.input("x", "real", ["N", 1, side, side]);
  for (const axis of [2, 3]) {
    const last = slice(b, x, axis, { start: side - 1, end: side });
    x = concat(b, [last, x, slice(b, x, axis, { start: 0, end: 1 })], axis);
  }
  const [weight, bias] = [b.input("c.weight", "real", [channels, 1, 3, 3]), b.input("c.bias", "real", [channels])];
  const window = { kernel_shape: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 };
  const h = b.op("Tanh", [b.op("Conv", [x, weight, bias], window)]);
  const features = end === "flatten" ? flatten(b, h) : b.op("ReduceMean", [h, b.ints([2, 3])], { keepdims: 0 });
  return modelFromBuilder(`torus, ${end}`, b, linear(b, features, { name: "head", outputs: 1 }));
}

/** Every example with number k of its rows of `width` taken from place `from(k)`. */
function rearranged({ shape, data }: Tensor, width: number, from: (k: number) => number): Tensor<"float64"> {
  const own = data as RealArray;
  return reals(
    shape,
    Float64Array.from(own, (_, at) => own[at - (at % width) + from(at % width)]),
  );
}

export const architectureKernels = defineExperiment<Size, Measure, Kind>({
  id: "domingos/architecture-kernels",
  title: "Kernels from architectures: invariance and selection",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): network architecture as knowledge built into the kernel",
  rows: ["001-25", "004-44"],
  claim:
    "An architecture builds knowledge into the kernel: convolutions make it invariant to translation, and attention to the order of what it selects from.",
  refutedBy: "A kernel of a convolutional network that changes when an input is shifted.",
  expectations: {
    pooled: {
      measure: "relative change of the kernel under a shift, convolution and mean over places",
      most: 1e-10,
      reason: "an invariance is exact up to rounding",
      central: true,
    },
    attention: {
      measure: "relative change under another order of tokens, attention without places",
      most: 1e-10,
      reason: "an invariance is exact up to rounding",
      central: true,
    },
    flat: {
      measure: "relative change under a shift, convolution whose head keeps places",
      most: 1e-10,
      reason: "the claim names convolutions, not what follows them: as it stands it must hold here too",
    },
    dense: {
      measure: "relative change under a shift, dense layer",
      least: 0.1,
      reason: "the contrast: without the architecture the kernel must see the shift plainly",
    },
    transformer: {
      measure: "relative change under another order, transformer with places",
      least: 0.01,
      reason: "the contrast: places that are added to tokens must be seen",
    },
  },
  differences: [
    "The source has no experiment: random inputs on a torus (shifts without edges), kernels at random weights.",
    "Only the order of tokens is tested of attention, not which of them it selects.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: { quick: { points: 4, side: 5, channels: 4 }, full: { points: 16, side: 10, channels: 16 } },
  parameters: ({ points, side, channels }) => [
    {
      name: "images",
      value: `${points} normal, ${side} x ${side}, shifted by 2 rows and 1 column around the torus`,
      from: "default",
    },
    { name: "convolution", value: `3 x 3, ${channels} channels, tanh`, from: "default" },
    { name: "sequences", value: `${points} of ${LENGTH} tokens in R^${WIDTH}, turned by one place`, from: "default" },
  ],
  async measure(size, { seed, engine, progress }) {
    const { points, side } = size;
    const random = randomFrom(seed, "inputs");
    const images = normals(random, [points, 1, side, side]);
    const tokens = normals(random, [points, LENGTH, WIDTH]);
    const shift = (x: Tensor) =>
      rearranged(x, side * side, (k) => ((Math.floor(k / side) + 2) % side) * side + ((k + 1) % side));
    const turn = (x: Tensor) => rearranged(x, LENGTH * WIDTH, (k) => (k + WIDTH) % (LENGTH * WIDTH));
    const cases: Readonly<Record<Kind, readonly [Model, Tensor<"float64">, typeof shift]>> = {
      pooled: [torusModel(size, "mean"), images, shift],
      flat: [torusModel(size, "flatten"), images, shift],
      dense: [mlp({ inputShape: [1, side, side], outputs: 1, hidden: [32], activation: "tanh" }), images, shift],
      attention: [createModel("attention:8:1:2", { inputShape: [LENGTH, WIDTH], outputs: 1 }), tokens, turn],
      transformer: [createModel("transformer:8:1:2", { inputShape: [LENGTH, WIDTH], outputs: 1 }), tokens, turn],
    };
    const found: Partial<Record<Kind, number>> = {};
    for (const [k, kind] of KINDS.entries()) {
      const [model, x, moved] = cases[kind];
      const { task, params } = seededTask({
        engine: await engine("float64"),
        model,
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("gd", { lr: 0.1 }),
        dataset: arrayDataset({ train: { x, y: reals([points, 1], new Float64Array(points)) } }),
        seed,
      });
      const kernel = async (second: Tensor) => (await tangentKernel(task, params, x, second)).kernel.data as RealArray;
      const [plain, other] = [await kernel(x), await kernel(moved(x))];
      found[kind] = largestOf(other.map((value, at) => value - plain[at])) / largestOf(plain);
      progress((k + 1) / KINDS.length);
    }
    return found as Measure;
  },
  conclude: (measures, _size, seeds) => ({
    values: {
      pooled: measures.map(({ pooled }) => pooled),
      attention: measures.map(({ attention }) => attention),
      flat: measures.map(({ flat }) => flat),
      dense: measures.map(({ dense }) => dense),
      transformer: measures.map(({ transformer }) => transformer),
    },
    table: {
      columns: ["seed", ...KINDS.map((kind) => LABELS[kind])],
      rows: measures.map((own, s) => [`${seeds[s]}`, ...KINDS.map((kind) => cell(own[kind]))]),
    },
    figures: [
      {
        name: "invariance",
        reads: "Rounding at the left is an invariance; what lies at the right sees the shift or the order.",
        figure: dots({
          title: "How much a kernel changes under a symmetry of the input",
          caption: `Largest |K(x, g x') - K(x, x')| over largest |K| at random weights; ${intervalWords(seeds.length)}.`,
          x: { label: "relative change of the kernel", scale: "log" },
          rows: KINDS.map((kind) => {
            const values = measures.map((own) => Math.max(own[kind], 1e-17));
            const { low, ...dot } = dotOf(values);
            return { name: LABELS[kind], dots: [{ ...dot, ...(low !== undefined && { low: Math.max(low, 1e-17) }) }] };
          }),
          interval: intervalWords(seeds.length),
        }),
      },
    ],
  }),
});
