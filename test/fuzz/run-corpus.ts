// Runs that run folders are damaged from: those of the first layout, one of the writer, one that a training recorded; as files in memory.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { storeSuperposition } from "../../src/explain/superposition-store.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import type { Checkpoint, Run } from "../../src/run/types.ts";
import { runTraining } from "../../src/train/training.node.ts";
import { recordSteps, smallRun } from "../helpers/small-run.ts";

/** A run and what is read of it. */
export interface BaseRun {
  readonly name: string;
  /** By their paths below the run. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** Whether every part has its hash in the manifest or behind it. */
  readonly hashed: boolean;
  /** Its model and its data are there: an explanation could begin. */
  readonly reopens: boolean;
  readonly run: Run;
  readonly checkpoints: ReadonlyMap<number, Checkpoint>;
}

const fixtures = fileURLToPath(new URL("../../fixtures/runs", import.meta.url));

/** The data of the runs that reopen, beside each run. */
export const POINTS = new Uint8Array(readFileSync(join(fixtures, "points.csv")));

function partsIn(folder: string): Map<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const files = names.filter((name) => statSync(join(folder, name)).isFile()).sort();
  return new Map(files.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

/** The parts with what differs from day to day made the same: inputs are a function of the seed. */
function withoutDate(parts: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const manifest = JSON.parse(new TextDecoder().decode(parts.get("manifest.json")));
  const fixed = {
    ...manifest,
    createdAt: "2026-01-02T03:04:05.000Z",
    data: { ...manifest.data, source: "points.csv" },
  };
  return parts.set("manifest.json", new TextEncoder().encode(`${JSON.stringify(fixed, null, 2)}\n`));
}

async function baseOf(path: string, { name, reopens }: { name: string; reopens: boolean }): Promise<BaseRun> {
  const parts = withoutDate(partsIn(path));
  const run = await openRun(path);
  const checkpoints = new Map<number, Checkpoint>();
  for (const step of run.checkpoints) checkpoints.set(step, await run.checkpoint(step));
  return { name, parts, hashed: parts.has("checkpoints.sha256"), reopens, run, checkpoints };
}

async function make(): Promise<BaseRun[]> {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-fuzz-"));
  try {
    const small = smallRun({ checkpointEvery: 2 });
    await recordSteps(await createRunWriter(join(folder, "small.pkrun"), small), small, {
      steps: 6,
      status: "complete",
    });
    const out = join(folder, "trained.pkrun");
    const { task, run: trained } = await runTraining({
      data: join(fixtures, "points.csv"),
      model: "mlp:3:tanh",
      loss: "mse",
      optimizer: "adam",
      optimizerOptions: { lr: 0.01 },
      batchSize: 4,
      steps: 5,
      seed: 1,
      dtype: "float64",
      threads: 1,
      out,
    });
    (await storeSuperposition(task, trained)).close();
    await task.engine.release();
    return [
      await baseOf(out, { name: "trained", reopens: true }),
      await baseOf(join(folder, "small.pkrun"), { name: "small", reopens: false }),
      await baseOf(join(fixtures, "first-sgd.pkrun"), { name: "first-sgd", reopens: true }),
      await baseOf(join(fixtures, "first-momentum.pkrun"), { name: "first-momentum", reopens: true }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let made: Promise<readonly BaseRun[]> | undefined;

/** The runs; made once in a process. */
export function baseRuns(): Promise<readonly BaseRun[]> {
  made ??= make();
  return made;
}
