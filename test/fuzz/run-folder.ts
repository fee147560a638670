// Fuzzed run folders: opened, every checkpoint read, and reopened for an explanation where model and data are there.

import { statSync } from "node:fs";
import { join } from "node:path";
import { openSuperposition } from "../../src/explain/superposition-store.node.ts";
import { inspectRun } from "../../src/run/inspect-run.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import type { Run } from "../../src/run/types.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { type Entry, type Family, type Input, writeInput } from "./input.ts";
import { archiveOf } from "./run-archive.ts";
import { type BaseRun, baseRuns, POINTS } from "./run-corpus.ts";
import { type Damaged, damagedRun } from "./run-damage.ts";
import { watchFiles } from "./watch-files.ts";

const NAME = "input.pkrun";

/** What an input was made of; reading asks for it. */
const origins = new WeakMap<Input, Damaged>();

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));

/** Whether what was read is what was recorded, as far as it goes; text of what is not. */
async function faultOf(run: Run, { base, rehashed }: Damaged): Promise<string | undefined> {
  const kept = base.hashed && !rehashed;
  for (const step of run.checkpoints) {
    const { params, buffers } = await run.checkpoint(step);
    if (params.length !== run.layout.size) return `checkpoint ${step} has ${params.length} parameters`;
    const original = base.checkpoints.get(step);
    if (!kept) continue;
    if (!original || !same(params, original.params)) return `checkpoint ${step} is another`;
    const names = Object.keys(original.buffers);
    if (!names.every((name) => same(buffers[name], original.buffers[name]))) return `a buffer of ${step} is another`;
  }
  if (!kept) return undefined;
  if (!same(run.modelBytes, base.run.modelBytes)) return "the model is another";
  const batches = run.batches.every(
    ({ indices, weights }, s) =>
      same(indices, base.run.batches[s].indices) && same(weights, base.run.batches[s].weights),
  );
  const scalars = run.scalars.every(({ loss, stepSize, gradientNorm }, s) => {
    const original = base.run.scalars[s];
    return same([loss, stepSize, gradientNorm], [original.loss, original.stepSize, original.gradientNorm]);
  });
  return batches && scalars ? undefined : "batches or numbers of the steps are others";
}

/** Reads the displacements of two examples, where the run's superposition is there. */
async function faultOfSuperposition(run: Run): Promise<string | undefined> {
  if (!statSync(run.path).isDirectory()) return undefined;
  const stored = await openSuperposition(run);
  try {
    const rows = stored.rows(0, 2);
    return rows.length === 2 * run.layout.size ? undefined : `two displacements have ${rows.length} numbers`;
  } finally {
    stored.close();
  }
}

async function make(chance: Parameters<Family["make"]>[0]): Promise<Input> {
  const bases: readonly BaseRun[] = await baseRuns();
  const { run, note } = damagedRun(chance.pick(bases), chance);
  const files = new Map<string, Entry>([["points.csv", POINTS]]);
  // Equal parts lie outside: a reader that follows a link there finds what it looks for.
  for (const [part, bytes] of run.base.parts) files.set(`outside/${part}`, bytes);
  const packed = chance.flip(0.25);
  if (packed) files.set(`${NAME}.zip`, archiveOf(run.parts, chance));
  else for (const [part, entry] of run.parts) files.set(`${NAME}/${part}`, entry);
  const input = { note: packed ? `${note}, in an archive` : note, files };
  origins.set(input, run);
  return input;
}

async function read(input: Input, folder: string): Promise<string | undefined> {
  writeInput(input, folder);
  const origin = origins.get(input) as Damaged;
  const path = join(folder, input.files.has(`${NAME}.zip`) ? `${NAME}.zip` : NAME);
  const watch = watchFiles([path]);
  let run: Run;
  let fault: string | undefined;
  try {
    await inspectRun(path, { deep: true });
    run = await openRun(path);
    fault = await faultOf(run, origin);
    if (!fault && origin.parts.has("superposition/manifest.json")) fault = await faultOfSuperposition(run);
  } finally {
    const strayed = watch();
    // biome-ignore lint/correctness/noUnsafeFinally: a read outside is worse than whatever else went wrong
    if (strayed) return `${strayed} was read, outside of the run`;
  }
  if (fault || !origin.base.reopens) return fault;
  const task = await reopenTask(run, { data: join(folder, "points.csv") });
  await task.engine.release();
  return undefined;
}

export const runFolder: Family = { name: "run", make, read };
