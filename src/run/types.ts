// A recorded training run as data: manifest, batches, per-step scalars, checkpoints.

import type { Layout } from "../numeric/layout.ts";
import type { RealArray, RealDType, Tensor } from "../numeric/tensor.ts";

/** One batch, a list of occurrences: which examples, how much each counts in the loss of its step (c_{s,i} of theory 1.0). */
export interface Batch {
  readonly indices: Int32Array;
  readonly weights: Float64Array;
  /** What everything random of each occurrence is a function of; absent where nothing is random. */
  readonly keys?: BigInt64Array | undefined;
  /** What the loss reads at this step beside outputs and targets, by name; absent where it reads nothing else. */
  readonly lossInputs?: Readonly<Record<string, Tensor>> | undefined;
}

/** Parameters and optimizer state before step `step` (so `step` = number of updates done). */
export interface Checkpoint {
  readonly step: number;
  readonly params: RealArray;
  readonly buffers: Readonly<Record<string, RealArray>>;
}

/** Per-step numbers, one row a step. */
export interface StepScalars {
  readonly step: number;
  /** Of the batch, before its update. */
  readonly loss: number;
  readonly stepSize: number;
  /** Of the gradient of the loss, regularisers included, before any clip. */
  readonly gradientNorm: number;
}

/** How a run stands. "running" also after its process was killed: it then reads up to its last checkpoint. */
export type RunStatus = "running" | "complete" | "interrupted" | "diverged";

/** What computed the numbers: the same one gives the same bits. */
export interface EngineRecord {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  /** Absent: cpu. */
  readonly provider?: "cpu" | "webgpu" | undefined;
  /** The processor, and those of its instruction sets that kernels are chosen by; absent where nothing is known of it. */
  readonly cpu?: { readonly model: string; readonly features: readonly string[] } | undefined;
}

/** Where the batches came from, so that those of later steps can be had again. */
export interface Sampling {
  /** A fresh permutation an epoch by the run's seed and generator, all examples at every step, or those of a file. */
  readonly name: "shuffled" | "full" | "file";
  /** The file, and the SHA-256 of its bytes; null for the other two. */
  readonly file: string | null;
  readonly sha256: string | null;
  /** So many of them make the batch of a step; absent: 1. */
  readonly accumulate?: number | undefined;
  /** What the weights of all occurrences are multiplied by, a number for each training example: the file (with its column), and its SHA-256. */
  readonly exampleWeights?: { readonly file: string; readonly sha256: string } | undefined;
}

/** What is random in a model while it is trained, and how it follows from the keys of occurrences. */
export interface Randomness {
  /** What makes masks of keys. */
  readonly generator: string;
  /** The ratio of each `Dropout` node, in the order of the model file. */
  readonly dropout: readonly number[];
}

/** That a training was gone on with, before step `step`, and by what. */
export interface Session {
  readonly step: number;
  readonly createdAt: string;
  readonly software: string;
  readonly engine: EngineRecord;
}

/** How the loss of a batch is made of those of its examples; a weight of each is recorded in any case. */
export type Reduction = "mean" | "sum" | "weighted";

/** A name and every option as it was used. */
interface Resolved {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
}

/** Says that a loop of another program made the run and handed over what it did; `recordingOf` tells what that allows. */
export interface Recording {
  /** Whose loop: "torch 1.13.0". */
  readonly by: string;
  /** Where the optimizer's state is from: the loop, or computed here from its parameters and batches. */
  readonly state: "recorded" | "derived";
  /** Where batches are unknown, each step here is a stretch of the loop: its own number of every recorded state. */
  readonly loopSteps?: readonly number[] | undefined;
}

/** Everything about a run that is not an array. Optional parts are absent in runs that were recorded before they existed. */
export interface RunManifest {
  readonly schema: "pathkernel.run/1";
  readonly software: string;
  readonly createdAt: string;
  readonly dtype: RealDType;
  readonly seed: number;
  readonly generator: string;
  readonly engine: EngineRecord;
  readonly model: {
    /** What the user asked for, e.g. "mlp:128:relu". */
    readonly spec: string;
    readonly sha256: string;
    /** Names of all parameters, in the order of the model file. */
    readonly parameters: readonly string[];
    /** The subset that is trained, in the order of the flat arrays. */
    readonly trainable: readonly string[];
  };
  readonly loss: string;
  /** SHA-256 of loss.onnx, where the loss is a file of the user's. */
  readonly lossFile?: { readonly sha256: string } | undefined;
  /** Absent: mean. */
  readonly reduction?: Reduction | undefined;
  /** Shapes of what the loss reads at every step beside outputs and targets, by name; kept by runs in memory. Absent: nothing. */
  readonly lossInputs?: Readonly<Record<string, readonly number[]>> | undefined;
  readonly optimizer: Resolved;
  /** What the gradients of a step were clipped by before the optimizer had them. Absent: by nothing. */
  readonly clipping?: Resolved | undefined;
  /** What was added to the loss of every batch: the recorded losses are without it, gradient norms with it. Absent: nothing. */
  readonly regularisers?: readonly Resolved[] | undefined;
  /** What made the step sizes, which are recorded step by step. Absent: constant, the optimizer's own. */
  readonly schedule?: Resolved | undefined;
  /** Training ended before the first step whose batch has a gradient of at most this norm: a complete run may have fewer steps than planned. */
  readonly stopGradientNorm?: number | undefined;
  /** How often it was resumed, and by what; absent where it never was. */
  readonly resumed?: readonly Session[] | undefined;
  /** Absent: unknown; such a run cannot be resumed. */
  readonly sampling?: Sampling | undefined;
  readonly data: {
    readonly source: string;
    readonly limit: number | null;
    readonly directory: string | null;
    readonly targetColumn: string | null;
    /** Characters of an example of a text; absent in runs that were recorded before there were such data. */
    readonly context?: number | null | undefined;
    readonly sha256: string;
    readonly task: "classification" | "regression";
    readonly classes: readonly string[];
    readonly trainExamples: number;
    readonly testExamples: number;
  };
  readonly batchSize: number;
  /** Absent: training is a function of parameters and examples alone, and occurrences have no keys. */
  readonly random?: Randomness | undefined;
  /** Steps that were planned. */
  readonly plannedSteps: number;
  /** Steps that are recorded; fewer when training was interrupted or diverged. */
  readonly steps: number;
  /** Whether every planned step was recorded, and if not, why. */
  readonly status: RunStatus;
  /** A checkpoint is kept before every `checkpointEvery`-th step and after the last. */
  readonly checkpointEvery: number;
  /** Absent: trained here. */
  readonly recording?: Recording | undefined;
}

/** A run that can be read: everything that explaining needs. */
export interface Run {
  readonly path: string;
  readonly manifest: RunManifest;
  /** The model file (.onnx) with the initial values of all parameters. */
  readonly modelBytes: Uint8Array;
  /** The loss as an .onnx file, where it is one of the user's. */
  readonly lossBytes?: Uint8Array | undefined;
  readonly layout: Layout;
  readonly batches: readonly Batch[];
  readonly scalars: readonly StepScalars[];
  /** Steps before which a checkpoint is stored, ascending; always has 0 and the last, others may be missing. */
  readonly checkpoints: readonly number[];
  /** SHA-256 of the file of each checkpoint that the record knows, stored or not; absent where there are no such hashes. */
  readonly checkpointHashes?: ReadonlyMap<number, string>;
  /** Reads one stored checkpoint; InvalidRunError when it is missing, truncated, changed or holds NaN. */
  checkpoint(step: number): Promise<Checkpoint>;
}

/** What a run starts from, before its first step. */
export interface NewRun {
  readonly manifest: Omit<RunManifest, "steps" | "status">;
  readonly modelBytes: Uint8Array;
  readonly lossBytes?: Uint8Array | undefined;
  /** The trained parameters, in the order of `manifest.model.trainable`. */
  readonly layout: Layout;
}

/**
 * Records a run while it is trained. The order is: checkpoint 0, then step 0, step 1, ...; before each step that is a
 * multiple of `checkpointEvery`, and after the last, its checkpoint. Calls out of order throw RangeError.
 */
export interface RunWriter {
  readonly path: string;
  /** Records one step; arrays are copied. Nothing reaches the store before `flush`. */
  appendStep(batch: Batch, scalars: StepScalars): void;
  /**
   * Stores parameters and state before step `checkpoint.step`, at once; arrays are copied before this returns. A step that is no multiple
   * of `checkpointEvery` may have one too: it is kept while it is the last one that was flushed, or the last of the run.
   */
  writeCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /**
   * Stores the steps so far; they can be read up to the last checkpoint. Cost: O(occurrences so far), so every few seconds rather than
   * every step.
   */
  flush(): Promise<void>;
  /** Flushes and closes the record; the checkpoint after the last step must be there. */
  finish(status: Exclude<RunStatus, "running">): Promise<void>;
  /** Gives up: what was flushed stays readable, a run without one readable step is removed. Never throws; safe after `finish`. */
  abort(): Promise<void>;
}
