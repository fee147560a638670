// A process may end between any two of its operations on files: at each such instant the run must be readable and go on to the same end.

import { cpSync, existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, it, vi } from "vitest";
import { inspectRun } from "../../src/run/inspect-run.node.ts";
import { resumeRunWriter } from "../../src/run/resume-writer.node.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import type { RunWriter } from "../../src/run/types.ts";
import { recordSteps, smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

/** Told before each operation that changes names on the device; what is written goes to temporary files, which are there then. */
const instants: { before: ((operation: string) => void) | undefined } = vi.hoisted(() => ({ before: undefined }));

vi.mock("node:fs", async (load) => {
  const fs = await load<typeof import("node:fs")>();
  const watched = ["renameSync", "rmSync", "rmdirSync", "mkdirSync", "linkSync"] as const;
  const wrap = (name: (typeof watched)[number]) =>
    [
      name,
      (...given: unknown[]) => {
        instants.before?.(name);
        return (fs[name] as (...args: unknown[]) => unknown)(...given);
      },
    ] as const;
  // Waiting for the device would be most of the time, and a process that is killed does not lose what the system has.
  return { ...fs, ...Object.fromEntries(watched.map(wrap)), fsyncSync: () => {} };
});

const temporary = useTemporaryFolder();
const EVERY = 4;
const STEPS = 9;
const run = smallRun({ checkpointEvery: EVERY, plannedSteps: STEPS });
const session = { createdAt: "", software: "test", engine: run.manifest.engine };

/** Records from step `from` on, flushing after some of the steps, beside the regular checkpoints. */
async function recordFrom(writer: RunWriter, from: number): Promise<void> {
  for (let step = from; step < STEPS; step++) {
    if (step === 0) await writer.writeCheckpoint(smallCheckpoint(0));
    writer.appendStep(smallBatch(step), smallScalars(step));
    const after = step + 1;
    const isFlushed = [2, 3, 5].includes(after);
    if (after % EVERY === 0 || isFlushed) await writer.writeCheckpoint(smallCheckpoint(after));
    if (isFlushed) await writer.flush();
  }
  await writer.writeCheckpoint(smallCheckpoint(STEPS));
  await writer.finish("complete");
}

async function goOn(path: string): Promise<void> {
  const { writer, run: found } = await resumeRunWriter(path, session);
  await recordFrom(writer, found.manifest.steps);
}

/** Runs `action` on a folder and gives a copy of it for each instant; the lock in it is one of this process, which still lives. */
async function copiesOf(folder: string, action: () => Promise<void>): Promise<string[]> {
  const copies: string[] = [];
  let isCopying = false;
  instants.before = (operation) => {
    if (isCopying) return;
    isCopying = true;
    const copy = temporary.at(`${basename(folder)}-${copies.length}-${operation}`);
    cpSync(folder, copy, { recursive: true, filter: (source) => basename(source) !== ".lock" });
    copies.push(copy);
    isCopying = false;
  };
  try {
    await action();
  } finally {
    instants.before = undefined;
  }
  return copies;
}

it("a run that was cut off at any instant reads, goes on, and ends as if nothing had happened", async () => {
  const folder = temporary.at("first");
  const path = (of: string) => join(of, "deep", "a.pkrun");
  cpSync(import.meta.filename, join(folder, "another file")); // the folder is there, and what is in it stays
  const copies = await copiesOf(folder, async () => recordFrom(await createRunWriter(path(folder), run), 0));
  const [whole, hash] = [await openRun(path(folder)), await runHash(await openRun(path(folder)))];
  expect(copies.length).toBeGreaterThan(50);
  let before = 0;
  const resumed: string[] = [];
  for (const copy of copies) {
    if (!existsSync(path(copy))) {
      before++;
      await recordFrom(await createRunWriter(path(copy), run), 0);
    } else {
      const { faults, run: found } = await inspectRun(path(copy), { deep: true });
      expect(faults.filter(({ disables }) => disables.includes("explain"))).toEqual([]);
      if (found?.manifest.status === "complete") continue;
      expect(found?.manifest.status).toBe("running");
      resumed.push(copy);
      await goOn(path(copy));
    }
    const end = await openRun(path(copy));
    expect(await runHash(end)).toBe(hash);
    expect(end.checkpoints).toEqual(whole.checkpoints);
    for (const part of ["", "checkpoints", "batches", "scalars"])
      expect(readdirSync(join(path(copy), part)).sort()).toEqual(readdirSync(join(path(folder), part)).sort());
    expect(readdirSync(join(copy, "deep"))).toEqual(["a.pkrun"]);
  }
  expect(before).toBeGreaterThan(10);
  expect(resumed.length).toBeGreaterThan(30);
});

it("a run that was resumed and cut off again at any instant does so too", async () => {
  const folder = temporary.at("second");
  const path = (of: string) => join(of, "a.pkrun");
  const writer = await createRunWriter(path(folder), run);
  await recordSteps(writer, run, { steps: 6 });
  await writer.writeCheckpoint(smallCheckpoint(6));
  await writer.flush();
  writer.appendStep(smallBatch(6), smallScalars(6));
  await writer.writeCheckpoint(smallCheckpoint(7));
  await writer.finish("interrupted");
  const copies = await copiesOf(folder, () => goOn(path(folder)));
  const hash = await runHash(await openRun(path(folder)));
  expect(copies.length).toBeGreaterThan(15);
  for (const copy of copies) {
    if ((await openRun(path(copy))).manifest.status !== "complete") await goOn(path(copy));
    expect(await runHash(await openRun(path(copy)))).toBe(hash);
  }
});

it("a run that replaces another leaves that one until it can be read itself", async () => {
  const folder = temporary.at("third");
  const path = (of: string) => join(of, "a.pkrun");
  const old = smallRun({ plannedSteps: 2 });
  await recordSteps(await createRunWriter(path(folder), old), old, { steps: 2, status: "complete" });
  const copies = await copiesOf(folder, async () => {
    await recordFrom(await createRunWriter(path(folder), { ...run, force: true }), 0);
  });
  const stood = { old: 0, next: 0, between: 0 };
  for (const copy of copies) {
    // Two renames: between them the old run stands beside, under a name of its own.
    if (!existsSync(path(copy))) stood.between++;
    else if ((await openRun(path(copy))).manifest.plannedSteps === 2) stood.old++;
    else stood.next++;
  }
  expect(stood.between).toBe(1);
  expect(stood.old).toBeGreaterThan(10);
  expect(stood.next).toBeGreaterThan(30);
});
