// What a case is: work on an engine of some threads, with a check of its result against a slow reference.

import type { Hooks } from "./tasks.ts";
import { best, type TimingOptions } from "./timing.ts";

export interface Prepared extends TimingOptions {
  /** What is timed; the same every time. */
  readonly work: () => Promise<unknown>;
  /** The reported time is that of `work` divided by this: queries times steps, where it is given by query and step. */
  readonly units: number;
  /** Throws where the result is wrong; gives its largest relative difference from the reference. */
  readonly check: () => Promise<number>;
  readonly release: () => Promise<void>;
  /** What else is known of the last run, in a few words. */
  readonly note?: () => string;
}

/** Floating-point operations of a whole run that cannot be spared, as `flops.ts` counts them. */
export interface Least {
  readonly what: string;
  readonly flops: number;
  /** Share of the peak that is asked for. */
  readonly target?: number;
}

export interface BenchCase {
  readonly about: string;
  readonly prepare: (threads: number, hooks?: Hooks) => Promise<Prepared>;
  /** Numbers of threads that are tried; default 1 and 2. */
  readonly threads?: readonly number[];
  /** What a run of the work is held against at the machine's peak. */
  readonly least?: readonly Least[];
  /** Measures elsewhere what must have a process of its own. */
  readonly measure?: () => Promise<Measurement>;
}

/** Resident memory of a process that computed, beside one that had loaded and compiled the same and computed next to nothing. */
export interface Memory {
  /** Bytes at the peak. */
  readonly peak: number;
  readonly idle: number;
  /** Bytes of the result, which the budget does not count. */
  readonly result: number;
  /** What the call was allowed. */
  readonly budget: number;
}

export interface Measurement {
  /** Milliseconds; the least over the numbers of threads. */
  readonly ms: number;
  readonly threads: number;
  /** Largest relative difference from the slow reference. */
  readonly difference: number;
  readonly memory?: Memory;
  readonly note?: string;
}

/** Checks a case and times it on each number of threads, as the peers' script does; the fastest is kept. */
export async function measure({
  prepare,
  threads: tried = [1, 2],
  measure: elsewhere,
}: BenchCase): Promise<Measurement> {
  if (elsewhere) return elsewhere();
  let fastest: Measurement | undefined;
  for (const threads of tried) {
    const prepared = await prepare(threads);
    const difference = await prepared.check();
    const ms = (await best(prepared.work, prepared)) / prepared.units;
    const note = prepared.note?.();
    if (!fastest || ms < fastest.ms) fastest = { ms, threads, difference, ...(note && { note }) };
    await prepared.release();
  }
  return fastest as Measurement;
}
