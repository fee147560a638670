// A rich training as a sequence of effective kernels: each step is the machine of its own tangent kernel.

import { kernelRotation } from "../../diagnose/richness.ts";
import { lines } from "../../figures/lines.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { linearisedMachine, tangentMachine } from "../../kernels/tangent-machine.ts";
import { lossOf } from "../../losses/registry.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { largestOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";
import { fixedPoints, oneLayer } from "./points.ts";

interface Size {
  readonly width: number;
  readonly steps: number;
  /** How often along training the kernel is looked at. */
  readonly looks: number;
}

interface Measure {
  /** max |f_T - f_0 - sum of the steps' machines| relative to the change. */
  readonly sequence: number;
  /** The same of the machine of K_0 alone. */
  readonly one: number;
  /** 1 - cosine of K_0 and K_s at the places that are looked at. */
  readonly rotation: readonly number[];
}

const RATE = 0.1;

const placesOf = ({ steps, looks }: Size): number[] =>
  Array.from({ length: looks + 1 }, (_, k) => Math.round((k * steps) / looks));

export const effectiveKernels = defineExperiment<Size, Measure, "sequence" | "one" | "turns">({
  id: "richness/effective-kernels",
  title: "A training as a sequence of kernel machines",
  source: "arXiv:2404.19719: at intermediate richness, a sequence of effective kernels",
  rows: ["000-04"],
  claim:
    "At intermediate richness training is a sequence of kernel machines with effective kernels K_t, none of which does alone.",
  refutedBy:
    "A sum of the steps' machines that misses the trained outputs, or a first kernel that does as well as the sequence.",
  expectations: {
    sequence: {
      measure: "what the sum of the steps' machines misses, relative to the change",
      most: 0.05,
      reason: "first order in the rate; a twentieth is no more than the width of a line in a figure",
      central: true,
    },
    one: {
      measure: "what the machine of K_0 alone misses, over what the sequence misses",
      least: 5,
      reason: "the sequence must be better by much more than the noise between seeds",
      central: true,
    },
    turns: {
      measure: "1 - cosine of the kernels at start and end",
      least: 0.001,
      reason: "a kernel that only grows is still one kernel: it must turn, if little, at intermediate richness",
    },
  },
  differences: ["One hidden layer in the mup scaling on eight points: the source has no figure of this."],
  seeds: { quick: 2, full: 10 },
  sizes: { quick: { width: 64, steps: 40, looks: 4 }, full: { width: 256, steps: 200, looks: 20 } },
  parameters: ({ width, steps }) => [
    { name: "model", value: `3-${width}-1, tanh, mup with base width 16`, from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE}`, from: "default" },
  ],
  async measure(size, { seed, engine, signal, progress }) {
    const dataset = fixedPoints();
    const queries = dataset.test.x;
    const { task, params } = seededTask({
      engine: await engine("float64"),
      model: oneLayer(size.width, { parametrisation: "mup", baseWidth: 16 }),
      loss: lossOf("half-mse"),
      optimizer: createOptimizer("gd", { lr: RATE }),
      dataset,
      seed,
    });
    const run = await descend({ task, params }, size.steps, signal);
    const at = async (step: number) => (await run.checkpoint(step)).params;
    const start = await predict(task, await at(0), { x: queries });
    const end = await predict(task, await at(size.steps), { x: queries });
    const sum = start.slice();
    for (const [step, batch] of run.batches.entries()) {
      signal.throwIfAborted();
      const options = { stepSize: run.scalars[step].stepSize, prior: "zero" as const };
      const { value } = await evaluateMachine(await tangentMachine(task, await at(step), batch, options), queries);
      for (let q = 0; q < sum.length; q++) sum[q] += value.data[q];
      progress((step + 1) / size.steps);
    }
    const linear = (await evaluateMachine(await linearisedMachine(task, run), queries)).value.data;
    const kernelAt = async (step: number) => (await tangentKernel(task, await at(step), queries)).kernel;
    const first = await kernelAt(0);
    const rotation: number[] = [];
    for (const step of placesOf(size)) rotation.push(kernelRotation(first, await kernelAt(step)));
    const scale = largestOf(end.map((value, q) => value - start[q]));
    return {
      sequence: largestOf(end.map((value, q) => value - sum[q])) / scale,
      one: largestOf(end.map((value, q) => value - linear[q])) / scale,
      rotation,
    };
  },
  conclude: (measures, size, seeds) => ({
    values: {
      sequence: measures.map(({ sequence }) => sequence),
      one: measures.map(({ one, sequence }) => one / sequence),
      turns: measures.map(({ rotation }) => rotation[rotation.length - 1]),
    },
    table: {
      columns: ["seed", "sequence misses", "K_0 alone misses", "1 - cos(K_0, K_T)"],
      rows: measures.map(({ sequence, one, rotation }, s) => [
        `${seeds[s]}`,
        ...[sequence, one, rotation[rotation.length - 1]].map((v) => cell(v)),
      ]),
    },
    figures: [
      {
        name: "rotation",
        reads:
          "The kernel turns away from that of the start as long as the network learns: by a few degrees only, and yet one kernel alone misses much more than the sequence of all.",
        figure: lines({
          title: "How far the kernel has turned, along training",
          caption: `1 - cosine between the tangent kernel at the start and at a step, over the test points; band: ${intervalWords(seeds.length)}.`,
          x: { label: "step", scale: "whole" },
          y: { label: "1 - cos(K_0, K_t)", zero: true },
          series: [
            bandOf(
              "rotation",
              placesOf(size),
              measures.map(({ rotation }) => rotation),
            ),
          ],
        }),
      },
    ],
  }),
});
