// What may keep a replay from giving the bits of the record, told before it starts.

import type { EngineRecord, RunManifest } from "../run/types.ts";
import { SOFTWARE } from "../version.ts";
import type { Task } from "./task.ts";

/** Where a run would be replayed: the parts of a manifest that decide the bits of a step. */
export interface ReplayPlace extends Pick<RunManifest, "software" | "dtype" | "loss" | "optimizer"> {
  readonly engine: EngineRecord;
  readonly data: Pick<RunManifest["data"], "sha256">;
}

/** One thing that is not as it was. */
export interface ReplayDifference {
  readonly what:
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

/** This software on this engine, with everything of the task that steps are made of. */
export function replayPlace(task: Task, cpu?: EngineRecord["cpu"]): ReplayPlace {
  const { engine, loss, optimizer, dataset } = task;
  return {
    software: SOFTWARE,
    dtype: engine.dtype,
    engine: { ...engine.info, cpu },
    loss: loss.name,
    optimizer: { name: optimizer.name, options: optimizer.options },
    data: { sha256: dataset.sha256 },
  };
}

function textOf({ name, options }: RunManifest["optimizer"]): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return [name, ...sorted.map(([key, value]) => `${key} ${value}`)].join(" ");
}

/** Kernels are chosen by instruction sets: of two models with the same ones nothing is said. */
function processorsOf(recorded: EngineRecord["cpu"], here: EngineRecord["cpu"]): readonly [string, string] {
  if (!recorded || !here) return ["", ""];
  const [before, now] = [recorded, here].map(({ features }) => [...features].sort());
  if (before.length === 0 || now.length === 0) return [recorded.model, here.model];
  if (before.join() === now.join()) return ["", ""];
  const only = (of: readonly string[], others: readonly string[]) => of.filter((one) => !others.includes(one));
  const text = (model: string, own: readonly string[]) => (own.length > 0 ? `${model} with ${own.join(", ")}` : model);
  return [text(recorded.model, only(before, now)), text(here.model, only(now, before))];
}

/**
 * What differs between the place where a run was recorded and the one where it would be replayed; nothing where the same bits are to be
 * expected. What either side does not know of itself (processors, in runs of before and in browsers) is not compared.
 */
export function replayDifferences(manifest: ReplayPlace, here: ReplayPlace): ReplayDifference[] {
  const pairs: readonly (readonly [ReplayDifference["what"], string, string])[] = [
    ["software", manifest.software, here.software],
    ["engine", manifest.engine.name, here.engine.name],
    ["engine version", manifest.engine.version, here.engine.version],
    ["provider", manifest.engine.provider ?? "cpu", here.engine.provider ?? "cpu"],
    ["threads", String(manifest.engine.threads), String(here.engine.threads)],
    ["processor", ...processorsOf(manifest.engine.cpu, here.engine.cpu)],
    ["dtype", manifest.dtype, here.dtype],
    ["data", manifest.data.sha256, here.data.sha256],
    ["loss", manifest.loss, here.loss],
    ["optimizer", textOf(manifest.optimizer), textOf(here.optimizer)],
  ];
  return pairs
    .filter(([, recorded, now]) => recorded !== now)
    .map(([what, recorded, now]) => ({ what, recorded, here: now }));
}
