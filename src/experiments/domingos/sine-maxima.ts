// Domingos 2020, section 4: the maxima of a sine wave are close in gradient space, however far apart they are in the input space.

import { lines } from "../../figures/lines.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { add, matmul, mul } from "../../graph/ops.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { modelFromBuilder } from "../../models/from-graph.ts";
import { mlp } from "../../models/mlp.ts";
import type { Model } from "../../models/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { column, regression, spaced } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";

interface Size {
  readonly width: number;
  readonly steps: number;
}

const KINDS = ["wave", "tanh", "sine"] as const;
type Kind = (typeof KINDS)[number];

interface OfModel {
  /** Normalised kernel of the maximum at pi/2 with the line of places. */
  readonly along: readonly number[];
  /** With the other maxima, mean; with the nearest minima, mean. */
  readonly maxima: number;
  readonly minima: number;
  readonly loss: number;
}

type Measure = Readonly<Record<Kind, OfModel>>;

const LABELS: Readonly<Record<Kind, string>> = {
  wave: "a sin(b x + c)",
  tanh: "tanh network",
  sine: "sine network",
};

const END = 3 * Math.PI;
const PLACES = spaced(-END, END, 181);
const MAXIMUM = Math.PI / 2;
const OTHERS = [MAXIMUM - 2 * Math.PI, MAXIMUM + 2 * Math.PI];
const MINIMA = [MAXIMUM - Math.PI, MAXIMUM + Math.PI];

/** a sin(b x + c): Domingos' candidate function, whose derivatives at all maxima are (1, 0, 0). */
function wave(): Model {
  const b = new GraphBuilder();
  const inner = add(
    b,
    matmul(b, b.input("x", "real", ["N", 1]), b.input("b", "real", [1, 1])),
    b.input("c", "real", [1]),
  );
  return modelFromBuilder("wave", b, mul(b, b.op("Sin", [inner]), b.input("a", "real", [1])));
}

const modelOf = (kind: Kind, width: number): Model =>
  kind === "wave"
    ? wave()
    : mlp({ inputShape: [1], outputs: 1, hidden: [width, width], activation: kind === "tanh" ? "tanh" : "sin" });

export const sineMaxima = defineExperiment<Size, Measure, "wave" | "tanh" | "sine">({
  id: "domingos/sine-maxima",
  title: "Maxima of a sine wave in gradient space",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): curse of dimensionality",
  rows: ["001-26"],
  claim:
    "The maxima of a sine wave are all close in gradient space, even though they can be arbitrarily far apart in the input space.",
  refutedBy:
    "A maximum whose gradient is nearer to that of a minimum than to those of the other maxima, which are twice as far away.",
  expectations: {
    wave: {
      measure: "cosine of the gradients at two maxima, candidate function a sin(b x + c)",
      least: 0.95,
      reason: "the source argues with derivatives of the candidate function; all close is nearly the same direction",
      central: true,
    },
    tanh: {
      measure: "cosine with the other maxima less that with the nearer minima, tanh network",
      least: 0,
      reason: "close must be closer than what is nearer in the input: any advantage counts",
    },
    sine: {
      measure: "cosine with the other maxima less that with the nearer minima, network of sine units",
      least: 0,
      reason: "any advantage counts, as for the tanh network",
    },
  },
  differences: [
    "The source has a sentence and no experiment: models, ranges and optimizer are ours.",
    "Gradients are compared after training by their cosine, the normalised tangent kernel.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: { quick: { width: 16, steps: 300 }, full: { width: 64, steps: 4000 } },
  parameters: ({ width, steps }) => [
    { name: "target", value: "sin x on 64 points of [-3π, 3π]", from: "source" },
    { name: "networks", value: `1-${width}-${width}-1`, from: "default" },
    { name: "training", value: `${steps} steps of Adam at 0.005`, from: "default" },
  ],
  async measure({ width, steps }, { seed, engine, signal, progress }) {
    const xs = spaced(-END, END, 64);
    const random = randomFrom(seed, "wave");
    const found: Partial<Record<Kind, OfModel>> = {};
    for (const [k, kind] of KINDS.entries()) {
      const model = modelOf(kind, width);
      const { task, params: drawn } = seededTask({
        engine: await engine("float64"),
        model,
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("adam", { lr: 0.005 }),
        dataset: regression(column(xs), xs.map(Math.sin)),
        seed,
      });
      // A wave finds its frequency only from nearby: from elsewhere it ends in an alias.
      const near = { a: 0.5, b: 1 + 0.02 * random.normal(), c: 0.3 * random.normal() };
      const params =
        kind === "wave" ? Float64Array.from(model.parameters.entries, ({ name }) => near[name as "a"]) : drawn;
      const run = await descend({ task, params }, steps, signal, steps);
      const { params: w } = await run.checkpoint(steps);
      const line = column([...PLACES, ...OTHERS, ...MINIMA]);
      const { kernel } = await tangentKernel(task, w, column([MAXIMUM]), line, { normalize: true });
      const values = [...(kernel.data as RealArray)];
      const [m0, m1, n0, n1] = values.slice(PLACES.length);
      found[kind] = {
        along: values.slice(0, PLACES.length),
        maxima: (m0 + m1) / 2,
        minima: (n0 + n1) / 2,
        loss: run.scalars[steps - 1].loss,
      };
      progress((k + 1) / KINDS.length);
    }
    return found as Measure;
  },
  conclude: (measures, _size, seeds) => ({
    values: {
      wave: measures.map((own) => own.wave.maxima),
      tanh: measures.map((own) => own.tanh.maxima - own.tanh.minima),
      sine: measures.map((own) => own.sine.maxima - own.sine.minima),
    },
    table: {
      columns: ["seed", "model", "with other maxima", "with nearest minima", "loss at the end"],
      rows: measures.flatMap((own, s) =>
        KINDS.map((kind) => [
          `${seeds[s]}`,
          LABELS[kind],
          ...[own[kind].maxima, own[kind].minima, own[kind].loss].map((value) => cell(value)),
        ]),
      ),
    },
    figures: [
      {
        name: "kernel-along-x",
        reads:
          "Peaks at the dashed lines are maxima that the model has close to the one at π/2: sharp ones for the wave itself, broad ones for sine units, and none to speak of for tanh units, whose kernel is a single hill.",
        figure: lines({
          title: "The kernel of the maximum at π/2 with every other place",
          caption: `Cosine of the gradients after training; guides at the other maxima of sin x; bands: ${intervalWords(seeds.length)}.`,
          x: { label: "x" },
          y: { label: "normalised tangent kernel", domain: [-1.05, 1.05] },
          series: KINDS.map((kind) =>
            bandOf(
              LABELS[kind],
              PLACES,
              measures.map((own) => own[kind].along),
            ),
          ),
          guides: OTHERS.map((value) => ({ axis: "x" as const, value, label: "maximum" })),
        }),
      },
    ],
  }),
});
