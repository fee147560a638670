// Runs an experiment over its seeds and judges its claim; the same seeds give the same bits.

import type { Dataset, LoadOptions } from "../data/types.ts";
import { type Engine, openEngine } from "../engine/engine.ts";
import { isPathkernelError } from "../errors.ts";
import type { RealDType } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import type { Experiment, Findings, MeasureContext, Parameter, SizeName } from "./types.ts";
import { type Check, type ClaimVerdict, checksOf, judge } from "./verdict.ts";

export interface RunOptions {
  /** Default `quick`. */
  readonly size?: SizeName;
  /** How many seeds, 1, 2, ...; default: what the experiment says for its size. */
  readonly seeds?: number | undefined;
  /** Where data sets come from; without it every experiment that needs one is not run. */
  readonly load?: (name: string, options: LoadOptions) => Promise<Dataset>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Where the signal aborts after at least one seed: give what is done, marked `interrupted`, in the place of an error. */
  readonly keepPartial?: boolean;
}

/** What came of it: plain data, but for the figures' `draw`. */
export interface ExperimentResult {
  readonly experiment: Experiment;
  readonly size: SizeName;
  readonly seeds: readonly number[];
  readonly parameters: readonly Parameter[];
  readonly verdict: ClaimVerdict;
  /** Why, in words and numbers; where it was not run: what is missing and how to get it. */
  readonly reason: string;
  readonly checks: readonly Check[];
  /** What each seed gave. */
  readonly measures: readonly unknown[];
  /** Absent where it was not run. */
  readonly findings?: Findings;
  readonly interrupted: boolean;
  /** Wall time, in seconds: no part of what is the same for the same seeds. */
  readonly seconds: number;
}

/** Data that are not there; it never leaves this file. */
class MissingData extends Error {}

/** Engines by dtype, opened when first asked for. */
function engines() {
  const open = new Map<RealDType, Promise<Engine>>();
  return {
    of: (dtype: RealDType): Promise<Engine> => {
      const known = open.get(dtype) ?? openEngine({ dtype, threads: 1 });
      open.set(dtype, known);
      return known;
    },
    release: async (): Promise<void> => {
      for (const engine of open.values()) await (await engine).release();
    },
  };
}

/** The loader of one experiment: what is not there, or was not declared, says so. */
function dataOf({ id, needs = [] }: Experiment, load: RunOptions["load"]): MeasureContext["data"] {
  return async (name, options = {}) => {
    const need = needs.find((own) => own.name === name);
    if (!need) throw new RangeError(`${id}: data must be among its needs, got ${name}`);
    if (!load) throw new MissingData(`${name} is missing. ${need.how}`);
    try {
      return await load(name, options);
    } catch (cause) {
      if (!isPathkernelError(cause, "File")) throw cause;
      throw new MissingData(`${name} is missing: ${cause.message}. ${need.how}`);
    }
  };
}

function seedsOf(experiment: Experiment, size: SizeName, given: number | undefined): number[] {
  const count = given ?? experiment.seeds[size];
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`runExperiment: seeds must be a whole number >= 1, got ${count}`);
  return Array.from({ length: count }, (_, k) => k + 1);
}

/**
 * Measures seed by seed, concludes, and judges by the expectations that the experiment declares.
 * Errors: RangeError for a number of seeds that is none; rejects with the signal's reason when aborted, unless `keepPartial` has something to keep.
 */
export async function runExperiment(experiment: Experiment, options: RunOptions = {}): Promise<ExperimentResult> {
  const { size = "quick", load, onProgress, keepPartial = false } = options;
  const signal = options.signal ?? new AbortController().signal;
  const planned = seedsOf(experiment, size, options.seeds);
  const sized = experiment.at(size);
  const own = engines();
  const started = performance.now();
  const measures: unknown[] = [];
  const common = { experiment, size, parameters: sized.parameters };
  const report = (done: number): void =>
    onProgress?.({
      stage: experiment.id,
      done,
      total: planned.length,
      note: `seed ${Math.min(planned.length, 1 + Math.floor(done))} of ${planned.length}`,
    });
  try {
    const [engine, data] = [own.of, dataOf(experiment, load)];
    for (const seed of planned) {
      signal.throwIfAborted();
      report(measures.length);
      const progress = (share: number): void => report(measures.length + Math.min(share, 0.999));
      measures.push(await sized.measure({ seed, engine, data, signal, progress }));
    }
    report(planned.length);
  } catch (error) {
    if (error instanceof MissingData) {
      const rest = { seeds: [], measures: [], checks: [], interrupted: false, seconds: secondsSince(started) };
      return { ...common, ...rest, verdict: "not run", reason: error.message };
    }
    if (!(keepPartial && signal.aborted && measures.length > 0)) throw error;
  } finally {
    await own.release();
  }
  const done = resultOf(experiment, { size, seeds: planned.slice(0, measures.length), measures });
  return { ...done, interrupted: measures.length < planned.length, seconds: secondsSince(started) };
}

/** The result of measures that were taken before, as `result.json` holds them: the same findings and the same verdict. */
export function resultOf(
  experiment: Experiment,
  { size, seeds, measures }: Pick<ExperimentResult, "size" | "seeds" | "measures">,
): ExperimentResult {
  const { parameters, conclude } = experiment.at(size);
  const findings = conclude(measures, seeds);
  const checks = checksOf(experiment.expectations, findings.values);
  const judged = { findings, checks, ...judge(checks) };
  return { experiment, size, parameters, seeds, measures, ...judged, interrupted: false, seconds: 0 };
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;
