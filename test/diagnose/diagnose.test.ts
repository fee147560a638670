// A diagnosis of small runs: its numbers are those of the measures on kernels computed apart, its plan is kept, degenerate runs have answers.

import { beforeAll, describe, expect, it } from "vitest";
import { cka, labelKernel, targetKernel } from "../../src/diagnose/alignment.ts";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import { type DiagnoseOptions, type Diagnosis, measureNames } from "../../src/diagnose/diagnosis.ts";
import { diagnosisSteps, planDiagnosis } from "../../src/diagnose/diagnosis-plan.ts";
import { diagnosisTable } from "../../src/diagnose/diagnosis-table.ts";
import { measureLinearisation } from "../../src/diagnose/linearisation.ts";
import { namedSample } from "../../src/diagnose/sample.ts";
import { diagnosisSentences } from "../../src/diagnose/sentences.ts";
import { spectrumSummary } from "../../src/diagnose/spectrum-summary.ts";
import { kernelSpectrum } from "../../src/kernels/spectrum.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { type RealArray, reals, zeros } from "../../src/numeric/tensor.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { stateAt } from "../../src/train/trajectory.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

interface Trained {
  readonly task: Task;
  readonly run: Run;
}

async function trained(options: SmallTaskOptions, start?: (params: RealArray) => RealArray): Promise<Trained> {
  const { task, params, batches } = await smallTask(options);
  return { task, run: await trainInMemory(task, { params: start?.(params) ?? params, batches, checkpointEvery: 8 }) };
}

const GD = {
  optimizer: { label: "gd", name: "gd", options: { lr: 0.2 } },
  steps: 20,
  examples: 12,
  queries: 5,
} as const;
const algebra = await openLinearAlgebra({ member: "javascript" });
const exact = { atol: 1e-12, rtol: 1e-9 };
let classes: Trained;
let regression: Trained;
let found: Diagnosis;

beforeAll(async () => {
  classes = await trained({ ...GD, loss: "cross-entropy", hidden: [6, 5] });
  regression = await trained({ ...GD, loss: "half-mse", hidden: [6] });
  found = await diagnose(classes.task, classes.run, { algebra, steps: [0, 3, 20], per: "layer" });
});

describe("diagnose", () => {
  it("measures the trace kernel of the sample before each step: spectrum, alignment, distances", async () => {
    const { task, run } = classes;
    const { x, labels } = namedSample(task, "train:0-11");
    const kernels = [];
    for (const [k, step] of [0, 3, 20].entries()) {
      // Step 3 is not stored.
      const { params } = await stateAt(task, run, step);
      const { values } = await kernelSpectrum(task, params, x, { algebra });
      const { spectrum, alignment, step: own } = found.steps[k];
      expect(own).toBe(step);
      const apart = spectrumSummary(values);
      expect(spectrum?.effectiveRank).toBeAllclose(apart.effectiveRank, exact);
      expect(spectrum?.rank).toBe(apart.rank);
      const kernel = reals([12, 12], (await tangentKernel(task, params, x)).kernel.data as RealArray);
      kernels.push(kernel);
      expect(alignment?.centred).toBeAllclose(cka(kernel, labelKernel(labels as Int32Array)) as number, exact);
    }
    const [first, , last] = kernels;
    const product = (a: typeof first, b: typeof first) =>
      a.data.reduce((total, value, at) => total + value * b.data[at], 0);
    const distance = 1 - product(first, last) / Math.sqrt(product(first, first) * product(last, last));
    expect(found.movement?.distances.data[2]).toBeAllclose(distance, exact);
    expect(found.movement?.velocity).toHaveLength(2);
    expect(found.kernels.map(({ step }) => step)).toEqual([0, 20]);
    expect(found.kernels[1].kernel.data).toBeAllclose(last.data, exact);
    expect(found.richness?.gauge).toBeGreaterThan(0);
  });

  it("parts the kernel among layers: their shares of the trace add up, each has its own alignment", async () => {
    const { task, run } = classes;
    const { x, labels } = namedSample(task, "train:0-11");
    const { layers = [] } = found.steps[2];
    expect(layers.map(({ name }) => name)).toEqual(["layers.0", "layers.1", "layers.2"]);
    expect(layers.reduce((total, { share = 0 }) => total + share, 0)).toBeAllclose(1, exact);
    const { kernel } = await tangentKernel(task, (await run.checkpoint(20)).params, x, undefined, { per: "layer" });
    const last = reals([12, 12], (kernel.data as RealArray).subarray(288));
    expect(layers[2].centred).toBeAllclose(cka(last, labelKernel(labels as Int32Array)) as number, exact);
  });

  it("has |grad L|^2 = r^T K r / n^2 of what training recorded, for any loss", () => {
    // Plain gradient descent on all twelve examples: the recorded norm is that of the mean loss.
    for (const { step, nullSpace } of found.steps.slice(0, 2)) {
      const { gradientNorm, loss } = classes.run.scalars[step];
      expect(nullSpace?.examples).toBe(12);
      expect((nullSpace?.quadratic as number) / 144).toBeAllclose(gradientNorm ** 2, exact);
      expect(found.steps[step === 0 ? 0 : 1].loss).toBeAllclose(loss, exact);
    }
  });

  it("aligns with the targets of a regression, and says what it cannot measure there", async () => {
    const { task, run } = regression;
    const { steps, plan, inputs } = await diagnose(task, run, {
      algebra,
      steps: [20],
      sample: namedSample(task, "test:0-4"),
    });
    expect(plan.skipped).toEqual([
      { measure: "movement", reason: "needs two steps or more" },
      { measure: "separability", reason: "needs a class for each example" },
      { measure: "blocks", reason: "needs a class for each example" },
    ]);
    expect(steps[0].accuracy).toBeUndefined();
    const { kernel } = await tangentKernel(task, (await run.checkpoint(20)).params, task.dataset.test.x);
    const l = targetKernel(task.dataset.test.y);
    const wanted = cka(reals([5, 5], kernel.data as RealArray), l) as number;
    expect(steps[0].alignment?.centred).toBeAllclose(wanted, exact);
    expect(inputs?.spectrum?.rank).toBe(3);
  });

  it("finds a linear model at its linearisation, its kernel at rest, its training lazy", async () => {
    const { task, run } = await trained({ ...GD, loss: "half-mse", hidden: [] });
    const { steps, movement } = await diagnose(task, run, { algebra });
    expect(steps.at(-1)?.linearisation?.error).toBeLessThan(1e-12);
    expect(steps.at(-1)?.linearisation?.moved).toBeGreaterThan(0.1);
    expect(Math.max(...(movement?.distances.data ?? []))).toBeLessThan(1e-14);
  });

  it("has the linearisation of a network by differences: f_0 + d/dh f(w_0 + h (w - w_0)) at h = 0", async () => {
    const { task, run } = regression;
    const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(20)).params];
    const xs = task.dataset.test.x;
    const off = async (h: number) => {
      const there = start.map((value, i) => value + h * (end[i] - value)) as RealArray;
      return (await measureLinearisation(task, start, there, { xs })).off;
    };
    // The remainder of a line is of second order in h.
    expect(Math.log2((await off(2e-3)) / (await off(1e-3)))).toBeAllclose(2, { atol: 0.01, rtol: 0 });
  });

  it("tells progress, and stops when asked to", async () => {
    const told: string[] = [];
    const onProgress: DiagnoseOptions["onProgress"] = ({ done, total, note = "" }) =>
      told.push(`${done}/${total} ${note}`);
    await diagnose(regression.task, regression.run, {
      algebra,
      steps: [0, 20],
      measures: ["linearisation"],
      onProgress,
    });
    expect(told).toEqual(["0/2 step 0", "1/2 step 20", "2/2 "]);
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(diagnose(regression.task, regression.run, { algebra, signal })).rejects.toThrow("stopped");
  });
});

describe("planDiagnosis", () => {
  it("takes the first step, three between and the last, at stored checkpoints where they are near", () => {
    const run = { batches: new Array(10_000) as Run["batches"], checkpoints: [0, 12, 100, 900, 5000, 10_000] };
    expect(diagnosisSteps(run)).toEqual([0, 12, 100, 900, 10_000]);
    expect(diagnosisSteps({ ...run, checkpoints: [0, 10_000] })).toEqual([0, 10, 100, 1000, 10_000]);
    expect(diagnosisSteps({ batches: [], checkpoints: [0] })).toEqual([0]);
  });

  it("counts kernels, replays, memory and time before anything runs, more of each for more examples", () => {
    const { task, run } = classes;
    const of = (spec: string) => planDiagnosis(task, run, { sample: namedSample(task, spec), steps: [0, 3, 20] });
    const [small, large] = [of("train:0-3"), of("train:0-11")];
    expect(large).toMatchObject({
      steps: [0, 3, 20],
      // Twice, since signs of units are compared in a pass of their own.
      replays: 6,
      measures: measureNames,
      skipped: [],
      blocks: { examples: 12 },
    });
    expect(large.kernel?.shape).toEqual([12, 12]);
    expect(large.flops.kernels).toBeGreaterThan(small.flops.kernels);
    expect(large.flops.decompositions).toBeGreaterThan(small.flops.decompositions);
    expect(large.bytes).toBeGreaterThan(small.bytes);
    expect(large.seconds).toBeGreaterThan(small.seconds);
    const few = planDiagnosis(task, run, { measures: ["linearisation"] });
    expect([few.kernel, few.blocks, few.flops.decompositions]).toEqual([undefined, undefined, 0]);
  });

  it("refuses steps that are not the run's, and measures that are none", () => {
    const { task, run } = classes;
    const refusal = (options: DiagnoseOptions) => () => planDiagnosis(task, run, options);
    expect(refusal({ steps: [0, 21] })).toThrow(new RangeError("planDiagnosis: steps must lie in 0..20, got 21"));
    expect(refusal({ steps: [4, 4] })).toThrow(new RangeError("planDiagnosis: steps must ascend, got 4 after 4"));
    expect(refusal({ steps: [] })).toThrow(new RangeError("planDiagnosis: steps must hold a step or more, got none"));
    expect(refusal({ measures: ["all" as "blocks"] })).toThrow(/measures must be of spectrum, .*, got all/);
  });
});

describe("a diagnosis of degenerate runs", () => {
  /** Every cell of the table, and every sentence. */
  async function told({ task, run }: Trained, options: DiagnoseOptions = {}) {
    const diagnosis = await diagnose(task, run, { algebra, per: "layer", ...options });
    const cells = diagnosisTable(diagnosis).flatMap(({ inputs, values }) => [inputs, ...values]);
    const sentences = diagnosisSentences(diagnosis).map(({ text }) => text);
    expect(cells.filter((cell) => cell !== undefined && !Number.isFinite(cell))).toEqual([]);
    expect(sentences.join(" ")).not.toMatch(/NaN|undefined|Infinity/);
    return { diagnosis, sentences: sentences.join("\n") };
  }

  it("one example", async () => {
    const { diagnosis, sentences } = await told(classes, { sample: namedSample(classes.task, "train:0") });
    expect(diagnosis.steps[0].spectrum).toMatchObject({ effectiveRank: 1, rank: 1 });
    expect(diagnosis.steps[0].alignment).toMatchObject({ centred: undefined, debiased: undefined, uncentred: 1 });
    expect(sentences).toMatch(/these examples are about 1 different one;/);
    expect(sentences).toMatch(/kernel or labels are constant/);
  });

  it("one class", async () => {
    const labels = namedSample(classes.task, "train:0-11").labels as Int32Array;
    const same = Array.from(labels.keys()).filter((i) => labels[i] === labels[0]);
    const { sentences } = await told(classes, { sample: namedSample(classes.task, `train:${same.join(",")}`) });
    expect(sentences).toMatch(/there is one class only, or the kernel is zero: nothing to separate/);
    expect(sentences).toMatch(/there is one class only, or one example of each: no blocks/);
  });

  it("each example twice", async () => {
    const { diagnosis } = await told(classes, { sample: namedSample(classes.task, "train:0-4,0-4") });
    expect(diagnosis.steps[0].spectrum).toMatchObject({ rank: 5, nullity: 5 });
  });

  it("a constant model: all weights zero, where only the last bias has a gradient", async () => {
    const constant = await trained(
      { ...GD, loss: "cross-entropy", hidden: [6] },
      (params) => params.map(() => 0) as RealArray,
    );
    const { diagnosis, sentences } = await told(constant);
    expect(diagnosis.steps.at(-1)?.spectrum).toMatchObject({ rank: 1 });
    expect(diagnosis.steps.at(-1)?.alignment?.centred).toBeUndefined();
    expect(diagnosis.steps.at(-1)?.separability?.scatter.explained).toBeUndefined();
    expect(sentences).toMatch(/kernel or labels are constant: there is nothing to align/);
  });

  it("a kernel of zeros: only what no output depends on at the start is trained", async () => {
    const layer = {
      ...GD,
      loss: "cross-entropy",
      hidden: [6],
      trainable: ["layers.0.weight", "layers.0.bias"],
    } as const;
    const { task, params, batches } = await smallTask(layer);
    const frozen = { ...task.frozen, "layers.1.weight": zeros("float64", [3, 6]) };
    const own = { ...task, frozen };
    const zero = { task: own, run: await trainInMemory(own, { params, batches }) };
    const { diagnosis, sentences } = await told(zero);
    expect(diagnosis.steps[0].spectrum).toMatchObject({ trace: 0, effectiveRank: 0, rank: 0 });
    expect(sentences).toMatch(/the kernel is zero: no parameter moves any output/);
    expect(sentences).toMatch(/the outputs have not moved/);
  });
});
