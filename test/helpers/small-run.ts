// A small run for tests: two parameters of three and two elements, two training batches a step, deterministic numbers.

import { createHash } from "node:crypto";
import { layoutOf } from "../../src/numeric/layout.ts";
import { allocate, type RealDType } from "../../src/numeric/tensor.ts";
import type { Batch, Checkpoint, NewRun, RunStatus, RunWriter, StepScalars } from "../../src/run/types.ts";

export interface SmallRunOptions {
  readonly dtype?: RealDType;
  readonly checkpointEvery?: number;
  readonly plannedSteps?: number;
  /** Occurrences have keys. */
  readonly keyed?: boolean;
}

/** Elements of the small run's parameters. */
export const SMALL_SIZE = 5;
const TRAIN_EXAMPLES = 7;

export function smallRun(options: SmallRunOptions = {}): NewRun {
  const { dtype = "float64", checkpointEvery = 1, plannedSteps = 6, keyed = false } = options;
  const modelBytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256);
  return {
    manifest: {
      schema: "pathkernel.run/1",
      software: "pathkernel 0.1.0",
      createdAt: "2026-01-02T03:04:05.000Z",
      dtype,
      seed: 3,
      generator: "philox4x32-10",
      engine: { name: "onnxruntime-node", version: "1.30.0", threads: 2 },
      model: {
        spec: "mlp:3:tanh",
        sha256: createHash("sha256").update(modelBytes).digest("hex"),
        parameters: ["frozen", "layer.weight", "layer.bias"],
        trainable: ["layer.weight", "layer.bias"],
      },
      loss: "cross-entropy",
      optimizer: { name: "adam", options: { beta1: 0.9, amsgrad: false } },
      data: {
        source: "digits",
        limit: null,
        directory: null,
        targetColumn: null,
        sha256: "0".repeat(64),
        task: "classification",
        classes: ["a", "b"],
        trainExamples: TRAIN_EXAMPLES,
        testExamples: 2,
      },
      batchSize: 3,
      ...(keyed && { random: { generator: "philox4x32-10", dropout: [0.3] } }),
      plannedSteps,
      checkpointEvery,
    },
    modelBytes,
    layout: layoutOf([
      ["layer.weight", [3]],
      ["layer.bias", [2]],
    ]),
  };
}

/** Every third batch is a partial one; weights that no decimal of few digits gives. */
export function smallBatch(step: number): Batch {
  const size = step % 3 === 2 ? 1 : 3;
  return {
    indices: Int32Array.from({ length: size }, (_, i) => (step + 2 * i) % TRAIN_EXAMPLES),
    weights: new Float64Array(size).fill(1 / 3),
  };
}

/** The same with keys, the smallest and the largest among them. */
export function keyedBatch(step: number): Batch {
  const batch = smallBatch(step);
  return { ...batch, keys: BigInt64Array.from(batch.indices, (_, i) => 2n ** 63n + BigInt(3 * step + i - 1)) };
}

export function smallScalars(step: number): StepScalars {
  return { step, loss: 2.3 / (step + 1), stepSize: 0.1 / 3, gradientNorm: Math.sqrt(step + 2) };
}

export function smallCheckpoint(step: number, dtype: RealDType = "float64"): Checkpoint {
  const column = (phase: number) =>
    allocate(dtype, SMALL_SIZE).map((_, i) => Math.sin(step + i + phase)) as Float64Array;
  return { step, params: column(0), buffers: { m: column(0.5), v: column(0.7) } };
}

/** Records `steps` steps as a trainer does, checkpoints as the manifest asks; finishes with `status` unless it is "running". */
export async function recordSteps(
  writer: RunWriter,
  { manifest }: NewRun,
  { steps, status = "running" }: { readonly steps: number; readonly status?: RunStatus },
): Promise<void> {
  for (let step = 0; step < steps; step++) {
    if (step % manifest.checkpointEvery === 0) await writer.writeCheckpoint(smallCheckpoint(step, manifest.dtype));
    writer.appendStep((manifest.random ? keyedBatch : smallBatch)(step), smallScalars(step));
  }
  if (status === "running") return;
  await writer.writeCheckpoint(smallCheckpoint(steps, manifest.dtype));
  await writer.finish(status);
}
