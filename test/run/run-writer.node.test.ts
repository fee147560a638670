// The run on disk, held to what every store must do, and to what only disks do: refuse, run full, lose their process.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { testRunStore } from "../conformance/run-store.ts";
import { errorOf } from "../helpers/errors.ts";
import { recordSteps, smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const temporary = useTemporaryFolder();
let folder: string;
let runs = 0;
beforeEach(() => {
  folder = temporary.at();
});

testRunStore("createRunWriter", {
  create: (run) => createRunWriter(join(folder, `${++runs}.pkrun`), run),
  open: async ({ path }) => (existsSync(path) ? openRun(path) : undefined),
});

/** What went wrong, with the folder of this test taken out. */
const failureOf = (call: () => unknown) => errorOf(call, folder);

describe("createRunWriter(path, run)", () => {
  it("writes its parts, a name a checkpoint, and makes the folders above", async () => {
    const run = smallRun({ checkpointEvery: 4 });
    const path = join(folder, "deep/er/a.pkrun");
    await recordSteps(await createRunWriter(path, run), run, { steps: 6, status: "complete" });
    expect(readdirSync(path).sort()).toEqual([
      "batches",
      "checkpoints",
      "checkpoints.sha256",
      "manifest.json",
      "model.onnx",
      "scalars",
    ]);
    expect(readdirSync(join(path, "batches")).sort()).toEqual(["indices.npy", "ranges.npy", "weights.npy"]);
    expect(readdirSync(join(path, "scalars")).sort()).toEqual(["gradient-norm.npy", "loss.npy", "step-size.npy"]);
    const checkpoints = ["00000000.safetensors", "00000004.safetensors", "00000006.safetensors"];
    expect(readdirSync(join(path, "checkpoints")).sort()).toEqual(checkpoints);
    const check = execFileSync("sha256sum", ["-c", "checkpoints.sha256"], { cwd: path, encoding: "utf8" });
    expect(check.split("\n").slice(0, 3)).toEqual(checkpoints.map((name) => `checkpoints/${name}: OK`));
  });

  it("stores a batch that is repeated once", async () => {
    const run = smallRun();
    const path = join(folder, "a.pkrun");
    const writer = await createRunWriter(path, run);
    for (let step = 0; step < 5; step++) {
      await writer.writeCheckpoint(smallCheckpoint(step));
      writer.appendStep(smallBatch(step < 3 ? 0 : step), smallScalars(step));
    }
    await writer.writeCheckpoint(smallCheckpoint(5));
    await writer.finish("complete");
    const ranges = decodeNpy(readFileSync(join(path, "batches/ranges.npy")), "ranges");
    expect([...ranges.data].map(Number)).toEqual([0, 3, 0, 3, 0, 3, 3, 6, 6, 9]);
    expect((await openRun(path)).batches).toEqual([0, 0, 0, 3, 4].map(smallBatch));
  });

  it("refuses what stands at the path and leaves it as it is", async () => {
    const run = smallRun();
    await recordSteps(await createRunWriter(join(folder, "a.pkrun"), run), run, { steps: 1, status: "complete" });
    mkdirSync(join(folder, "photos"));
    writeFileSync(join(folder, "photos/cat.png"), "cat");
    const failures = [];
    for (const [name, force] of [
      ["a.pkrun", false],
      ["photos", true],
      ["photos/cat.png", true],
      ["photos/cat.png/b.pkrun", false],
    ] as const) {
      failures.push(await failureOf(() => createRunWriter(join(folder, name), { ...run, force })));
    }
    expect(failures).toMatchInlineSnapshot(`
      [
        "FileError: cannot make the run a.pkrun: a run has that name (choose another name, or replace it with --force)",
        "FileError: cannot make the run photos: the folder is not empty and is not a run (choose another name)",
        "FileError: cannot make the run photos/cat.png: a file has that name",
        "FileError: cannot make photos/cat.png/b.pkrun: a part of the path must be a folder and is a file",
      ]
    `);
    expect(readFileSync(join(folder, "photos/cat.png"), "utf8")).toBe("cat");
    expect(readdirSync(folder).sort()).toEqual(["a.pkrun", "photos"]);
  });

  it("never replaces a folder that is not a run, even if it has a manifest.json", async () => {
    const path = join(folder, "extension");
    mkdirSync(path);
    writeFileSync(join(path, "manifest.json"), '{"manifest_version":3}');
    writeFileSync(join(path, "precious.js"), "1");
    expect(await failureOf(() => createRunWriter(path, { ...smallRun(), force: true }))).toMatch("is not a run");
    expect(readdirSync(path).sort()).toEqual(["manifest.json", "precious.js"]);
  });

  it("gives the old run back when the new one diverges before its first step", async () => {
    const path = join(folder, "a.pkrun");
    const old = smallRun();
    await recordSteps(await createRunWriter(path, old), old, { steps: 2, status: "complete" });
    const writer = await createRunWriter(path, { ...smallRun(), force: true });
    await writer.writeCheckpoint(smallCheckpoint(0));
    await writer.finish("diverged");
    await writer.abort();
    expect((await openRun(path)).manifest).toMatchObject({ steps: 2, status: "complete" });
    expect(readdirSync(folder)).toEqual(["a.pkrun"]);
  });

  it("replaces a run with force, whole: no part of the old one stays", async () => {
    const path = join(folder, "a.pkrun");
    const [old, next] = [smallRun(), smallRun({ checkpointEvery: 2 })];
    await recordSteps(await createRunWriter(path, old), old, { steps: 5, status: "complete" });
    await recordSteps(await createRunWriter(path, { ...next, force: true }), next, { steps: 2, status: "complete" });
    expect((await openRun(path)).checkpoints).toEqual([0, 2]);
    expect(readdirSync(join(path, "checkpoints"))).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(["a.pkrun"]);
  });

  it("leaves nothing behind, and the old run in place, when the new one cannot be started", async () => {
    const path = join(folder, "a.pkrun");
    const old = smallRun();
    await recordSteps(await createRunWriter(path, old), old, { steps: 5, status: "complete" });
    // A hash that the bytes do not have, and names that the layout does not have, are found before anything is touched.
    const model = { ...old.manifest.model, sha256: "f".repeat(64) };
    const forced = { ...old, manifest: { ...old.manifest, model }, force: true };
    expect(await failureOf(() => createRunWriter(path, forced))).toMatch(
      "RangeError: createRunWriter: manifest.model.sha256",
    );
    // JSON has no text for a bigint: the manifest, the last part, cannot be written.
    const wild = { ...old, manifest: { ...old.manifest, seed: 1n as unknown as number } };
    expect(await failureOf(() => createRunWriter(path, { ...wild, force: true }))).toMatch("TypeError");
    expect((await openRun(path)).manifest.steps).toBe(5);
    expect(await failureOf(() => createRunWriter(join(folder, "b/c.pkrun"), wild))).toMatch("TypeError");
    mkdirSync(join(folder, "empty"));
    expect(await failureOf(() => createRunWriter(join(folder, "empty"), wild))).toMatch("TypeError");
    expect(readdirSync(folder).sort()).toEqual(["a.pkrun", "empty"]);
    expect(readdirSync(join(folder, "empty"))).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")(
  "a run whose device or process fails (POSIX: /dev/full, ulimit, SIGKILL)",
  () => {
    it("names the part that a full device refuses", async () => {
      const run = smallRun();
      const writer = await createRunWriter(join(folder, "a.pkrun"), run);
      await writer.writeCheckpoint(smallCheckpoint(0));
      writer.appendStep(smallBatch(0), smallScalars(0));
      for (const part of ["scalars/loss.npy", "checkpoints/00000001.safetensors"]) {
        rmSync(join(folder, "a.pkrun", part), { force: true });
        symlinkSync("/dev/full", join(folder, "a.pkrun", part));
      }
      expect([
        await failureOf(() => writer.flush()),
        await failureOf(() => writer.writeCheckpoint(smallCheckpoint(1))),
      ]).toMatchInlineSnapshot(`
        [
          "FileError: cannot write a.pkrun/scalars/loss.npy: no space left on the device",
          "FileError: cannot write a.pkrun/checkpoints/00000001.safetensors: no space left on the device",
        ]
      `);
      expect(await failureOf(() => writer.finish("interrupted"))).toMatch(
        "the checkpoint after all 1 steps must be written",
      );
      expect(await failureOf(() => createRunWriter("/dev/full", run))).toMatchInlineSnapshot(
        `"FileError: cannot make the run /dev/full: a file has that name"`,
      );
    });

    /** Runs test/helpers/record-forever.ts: it flushes every second step, and prints how far it is after each flush. */
    const recorder = [
      process.execPath,
      "--import",
      import.meta.resolve("tsx"),
      join(ROOT, "test/helpers/record-forever.ts"),
    ];

    it("keeps what was flushed when the space ends", async () => {
      const path = join(folder, "full.pkrun");
      // No file may grow past 4 blocks of 1024 bytes: checkpoints.sha256 reaches that first, and the write fails as on a full disk.
      // Without its cache, tsx writes nothing itself that the limit could cut.
      const limited = ["-c", 'trap "" XFSZ; ulimit -f 4; exec "$0" "$@"', ...recorder, path];
      const output = execFileSync("bash", limited, {
        encoding: "utf8",
        env: { ...process.env, TSX_DISABLE_CACHE: "1" },
      });
      const [failure, flushed] = output.trim().split("\n").reverse();
      expect(failure.replace(folder, "")).toBe(
        "FileError: cannot write /full.pkrun/checkpoints.sha256: the file would be too large",
      );
      const run = await openRun(path);
      expect(run.manifest).toMatchObject({ steps: Number(flushed), status: "running" });
      expect(await run.checkpoint(run.manifest.steps)).toEqual(smallCheckpoint(run.manifest.steps));
      expect(readdirSync(path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    });

    it("keeps what was flushed when its process is killed", async () => {
      const path = join(folder, "killed.pkrun");
      const [command, ...args] = recorder;
      const child = spawn(command, [...args, path], { stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      for await (const chunk of child.stdout) {
        output += chunk;
        if (output.split("\n").length > 4) child.kill("SIGKILL");
      }
      const flushed = Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1));
      const run = await openRun(path);
      expect(run.manifest.status).toBe("running");
      expect(flushed).toBeGreaterThan(2);
      expect(run.manifest.steps).toBeGreaterThanOrEqual(flushed);
      expect(await run.checkpoint(run.manifest.steps)).toEqual(smallCheckpoint(run.manifest.steps));
    });
  },
);
