// A disk that is full for a while: a small file system in memory, where one may be mounted.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createMemoryRun } from "../../src/run/memory-run.ts";
import { resumeRunWriter } from "../../src/run/resume-writer.node.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import type { Run, RunWriter } from "../../src/run/types.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const temporary = useTemporaryFolder();
const STEPS = 40;
const run = smallRun({ checkpointEvery: 2, plannedSteps: STEPS });

async function recordFrom(writer: RunWriter, from: number): Promise<void> {
  if (from === 0) await writer.writeCheckpoint(smallCheckpoint(0));
  for (let step = from; step < STEPS; step++) {
    writer.appendStep(smallBatch(step), smallScalars(step));
    await writer.writeCheckpoint(smallCheckpoint(step + 1));
    await writer.flush();
  }
  await writer.finish("complete");
}

it("a disk that is full ends the recording with an error; it goes on when there is room", async ({ skip }) => {
  const disk = temporary.at("disk");
  mkdirSync(disk);
  // 60 pages of 4 KiB, of which half are taken at first.
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=240k", "tmpfs", disk]);
  skip(
    status !== 0,
    "did not run: no file system may be mounted here; ulimit -f and /dev/full stand in (run-writer.node.test.ts)",
  );
  try {
    writeFileSync(join(disk, "ballast"), new Uint8Array(124 * 1024));
    const path = join(disk, "a.pkrun");
    const writer = await createRunWriter(path, run);
    expect(await errorOf(() => recordFrom(writer, 0), disk)).toMatch(
      /^FileError: cannot write a\.pkrun\/.*: no space left on the device$/,
    );
    await writer.abort();
    const { manifest } = await openRun(path);
    expect(manifest.steps).toBeGreaterThan(5);
    expect(manifest).toMatchObject({ status: "running" });
    const files = readdirSync(path, { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith(".tmp") || name === ".lock")).toEqual([]);
    rmSync(join(disk, "ballast"));
    const session = { createdAt: "", software: "test", engine: run.manifest.engine };
    const resumed = await resumeRunWriter(path, session);
    expect(resumed.run.manifest.steps).toBe(manifest.steps);
    await recordFrom(resumed.writer, manifest.steps);
    const whole = createMemoryRun(run);
    await recordFrom(whole, 0);
    expect(await runHash(await openRun(path))).toBe(await runHash(whole.open() as Run));
  } finally {
    execFileSync("umount", [disk]);
  }
});
