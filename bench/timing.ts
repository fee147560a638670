// The fastest of several runs, as the peers' script takes it.

/** Runs at most `most` times and about `seconds` long, but at least twice; or once and cold, where work takes minutes. */
export interface TimingOptions {
  readonly seconds?: number;
  readonly most?: number;
  /** Exactly one run, none before it. */
  readonly once?: boolean;
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs before the counted ones, beyond the first: Node compiles code that has run often, where PyTorch's is compiled before it starts. */
const WARM = { runs: 100, ms: 1000 };

/**
 * Milliseconds of the fastest run of `work`, after some that are not counted. The fastest, not the mean: what other processes take
 * is added to a run, never subtracted from it.
 */
export async function best(
  work: () => Promise<unknown>,
  { seconds = 2, most = 30, once = false }: TimingOptions = {},
): Promise<number> {
  if (once) return timeOf(work);
  await work();
  const started = performance.now();
  for (let n = 0; n < WARM.runs && performance.now() - started < WARM.ms; n++) await work();
  let fastest = Number.POSITIVE_INFINITY;
  const begun = performance.now();
  for (let n = 0; n < most && (n < 2 || performance.now() - begun < 1000 * seconds); n++) {
    fastest = Math.min(fastest, await timeOf(work));
  }
  return fastest;
}
