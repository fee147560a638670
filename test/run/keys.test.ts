// The keys of occurrences in a run's record: kept where training is random, and only there.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMemoryRun } from "../../src/run/memory-run.ts";
import { packRun } from "../../src/run/pack-run.node.ts";
import { resumeRunWriter } from "../../src/run/resume-writer.node.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import type { Run } from "../../src/run/types.ts";
import { keyedBatch, recordSteps, smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();
const keysOf = ({ batches }: Run) => batches.map(({ keys }) => keys);
const expected = (steps: number) => Array.from({ length: steps }, (_, s) => keyedBatch(s).keys);

describe("a run whose training is random", () => {
  const small = smallRun({ keyed: true, checkpointEvery: 2 });

  test("keeps the keys of occurrences in a folder, in an archive, in memory, and when it is gone on with", async () => {
    const path = folder.at("keyed.pkrun");
    await recordSteps(await createRunWriter(path, small), small, { steps: 4, status: "interrupted" });
    expect(keysOf(await openRun(path))).toEqual(expected(4));
    const { writer } = await resumeRunWriter(path, { createdAt: "", software: "", engine: small.manifest.engine });
    for (const step of [4, 5]) {
      if (step % 2 === 0) await writer.writeCheckpoint(smallCheckpoint(step));
      writer.appendStep(keyedBatch(step), smallScalars(step));
    }
    await writer.writeCheckpoint(smallCheckpoint(6));
    await writer.finish("complete");
    const run = await openRun(path);
    expect(keysOf(run)).toEqual(expected(6));
    await packRun(path, folder.at("keyed.pkrun.zip"));
    expect(keysOf(await openRun(folder.at("keyed.pkrun.zip")))).toEqual(expected(6));
    const memory = createMemoryRun(small);
    await recordSteps(memory, small, { steps: 6, status: "complete" });
    expect(keysOf(memory.open() as Run)).toEqual(expected(6));
    expect(await runHash(memory.open() as Run)).toBe(await runHash(run));
  });

  test("has another hash for other keys, and does not share batches whose keys alone differ", async () => {
    const hashes = [0n, 1n].map(async (first) => {
      const run = createMemoryRun(smallRun({ keyed: true }));
      await run.writeCheckpoint(smallCheckpoint(0));
      for (const step of [0, 1]) {
        const keys = BigInt64Array.of(first + BigInt(step), 7n, 8n);
        run.appendStep({ ...smallBatch(0), keys }, smallScalars(step));
        await run.writeCheckpoint(smallCheckpoint(step + 1));
      }
      await run.finish("complete");
      expect(keysOf(run.open() as Run).map((keys) => keys?.[0])).toEqual([first, first + 1n]);
      return runHash(run.open() as Run);
    });
    expect(new Set(await Promise.all(hashes)).size).toBe(2);
  });

  test("is refused without its keys, with keys that were changed, and where the manifest names what it has not", async () => {
    const path = folder.at("damaged.pkrun");
    await recordSteps(await createRunWriter(path, small), small, { steps: 4, status: "complete" });
    const file = join(path, "batches/keys.npy");
    const bytes = readFileSync(file);
    writeFileSync(
      file,
      bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)),
    );
    await expect(openRun(path)).rejects.toThrow("damaged.pkrun/batches/keys.npy: must have the SHA-256");
    writeFileSync(file, bytes);
    const manifest = join(path, "manifest.json");
    const { random, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
    expect(random).toEqual({ generator: "philox4x32-10", dropout: [0.3] });
    writeFileSync(manifest, JSON.stringify(rest));
    await expect(openRun(path)).rejects.toThrow(
      "arrays must name batches/keys.npy where random is there, got batches/keys.npy without it",
    );
  });

  test("takes no batch without keys; another run takes none with keys", async () => {
    for (const keyed of [true, false]) {
      const run = createMemoryRun(smallRun({ keyed }));
      await run.writeCheckpoint(smallCheckpoint(0));
      const must = keyed
        ? "one key an index where training is random, got 0"
        : "no keys where nothing is random, got 3";
      expect(() => run.appendStep((keyed ? smallBatch : keyedBatch)(0), smallScalars(0))).toThrow(
        `appendStep: a batch must have ${must} for 3`,
      );
    }
  });
});

test("a run without anything random has no file of keys, as before there were any", async () => {
  const path = folder.at("plain.pkrun");
  const small = smallRun();
  await recordSteps(await createRunWriter(path, small), small, { steps: 2, status: "complete" });
  const { arrays, random } = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
  expect(Object.keys(arrays)).not.toContain("batches/keys.npy");
  expect(random).toBeUndefined();
  expect(keysOf(await openRun(path))).toEqual([undefined, undefined]);
});
