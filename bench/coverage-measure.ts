// Coverage of MNIST's test images and of images from elsewhere by one trained model, beside the baselines, and ridges against tolerances.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDataset } from "../src/data/registry.ts";
import { type ScoredQueries, type Separation, scoreQueries, separations } from "../src/diagnose/coverage-scores.ts";
import { auroc } from "../src/diagnose/roc.ts";
import { type SpanForm, type SpanKernel, tangentSpanKernel } from "../src/diagnose/span-kernel.ts";
import { trainingSpan } from "../src/diagnose/training-span.ts";
import { FileError } from "../src/errors.ts";
import { openLinearAlgebra } from "../src/numeric/linear-algebra/load.ts";
import { sliceRows, type Tensor } from "../src/numeric/tensor.ts";
import { runTraining, type TrainingResult } from "../src/train/training.node.ts";

export const outsideNames = ["fashion-mnist", "notmnist", "printed-digits"] as const;
export const forms: readonly SpanForm[] = ["trace", "predicted"];

export interface Setting {
  readonly model: string;
  readonly seed: number;
  /** Images that the span is made of, the first of the training images. */
  readonly train: number;
  /** Images of each set: for seed s those from (s - 1) times as many on, or all where there are no more. */
  readonly queries: number;
}

/** Training images and epochs of every model. */
export const LIMIT = 20_000;
export const EPOCHS = 3;

export interface Measured extends Setting {
  /** Of the 10,000 test images. */
  readonly accuracy: number;
  /** Area of each score against each set; those of the form `predicted` under `FORM score`. */
  readonly separations: Readonly<Record<string, readonly (Separation & { readonly form: SpanForm })[]>>;
  /** Areas of coverage (trace) by what weak directions count: "ridge 1e-2", "tolerance 1e-4". */
  readonly weak: readonly {
    readonly name: string;
    readonly rank: number | undefined;
    readonly areas: readonly number[];
  }[];
}

/** The sets that are here; others are told of and left out. */
export async function outsideSets(): Promise<ReadonlyMap<string, Tensor>> {
  const sets = new Map<string, Tensor>();
  for (const name of outsideNames) {
    try {
      sets.set(name, (await loadDataset(name, { limit: 1 })).test.x);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      console.error(`left out: ${error.message}`);
    }
  }
  return sets;
}

/** For seed 1 the first images, for seed 2 those behind them; the first again where there are not so many. */
function imagesFor({ seed, queries }: Setting, images: Tensor): Tensor {
  const start = (seed - 1) * queries;
  const from = start + queries <= images.shape[0] ? start : 0;
  return sliceRows(images, from, Math.min(images.shape[0], from + queries));
}

async function trained({
  model,
  seed,
}: Setting): Promise<{ readonly result: TrainingResult; readonly close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-coverage-"));
  const result = await runTraining({
    data: "mnist",
    limit: LIMIT,
    model,
    loss: "cross-entropy",
    optimizer: "adam",
    optimizerOptions: { lr: 1e-3 },
    batchSize: 64,
    epochs: EPOCHS,
    seed,
    dtype: "float32",
    out: join(folder, "run"),
    checkpointBudget: 0,
  });
  const close = async (): Promise<void> => {
    await result.task.engine.release();
    rmSync(folder, { recursive: true, force: true });
  };
  return { result, close };
}

const RIDGES = [1e-4, 1e-3, 1e-2, 1e-1, 1];
const TOLERANCES = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/** Areas by every ridge and tolerance from one eigendecomposition: what each direction holds of each query is weighed anew. */
async function weakDirections(
  kernel: SpanKernel,
  inside: Tensor,
  outside: readonly Tensor[],
): Promise<Measured["weak"]> {
  const algebra = await openLinearAlgebra();
  const gram = await kernel.matrix();
  const [n] = gram.shape;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += gram.data[i * (n + 1)] / n;
  const { values, vectors } = algebra.eigenpairs(gram, { overwrite: true });
  const held: Float64Array[] = [];
  const energies: Float64Array[] = [];
  for (const set of [inside, ...outside]) {
    const { data } = await kernel.between(set);
    const squares = new Float64Array(data.length);
    const basis = vectors.data;
    for (let q = 0; q < set.shape[0]; q++)
      for (let k = 0; k < n; k++) {
        let [even, odd] = [0, 0];
        let i = 0;
        for (; i + 1 < n; i += 2) {
          even += basis[k * n + i] * data[q * n + i];
          odd += basis[k * n + i + 1] * data[q * n + i + 1];
        }
        if (i < n) even += basis[k * n + i] * data[q * n + i];
        squares[q * n + k] = (even + odd) ** 2;
      }
    held.push(squares);
    energies.push(await kernel.diagonal(set));
  }
  const areasBy = (weight: (value: number) => number): number[] => {
    const weights = values.map(weight);
    const [own, ...others] = held.map((squares, s) =>
      energies[s].map((energy, q) => {
        let total = 0;
        for (let k = 0; k < n; k++) if (weights[k] > 0) total += squares[q * n + k] * weights[k];
        return total / energy;
      }),
    );
    return others.map((scores) => auroc({ inside: own, outside: scores }));
  };
  return [
    ...RIDGES.map((ridge) => ({
      name: `ridge ${ridge.toExponential(0)}`,
      rank: undefined,
      areas: areasBy((value) => 1 / (Math.max(0, value) + ridge * mean)),
    })),
    ...TOLERANCES.map((tolerance) => ({
      name: `tolerance ${tolerance.toExponential(0)}`,
      rank: values.filter((value) => value > tolerance * values[0]).length,
      areas: areasBy((value) => (value > tolerance * values[0] ? 1 / value : 0)),
    })),
  ];
}

/** Trains one model and measures everything; `sweep` adds ridges and tolerances. */
export async function measure(
  setting: Setting,
  sets: ReadonlyMap<string, Tensor>,
  { sweep }: { readonly sweep: boolean },
): Promise<Measured> {
  const { result, close } = await trained(setting);
  try {
    const { task, run, accuracy } = result;
    const { params } = await run.checkpoint(run.batches.length);
    const train = sliceRows(task.dataset.train.x, 0, setting.train);
    const inside = imagesFor(setting, task.dataset.test.x);
    const outside = new Map([...sets].map(([name, images]) => [name, imagesFor(setting, images)]));
    const found: Record<string, (Separation & { readonly form: SpanForm })[]> = {};
    for (const form of forms) {
      const span = await trainingSpan(tangentSpanKernel(task, params, train, { form }));
      // Baselines do not depend on the form.
      const scored = (queries: Tensor): Promise<ScoredQueries> =>
        scoreQueries(task, params, span, { train, queries }, { baselines: form === "trace" });
      const own = await scored(inside);
      for (const [name, queries] of outside)
        found[name] = [
          ...(found[name] ?? []),
          ...separations(own, await scored(queries)).map((one) => ({ ...one, form })),
        ];
    }
    const weak = sweep
      ? await weakDirections(tangentSpanKernel(task, params, train), inside, [...outside.values()])
      : [];
    return { ...setting, accuracy: accuracy?.test ?? Number.NaN, separations: found, weak };
  } finally {
    await close();
  }
}
