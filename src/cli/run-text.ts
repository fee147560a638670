// A run's setup in words and as plain data: what train, info and demo say alike.

import { checkpointBytes, farthestReplay } from "../run/checkpoint-plan.ts";
import type { RecordingReport } from "../run/recording.ts";
import type { Run, RunManifest } from "../run/types.ts";
import { grouped, percent } from "./format.ts";

const textOf = ({ name, options }: RunManifest["optimizer"]): string =>
  `${name}: ${Object.entries(options)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ")}`;

/** "adam: lr 0.001, beta1 0.9, ...", and what clips its gradients. */
export function optimizerText({ optimizer, clipping }: Pick<RunManifest, "optimizer" | "clipping">): string {
  return `${textOf(optimizer)}${clipping ? `; gradients clipped by ${textOf(clipping)}` : ""}`;
}

/** "cross-entropy + l2: lambda 0.01": the loss, and what was added to it. */
export function objectiveText({ loss, regularisers = [] }: Pick<RunManifest, "loss" | "regularisers">): string {
  return [loss, ...regularisers.map(textOf)].join(" + ");
}

/** "cosine: stepSize 0.1, steps 500, warmup 10, ..."; "function" and "recorded" alone. */
export function scheduleText(schedule: RunManifest["optimizer"]): string {
  return Object.keys(schedule.options).length === 0 ? schedule.name : textOf(schedule);
}

/** Why a complete run has fewer steps than planned; undefined where it has not. */
export function stopText({ status, steps, plannedSteps, stopGradientNorm }: RunManifest): string | undefined {
  if (status !== "complete" || steps >= plannedSteps || stopGradientNorm === undefined) return undefined;
  return `the next gradient has a norm of at most ${stopGradientNorm}`;
}

/** Everything that was resolved before the first step. */
export function setupOf({ manifest, layout }: Run): Record<string, unknown> {
  const {
    software,
    createdAt,
    dtype,
    seed,
    generator,
    random,
    engine,
    model,
    loss,
    lossFile,
    regularisers,
    optimizer,
    clipping,
    schedule,
    stopGradientNorm,
    sampling,
    data,
    batchSize,
  } = manifest;
  const parameterCount = layout.size;
  return {
    software,
    createdAt,
    dtype,
    seed,
    generator,
    ...(random && { random }),
    engine,
    model: { ...model, parameterCount },
    loss,
    ...(lossFile && { lossFile }),
    ...(regularisers && { regularisers }),
    optimizer,
    ...(clipping && { clipping }),
    ...(schedule && { schedule }),
    ...(stopGradientNorm !== undefined && { stopGradientNorm }),
    ...(sampling && { sampling }),
    data,
    batchSize,
  };
}

const TIERS: Readonly<Record<RecordingReport["tier"], string>> = {
  steps: "parameters before every step, with batches and optimizer",
  intervals: "parameters at some steps, with all batches and the optimizer",
  parameters: "parameters at some steps, without batches or optimizer",
};

/** What another program's loop handed over, and below it what that takes away. */
export function recordingText({ tier, by, state, disables }: Omit<RecordingReport, "loopSteps">): string {
  const source =
    tier === "parameters" ? "" : `; the optimizer's state is ${state === "recorded" ? "the loop's" : "computed here"}`;
  const lines = disables.map((line) => `  not there: ${line}`);
  return [`tier ${tier}, from ${by}: ${TIERS[tier]}${source}`, ...lines].join("\n");
}

/** How many checkpoints a run has, and how far any of its steps is from them. */
export interface CheckpointFacts {
  readonly count: number;
  /** Steps that must be replayed at most for any state. */
  readonly replaySteps: number;
  readonly bytes: number;
}

export function checkpointFacts({ manifest, layout, checkpoints }: Run, bufferCount: number): CheckpointFacts {
  const fileBytes = checkpointBytes({ parameterCount: layout.size, bufferCount, dtype: manifest.dtype });
  return {
    count: checkpoints.length,
    replaySteps: farthestReplay(checkpoints),
    bytes: checkpoints.length * fileBytes,
  };
}

/** "41, one every 25 steps: any step at most 24 steps of replay away". */
export function checkpointText({ manifest: { checkpointEvery }, checkpoints }: Run): string {
  const count = grouped(checkpoints.length);
  const steps = farthestReplay(checkpoints);
  if (steps === 0) return `${count}, one every step`;
  const placed = checkpoints.length > 2 ? `one every ${grouped(checkpointEvery)} steps` : "the first and the last";
  return `${count}, ${placed}: any step at most ${grouped(steps)} step${steps === 1 ? "" : "s"} of replay away`;
}

const shareOf = (share: number): string => (Number.isNaN(share) ? "no examples" : percent(share, 2));

export function accuracyText({ train, test }: { readonly train: number; readonly test: number }): string {
  return `accuracy ${shareOf(train)} on training, ${shareOf(test)} on test examples`;
}
