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
}

export interface BenchCase {
  readonly about: string;
  readonly prepare: (threads: number, hooks?: Hooks) => Promise<Prepared>;
}

export interface Measurement {
  /** Milliseconds; the least over 1 and 2 threads. */
  readonly ms: number;
  readonly threads: number;
  /** Largest relative difference from the slow reference. */
  readonly difference: number;
}

/** Checks a case and times it on 1 and on 2 threads, as the peers' script does; the faster is kept. */
export async function measure({ prepare }: BenchCase): Promise<Measurement> {
  const all: Measurement[] = [];
  for (const threads of [1, 2]) {
    const prepared = await prepare(threads);
    const difference = await prepared.check();
    all.push({ ms: (await best(prepared.work, prepared)) / prepared.units, threads, difference });
    await prepared.release();
  }
  return all[0].ms <= all[1].ms ? all[0] : all[1];
}
