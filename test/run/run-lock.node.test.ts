// Two writers of one run: the second is told who the first is, and a lock whose process is gone is taken over.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sha256 } from "../../src/numeric/sha256.node.ts";
import { resumeRunWriter } from "../../src/run/resume-writer.node.ts";
import { lockRun, unlockRun, writerOf } from "../../src/run/run-lock.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { recordSteps, smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const temporary = useTemporaryFolder();
let path: string;
beforeEach(() => {
  path = temporary.at("a.pkrun");
});
afterEach(() => {
  vi.restoreAllMocks();
});

const session = { createdAt: "2026-01-01", software: "test", engine: smallRun().manifest.engine };
const lockFile = () => join(path, ".lock");

/** A run that is begun and whose writer is still open. */
async function recording() {
  const run = smallRun({ checkpointEvery: 2 });
  const writer = await createRunWriter(path, run);
  await recordSteps(writer, run, { steps: 3 });
  await writer.flush();
  return writer;
}

type Owner = { readonly pid: number; readonly host?: string; readonly began?: string };
const lockText = (owner: Owner): string =>
  JSON.stringify({ pathkernel: "lock", host: hostname(), began: "", ...owner });

/** Puts there the lock that another process would have. */
const lockOf = (owner: Owner): void => writeFileSync(lockFile(), lockText(owner));

/** A number that no process has: that of one that has just ended. */
const deadPid = (): number => spawnSync("true").pid;

describe("a run that is being recorded", () => {
  it("is refused to a second writer with the first one's number, and can be read meanwhile", async () => {
    const writer = await recording();
    const refusals = [
      await errorOf(() => createRunWriter(path, { ...smallRun(), force: true }), temporary.at()),
      await errorOf(() => resumeRunWriter(path, session), temporary.at()),
    ];
    expect(refusals).toEqual([
      `FileError: cannot make the run a.pkrun: process ${process.pid} is recording it (wait for it, or end it)`,
      `FileError: cannot resume a.pkrun: process ${process.pid} is recording it (wait for it, or end it)`,
    ]);
    expect((await openRun(path)).manifest).toMatchObject({ status: "running", steps: 2 });
    expect(writerOf(path)).toMatchObject({ pid: process.pid });
    await writer.abort();
    expect(writerOf(path)).toBeUndefined();
    await (await resumeRunWriter(path, session)).writer.abort();
  });

  it("is given up by a writer whose lock another process has", async () => {
    const writer = await recording();
    lockOf({ pid: 4711, host: "elsewhere" });
    writer.appendStep(smallBatch(3), smallScalars(3));
    expect(await errorOf(() => writer.flush(), temporary.at())).toBe(
      "FileError: cannot write a.pkrun: process 4711 on elsewhere is recording it",
    );
    expect((await openRun(path)).manifest.steps).toBe(2);
  });

  it("is free when it is finished", async () => {
    const run = smallRun();
    await recordSteps(await createRunWriter(path, run), run, { steps: 2, status: "interrupted" });
    expect(existsSync(lockFile())).toBe(false);
    expect(readdirSync(temporary.at())).toEqual(["a.pkrun"]);
  });

  it("is refused by the number of a process of its own that lives", async () => {
    await (await recording()).abort();
    const child = spawn("sleep", ["60"]);
    try {
      lockOf({ pid: child.pid as number });
      expect(await errorOf(() => resumeRunWriter(path, session))).toContain(`process ${child.pid} is recording it`);
      expect(JSON.parse(readFileSync(lockFile(), "utf8")).pid).toBe(child.pid);
    } finally {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.on("exit", resolve));
    }
    await (await resumeRunWriter(path, session)).writer.abort();
  });

  it("names the machine where that is another one, and how to go on if that one is gone", async () => {
    await (await recording()).abort();
    lockOf({ pid: 4711, host: "elsewhere" });
    expect(await errorOf(() => resumeRunWriter(path, session), temporary.at())).toBe(
      "FileError: cannot resume a.pkrun: process 4711 on elsewhere is recording it (if that process is gone, remove a.pkrun/.lock)",
    );
  });

  it("is no lock where it is a link, a folder or a long file: a stranger's run may hold anything", () => {
    mkdirSync(path);
    const elsewhere = temporary.at("elsewhere");
    writeFileSync(elsewhere, JSON.stringify({ pathkernel: "lock", pid: 4711, host: "elsewhere", began: "" }));
    symlinkSync(elsewhere, lockFile());
    expect(writerOf(path)).toBeUndefined();
    rmSync(lockFile());
    symlinkSync("/dev/zero", lockFile());
    expect(writerOf(path)).toBeUndefined();
    rmSync(lockFile());
    lockOf({ pid: 4711, host: "elsewhere".repeat(1000) });
    expect(writerOf(path)).toBeUndefined();
  });

  it("is taken over where the process is gone, its number was given again, or the lock was never written whole", async () => {
    await (await recording()).abort();
    for (const leave of [
      () => lockOf({ pid: deadPid() }),
      // Numbers are given again: only where the system tells when a process began can that be seen.
      () => lockOf(existsSync("/proc/1/stat") ? { pid: 1, began: "1234567" } : { pid: deadPid() }),
      () => writeFileSync(lockFile(), ""),
    ]) {
      leave();
      const { writer, run } = await resumeRunWriter(path, session);
      expect(run.manifest.steps).toBe(2);
      expect(writerOf(path)).toMatchObject({ pid: process.pid });
      await writer.abort();
    }
    expect(readdirSync(path).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("lockRun(path)", () => {
  const race = join(import.meta.dirname, "../helpers/lock-race.ts");

  it("lets one of several processes in that find a stale lock at the same time", async () => {
    mkdirSync(path);
    lockOf({ pid: deadPid() });
    const go = temporary.at("go");
    const racers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--import", import.meta.resolve("tsx"), race, path, go]),
    );
    const lines = racers.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]());
    try {
      for (const line of lines) expect((await line.next()).value).toBe("ready");
      writeFileSync(go, "");
      const told: string[] = [];
      for (const line of lines) told.push((await line.next()).value);
      expect(told.filter((text) => text === "in")).toHaveLength(1);
      const [winner] = racers.filter((_, k) => told[k] === "in");
      expect(told.filter((text) => text.includes(`process ${winner.pid} is recording it`))).toHaveLength(2);
    } finally {
      for (const racer of racers) racer.kill("SIGKILL");
    }
  });

  /** The name of the lock under which the lock that is there is replaced; a process that lives has it. */
  function replacedByAnother(): string {
    const guard = `${lockFile()}.${sha256(readFileSync(lockFile(), "utf8")).slice(0, 8)}`;
    writeFileSync(guard, lockText({ pid: process.ppid }));
    return guard;
  }

  it("waits for who replaces a stale lock, and names who records in the end: another one perhaps", () => {
    mkdirSync(path);
    lockOf({ pid: deadPid() });
    replacedByAnother();
    let turns = 0;
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      if (++turns === 100) lockOf({ pid: process.pid });
      return "timed-out";
    });
    expect(() => lockRun(path, "make")).toThrow(`process ${process.pid} is recording it`);
    expect(turns).toBe(100);
  });

  it("is let in where who replaces a stale lock ends before it has done so", () => {
    mkdirSync(path);
    lockOf({ pid: deadPid() });
    const guard = replacedByAnother();
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      writeFileSync(guard, lockText({ pid: deadPid() }));
      return "timed-out";
    });
    lockRun(path, "make");
    expect(writerOf(path)).toMatchObject({ pid: process.pid });
    expect(readdirSync(path)).toEqual([".lock"]);
  });

  it("gives up after many turns of waiting, however long or short they were, and names who replaces the lock", () => {
    mkdirSync(path);
    lockOf({ pid: deadPid() });
    replacedByAnother();
    vi.spyOn(Date, "now").mockImplementation(() => Number.MAX_SAFE_INTEGER);
    const wait = vi.spyOn(Atomics, "wait").mockReturnValue("timed-out");
    expect(() => lockRun(path, "make")).toThrow(`process ${process.ppid} is recording it`);
    expect(wait).toHaveBeenCalledTimes(2000);
  });

  it("is undone by unlockRun, which leaves the lock of another process alone", () => {
    mkdirSync(path);
    lockRun(path, "make");
    expect(() => lockRun(path, "make")).toThrow(`process ${process.pid} is recording it`);
    unlockRun(path);
    expect(existsSync(lockFile())).toBe(false);
    lockOf({ pid: 4711, host: "elsewhere" });
    unlockRun(path);
    expect(existsSync(lockFile())).toBe(true);
  });
});

it("createRunWriter removes what processes that were killed before their first checkpoint had begun", async () => {
  const begun = join(temporary.at(), `.a.pkrun.${deadPid()}.new`);
  mkdirSync(join(begun, "batches"), { recursive: true });
  const run = smallRun();
  const writer = await createRunWriter(path, run);
  expect(readdirSync(temporary.at())).toEqual([`.a.pkrun.${process.pid}.new`]);
  await writer.writeCheckpoint(smallCheckpoint(0));
  expect(readdirSync(temporary.at())).toEqual(["a.pkrun"]);
  writer.appendStep(smallBatch(0), smallScalars(0));
  await writer.writeCheckpoint(smallCheckpoint(1));
  await writer.finish("complete");
  expect((await openRun(path)).manifest.steps).toBe(1);
});
