// In what two engines differ that decides the last bits of a result: what must be said before a run is replayed or gone on with.

import type { EngineRecord } from "../run/types.ts";

/** "threads: 2 recorded, 4 here". */
function difference(what: string, recorded: unknown, here: unknown): string[] {
  return recorded === here ? [] : [`${what}: ${recorded} recorded, ${here} here`];
}

/** Instruction sets that only one of two processors has; those of which nothing is known are taken for the same. */
function featureDifference(recorded: readonly string[], here: readonly string[]): string[] {
  if (recorded.length === 0 || here.length === 0) return [];
  const [lost, gained] = [
    recorded.filter((feature) => !here.includes(feature)),
    here.filter((feature) => !recorded.includes(feature)),
  ];
  const told = [lost.length > 0 && `without ${lost.join(", ")}`, gained.length > 0 && `with ${gained.join(", ")}`];
  return lost.length + gained.length === 0 ? [] : [`processor: here ${told.filter(Boolean).join(" and ")}`];
}

/**
 * In what the engine here differs from the one that was recorded, one line each; empty where results are bit-equal. Processors of
 * another name but the same instruction sets are not told apart: kernels are chosen by these.
 */
export function engineDifferences(recorded: EngineRecord, here: EngineRecord): string[] {
  return [
    ...difference("engine", `${recorded.name} ${recorded.version}`, `${here.name} ${here.version}`),
    ...difference("provider", recorded.provider ?? "cpu", here.provider ?? "cpu"),
    ...difference("threads", recorded.threads, here.threads),
    ...(recorded.cpu && here.cpu ? featureDifference(recorded.cpu.features, here.cpu.features) : []),
  ];
}
