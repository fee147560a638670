// In what two engines differ that decides the last bits of a result: what must be said before a run is replayed or gone on with.

import type { EngineRecord } from "../run/types.ts";

/** One thing that is not as it was. */
export interface ReplayDifference {
  readonly what:
    | "training loop"
    | "software"
    | "engine"
    | "engine version"
    | "provider"
    | "threads"
    | "processor"
    | "dtype"
    | "data"
    | "loss"
    | "optimizer";
  readonly recorded: string;
  readonly here: string;
}

/** "threads: 2 recorded, 4 here". */
export function differenceText({ what, recorded, here }: ReplayDifference): string {
  return `${what}: ${recorded} recorded, ${here} here`;
}

type Pair = readonly [what: ReplayDifference["what"], recorded: string, here: string];

/** Those of which both sides say something else. */
export function differencesOf(pairs: readonly Pair[]): ReplayDifference[] {
  return pairs
    .filter(([, recorded, here]) => recorded !== here)
    .map(([what, recorded, here]) => ({ what, recorded, here }));
}

/** Two processors in words, the same ones where nothing is known to differ. */
function processorsOf(recorded: EngineRecord["cpu"], here: EngineRecord["cpu"]): readonly [string, string] {
  if (!recorded || !here) return ["", ""];
  const [before, now] = [recorded.features, here.features];
  // Not told on every system; the same name then means the same sets.
  if (before.length === 0 || now.length === 0) return [recorded.model, here.model];
  const only = (of: readonly string[], others: readonly string[]) => of.filter((one) => !others.includes(one));
  const [lost, gained] = [only(before, now), only(now, before)];
  if (lost.length + gained.length === 0) return ["", ""];
  const text = (model: string, own: readonly string[]) => (own.length > 0 ? `${model} with ${own.join(", ")}` : model);
  return [text(recorded.model, lost), text(here.model, gained)];
}

/**
 * In what the engine here differs from the one that was recorded; empty where results are bit-equal. Processors of another name but the
 * same instruction sets are not told apart, since kernels are chosen by these; those of which one side knows nothing are taken for the same.
 */
export function engineDifferences(recorded: EngineRecord, here: EngineRecord): ReplayDifference[] {
  return differencesOf([
    ["engine", recorded.name, here.name],
    ["engine version", recorded.version, here.version],
    ["provider", recorded.provider ?? "cpu", here.provider ?? "cpu"],
    ["threads", String(recorded.threads), String(here.threads)],
    ["processor", ...processorsOf(recorded.cpu, here.cpu)],
  ]);
}
